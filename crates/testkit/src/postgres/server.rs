//! One server in a temporary folder, with a watchdog that ends it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::programs::{Programs, run};

/// Who owns the databases.
const OWNER: &str = "rollcall";
/// How long a server may take to start, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ports that are tried: another process may take one before the server does.
const TRIES: usize = 5;

/// Starts the server, waits until standard input ends (with the tests, however they end), stops it, and removes its
/// folder. The first argument is the folder, the rest the server's command line.
const WATCHDOG: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"#;

/// How a server is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether what is committed is on the disk: for tests that measure, or that cut the power.
    pub durable: bool,
    /// Further settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// What it identifies itself by over TLS; none without.
    pub tls: Option<Certified>,
}

/// A certificate with its key, and who may have signed those of clients: all in PEM.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The server's certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The certificate of the authority.
    pub authority: String,
}

/// A PostgreSQL server on 127.0.0.1, until this is dropped or the process ends.
pub struct Server {
    folder: PathBuf,
    port: u16,
    password: String,
    watchdog: Child,
}

impl Server {
    /// Starts one, and waits until it answers.
    ///
    /// # Errors
    ///
    /// What is missing or went wrong, with what the server said.
    pub fn start(options: &Options) -> Result<Self, String> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("rollcall-postgres-").tempdir();
        let folder = folder.map_err(|error| format!("no temporary folder: {error}"))?;
        // As hard to guess as the name of the folder is: it keeps out who is on the machine by accident.
        let password = folder.path().display().to_string().replace(|c: char| !c.is_alphanumeric(), "");
        if let Some(tls) = &options.tls {
            tls.write(folder.path()).map_err(|error| error.to_string())?;
        }
        prepare(&programs, folder.path(), &password)?;
        let mut last = String::new();
        for _ in 0..TRIES {
            match launch(&programs, folder.path(), options) {
                Ok((port, watchdog)) => {
                    return Ok(Self { folder: folder.keep(), port, password, watchdog });
                }
                Err(error) => last = error,
            }
            if !last.contains("could not bind") {
                break;
            }
        }
        Err(format!("PostgreSQL did not start: {last}"))
    }

    /// The URL of a database, with the password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{OWNER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The password in its URLs.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The id of its first process.
    ///
    /// # Panics
    ///
    /// When it does not run any more.
    pub fn process(&self) -> u32 {
        let text = std::fs::read_to_string(pid_file(&self.folder)).expect("a running server");
        text.lines().next().and_then(|id| id.trim().parse().ok()).expect("the id of a process")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl Certified {
    /// The settings of the three files, by name, and what is in each.
    fn files(&self) -> [(&'static str, &str); 3] {
        [("ssl_cert_file", &self.certificate), ("ssl_key_file", &self.key), ("ssl_ca_file", &self.authority)]
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        for (name, pem) in self.files() {
            let path = folder.join(name);
            std::fs::write(&path, pem)?;
            // The server refuses a key that others may read.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// Makes an empty cluster.
fn prepare(programs: &Programs, folder: &Path, password: &str) -> Result<(), String> {
    let secret = folder.join("password");
    std::fs::write(&secret, password).map_err(|error| error.to_string())?;
    programs.hand_over(folder)?;
    let text = |path: &Path| path.display().to_string();
    // MD5 costs a connection nothing; SCRAM would be milliseconds for each.
    let arguments = [
        "--no-sync",
        "--encoding=UTF8",
        "--no-locale",
        "--auth=md5",
        &format!("--username={OWNER}"),
        &format!("--pwfile={}", text(&secret)),
        &format!("--pgdata={}", text(&folder.join("data"))),
    ];
    run(&programs.line("initdb"), arguments)
}

/// Starts the server on a free port, with the watchdog around it.
fn launch(programs: &Programs, folder: &Path, options: &Options) -> Result<(u16, Child), String> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let port = port.map_err(|error| error.to_string())?.port();
    let switch = |on: bool| if on { "on" } else { "off" };
    let mut settings = vec![
        ("listen_addresses".to_owned(), Ipv4Addr::LOCALHOST.to_string()),
        ("unix_socket_directories".to_owned(), String::new()),
        ("port".to_owned(), port.to_string()),
        ("max_connections".to_owned(), "300".to_owned()),
        ("fsync".to_owned(), switch(options.durable).to_owned()),
        ("full_page_writes".to_owned(), switch(options.durable).to_owned()),
    ];
    if !options.durable {
        // A new database is some megabytes of log: its files are neither filled ahead nor checkpointed often.
        let often = [("wal_init_zero", "off"), ("max_wal_size", "4GB"), ("checkpoint_timeout", "1h")];
        settings.extend(often.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    for (name, _) in options.tls.iter().flat_map(Certified::files) {
        settings.push((name.to_owned(), folder.join(name).display().to_string()));
    }
    settings.push(("ssl".to_owned(), switch(options.tls.is_some()).to_owned()));
    settings.extend(options.settings.iter().cloned());
    let mut command = Command::new("sh");
    command.args(["-c", WATCHDOG, "watchdog"]).arg(folder).args(programs.line("postgres"));
    command.arg("-D").arg(folder.join("data"));
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    // A group of its own: what interrupts the tests does not interrupt the watchdog.
    command.process_group(0).current_dir("/");
    // What an earlier try said.
    let _ = std::fs::remove_file(folder.join("log"));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let watchdog = command.spawn().map_err(|error| format!("cannot run sh: {error}"))?;
    match wait(folder) {
        Ok(()) => Ok((port, watchdog)),
        Err(error) => {
            abandon(watchdog, folder)?;
            Err(error)
        }
    }
}

fn pid_file(folder: &Path) -> PathBuf {
    folder.join("data/postmaster.pid")
}

/// Until the server says that it is ready, in the last line of the file with its id.
fn wait(folder: &Path) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let state = std::fs::read_to_string(pid_file(folder)).unwrap_or_default();
        if state.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
            return Ok(());
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains("FATAL") || Instant::now() > until {
            return Err(log);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends a watchdog whose server did not start, without its removing the folder.
fn abandon(mut watchdog: Child, folder: &Path) -> Result<(), String> {
    let aside = folder.with_extension("aside");
    let moved = std::fs::rename(folder, &aside);
    drop(watchdog.stdin.take());
    let ended = watchdog.wait();
    moved.and(ended).and_then(|_| std::fs::rename(&aside, folder)).map_err(|error| error.to_string())
}
