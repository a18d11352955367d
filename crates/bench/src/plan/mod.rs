//! The order of a run: load, measure each operation beside its reference, judge, tidy up.

mod beside;
mod growth;
mod loading;
mod measuring;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;

use crate::data::People;
use crate::http::Endpoint;
use crate::load::{self, Run, Until, Work};
use crate::memory::Memory;
use crate::reference::Reference;
use crate::report::{Criterion, Report, Row};
use crate::table::thousands;
use crate::work::Directory;
use crate::{Beside, Launcher, Options, Server};

/// Users at which reads are measured first: growth is told from there.
const SMALL: u64 = 1_000;
/// Users that no group holds, to be added to the groups of each size.
const SPARES: u64 = 64;
/// Connections that load and delete.
const LOADERS: u64 = 16;

/// Measures a server and the machine's reference lines. Takes a few minutes.
///
/// On a server of [`Options::base_url`] everything that was created is deleted at the end, also after a failure;
/// its memory is not known.
///
/// # Errors
///
/// When a server does not start or cannot be reached, or the directory cannot be loaded. What goes wrong while
/// measuring is counted in the report instead.
pub async fn run<L: Launcher>(options: &Options, launcher: &L) -> Result<Report> {
    options.check()?;
    let foreign = options.base_url.as_ref().map(|url| Server::foreign(url, options.token.clone()));
    let is_foreign = foreign.is_some();
    let server = match foreign {
        Some(server) => server,
        None => launcher.server().await?,
    };
    let fixed = launcher.reference(Reference::Fixed).await?;
    let durable = launcher.reference(Reference::Durable).await?;
    let mut bench = Bench::new(options, launcher, &server, &fixed, &durable)?;
    let measured = bench.measure_all(&server.beside).await;
    let memory = Memory::of_all(&server.pids);
    if is_foreign {
        let tidied = bench.tidy().await;
        measured?;
        tidied?;
    } else {
        measured?;
    }
    Ok(bench.report(server.base_url.clone(), memory))
}

pub use growth::grow;

/// A run under way.
struct Bench<'a, L> {
    options: &'a Options,
    launcher: &'a L,
    own: Arc<Endpoint>,
    fixed: Arc<Endpoint>,
    durable: Arc<Endpoint>,
    people: Arc<People>,
    /// Users that are looked up and changed, never deleted before the end.
    directory: Arc<Directory>,
    /// Users that are to be loaded, at most.
    users: u64,
    /// Users that join and leave the groups.
    spares: Vec<String>,
    /// Users made by measuring, and by a load that failed.
    others: Vec<String>,
    groups: Vec<String>,
    /// The number of the next user to make while measuring.
    next_user: Arc<AtomicU64>,
    /// The number of the next document to post to the durable reference.
    next_document: Arc<AtomicU64>,
    seeds: AtomicU64,
    rows: Vec<Row>,
    criteria: Vec<Criterion>,
}

impl<'a, L: Launcher> Bench<'a, L> {
    fn new(
        options: &'a Options,
        launcher: &'a L,
        server: &Server,
        fixed: &Server,
        durable: &Server,
    ) -> Result<Self> {
        let people = Arc::new(People::new(&options.prefix));
        let users = options.users();
        // The references are sent a token too: they shall read requests of the same length.
        let token = server.token.as_deref();
        Ok(Self {
            own: Endpoint::among(&server.base_url, &server.nodes, token)?,
            fixed: Endpoint::new(&fixed.base_url, token)?,
            durable: Endpoint::new(&durable.base_url, token)?,
            directory: Arc::new(Directory { people: people.clone(), ids: Vec::new() }),
            spares: Vec::new(),
            others: Vec::new(),
            groups: Vec::new(),
            users,
            next_user: Arc::new(AtomicU64::new(users + SPARES)),
            next_document: Arc::new(AtomicU64::new(0)),
            seeds: AtomicU64::new(1),
            rows: Vec::new(),
            criteria: Vec::new(),
            options,
            launcher,
            people,
        })
    }

    async fn measure_all(&mut self, beside: &[Beside]) -> Result<()> {
        let users = self.users;
        let mut small = None;
        if users > SMALL {
            self.load_users(SMALL).await?;
            self.load_groups().await?;
            small = Some(self.reads().await?);
        }
        self.load_users(users).await?;
        self.load_spares().await?;
        self.load_groups().await?;
        self.load_reference(users).await?;
        let large = self.reads().await?;
        self.judge_reads(small.as_ref(), &large);
        self.lists().await?;
        self.members().await?;
        self.writes().await?;
        self.mixed().await?;
        for beside in beside {
            self.beside(beside).await?;
        }
        Ok(())
    }

    fn report(mut self, server: String, memory: Option<Memory>) -> Report {
        if let Some(memory) = memory {
            self.criteria.push(Criterion::memory(memory));
        }
        self.criteria.push(Criterion::no_errors(&self.rows));
        Report {
            server,
            users: self.users,
            seconds: self.options.seconds,
            rounds: self.options.rounds,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory,
            rows: self.rows,
            criteria: self.criteria,
        }
    }

    /// Runs `connections` of the same work for the time of one measurement; `make` is given a new seed for each.
    async fn timed<W: Work>(
        &self,
        endpoint: &Arc<Endpoint>,
        connections: u32,
        make: impl Fn(u64) -> W,
    ) -> Result<Run<W>> {
        let works = (0..connections).map(|_| make(self.seeds.fetch_add(1, Ordering::Relaxed))).collect();
        load::run(endpoint, works, Until::Elapsed(Duration::from_secs_f64(self.options.seconds))).await
    }

    /// Runs the same work until it is done, on as many connections as reads are measured with.
    async fn each<W: Work>(&self, make: impl Fn() -> W) -> Result<Run<W>> {
        let works = (0..measuring::WIDE).map(|_| make()).collect();
        load::run(&self.own, works, Until::Done).await
    }

    fn progress(&self, line: &str) {
        self.launcher.progress(line);
    }

    fn progress_at(&self, what: &str) {
        self.progress(&format!("measuring {what} at {} users", thousands(self.directory.users())));
    }
}
