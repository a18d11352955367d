//! The embedded store: SQLite with one writer, group commit and readers of their own (DESIGN decision 4).
//!
//! [`SqliteStore::open`] is the way in. Writes go through `writer`, each batch by `batch` and the files
//! of its aggregates; reads take a connection of `readers`.

mod accepted;
mod accounts;
mod administration;
mod api_token;
mod audit;
mod batch;
mod change;
mod checkpoint;
mod connection;
mod credential;
mod delivery;
mod error;
mod group;
mod groups;
mod history;
mod lease;
mod members;
mod membership;
mod memberships;
mod migrations;
mod names;
mod options;
mod pending;
mod people;
mod readers;
mod reindex;
mod request_log;
mod resource;
mod retention;
mod session;
mod source;
#[cfg(test)]
mod statements;
mod tenant;
mod token;
mod tombstone;
mod transfer;
mod writer;

pub use options::Options;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rollcall_domain::audit::Draft;
use rollcall_domain::change::Change;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::identity::Identity;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::{Answer, BreakerState, Held, Judged, Recomputation, StoredIdentity, Waiting};
use rollcall_domain::policy::decide::{Decision, Protocol};
use rollcall_domain::source::{Source, SourceKey};
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_scim::schema::ResolvedType;
use rollcall_store::index::Indexer;
use rollcall_store::lease::Fence;
use rollcall_store::membership::{Membership, MembershipPage, MembershipQuery, Memberships};
use rollcall_store::people::{Foreseen, IdentityQuery, Rules, Supposed};
use rollcall_store::query::{GroupRef, MemberRow, Page, Query, Stored, Tombstone};
use rollcall_store::stamps::Stamps;
use rollcall_store::write::{Batch, Outcome};
use rollcall_store::{Changes, Directory, Identities, KeptChanges, Resources, SourceChange, StoreError};
use rusqlite::Connection;
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use batch::BatchJob;
use names::Names;
use readers::{Readers, snapshot};
use request_log::RequestFile;
use resource::get::{Found, by_value, with_groups};
use resource::list::Listing;
use session::Session;
use writer::{Writer, stopped};

/// Members and ids up to so many are read where the request is.
const SHORT_READ: usize = 200;
/// Types whose index attributes are remembered.
const INDEXERS: usize = 64;

/// A SQLite database file, opened.
pub struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
    stamps: Arc<Stamps>,
    names: Names,
    indexers: Mutex<Vec<(Arc<ResolvedType>, Arc<Indexer>)>>,
    max_scan: u64,
    request_log: RequestFile,
}

impl SqliteStore {
    /// Opens a database file, making it and its schema when missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: the file cannot be opened, or a newer program has written it.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let connection = connection::open_writer(path, options)?;
        let stamps = Arc::new(Stamps::default());
        Ok(Self {
            writer: Writer::start(connection, options, Arc::clone(&stamps))?,
            readers: Arc::new(Readers::new(path.to_owned(), options.clone())),
            stamps,
            names: Names::default(),
            indexers: Mutex::default(),
            max_scan: options.max_scan,
            request_log: RequestFile::beside(path, options),
        })
    }

    /// A change of settings in the writer, with its entry in the audit.
    async fn audited<T: Send + 'static>(
        &self,
        audit: &Draft,
        mut run: impl FnMut(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let audit = audit.clone();
        let change = move |session: &mut Session<'_>| {
            let done = run(session)?;
            audit::append(session, &audit)?;
            Ok(done)
        };
        self.writer.task(change).await
    }

    /// The indexed attributes of a type, worked out once per registered type.
    fn indexer(&self, kind: &Arc<ResolvedType>) -> Arc<Indexer> {
        let mut known = self.indexers.lock();
        if let Some((_, index)) = known.iter().find(|(known, _)| Arc::ptr_eq(known, kind)) {
            return Arc::clone(index);
        }
        let index = Arc::new(Indexer::new(kind));
        if known.len() >= INDEXERS {
            known.remove(0);
        }
        known.push((Arc::clone(kind), Arc::clone(&index)));
        index
    }
}

/// A resource with all its groups. Where groups are members of groups, it is read again with those above, at one moment.
fn whole(
    connection: &Connection,
    source: SourceKey,
    read: impl Fn(&Connection) -> Result<Option<Found>, StoreError>,
) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
    match read(connection)? {
        Some(found) if found.nested => snapshot(connection, |connection| {
            let Some(found) = read(connection)? else { return Ok(None) };
            let groups = groups::of_resource(connection, source, found.stored.key)?;
            Ok(Some((found.stored, groups)))
        }),
        found => Ok(found.map(|found| (found.stored, found.groups))),
    }
}

#[async_trait]
impl Directory for SqliteStore {
    async fn tenant(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        self.readers.short(|connection| tenant::by_name(connection, name))
    }

    async fn tenant_of(&self, key: TenantKey) -> Result<Option<Tenant>, StoreError> {
        self.readers.short(|connection| tenant::by_key(connection, key))
    }

    async fn create_tenant(&self, id: Uuid, name: &str, audit: &Draft) -> Result<Tenant, StoreError> {
        let name = name.to_owned();
        self.audited(audit, move |session| tenant::create(session, id, &name)).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.readers.short(tenant::all)
    }

    async fn source(&self, slug: &str) -> Result<Option<Source>, StoreError> {
        self.readers.short(|connection| source::by_slug(connection, slug))
    }

    async fn sources(&self, tenant: TenantKey) -> Result<Vec<Source>, StoreError> {
        self.readers.short(|connection| source::of_tenant(connection, tenant))
    }

    async fn create_source(&self, source: &Source, audit: &Draft) -> Result<SourceKey, StoreError> {
        let source = source.clone();
        self.audited(audit, move |session| source::create(session, &source)).await
    }

    async fn update_source(&self, change: &SourceChange, audit: &Draft) -> Result<(), StoreError> {
        let change = change.clone();
        self.audited(audit, move |session| source::update(session, &change)).await
    }

    async fn delete_source(&self, key: SourceKey, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| source::delete(session, key)).await?;
        self.forget_requests(key).await
    }

    async fn credentials(&self, source: SourceKey) -> Result<Vec<Credential>, StoreError> {
        self.readers.short(|connection| credential::of_source(connection, source))
    }

    async fn add_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError> {
        let credential = credential.clone();
        self.audited(audit, move |session| credential::add(session, &credential)).await
    }

    async fn rotate_credential(
        &self,
        new: &Credential,
        old: &Credential,
        [issued, ended]: [&Draft; 2],
    ) -> Result<(), StoreError> {
        let (new, old, issued) = (new.clone(), old.clone(), issued.clone());
        let rotate = move |session: &mut Session<'_>| {
            credential::add(session, &new)?;
            audit::append(session, &issued)?;
            credential::update(session, &old)
        };
        self.audited(ended, rotate).await
    }

    async fn update_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError> {
        let credential = credential.clone();
        self.audited(audit, move |session| credential::update(session, &credential)).await
    }

    async fn touch_credentials(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        let used = used.to_owned();
        self.writer.task(move |session| credential::touch(session, &used)).await
    }
}

#[async_trait]
impl Resources for SqliteStore {
    fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    async fn get(&self, source: SourceKey, kind: &str, id: Uuid) -> Result<Option<Stored>, StoreError> {
        self.readers.short(|connection| resource::get::by_id(connection, source, kind, id))
    }

    async fn get_with_groups(
        &self,
        source: SourceKey,
        kind: &str,
        id: Uuid,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
        self.readers.short(|connection| {
            let Some(collection) = self.names.collection(connection, source, kind)? else { return Ok(None) };
            let read = |connection: &Connection| with_groups(connection, source, collection, id);
            whole(connection, source, read)
        })
    }

    async fn find(
        &self,
        source: SourceKey,
        kind: &str,
        attribute: &str,
        value: &str,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
        self.readers.short(|connection| {
            let Some(collection) = self.names.collection(connection, source, kind)? else { return Ok(None) };
            let attribute = self.names.attribute(connection, collection, attribute)?;
            let Some(attribute) = attribute else { return Ok(None) };
            let read = |connection: &Connection| by_value(connection, source, collection, attribute, value);
            whole(connection, source, read)
        })
    }

    async fn list(
        &self,
        source: SourceKey,
        kind: &Arc<ResolvedType>,
        query: &Query,
    ) -> Result<Page, StoreError> {
        let index = self.indexer(kind);
        let listing = Listing::new(source, Arc::clone(kind), index, query.clone(), self.max_scan);
        if listing.is_short() {
            self.readers.short(|connection| snapshot(connection, |connection| listing.run(connection)))
        } else {
            self.readers.scan(move |connection| listing.run(connection)).await
        }
    }

    async fn groups(&self, source: SourceKey, ids: &[Uuid]) -> Result<Vec<Vec<GroupRef>>, StoreError> {
        if ids.len() <= SHORT_READ {
            return self.readers.short(|connection| groups::of(connection, source, ids));
        }
        let ids = ids.to_owned();
        self.readers.scan(move |connection| groups::of(connection, source, &ids)).await
    }

    async fn members(
        &self,
        source: SourceKey,
        group: Uuid,
        after: i64,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        if limit as usize <= SHORT_READ {
            return self.readers.short(|connection| members::of(connection, source, group, after, limit));
        }
        self.readers.scan(move |connection| members::of(connection, source, group, after, limit)).await
    }

    async fn tombstones(
        &self,
        source: SourceKey,
        kind: &str,
        external_id: Option<&str>,
        user_name: Option<&str>,
    ) -> Result<Vec<Tombstone>, StoreError> {
        self.readers.short(|connection| tombstone::find(connection, source, kind, external_id, user_name))
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Outcome>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.submit(Box::new(BatchJob { batch, outcomes: Vec::new(), reply }))?;
        answer.await.map_err(|_| stopped())?
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.readers.short(|connection| tenant::all(connection).map(drop))?;
        self.writer.task(|_| Ok(())).await
    }
}

#[async_trait]
impl Memberships for SqliteStore {
    async fn membership(
        &self,
        source: SourceKey,
        group: Uuid,
        member: Uuid,
    ) -> Result<Option<Membership>, StoreError> {
        self.readers.short(|connection| memberships::one(connection, source, group, member))
    }

    async fn memberships(
        &self,
        source: SourceKey,
        query: &MembershipQuery,
    ) -> Result<MembershipPage, StoreError> {
        let query = query.clone();
        self.readers.scan(move |connection| memberships::page(connection, source, &query)).await
    }

    async fn count_members(&self, source: SourceKey, group: Uuid) -> Result<u64, StoreError> {
        self.readers.scan(move |connection| memberships::count_members(connection, source, group)).await
    }
}

#[async_trait]
impl Changes for SqliteStore {
    async fn changes(&self, tenant: TenantKey, after: u64, limit: u32) -> Result<Vec<Change>, StoreError> {
        if limit as usize <= SHORT_READ {
            return self.readers.short(|connection| change::after(connection, tenant, after, limit));
        }
        self.readers.scan(move |connection| change::after(connection, tenant, after, limit)).await
    }

    async fn kept_changes(&self, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
        self.readers.short(|connection| retention::kept(connection, tenant))
    }

    async fn prune_changes(&self, tenant: TenantKey, through: u64, limit: u32) -> Result<u64, StoreError> {
        self.writer.task(move |session| retention::prune(session, tenant, through, limit)).await
    }
}

#[async_trait]
impl Identities for SqliteStore {
    async fn tenant_policy(&self, tenant: TenantKey) -> Result<Option<Value>, StoreError> {
        self.readers.short(|connection| tenant::policy(connection, tenant))
    }

    async fn set_tenant_policy(
        &self,
        tenant: TenantKey,
        policy: Option<&Value>,
        (recompute, now): (&[SourceKey], Timestamp),
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let (policy, recompute) = (policy.cloned(), recompute.to_owned());
        let set = move |session: &mut Session<'_>| {
            tenant::set_policy(session, tenant, policy.as_ref(), (&recompute, now))
        };
        self.audited(audit, set).await
    }

    async fn identity(&self, tenant: TenantKey, id: Uuid) -> Result<Option<StoredIdentity>, StoreError> {
        self.readers.short(|connection| people::identity::by_id(connection, tenant, id))
    }

    async fn identities(
        &self,
        tenant: TenantKey,
        query: &IdentityQuery,
    ) -> Result<Vec<StoredIdentity>, StoreError> {
        let query = query.clone();
        self.readers.scan(move |connection| people::identity::page(connection, tenant, &query)).await
    }

    async fn change_identity(
        &self,
        context: Batch,
        revision: u64,
        identity: Identity,
        audit: &Draft,
    ) -> Result<StoredIdentity, StoreError> {
        let change =
            move |session: &mut Session<'_>| people::identity::change(session, &context, revision, &identity);
        self.audited(audit, change).await
    }

    async fn foresee(&self, context: Batch, supposed: Vec<Supposed>) -> Result<Vec<Foreseen>, StoreError> {
        self.readers.scan(move |connection| people::foresee(connection, &context, &supposed)).await
    }

    async fn sign_in(
        &self,
        context: Batch,
        protocol: Protocol,
        profile: Profile,
        new_id: Uuid,
    ) -> Result<Decision, StoreError> {
        let sign_in = move |session: &mut Session<'_>| {
            people::sign_in::sign_in(session, &context, protocol, &profile, new_id)
        };
        self.writer.task(sign_in).await
    }

    async fn waiting(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.readers.scan(move |connection| people::queue::waiting(connection, source, after, limit)).await
    }

    async fn answer(
        &self,
        context: Batch,
        resource: Uuid,
        answer: Answer,
        audit: &Draft,
    ) -> Result<Option<Judged>, StoreError> {
        self.audited(audit, move |session| people::admin::answer(session, &context, resource, answer)).await
    }

    async fn breaker(&self, source: SourceKey, rules: &Rules) -> Result<BreakerState, StoreError> {
        self.readers.short(|connection| people::queue::breaker(connection, source, rules))
    }

    async fn held(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Held>, StoreError> {
        self.readers.scan(move |connection| people::queue::held(connection, source, after, limit)).await
    }

    async fn close_breaker(&self, context: Batch, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| people::admin::close(session, &context)).await
    }

    async fn release_held(
        &self,
        context: Batch,
        approve: bool,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Judged>, StoreError> {
        let release =
            move |session: &mut Session<'_>| people::admin::release(session, &context, approve, until, limit);
        self.writer.task(release).await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.task(move |session| people::admin::expire(session, now, limit)).await
    }

    async fn dismiss(&self, context: Batch, limit: u32) -> Result<usize, StoreError> {
        self.writer.task(move |session| people::departure::dismiss(session, &context, limit)).await
    }

    async fn disown(&self, context: Batch, after: i64, limit: u32) -> Result<Option<i64>, StoreError> {
        self.writer.task(move |session| people::departure::disown(session, &context, after, limit)).await
    }

    async fn begin_recomputation(&self, source: SourceKey, now: Timestamp) -> Result<(), StoreError> {
        self.writer.task(move |session| people::recomputation::begin(session, source, now)).await
    }

    async fn recomputation(&self, source: SourceKey) -> Result<Option<Recomputation>, StoreError> {
        self.readers.short(|connection| people::recomputation::of_source(connection, source))
    }

    async fn recomputations(&self) -> Result<Vec<(SourceKey, Recomputation)>, StoreError> {
        self.readers.short(people::recomputation::open)
    }

    async fn note_recomputation(
        &self,
        source: SourceKey,
        progress: &Recomputation,
        _: Option<&Fence>,
    ) -> Result<bool, StoreError> {
        let progress = progress.clone();
        self.writer.task(move |session| people::recomputation::note(session, source, &progress)).await
    }
}
