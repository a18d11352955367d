//! One worker process, from the parent's side.

use std::collections::HashSet;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rollcall_domain::mapping::expression::{FailureKind, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::pool::Launch;
use crate::wire::{MAX_REPLY, Question, Reply, frame, length};

/// Evaluations after which a worker is let go: whatever it leaked goes with it.
const MAX_SERVED: u32 = 100_000;
/// How long a worker may take to come up.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long one that closed its pipe may take to end.
const END_LIMIT: Duration = Duration::from_secs(1);

/// A worker that is up. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Digests of the expressions that it was sent.
    sent: HashSet<String>,
    /// Evaluations that it was asked for.
    served: u32,
}

/// How a worker's part in an evaluation ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// All jobs were done, or one that ended the evaluation; the worker can go on.
    Well,
    /// It was stopped, or stopped itself, at the job after the outcomes that came.
    Badly(FailureKind, String),
}

impl Worker {
    /// Starts a worker and waits until it is up.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, or is no worker of this version.
    pub(crate) async fn start(launch: &Launch) -> io::Result<Self> {
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).env_clear().envs(launch.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        let mut worker = Self { child, input, output, sent: HashSet::new(), served: 0 };
        match timeout(START_LIMIT, worker.receive()).await {
            Ok(Ok(Reply::Ready(version))) if version == env!("CARGO_PKG_VERSION") => Ok(worker),
            Ok(Ok(_)) => Err(io::Error::other("the worker is of another version")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the worker did not come up")),
        }
    }

    /// Whether it can be asked again: it is there, and not worn out. What ends an idle worker is nobody's fault.
    pub(crate) fn is_fit(&mut self) -> bool {
        self.served < MAX_SERVED && matches!(self.child.try_wait(), Ok(None))
    }

    /// Has all jobs done, each within `deadline`; `take` gets what each did, and says whether to go on.
    ///
    /// # Errors
    ///
    /// When the worker does not keep to the protocol.
    pub(crate) async fn run(
        &mut self,
        question: Question<'_>,
        deadline: Duration,
        mut take: impl FnMut(Outcome) -> bool,
    ) -> io::Result<Ended> {
        self.served += 1;
        let mut is_full = false;
        loop {
            let mut jobs = question.jobs.to_vec();
            for job in &mut jobs {
                let is_known = !self.sent.insert(job.digest.clone());
                job.source = job.source.take().filter(|_| !is_known || is_full);
            }
            let bytes = frame(&Question { jobs: &jobs, ..question })?;
            let Ok(mut reply) = timeout(deadline, self.exchange(&bytes)).await else {
                return Ok(self.stop());
            };
            let mut waiting = jobs.len();
            loop {
                match reply {
                    // It forgot some: once more with all texts.
                    Ok(Reply::Unknown(_)) if !is_full => {
                        is_full = true;
                        break;
                    }
                    Ok(Reply::Done(outcome)) => {
                        waiting = waiting.saturating_sub(1);
                        if !take(outcome) || waiting == 0 {
                            return Ok(Ended::Well);
                        }
                    }
                    Ok(_) => return Err(io::Error::other("the worker does not keep to the protocol")),
                    Err(error) => return self.ended(error).await,
                }
                reply = match timeout(deadline, self.receive()).await {
                    Ok(reply) => reply,
                    Err(_) => return Ok(self.stop()),
                };
            }
        }
    }

    /// Kills it: it took too long.
    fn stop(&mut self) -> Ended {
        // It may have ended in this moment; either way it is never asked again.
        let _ = self.child.start_kill();
        Ended::Badly(FailureKind::TooLong, "it ran too long".to_owned())
    }

    /// Why it closed its pipe.
    async fn ended(&mut self, error: io::Error) -> io::Result<Ended> {
        let closed = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe);
        if !closed {
            return Err(error);
        }
        match timeout(END_LIMIT, self.child.wait()).await {
            Ok(Ok(status)) => Ok(reason(status)),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(self.stop()),
        }
    }

    async fn exchange(&mut self, bytes: &[u8]) -> io::Result<Reply> {
        self.input.write_all(bytes).await?;
        self.receive().await
    }

    async fn receive(&mut self) -> io::Result<Reply> {
        let mut head = [0; 4];
        self.output.read_exact(&mut head).await?;
        let mut bytes = vec![0; length(head, MAX_REPLY)?];
        self.output.read_exact(&mut bytes).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

/// A signal's part in the end of a worker.
fn reason(status: ExitStatus) -> Ended {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;

        // SIGXCPU is 24 on Linux and macOS; SIGKILL is what the kernel sends at its hard limits.
        if matches!(status.signal(), Some(9 | 24)) {
            return Ended::Badly(FailureKind::TooLong, "it ran too long".to_owned());
        }
    }
    let _ = status;
    Ended::Badly(FailureKind::TooLarge, "it needs too much memory, or nests too deep".to_owned())
}
