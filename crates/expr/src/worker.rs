//! The worker: reads requests from standard input, writes what came of them to standard output.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rollcall_domain::mapping::expression::{Evaluated, Outcome, Returned};

use crate::compile::Compiler;
use crate::wire::{Ask, MAX_ASK, Reply, read, write};
use crate::{engine, limits};

/// Bytes of address space that a worker may have.
pub const ADDRESS_SPACE: u64 = 256 * 1024 * 1024;

/// Serves requests until standard input ends. Limits this process to so many bytes of address space first.
///
/// For the hidden command `rollcall expression-worker` alone: the process can do nothing else afterwards.
pub fn run(address_space: u64) -> ExitCode {
    // A panic ends this process, and the parent says so; nobody reads what it prints.
    std::panic::set_hook(Box::new(|_| {}));
    let served =
        limits::apply(address_space).and_then(|()| serve(&mut io::stdin().lock(), &mut io::stdout().lock()));
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn serve(input: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let mut compiler = Compiler::new();
    write(out, &Reply::Ready(env!("CARGO_PKG_VERSION").to_owned()))?;
    while let Some(ask) = read::<Ask>(input, MAX_ASK)? {
        limits::renew_cpu();
        answer(&mut compiler, &ask, out)?;
    }
    Ok(())
}

fn answer(compiler: &mut Compiler, ask: &Ask, out: &mut impl Write) -> io::Result<()> {
    compiler.make_room(ask.jobs.len());
    let is_unknown = |job: &&crate::wire::Job| job.source.is_none() && !compiler.knows(&job.digest);
    if let Some(at) = ask.jobs.iter().position(|job| is_unknown(&job)) {
        return write(out, &Reply::Unknown(at));
    }
    let mut evaluated = Evaluated::begin(ask.properties.clone());
    for job in &ask.jobs {
        let learnt = match &job.source {
            Some(source) if !compiler.knows(&job.digest) => compiler.learn(&job.digest, &job.name, source),
            _ => Ok(()),
        };
        let outcome = match learnt {
            Err(failure) => {
                let (expression, result) = (job.name.clone(), Returned::Failed(failure));
                Outcome { expression, result, micros: 0, printed: String::new() }
            }
            Ok(()) if ask.check => engine::check(compiler, job, ask),
            Ok(()) => engine::run(compiler, job, ask, &evaluated.properties),
        };
        let reply = Reply::Done(outcome);
        write(out, &reply)?;
        let Reply::Done(outcome) = reply else { break };
        if !evaluated.take(outcome, ask.on_error) && !ask.check {
            break;
        }
    }
    Ok(())
}
