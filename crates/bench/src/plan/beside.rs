//! Creates and PATCH of other endpoints of the server, each beside the same of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Result;

use super::Bench;
use crate::data::People;
use crate::http::Endpoint;
use crate::report::{Criterion, Row};
use crate::series::Series;
use crate::work::{Create, Directory, Patch};
use crate::{Beside, Launcher};

/// Connections.
const WRITERS: u32 = 16;

impl<L: Launcher> Bench<'_, L> {
    /// The share of the rate that is left, of creates and of PATCH.
    pub(super) async fn beside(&mut self, beside: &Beside) -> Result<()> {
        let what = &beside.what;
        self.progress_at(&format!("creates and PATCH, {what}"));
        let endpoint = Endpoint::new(&beside.base_url, beside.token.as_deref())?;
        let people = Arc::new(People::new(&format!("{}-{}", self.options.prefix, beside.name)));
        let next = Arc::new(AtomicU64::new(0));
        let (mut plain, mut other, mut ids) = (Series::new()?, Series::new()?, Vec::new());
        for _ in 0..self.options.rounds {
            let create =
                |_| Create::new(self.own.clone(), self.people.clone(), self.next_user.clone(), u64::MAX);
            let run = self.timed(&self.own, WRITERS, create).await?;
            plain.add(&run)?;
            let created = run.works.into_iter().flat_map(|work| work.created);
            self.others.extend(created.map(|user| user.id));
            let create = |_| Create::new(endpoint.clone(), people.clone(), next.clone(), u64::MAX);
            let run = self.timed(&endpoint, WRITERS, create).await?;
            other.add(&run)?;
            ids.extend(run.works.into_iter().flat_map(|work| work.created).map(|user| user.id));
        }
        self.compare("create a user", beside, &plain, &other);
        let there = Arc::new(Directory { people, ids });
        let here = Arc::new(Directory { people: self.people.clone(), ids: self.others.clone() });
        let (mut plain, mut other) = (Series::new()?, Series::new()?);
        for _ in 0..self.options.rounds {
            let patch = |seed| Patch::new(self.own.clone(), here.clone(), seed);
            plain.add(&self.timed(&self.own, WRITERS, patch).await?)?;
            let patch = |seed| Patch::new(endpoint.clone(), there.clone(), seed);
            other.add(&self.timed(&endpoint, WRITERS, patch).await?)?;
        }
        self.compare("PATCH one attribute", beside, &plain, &other);
        Ok(())
    }

    fn compare(&mut self, operation: &str, beside: &Beside, plain: &Series, other: &Series) {
        let name = format!("{operation}, {}", beside.what);
        self.rows.push(Row::new(&name, WRITERS, other).against("without", other, plain));
        if let Some(bound) = beside.bound {
            self.criteria.push(Criterion::at_least(format!("{name} / without"), other.ratio(plain), bound));
        }
    }
}
