//! An application, a folder, and the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rollcall_testkit::peer::{Faults, Peer, Roster, SAMPLE};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const TOKEN: &str = "t0p-s3cr3t";

pub(crate) struct World {
    pub(crate) peer: Peer,
    pub(crate) folder: TempDir,
    _runtime: Runtime,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// What it printed, if it succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Why it failed, which is not our fault.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        self.err
    }
}

impl World {
    /// An application that wants [`TOKEN`] as a bearer token, and its profile as `app.yaml`.
    pub(crate) fn new(roster: Roster) -> Self {
        Self::with(roster, |_| {})
    }

    pub(crate) fn with(roster: Roster, set: impl FnOnce(&mut Faults)) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let peer = runtime.block_on(Peer::with(roster, |faults| {
            faults.authorization = Some(format!("Bearer {TOKEN}"));
            set(faults);
        }));
        let world = Self { peer, folder: tempfile::tempdir().unwrap(), _runtime: runtime };
        world.profile(str::to_owned);
        world
    }

    /// Writes `app.yaml`: the sample, changed.
    pub(crate) fn profile(&self, change: impl FnOnce(&str) -> String) {
        let sample = SAMPLE.replace("https://api.example.com/scim/v2/", &self.peer.url());
        std::fs::write(self.folder.path().join("app.yaml"), change(&sample)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, in the folder, without any variable.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        bare(self.folder.path(), arguments)
    }

    /// `rollcall sync` of the application, with its token in the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&["sync", "--scim-config", "app.yaml"]);
        command.args(arguments).env("BATON_TOKEN", TOKEN);
        command
    }

    pub(crate) fn sync(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// `rollcall c1z`, as JSON.
    pub(crate) fn c1z(&self, arguments: &[&str]) -> Value {
        let output = self.bare(&["c1z", "--output", "json"]).args(arguments).output().unwrap();
        Ended::from(output).json()
    }

    /// The ids of all grants.
    pub(crate) fn grants(&self) -> Vec<String> {
        let found = self.c1z(&["grants"]);
        let grants = found["grants"].as_array().unwrap().iter();
        grants.map(|grant| grant["grant"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The requests that changed something: `PATCH /Groups/g1 {…}`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let requests = self.peer.requests();
        let changes = requests.iter().filter(|seen| seen.method != "GET");
        changes.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.text).trim().to_owned()).collect()
    }
}

pub(crate) fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.current_dir(folder).env_clear().args(arguments);
    command
}
