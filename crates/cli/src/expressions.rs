//! Mapping expressions: this binary as its own worker.

use std::process::ExitCode;

use rollcall_expr::worker;

/// Serves a parent over standard input and output until it is gone.
pub(crate) fn work() -> ExitCode {
    worker::run(worker::ADDRESS_SPACE)
}
