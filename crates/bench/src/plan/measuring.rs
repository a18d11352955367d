//! The measurements, each in rounds beside its reference.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Result;

use super::{Bench, SMALL};
use crate::Launcher;
use crate::data::Dice;
use crate::load::{self, Until};
use crate::report::{Criterion, Row};
use crate::series::Series;
use crate::table::thousands;
use crate::work::{Create, FixedRead, Get, List, Lookup, Members, Mixed, Patch, ReferencePatch, Which};

/// Connections of the reads, the mixed cycle and the wide PATCH.
pub(super) const WIDE: u32 = 32;
/// Connections of durable writes.
const WRITERS: u32 = 16;
/// Connections that list.
const LISTERS: u32 = 4;

const FIXED: &str = "fixed answer";
const DURABLE_CREATE: &str = "durable create";
const DURABLE_PATCH: &str = "durable PATCH";

/// Reads at one size of the directory.
pub(super) struct Reads {
    fixed: Series,
    get: Series,
    lookup: Series,
}

impl<L: Launcher> Bench<'_, L> {
    /// Each user is read once before, as a provider's first comparison does: what is measured is the pace after it.
    pub(super) async fn reads(&mut self) -> Result<Reads> {
        self.progress_at("reads");
        let mut reads = Reads { fixed: Series::new()?, get: Series::new()?, lookup: Series::new()? };
        self.read_each(&format!(", {} users", thousands(self.directory.users()))).await?;
        let (own, directory, fixed) = (&self.own, &self.directory, &self.fixed);
        let at = thousands(directory.users());
        for _ in 0..self.options.rounds {
            reads.fixed.add(&self.timed(fixed, WIDE, |_| FixedRead::new(fixed.clone())).await?)?;
            let get = |seed| Get::new(own.clone(), directory.clone(), Which::Any(Dice::new(seed)));
            reads.get.add(&self.timed(own, WIDE, get).await?)?;
            let lookup = |seed| Lookup::new(own.clone(), directory.clone(), Which::Any(Dice::new(seed)));
            reads.lookup.add(&self.timed(own, WIDE, lookup).await?)?;
        }
        self.rows.push(Row::new(format!("reference: {FIXED}"), WIDE, &reads.fixed));
        self.rows.push(Row::new(format!("get by id, {at} users"), WIDE, &reads.get).against(
            FIXED,
            &reads.get,
            &reads.fixed,
        ));
        self.rows.push(Row::new(format!("filter userName eq, {at} users"), WIDE, &reads.lookup).against(
            FIXED,
            &reads.lookup,
            &reads.fixed,
        ));
        Ok(reads)
    }

    /// Each user once, by id and by name; `at` is said of both.
    pub(super) async fn read_each(&mut self, at: &str) -> Result<()> {
        let (own, directory) = (&self.own, &self.directory);
        let (mut get, mut lookup) = (Series::new()?, Series::new()?);
        let next = Arc::new(AtomicU64::new(0));
        let each = |next: &Arc<AtomicU64>| Which::Each(Arc::clone(next));
        get.add(&self.each(|| Get::new(own.clone(), directory.clone(), each(&next))).await?)?;
        let next = Arc::new(AtomicU64::new(0));
        lookup.add(&self.each(|| Lookup::new(own.clone(), directory.clone(), each(&next))).await?)?;
        self.rows.push(Row::new(format!("get by id{at}, each once"), WIDE, &get));
        self.rows.push(Row::new(format!("filter userName eq{at}, each once"), WIDE, &lookup));
        Ok(())
    }

    /// Growth is told by the ratios to the fixed answer: between the two sizes the machine may have changed pace.
    pub(super) fn judge_reads(&mut self, small: Option<&Reads>, large: &Reads) {
        let at = thousands(self.directory.users());
        let get = large.get.ratio(&large.fixed);
        let lookup = large.lookup.ratio(&large.fixed);
        if let Some(small) = small {
            let from = thousands(SMALL);
            let growth = |what: &str, small: f64, large: f64| {
                let name = format!("{what}: cost at {at} users / at {from}");
                Criterion::at_most(name, if large > 0.0 { small / large } else { f64::INFINITY }, 1.5)
            };
            self.criteria.push(growth("get by id", small.get.ratio(&small.fixed), get));
            self.criteria.push(growth("filter userName eq", small.lookup.ratio(&small.fixed), lookup));
        }
        self.criteria.push(Criterion::at_least(format!("get by id / {FIXED}"), get, 0.4));
        self.criteria.push(Criterion::at_least(format!("filter userName eq / {FIXED}"), lookup, 0.4));
    }

    pub(super) async fn lists(&mut self) -> Result<()> {
        self.progress_at("pages of 100");
        let mut series = Series::new()?;
        let (users, places) = (self.directory.users(), u64::from(LISTERS));
        for _ in 0..self.options.rounds {
            let list = |seed| List::new(self.own.clone(), users, seed % places, places);
            series.add(&self.timed(&self.own, LISTERS, list).await?)?;
        }
        self.rows.push(Row::new("list a page of 100", LISTERS, &series));
        Ok(())
    }

    /// Adds to and removes from groups of every size in turn, on one connection.
    pub(super) async fn members(&mut self) -> Result<()> {
        let mut sizes: Vec<u64> =
            self.options.group_sizes.iter().copied().filter(|size| *size <= self.directory.users()).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let first = self.groups.len() as u64;
        let mut groups = Vec::new();
        for (number, size) in (first..).zip(&sizes) {
            groups.push(self.load_group(number, *size).await?);
        }
        self.progress_at("group members");
        let groups: Vec<(u64, String)> = sizes.iter().copied().zip(groups).collect();
        let mut added = Vec::new();
        for (size, adds, removes) in self.add_and_remove(&groups).await? {
            let name = |verb| format!("{verb} a group of {}", thousands(size));
            self.rows.push(Row::new(name("add one member to"), 1_u32, &adds));
            self.rows.push(Row::new(name("remove one member from"), 1_u32, &removes));
            added.push((size, adds));
        }
        if let ([(from, small), .., (to, large)], true) = (added.as_slice(), sizes.len() > 1) {
            let name = format!("add one member: group of {} / of {}, p50", thousands(*to), thousands(*from));
            let base = small.quantile_ms(0.5);
            let growth = if base > 0.0 { large.quantile_ms(0.5) / base } else { f64::INFINITY };
            self.criteria.push(Criterion::at_most(name, growth, 2.0));
        }
        Ok(())
    }

    /// One member to each group in turn, and out of it again, on one connection: of each size the additions and the
    /// removals.
    pub(super) async fn add_and_remove(
        &self,
        groups: &[(u64, String)],
    ) -> Result<Vec<(u64, Series, Series)>> {
        let seconds = self.options.seconds * f64::from(self.options.rounds) * to_count(groups.len());
        let ids = groups.iter().map(|(_, id)| id.clone()).collect();
        let works = vec![Members::new(self.own.clone(), ids, self.spares.clone())];
        let run = load::run(&self.own, works, Until::Elapsed(Duration::from_secs_f64(seconds))).await?;
        let rest = run.works.into_iter().map(Members::rest).collect();
        load::run(&self.own, rest, Until::Done).await?;
        let mut all = Vec::with_capacity(groups.len());
        for (place, (size, _)) in groups.iter().enumerate() {
            let mut both = [Series::new()?, Series::new()?];
            for (lane, series) in both.iter_mut().enumerate() {
                if let Some(tally) = run.lanes.get(&(2 * place + lane)) {
                    series.add_sequential(tally)?;
                }
            }
            let [adds, removes] = both;
            all.push((*size, adds, removes));
        }
        Ok(all)
    }

    pub(super) async fn writes(&mut self) -> Result<()> {
        let ratio = self.patches(WRITERS).await?;
        let patches =
            Criterion::at_least(format!("PATCH / {DURABLE_PATCH}, {WRITERS} connections"), ratio, 0.5);
        self.patches(WIDE).await?;
        let ratio = self.creates().await?;
        let name = format!("create / {DURABLE_CREATE}, {WRITERS} connections");
        self.criteria.push(Criterion::at_least(name, ratio, 0.5));
        self.criteria.push(patches);
        Ok(())
    }

    /// One attribute of any user; the share of the durable reference's rate.
    async fn patches(&mut self, connections: u32) -> Result<f64> {
        self.progress_at("PATCH");
        let (mut reference, mut series) = (Series::new()?, Series::new()?);
        let rows = self.directory.users();
        for _ in 0..self.options.rounds {
            let bare = |seed| ReferencePatch::new(self.durable.clone(), rows, seed);
            reference.add(&self.timed(&self.durable, connections, bare).await?)?;
            let patch = |seed| Patch::new(self.own.clone(), self.directory.clone(), seed);
            series.add(&self.timed(&self.own, connections, patch).await?)?;
        }
        self.rows.push(Row::new(format!("reference: {DURABLE_PATCH}"), connections, &reference));
        let row = Row::new("PATCH one attribute", connections, &series);
        self.rows.push(row.against(DURABLE_PATCH, &series, &reference));
        Ok(series.ratio(&reference))
    }

    /// New users; the share of the durable reference's rate.
    async fn creates(&mut self) -> Result<f64> {
        self.progress_at("creates");
        let (mut reference, mut series) = (Series::new()?, Series::new()?);
        for _ in 0..self.options.rounds {
            let bare = |_| {
                Create::echo(self.durable.clone(), self.people.clone(), self.next_document.clone(), u64::MAX)
            };
            reference.add(&self.timed(&self.durable, WRITERS, bare).await?)?;
            let create =
                |_| Create::new(self.own.clone(), self.people.clone(), self.next_user.clone(), u64::MAX);
            let run = self.timed(&self.own, WRITERS, create).await?;
            series.add(&run)?;
            let created = run.works.into_iter().flat_map(|work| work.created);
            self.others.extend(created.map(|user| user.id));
        }
        self.rows.push(Row::new(format!("reference: {DURABLE_CREATE}"), WRITERS, &reference));
        self.rows.push(Row::new("create a user", WRITERS, &series).against(
            DURABLE_CREATE,
            &series,
            &reference,
        ));
        Ok(series.ratio(&reference))
    }

    pub(super) async fn mixed(&mut self) -> Result<()> {
        self.progress_at("the mixed cycle");
        let mut series = Series::new()?;
        for _ in 0..self.options.rounds {
            let mixed =
                |seed| Mixed::new(self.own.clone(), self.directory.clone(), self.next_user.clone(), seed);
            let run = self.timed(&self.own, WIDE, mixed).await?;
            series.add(&run)?;
            self.others.extend(run.works.into_iter().flat_map(|work| work.joiners));
        }
        self.rows.push(Row::new("mixed: 70% lookup, 20% PATCH, 5% create, 5% delete", WIDE, &series));
        Ok(())
    }
}

fn to_count(length: usize) -> f64 {
    crate::series::to_f64(length as u64)
}
