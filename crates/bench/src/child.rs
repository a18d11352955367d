//! A server as a child process: started, found, and gone when its parent is.

use std::io::Read;
use std::path::Display;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::oneshot;

/// How long a child may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What a child prints before its address, on the first line that matters.
pub(crate) const LISTENING: &str = "listening on ";

/// A child process that serves HTTP. Dropping it kills that process, and no other.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    address: String,
}

impl Child {
    /// Starts `command` and waits until it prints `listening on http://ADDRESS` to its standard output.
    ///
    /// Its standard input is a pipe that closes when this process ends, however it ends: a child that watches
    /// it ([`parent_gone`]) is never left behind. What it prints after that line is thrown away.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, ends before it listens, or takes longer than a minute.
    pub async fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().with_context(|| format!("could not start {}", name(&command)))?;
        let stdout = process.stdout.take().context("the child has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let find = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once(LISTENING) {
                    return Ok(address.trim().trim_end_matches('/').to_owned());
                }
            }
            bail!("{} ended before it listened", name(&command))
        };
        let address =
            tokio::time::timeout(START_LIMIT, find).await.context("the child took too long to listen")??;
        // A full pipe would stop the child at its next line.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { process, address })
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a trailing `/`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id; `None` once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }
}

fn name(command: &Command) -> Display<'_> {
    std::path::Path::new(command.as_std().get_program()).display()
}

/// Resolves when standard input closes: the parent that held its other end is gone.
pub async fn parent_gone() {
    let (closed, wait) = oneshot::channel::<()>();
    // A thread of its own: a blocking read inside the runtime would keep the runtime from shutting down.
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while matches!(std::io::stdin().read(&mut buffer), Ok(read) if read > 0) {}
        drop(closed);
    });
    // An error is the news: the thread dropped its end.
    let _ = wait.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_child_is_found_by_the_line_it_prints() {
        let child = Child::start(shell("echo hello; echo listening on http://127.0.0.1:99/; read end"))
            .await
            .unwrap();
        assert_eq!(child.address(), "http://127.0.0.1:99");
        assert!(child.pid().is_some());
    }

    #[tokio::test]
    async fn a_child_that_ends_early_is_an_error() {
        let error = Child::start(shell("echo no")).await.unwrap_err();
        assert_eq!(error.to_string(), "sh ended before it listened");
    }

    #[tokio::test]
    async fn a_program_that_is_missing_is_named() {
        let error = Child::start(Command::new("/nowhere/program")).await.unwrap_err();
        assert_eq!(error.to_string(), "could not start /nowhere/program");
    }
}
