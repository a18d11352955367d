//! `rollcall completion`: a script for a shell, made from the arguments.

use std::io::Write as _;
use std::path::Path;

use clap::{Args as _, CommandFactory as _};

use crate::Done;
use crate::args::Arguments;
use crate::sync::SyncArguments;

/// Prints the script for the name that the program was started under.
pub(crate) fn run(shell: clap_complete::Shell) -> Done {
    let name = std::env::args_os().next();
    let name = name.as_deref().map(Path::new).and_then(Path::file_stem).and_then(|name| name.to_str());
    let mut script = Vec::new();
    if name == Some("baton-scim") {
        let mut command = SyncArguments::augment_args(clap::Command::new("baton-scim"));
        clap_complete::generate(shell, &mut command, "baton-scim", &mut script);
    } else {
        clap_complete::generate(shell, &mut Arguments::command(), "rollcall", &mut script);
    }
    Ok(std::io::stdout().write_all(&script)?)
}
