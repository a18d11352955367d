//! Mapping expressions: Starlark, a small Python, evaluated in a worker process with limits.
//!
//! Nothing that an operator wrote is parsed or evaluated in the process that calls [`pool::Pool`]: it starts
//! workers ([`worker::run`], the hidden command `rollcall expression-worker`), speaks to them over pipes, and
//! kills one that does not answer in time. ADR 17 says why.

mod compile;
mod engine;
mod explain;
mod functions;
mod limits;
pub mod pool;
mod prepare;
mod process;
mod returned;
mod scan;
mod wire;
pub mod worker;
