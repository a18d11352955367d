//! The processes of a browser. Each ends with its value, by its own id, also when a test panics.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use fantoccini::Client;
use fantoccini::wd::Capabilities;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;

/// Switches for a browser that nobody sees, and that asks nobody anything of its own accord.
const SWITCHES: &[&str] = &[
    "--headless=new",
    // Tests run as whoever runs them, and in containers that is root.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=en",
];

/// `chromedriver`, on a port that it has chosen.
pub(super) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    pub(super) fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver; scripts/test installs it");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (tell, told) = channel();
        // Reads on to the end: the driver must not wait for someone who reads.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    let _ = tell.send(port.trim_end_matches('.').parse());
                }
            }
        });
        let mut driver = Self { child, port: 0 };
        driver.port = told.recv_timeout(PATIENCE).expect("the port of chromedriver").expect("a port");
        driver
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is asked of the driver.
pub(super) fn capabilities(profile: &Path) -> Capabilities {
    let mut switches: Vec<String> = SWITCHES.iter().map(|switch| (*switch).to_owned()).collect();
    switches.push(format!("--user-data-dir={}", profile.display()));
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": switches },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        "unhandledPromptBehavior": "ignore",
    });
    let Value::Object(wanted) = wanted else { unreachable!() };
    wanted
}

/// Chromium, with its profile.
pub(super) struct Chromium {
    id: Option<Pid>,
    _profile: TempDir,
}

impl Chromium {
    /// The one that this client drives.
    pub(super) fn of(client: &Client, profile: TempDir) -> Self {
        let told = client.capabilities().and_then(|told| told.get("goog:processID")).cloned();
        let id = told.as_ref().and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
        Self { id: id.and_then(Pid::from_raw), _profile: profile }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let _ = kill_process(id, Signal::KILL);
        }
    }
}
