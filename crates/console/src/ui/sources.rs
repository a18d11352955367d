//! Which source a page is about, where a tenant has several.

use rollcall_domain::source::Source;
use rollcall_service::admin::{Paging, SourceFilter};

use crate::Console;
use crate::answer::Failure;
use crate::guard::Visit;
use crate::place::Asked;

/// The sources of a tenant, and the one that was chosen.
pub(crate) struct Choice {
    /// Their slugs.
    pub(crate) slugs: Vec<String>,
    /// The one that `source` of the query names, else the first.
    pub(crate) chosen: Option<Source>,
}

impl Choice {
    /// By `source` of the query.
    ///
    /// # Errors
    ///
    /// `NotFound` when the tenant has no such source.
    pub(crate) async fn read(app: &Console, visit: &Visit, asked: &Asked) -> Result<Self, Failure> {
        let wanted = asked.given("source");
        let all = app.service.sources(visit.admin(), &SourceFilter::default(), &Paging::all()).await?.items;
        let slugs: Vec<String> = all.iter().map(|source| source.slug.clone()).collect();
        let chosen = match wanted {
            Some(slug) => Some(app.service.source(visit.admin(), slug).await?),
            None => all.into_iter().next(),
        };
        Ok(Self { slugs, chosen })
    }
}
