//! Sources as requests need them: with dialect, schemas and credentials at hand, read once per change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::dialect::{self, Dialect};
use rollcall_domain::source::{Source, SourceKey};
use rollcall_scim::error::ScimError;
use rollcall_scim::rules::Rules;
use rollcall_scim::schema::{Registry, ResolvedType};
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;
use serde_json::Value;
use uuid::Uuid;

use crate::people::settings::People;
use crate::rate::{Bucket, Rate, Share, TooFast};
use crate::request_log::Budget;
use crate::tally::Tally;
use crate::{Refused, Service, error};

/// `last_used` is written at most once in this many milliseconds per credential.
const LAST_USED_EVERY_MS: i64 = 60_000;

/// How long a request waits for another that asks for tokens.
const DRAW_LIMIT: Duration = Duration::from_secs(2);

/// A source, ready for requests.
pub struct Runtime {
    /// As stored.
    pub source: Source,
    /// Its dialect, with the source's own switches.
    pub dialect: Dialect,
    /// Its schemas and resource types.
    pub registry: Registry,
    /// What its users mean; `None` for a source without identities.
    pub(crate) people: Option<People>,
    /// The dialect's switches, for callers of SCIM 1.1.
    pub(crate) v1_rules: Rules,
    indexers: Vec<Indexer>,
    credentials: HashMap<String, Credential>,
    rate: Option<Rate>,
    state: Arc<SourceState>,
    epoch: u32,
}

/// What outlives a reload.
#[derive(Default)]
struct SourceState {
    bucket: Mutex<Bucket>,
    /// Of a bucket that nodes share.
    share: Mutex<Share>,
    drawing: tokio::sync::Mutex<()>,
    /// The base URL that the last request used: mostly all use the same, and the cache keeps it with each resource.
    base_url: RwLock<Option<Arc<str>>>,
    last_noted: RwLock<HashMap<Uuid, AtomicI64>>,
    log: Budget,
    tally: Tally,
}

#[derive(Default)]
pub(crate) struct DirectoryCache {
    runtimes: RwLock<HashMap<String, Arc<Runtime>>>,
    states: Mutex<HashMap<SourceKey, Arc<SourceState>>>,
    used: Mutex<Vec<(Uuid, Timestamp)>>,
}

impl Runtime {
    /// The type at this endpoint (`Users`), with what makes its index rows.
    pub(crate) fn type_at(&self, endpoint: &str) -> Option<(&Arc<ResolvedType>, &Indexer)> {
        let kind = self.registry.type_at(endpoint)?;
        self.indexer(kind.name()).map(|indexer| (kind, indexer))
    }

    pub(crate) fn indexer(&self, name: &str) -> Option<&Indexer> {
        let at = self.registry.types().iter().position(|kind| kind.name() == name)?;
        self.indexers.get(at)
    }

    pub(crate) fn credential(&self, prefix: &str) -> Option<&Credential> {
        self.credentials.get(prefix)
    }

    /// A base URL, as the one copy that requests share.
    pub(crate) fn shared_url(&self, base_url: &str) -> Arc<str> {
        if let Some(known) = self.state.base_url.read().as_ref().filter(|known| ***known == *base_url) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = base_url.into();
        *self.state.base_url.write() = Some(Arc::clone(&fresh));
        fresh
    }

    pub(crate) fn log_budget(&self) -> &Budget {
        &self.state.log
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.state.tally
    }
}

impl Service {
    /// Lets a request in, unless they come too fast: here, or where the database is shared, at all nodes together.
    pub(crate) async fn admit(&self, runtime: &Runtime, now: Timestamp) -> Result<(), Refused> {
        let Some(rate) = runtime.rate else { return Ok(()) };
        if !self.store.is_shared() {
            return runtime.state.bucket.lock().take(rate, now).map_err(Refused::TooFast);
        }
        if runtime.state.share.lock().take(now) {
            return Ok(());
        }
        // One asks for those who wait.
        let turn = tokio::time::timeout(DRAW_LIMIT, runtime.state.drawing.lock()).await;
        // They do not wait one after the other for a database that does not answer.
        let _turn = turn.map_err(|_| Refused::Error(error::from_store(StoreError::Busy)))?;
        if runtime.state.share.lock().take(now) {
            return Ok(());
        }
        let drawn = self.store.draw(runtime.source.key, rate.draw()).await;
        let drawn = drawn.map_err(|error| Refused::Error(error::from_store(error)))?;
        runtime.state.share.lock().put(drawn, now);
        if runtime.state.share.lock().take(now) { Ok(()) } else { Err(Refused::TooFast(TooFast(1))) }
    }

    /// The source of this slug as it is now; `None` when there is none.
    pub(crate) async fn runtime(&self, slug: &str) -> Result<Option<Arc<Runtime>>, ScimError> {
        let epoch = self.store.stamps().epoch();
        if let Some(runtime) = self.directory.runtimes.read().get(slug).filter(|known| known.epoch == epoch) {
            return Ok(Some(Arc::clone(runtime)));
        }
        let Some(source) = self.store.source(slug).await.map_err(error::from_store)? else {
            self.directory.runtimes.write().remove(slug);
            return Ok(None);
        };
        let credentials = self.store.credentials(source.key).await.map_err(error::from_store)?;
        let policy = if source.settings.has_identities() {
            self.store.tenant_policy(source.tenant).await.map_err(error::from_store)?
        } else {
            None
        };
        let state = Arc::clone(self.directory.states.lock().entry(source.key).or_default());
        let runtime = Arc::new(build(source, credentials, policy.as_ref(), state, epoch)?);
        self.directory.runtimes.write().insert(slug.to_owned(), Arc::clone(&runtime));
        Ok(Some(runtime))
    }

    /// Does what is done about a source that is not there: who is refused at one that is waits as long.
    pub(crate) async fn look_for_nothing(&self) -> Result<(), ScimError> {
        // No slug is empty.
        self.store.source("").await.map(drop).map_err(error::from_store)
    }

    /// Notes that a credential was used; written by [`Service::flush_last_used`].
    pub(crate) fn note_use(&self, runtime: &Runtime, credential: Uuid, now: Timestamp) {
        if let Some(noted) = runtime.state.last_noted.read().get(&credential) {
            let before = noted.load(Ordering::Relaxed);
            if now.0 - before < LAST_USED_EVERY_MS || noted.swap(now.0, Ordering::Relaxed) != before {
                return;
            }
        } else {
            runtime.state.last_noted.write().insert(credential, AtomicI64::new(now.0));
        }
        self.directory.used.lock().push((credential, now));
    }

    /// Writes when credentials were last used. Called every few seconds and at the end.
    ///
    /// # Errors
    ///
    /// 503 when the store does not answer; nothing is lost but these times.
    pub async fn flush_last_used(&self) -> Result<(), ScimError> {
        let used: Vec<_> = std::mem::take(&mut *self.api_used.lock()).into_iter().collect();
        if !used.is_empty() {
            self.store.touch_api_tokens(&used).await.map_err(error::from_store)?;
        }
        let used = std::mem::take(&mut *self.directory.used.lock());
        if used.is_empty() {
            return Ok(());
        }
        self.store.touch_credentials(&used).await.map_err(error::from_store)
    }
}

/// The registry of a source: built-in types and its own.
pub(crate) fn registry(source: &Source) -> Result<Registry, ScimError> {
    let builtin = Registry::builtin().map_err(|error| error::internal(&error.to_string()))?;
    builtin
        .extended(&source.schemas, &source.resource_types)
        .map_err(|error| ScimError::invalid_value(format!("schemas of source {}: {error}", source.slug)))
}

/// The dialect of a source, with its own switches.
pub(crate) fn dialect(source: &Source) -> Result<Dialect, String> {
    let named = dialect::named(&source.dialect);
    named.ok_or_else(|| format!("there is no dialect {:?}", source.dialect))?.with(&source.settings.switches)
}

/// What makes the index rows of a type in a dialect.
pub(crate) fn indexer(kind: &ResolvedType, dialect: &Dialect) -> Indexer {
    let indexer = Indexer::new(kind);
    if dialect.unique_group_names && kind.has_members() { indexer.unique("displayName") } else { indexer }
}

/// The types whose index rows differ between a source as it was and as it is to be.
///
/// # Errors
///
/// 400 when schemas do not fit together, or the dialect cannot be.
pub(crate) fn reindexed(
    before: &Source,
    after: &Source,
) -> Result<Vec<(Arc<ResolvedType>, Indexer)>, ScimError> {
    let ready = |source: &Source| {
        Ok::<_, ScimError>((registry(source)?, dialect(source).map_err(ScimError::invalid_value)?))
    };
    let ((old, old_dialect), (new, new_dialect)) = (ready(before)?, ready(after)?);
    let differs = |kind: &&Arc<ResolvedType>| {
        old.type_named(kind.name())
            .is_some_and(|old| indexer(old, &old_dialect) != indexer(kind, &new_dialect) || old != *kind)
    };
    let kinds = new.types().iter().filter(differs);
    Ok(kinds.map(|kind| (Arc::clone(kind), indexer(kind, &new_dialect))).collect())
}

/// A source as it might be, which nobody can reach.
pub(crate) fn suppose(source: Source, policy: Option<&Value>) -> Result<Runtime, ScimError> {
    build(source, Vec::new(), policy, Arc::default(), 0)
}

fn build(
    source: Source,
    credentials: Vec<Credential>,
    policy: Option<&Value>,
    state: Arc<SourceState>,
    epoch: u32,
) -> Result<Runtime, ScimError> {
    let registry = registry(&source)?;
    let dialect =
        dialect(&source).map_err(|reason| error::internal(&format!("source {}: {reason}", source.slug)))?;
    let people = People::new(&source, &registry, policy)
        .map_err(|errors| error::internal(&format!("source {}: {}", source.slug, errors.join("; "))))?;
    Ok(Runtime {
        people,
        indexers: registry.types().iter().map(|kind| indexer(kind, &dialect)).collect(),
        credentials: credentials
            .into_iter()
            .map(|credential| (credential.prefix.clone(), credential))
            .collect(),
        rate: Rate::of(&source.settings),
        v1_rules: crate::v1::rules(&dialect.rules),
        dialect,
        registry,
        state,
        source,
        epoch,
    })
}
