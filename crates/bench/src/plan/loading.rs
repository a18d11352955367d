//! Filling a server before it is measured, and emptying it after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};

use super::{Bench, LOADERS, SPARES};
use crate::Launcher;
use crate::load::{self, Run, Until};
use crate::report::Row;
use crate::series::Series;
use crate::table::thousands;
use crate::work::{Create, CreateGroup, Created, Delete, Directory, Fill};

/// Users to each ordinary group.
const USERS_A_GROUP: u64 = 100;

impl<L: Launcher> Bench<'_, L> {
    /// Creates users until there are `end`.
    pub(super) async fn load_users(&mut self, end: u64) -> Result<()> {
        let start = self.directory.users();
        self.progress(&format!("loading {} users", thousands(end - start)));
        let next = Arc::new(AtomicU64::new(start));
        let make = |_| Create::new(self.own.clone(), self.people.clone(), next.clone(), end);
        let run = load::run(&self.own, (0..LOADERS).map(make).collect(), Until::Done).await?;
        let failure = failure(&run)?;
        let mut created: Vec<Created> = run.works.into_iter().flat_map(|work| work.created).collect();
        if let Some(failure) = failure {
            self.others.extend(created.into_iter().map(|user| user.id));
            bail!("could not load users: {failure}");
        }
        created.sort_by_key(|user| user.number);
        let mut ids = self.directory.ids.clone();
        ids.extend(created.into_iter().map(|user| user.id));
        self.directory = Arc::new(Directory { people: self.people.clone(), ids });
        Ok(())
    }

    /// Creates the users that join and leave groups; their numbers come after those of the users.
    pub(super) async fn load_spares(&mut self) -> Result<()> {
        let start = self.users;
        let next = Arc::new(AtomicU64::new(start));
        let make = |_| Create::new(self.own.clone(), self.people.clone(), next.clone(), start + SPARES);
        let run = load::run(&self.own, (0..LOADERS).map(make).collect(), Until::Done).await?;
        let failure = failure(&run)?;
        self.spares.extend(run.works.into_iter().flat_map(|work| work.created).map(|user| user.id));
        match failure {
            Some(failure) => bail!("could not load users: {failure}"),
            None => Ok(()),
        }
    }

    /// Creates ordinary groups until there is one to each hundred users.
    pub(super) async fn load_groups(&mut self) -> Result<()> {
        let end = (self.directory.users() / USERS_A_GROUP).max(1);
        let next = Arc::new(AtomicU64::new(self.groups.len() as u64));
        self.progress(&format!("loading groups, {} in all", thousands(end)));
        let make = |_| CreateGroup::new(self.own.clone(), self.directory.clone(), next.clone(), end);
        let run = load::run(&self.own, (0..LOADERS).map(make).collect(), Until::Done).await?;
        let failure = failure(&run)?;
        self.groups.extend(run.works.into_iter().flat_map(|work| work.ids));
        match failure {
            Some(failure) => bail!("could not load groups: {failure}"),
            None => Ok(()),
        }
    }

    /// Creates a group and fills it with the first `size` users; its id.
    pub(super) async fn load_group(&mut self, number: u64, size: u64) -> Result<String> {
        self.progress(&format!("filling a group with {} members", thousands(size)));
        let next = Arc::new(AtomicU64::new(number));
        // A directory of nobody: a group without members.
        let nobody = Arc::new(Directory { people: self.people.clone(), ids: Vec::new() });
        let create = vec![CreateGroup::new(self.own.clone(), nobody, next, number + 1)];
        let run = load::run(&self.own, create, Until::Done).await?;
        let failed = failure(&run)?;
        let Some(id) = run.works.into_iter().flat_map(|work| work.ids).next() else {
            bail!("could not create a group: {}", failed.unwrap_or_default());
        };
        self.groups.push(id.clone());
        let fill = vec![Fill::new(self.own.clone(), self.directory.clone(), &id, size)];
        if let Some(failure) = failure(&load::run(&self.own, fill, Until::Done).await?)? {
            bail!("could not fill a group: {failure}");
        }
        Ok(id)
    }

    /// Posts as many documents to the durable reference as the server has users.
    pub(super) async fn load_reference(&mut self, documents: u64) -> Result<()> {
        let start = self.next_document.load(Ordering::Relaxed);
        if start >= documents {
            return Ok(());
        }
        self.progress(&format!("loading {} documents into the durable reference", thousands(documents)));
        let make = |_| {
            Create::echo(self.durable.clone(), self.people.clone(), self.next_document.clone(), documents)
        };
        let run = load::run(&self.durable, (0..LOADERS).map(make).collect(), Until::Done).await?;
        // Each connection took a number beyond the end to learn that it was done.
        self.next_document.store(documents, Ordering::Relaxed);
        match failure(&run)? {
            Some(failure) => bail!("could not load the durable reference: {failure}"),
            None => Ok(()),
        }
    }

    /// Deletes every group and user of this run, and reports how fast that went.
    pub(super) async fn tidy(&mut self) -> Result<()> {
        let groups: Vec<String> = self.groups.iter().map(|id| format!("/Groups/{id}")).collect();
        self.delete(groups).await?;
        let ids = self.directory.ids.iter().chain(&self.spares).chain(&self.others);
        let users: Vec<String> = ids.map(|id| format!("/Users/{id}")).collect();
        self.progress(&format!("deleting {} users", thousands(users.len() as u64)));
        let series = self.delete(users).await?;
        self.rows.push(Row::new("delete a user", LOADERS, &series));
        Ok(())
    }

    async fn delete(&self, paths: Vec<String>) -> Result<Series> {
        let share = paths.len().div_ceil(usize::try_from(LOADERS)?).max(1);
        let works = paths.chunks(share).map(|part| Delete::new(self.own.clone(), part.to_vec())).collect();
        let mut series = Series::new()?;
        series.add(&load::run(&self.own, works, Until::Done).await?)?;
        Ok(series)
    }
}

/// What went wrong first, with how often.
fn failure<W>(run: &Run<W>) -> Result<Option<String>> {
    let total = run.total()?;
    Ok(total.first_error.map(|first| format!("{} requests failed, the first with {first}", total.errors)))
}
