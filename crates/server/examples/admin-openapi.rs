//! Prints the OpenAPI description of the admin API: `scripts/generate` writes it to the documentation.

use std::io::Write as _;

use rollcall_server::api::api_openapi;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&api_openapi())?)?;
    Ok(())
}
