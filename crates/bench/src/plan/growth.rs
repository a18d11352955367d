//! Every operation at each size of the directory.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Bench;
use super::measuring::WIDE;
use crate::data::Dice;
use crate::growth::{Growth, Step};
use crate::load::{self, Tally, Until};
use crate::memory::Memory;
use crate::reference::Reference;
use crate::report::{Criterion, Row};
use crate::series::Series;
use crate::storage::Storage;
use crate::table::thousands;
use crate::work::{
    Create, FixedRead, Get, GroupHead, Lookup, Patch, ReferencePatch, ReferenceRead, Walk, Which,
};
use crate::{Launcher, Options, Server};

/// Connections of PATCH.
const WRITERS: u32 = 16;
/// Connections that read groups.
const READERS: u32 = 4;
/// What a measure may grow by, from the smallest size to the largest.
const FLAT: f64 = 1.5;

/// What bounds are about, at one size.
struct Measured {
    get: Series,
    lookup: Series,
    create: Series,
    fixed: Series,
    bare_lookup: Series,
    bare_create: Series,
    /// Milliseconds that half of the requests took: by size of the group, and of the first and last pages of a walk.
    add: Vec<(u64, f64)>,
    head: Vec<(u64, f64)>,
    walk: [f64; 2],
    walked: u64,
}

/// Measures every operation at each of the sizes of `Options::users`, and says how the cost grows. Minutes up to
/// 100,000 users, most of an hour with 1,000,000.
///
/// # Errors
///
/// As [`run`](crate::run) has them.
pub async fn grow<L: Launcher>(options: &Options, launcher: &L) -> Result<Growth> {
    options.check()?;
    let server = match &options.base_url {
        Some(url) => Server::foreign(url.clone(), options.token.clone()),
        None => launcher.server().await?,
    };
    let fixed = launcher.reference(Reference::Fixed).await?;
    let durable = launcher.reference(Reference::Durable).await?;
    let mut bench = Bench::new(options, launcher, &server, &fixed, &durable)?;
    let measured = bench.steps(&server).await;
    if options.base_url.is_some() {
        bench.tidy().await?;
    }
    let (steps, mut criteria) = measured?;
    let errors: u64 = steps.iter().flat_map(|step: &Step| &step.rows).map(|row| row.errors).sum();
    criteria.push(Criterion::at_most("wrong answers", crate::series::to_f64(errors), 0.0));
    Ok(Growth {
        server: server.base_url.clone(),
        nodes: 1 + server.nodes.len(),
        seconds: options.seconds,
        rounds: options.rounds,
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        steps,
        criteria,
    })
}

impl<L: Launcher> Bench<'_, L> {
    async fn steps(&mut self, server: &Server) -> Result<(Vec<Step>, Vec<Criterion>)> {
        let (mut steps, mut groups) = (Vec::new(), Vec::new());
        let mut measured: Vec<(u64, Measured)> = Vec::new();
        let on_postgres = matches!(server.storage, Storage::Postgres(_));
        self.load_spares().await?;
        for users in self.options.users.clone() {
            self.load_users(users).await?;
            self.load_groups().await?;
            for size in self.options.group_sizes.clone() {
                if size <= users && groups.iter().all(|(other, _)| *other != size) {
                    let number = self.groups.len() as u64;
                    groups.push((size, self.load_group(number, size).await?));
                }
            }
            self.load_reference(users).await?;
            measured.push((users, self.step(&groups, on_postgres).await?));
            steps.push(Step {
                users,
                disk_bytes: server.storage.bytes().await?,
                memory: Memory::of_all(&server.pids),
                rows: std::mem::take(&mut self.rows),
            });
        }
        Ok((steps, judge(&measured, on_postgres)))
    }

    async fn step(&mut self, groups: &[(u64, String)], on_postgres: bool) -> Result<Measured> {
        let series = || Series::new();
        let mut measured = Measured {
            get: series()?,
            lookup: series()?,
            create: series()?,
            fixed: series()?,
            bare_lookup: series()?,
            bare_create: series()?,
            add: Vec::new(),
            head: Vec::new(),
            walk: [0.0; 2],
            walked: 0,
        };
        self.step_reads(&mut measured, on_postgres).await?;
        self.step_walk(&mut measured).await?;
        self.step_groups(&mut measured, groups).await?;
        self.step_writes(&mut measured).await?;
        Ok(measured)
    }

    /// Over a file each user is read once before, as a provider's first comparison does: what is measured is the pace
    /// after it. Over PostgreSQL nothing is kept of what was read.
    async fn step_reads(&mut self, measured: &mut Measured, on_postgres: bool) -> Result<()> {
        self.progress_at("reads");
        if !on_postgres {
            self.read_each("").await?;
        }
        let (own, directory) = (&self.own, &self.directory);
        let users = directory.users();
        for _ in 0..self.options.rounds {
            let fixed = |_| FixedRead::new(self.fixed.clone());
            measured.fixed.add(&self.timed(&self.fixed, WIDE, fixed).await?)?;
            let bare = |seed| ReferenceRead::new(self.durable.clone(), users, seed);
            measured.bare_lookup.add(&self.timed(&self.durable, WIDE, bare).await?)?;
            let get = |seed| Get::new(own.clone(), directory.clone(), Which::Any(Dice::new(seed)));
            measured.get.add(&self.timed(own, WIDE, get).await?)?;
            let lookup = |seed| Lookup::new(own.clone(), directory.clone(), Which::Any(Dice::new(seed)));
            measured.lookup.add(&self.timed(own, WIDE, lookup).await?)?;
        }
        let Measured { fixed, bare_lookup, get, lookup, .. } = measured;
        self.rows.push(Row::new("reference: fixed answer", WIDE, fixed));
        self.rows.push(Row::new("reference: bare lookup", WIDE, bare_lookup).against(
            "fixed",
            bare_lookup,
            fixed,
        ));
        self.rows.push(Row::new("get by id", WIDE, get).against("bare lookup", get, bare_lookup));
        self.rows.push(Row::new("filter userName eq", WIDE, lookup).against(
            "bare lookup",
            lookup,
            bare_lookup,
        ));
        Ok(())
    }

    async fn step_walk(&mut self, measured: &mut Measured) -> Result<()> {
        self.progress_at("a walk by cursor");
        let walk = vec![Walk::new(self.own.clone(), self.directory.users())];
        let run = load::run(&self.own, walk, Until::Done).await?;
        measured.walked = run.works.iter().map(|walk| walk.seen).sum();
        let names = ["a page of 100 by cursor, the first", "a page of 100 by cursor, the last"];
        for (lane, (name, half)) in names.into_iter().zip(&mut measured.walk).enumerate() {
            let series = of_lane(&run.lanes, lane)?;
            *half = series.quantile_ms(0.5);
            self.rows.push(Row::new(name, 1_u32, &series));
        }
        Ok(())
    }

    async fn step_groups(&mut self, measured: &mut Measured, groups: &[(u64, String)]) -> Result<()> {
        self.progress_at("groups");
        let ids: Vec<String> = groups.iter().map(|(_, id)| id.clone()).collect();
        let head = |_| GroupHead::new(self.own.clone(), ids.clone());
        let run = self.timed(&self.own, READERS, head).await?;
        for (lane, (size, _)) in groups.iter().enumerate() {
            let series = of_lane(&run.lanes, lane)?;
            measured.head.push((*size, series.quantile_ms(0.5)));
            let name = format!("get a group of {} without members", thousands(*size));
            self.rows.push(Row::new(name, READERS, &series));
        }
        for (size, adds, removes) in self.add_and_remove(groups).await? {
            measured.add.push((size, adds.quantile_ms(0.5)));
            let name = |verb| format!("{verb} a group of {}", thousands(size));
            self.rows.push(Row::new(name("add one member to"), 1_u32, &adds));
            self.rows.push(Row::new(name("remove one member from"), 1_u32, &removes));
        }
        Ok(())
    }

    async fn step_writes(&mut self, measured: &mut Measured) -> Result<()> {
        self.progress_at("writes");
        let (mut patch, mut bare_patch) = (Series::new()?, Series::new()?);
        let rows = self.directory.users();
        for _ in 0..self.options.rounds {
            let bare = |seed| ReferencePatch::new(self.durable.clone(), rows, seed);
            bare_patch.add(&self.timed(&self.durable, WRITERS, bare).await?)?;
            let own = |seed| Patch::new(self.own.clone(), self.directory.clone(), seed);
            patch.add(&self.timed(&self.own, WRITERS, own).await?)?;
            let bare = |_| {
                let (endpoint, people) = (self.durable.clone(), self.people.clone());
                Create::echo(endpoint, people, self.next_document.clone(), u64::MAX)
            };
            measured.bare_create.add(&self.timed(&self.durable, WIDE, bare).await?)?;
            let create =
                |_| Create::new(self.own.clone(), self.people.clone(), self.next_user.clone(), u64::MAX);
            let run = self.timed(&self.own, WIDE, create).await?;
            measured.create.add(&run)?;
            let created = run.works.into_iter().flat_map(|work| work.created);
            self.others.extend(created.map(|user| user.id));
        }
        let Measured { create, bare_create, .. } = measured;
        self.rows.push(Row::new("reference: bare PATCH", WRITERS, &bare_patch));
        self.rows.push(Row::new("PATCH one attribute", WRITERS, &patch).against(
            "bare PATCH",
            &patch,
            &bare_patch,
        ));
        self.rows.push(Row::new("reference: bare insert", WIDE, bare_create));
        self.rows.push(Row::new("create a user", WIDE, create).against("bare insert", create, bare_create));
        Ok(())
    }
}

/// The requests of one lane, one after the other.
fn of_lane(lanes: &BTreeMap<usize, Tally>, lane: usize) -> Result<Series> {
    let mut series = Series::new()?;
    if let Some(tally) = lanes.get(&lane) {
        series.add_sequential(tally)?;
    }
    Ok(series)
}

/// Growth is told by ratios to the fixed answer: between two sizes the machine may have changed pace.
fn judge(measured: &[(u64, Measured)], on_postgres: bool) -> Vec<Criterion> {
    let ([(from, small), ..], [.., (to, large)]) = (measured, measured) else { return Vec::new() };
    let (from, to) = (thousands(*from), thousands(*to));
    let mut criteria = Vec::new();
    let growth = |what: &str, small: f64, large: f64| {
        let name = format!("{what}: cost at {to} users / at {from}");
        Criterion::at_most(name, if large > 0.0 { small / large } else { f64::INFINITY }, FLAT)
    };
    let line = |measured: &Measured, own: &Series| own.ratio(&measured.fixed);
    criteria.push(growth("get by id", line(small, &small.get), line(large, &large.get)));
    criteria.push(growth("filter userName eq", line(small, &small.lookup), line(large, &large.lookup)));
    for (what, sizes, limit) in
        [("add one member", &large.add, 2.0), ("get a group without members", &large.head, FLAT)]
    {
        if let [(least, at_least), .., (most, at_most)] = sizes.as_slice() {
            let name = format!("{what}: group of {} / of {}, p50", thousands(*most), thousands(*least));
            criteria.push(Criterion::at_most(name, at_most / at_least, limit));
        }
    }
    let [first, last] = large.walk;
    criteria.push(Criterion::at_most(
        "a page of 100 by cursor: the last / the first, p50",
        last / first,
        FLAT,
    ));
    for (users, measured) in measured {
        let name = format!("a walk by cursor sees each of {} users", thousands(*users));
        criteria.push(Criterion::at_least(
            name,
            crate::series::to_f64(measured.walked),
            crate::series::to_f64(*users),
        ));
    }
    let (reference, of, share) = if on_postgres {
        ("bare lookup", &large.bare_lookup, 0.6)
    } else {
        ("fixed answer", &large.fixed, 0.5)
    };
    for (what, own) in [("get by id", &large.get), ("filter userName eq", &large.lookup)] {
        criteria.push(Criterion::at_least(format!("{what} / {reference}, {to} users"), own.ratio(of), share));
    }
    let name = format!("create / bare insert, {to} users, {WIDE} connections");
    criteria.push(Criterion::at_least(name, large.create.ratio(&large.bare_create), 0.6));
    criteria
}
