//! Prints the OpenAPI description of the SCIM surface: `scripts/generate` writes it to the documentation.

use std::io::Write as _;

use rollcall_scim::schema::Registry;
use rollcall_server::openapi::{SCIM_BASE, scim_openapi};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let description = scim_openapi(&Registry::builtin()?, SCIM_BASE);
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&description)?)?;
    Ok(())
}
