//! Prints the JSON Schema of profiles, or with `--keys` the page of their keys: `scripts/generate` keeps both.

#![expect(clippy::print_stdout, reason = "it prints")]

use rollcall_connector::profile;

fn main() -> Result<(), serde_json::Error> {
    if std::env::args().any(|argument| argument == "--keys") {
        print!("{}", profile::keys());
    } else {
        println!("{}", serde_json::to_string_pretty(profile::schema())?);
    }
    Ok(())
}
