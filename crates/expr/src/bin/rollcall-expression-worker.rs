//! A worker by itself, for the tests of this crate; the server starts `rollcall expression-worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rollcall_expr::worker::run(rollcall_expr::worker::ADDRESS_SPACE)
}
