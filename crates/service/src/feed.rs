//! The change feed: the outbox made public (DESIGN decision 6).

use rollcall_domain::change::{Change, ChangeKind, difference};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::event_type;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_scim::Document;
use rollcall_store::{KeptChanges, StoreError};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::Service;

/// Changes in one page of the feed, at most.
pub const MAX_FEED_PAGE: u32 = 1_000;
/// Changes looked at and deleted in one step of pruning.
const PRUNE_STEP: u32 = 500;

/// Why the feed cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// What comes after the cursor is not kept any more.
    #[error("cursor too old: oldest is {oldest}")]
    TooOld {
        /// The number of the oldest change that is kept.
        oldest: u64,
    },
    /// There was never a change of this number: the cursor is of another tenant, or of a database that was restored.
    #[error("cursor ahead: newest is {newest}")]
    Ahead {
        /// The number given last.
        newest: u64,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A change with what its record does not say itself.
#[derive(Debug, Clone, PartialEq)]
pub struct FedChange {
    /// As recorded.
    pub change: Change,
    /// The source's slug; `None` when it was deleted since.
    pub source: Option<String>,
}

/// How long changes are kept. What is older, or more, goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Milliseconds; 0: for ever.
    pub age_ms: i64,
    /// How many of a tenant; 0: all.
    pub count: u64,
}

impl FedChange {
    /// The type of its event: `user.created`.
    pub fn event(&self) -> String {
        event_type(&self.change)
    }

    /// As the feed shows it: `sequence`, `at`, `type`, `source`, `resource_type`, `resource`, `version`, `actor`,
    /// `request_id`, and `attributes` and `members` where these changed.
    pub fn shown(&self) -> Value {
        let Change { sequence, at, resource_type, resource, version, actor, request_id, .. } = &self.change;
        let mut shown = json!({
            "sequence": sequence,
            "at": at.to_string(),
            "type": self.event(),
            "source": self.source,
            "resource_type": resource_type,
            "resource": resource.to_string(),
            "version": version,
            "actor": actor,
            "request_id": request_id,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(self.detail());
        }
        shown
    }

    /// The whole resource, of a change that makes or ends it.
    pub fn document(&self) -> Option<Document> {
        match self.recorded().remove("document") {
            Some(Value::Object(document)) => Some(document),
            _ => None,
        }
    }

    /// The members that came; `None` when there are more than are recorded.
    pub(crate) fn added_members(&self) -> Option<Vec<String>> {
        let recorded = self.recorded();
        let Some(members) = recorded.get("members") else { return Some(Vec::new()) };
        let added = members.get("added").and_then(Value::as_array).into_iter().flatten();
        let added = added.filter_map(Value::as_str).map(str::to_owned).collect();
        members.get("addedCount").is_none().then_some(added)
    }

    fn recorded(&self) -> Map<String, Value> {
        serde_json::from_str(&self.change.detail).unwrap_or_default()
    }

    /// The detail with `attributes`, whatever happened.
    fn detail(&self) -> Map<String, Value> {
        let mut detail = self.recorded();
        if let Some(Value::Object(mut document)) = detail.shift_remove("document") {
            document.shift_remove("id");
            let nothing = Document::new();
            let attributes = match self.change.kind {
                ChangeKind::Deleted => difference(&document, &nothing),
                ChangeKind::Created | ChangeKind::Updated | ChangeKind::Completed => {
                    difference(&nothing, &document)
                }
            };
            detail.insert("attributes".to_owned(), attributes);
        }
        detail
    }
}

impl Service {
    /// Changes of a tenant after this number, in order, at most `limit` and [`MAX_FEED_PAGE`].
    ///
    /// # Errors
    ///
    /// [`FeedError`].
    pub async fn changes(
        &self,
        tenant: TenantKey,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FedChange>, FeedError> {
        let found = self.store.changes(tenant, after, limit.min(MAX_FEED_PAGE)).await?;
        if found.first().is_none_or(|first| first.sequence != after + 1) {
            let KeptChanges { oldest, last } = self.store.kept_changes(tenant).await?;
            if after > last {
                return Err(FeedError::Ahead { newest: last });
            }
            if after + 1 < oldest {
                return Err(FeedError::TooOld { oldest });
            }
        }
        Ok(self.fed(tenant, found).await?)
    }

    /// Changes of a tenant with the slugs of their sources.
    pub(crate) async fn fed(
        &self,
        tenant: TenantKey,
        found: Vec<Change>,
    ) -> Result<Vec<FedChange>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let slugs = self.slugs(tenant).await?;
        let slug = |change: &Change| {
            slugs.iter().find(|(key, _)| *key == change.source).map(|(_, slug)| slug.clone())
        };
        Ok(found.into_iter().map(|change| FedChange { source: slug(&change), change }).collect())
    }

    /// Which changes of a tenant there are.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn kept_changes(&self, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
        self.store.kept_changes(tenant).await
    }

    /// Becomes ready after each commit, whoever made it.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.store.stamps().commits()
    }

    /// Deletes a few changes that need not be kept, of one tenant. Returns how many; 0 when it is done.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn prune_changes(&self, tenant: TenantKey, retention: Retention) -> Result<u64, StoreError> {
        let KeptChanges { oldest, last } = self.store.kept_changes(tenant).await?;
        let mut through = if retention.count == 0 { 0 } else { last.saturating_sub(retention.count) };
        if retention.age_ms > 0 && through < oldest + u64::from(PRUNE_STEP) {
            let until = Timestamp(self.clock.now().0 - retention.age_ms);
            let found = self.store.changes(tenant, oldest - 1, PRUNE_STEP).await?;
            let old = found.iter().take_while(|change| change.at < until).last();
            through = old.map_or(through, |change| through.max(change.sequence));
        }
        if through < oldest {
            return Ok(0);
        }
        self.store.prune_changes(tenant, through, PRUNE_STEP).await
    }

    async fn slugs(&self, tenant: TenantKey) -> Result<Vec<(SourceKey, String)>, StoreError> {
        let sources = self.store.sources(tenant).await?;
        Ok(sources.into_iter().map(|source| (source.key, source.slug)).collect())
    }
}
