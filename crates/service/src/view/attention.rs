//! What needs someone, and what each source did: the first page of the console.

use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope};
use rollcall_domain::delivery::{Endpoint, EndpointStatus};
use rollcall_domain::people::BreakerState;
use rollcall_domain::source::Source;
use rollcall_store::StoreError;
use rollcall_store::history::Size;
use rollcall_store::query::{Query, Start};

use crate::admin::{Admin, AdminError, EndpointProgress, Paging, SourceFilter};
use crate::tally::Tallied;
use crate::{Service, directory};

/// A token that ends sooner than this is told of: 20 days.
const SOON_MS: i64 = 20 * 86_400_000;
/// Users that wait are counted up to this.
pub const WAITING_COUNTED: u32 = 100;
/// Sizes are noted once an hour…
const SIZE_EVERY_MS: i64 = 3_600_000;
/// …and kept for 90 days.
const SIZES_KEPT_MS: i64 = 90 * 86_400_000;

/// What needs someone.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// Sources whose last token that may write ends soon, or has ended.
    pub ending: Vec<Ending>,
    /// Endpoints that were stopped, or have deliveries that Rollcall has given up.
    pub failing: Vec<Failing>,
    /// Sources whose breaker holds, or who have users that wait for a match.
    pub holding: Vec<Holding>,
}

/// A source whose provider will not get in any more.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The source.
    pub slug: String,
    /// When; `None`: no token may write now, and none ever ends.
    pub at: Option<Timestamp>,
}

/// An endpoint that is not told what happens.
#[derive(Debug, Clone)]
pub struct Failing {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// How far it has come.
    pub progress: EndpointProgress,
}

/// A source where something waits for someone's word.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The source.
    pub slug: String,
    /// Its breaker.
    pub breaker: BreakerState,
    /// Users that wait for a match, counted up to [`WAITING_COUNTED`].
    pub waiting: u32,
}

/// What a source did.
#[derive(Debug, Clone)]
pub struct SourceActivity {
    /// The source.
    pub source: Source,
    /// The last day, five minutes at a time, of this process.
    pub tallied: Vec<Tallied>,
    /// How many users and groups it had, oldest first; the last one is now.
    pub sizes: Vec<Size>,
}

impl Attention {
    /// Whether nothing needs anyone.
    pub fn is_empty(&self) -> bool {
        self.ending.is_empty() && self.failing.is_empty() && self.holding.is_empty()
    }
}

impl Service {
    /// What needs someone in a tenant.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn attention(&self, admin: &Admin) -> Result<Attention, AdminError> {
        let sources = self.sources(admin, &SourceFilter::default(), &Paging::all()).await?.items;
        let mut attention = Attention::default();
        for source in &sources {
            let credentials = self.credentials(admin, source).await?;
            attention.ending.extend(self.token_ends(source, &credentials));
            if !source.settings.has_identities() {
                continue;
            }
            let breaker = self.breaker(admin, source).await?;
            let waiting = Paging { limit: WAITING_COUNTED, after: None };
            let waiting = self.matches(admin, source, &waiting).await?.items.len();
            if breaker.open_since.is_some() || breaker.held > 0 || waiting > 0 {
                let waiting = u32::try_from(waiting).unwrap_or(WAITING_COUNTED);
                attention.holding.push(Holding { slug: source.slug.clone(), breaker, waiting });
            }
        }
        for endpoint in self.store.endpoints(Some(admin.tenant().key)).await.map_err(AdminError::Store)? {
            if endpoint.kind.is_hook() {
                continue;
            }
            let progress = self.endpoint_progress(admin, &endpoint).await?;
            if matches!(endpoint.status, EndpointStatus::Disabled(_)) || progress.parked > 0 {
                attention.failing.push(Failing { endpoint, progress });
            }
        }
        Ok(attention)
    }

    /// What a source did.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn activity(&self, admin: &Admin, source: Source) -> Result<SourceActivity, AdminError> {
        admin.require(ApiScope::SourcesRead)?;
        admin.owns(&source)?;
        let now = self.clock.now();
        let runtime = self.runtime(&source.slug).await.map_err(|error| AdminError::Invalid(error.detail))?;
        let tallied = runtime.map(|runtime| runtime.tally().read(now)).unwrap_or_default();
        let mut sizes = self.store.sizes(source.key).await.map_err(AdminError::Store)?;
        let users = self.total(&source, "User").await.map_err(AdminError::Store)?;
        let groups = self.total(&source, "Group").await.map_err(AdminError::Store)?;
        sizes.push(Size { at: now, users, groups });
        Ok(SourceActivity { source, tallied, sizes })
    }

    /// Notes how many users and groups each source has, once an hour.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn note_sizes(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let hour = Timestamp(now.0 - now.0.rem_euclid(SIZE_EVERY_MS));
        self.store.note_sizes(hour, Timestamp(now.0 - SIZES_KEPT_MS)).await
    }

    /// How many resources of a type there are: a counter.
    async fn total(&self, source: &Source, kind: &str) -> Result<u64, StoreError> {
        let registry = directory::registry(source);
        let Some(kind) = registry.ok().and_then(|registry| registry.type_named(kind).cloned()) else {
            return Ok(0);
        };
        let query = Query { filter: None, sort: None, start: Start::Offset(0), count: 0, want_total: true };
        Ok(self.store.list(source.key, &kind, &query).await?.total.unwrap_or_default())
    }

    /// Whether no token that may write lasts, and until when one does.
    fn token_ends(&self, source: &Source, credentials: &[Credential]) -> Option<Ending> {
        let now = self.clock.now();
        let writing = credentials
            .iter()
            .filter(|credential| credential.revoked.is_none() && credential.allows(Scope::Write));
        let last = writing.map(|credential| credential.expires.map_or(i64::MAX, |at| at.0)).max();
        let soon = last.is_none_or(|end| end.saturating_sub(now.0) < SOON_MS);
        soon.then(|| Ending { slug: source.slug.clone(), at: last.map(Timestamp) })
    }
}
