//! The storage contract: what a backend promises, in traits and in a conformance suite.
//!
//! A resource is its body, its memberships and its index rows (DESIGN decision 2). Writes arrive as
//! [`write::Unit`]s, each all or nothing, each with its change records in the same transaction.
//! Nothing here knows SQL or HTTP.

pub mod accepted;
pub mod accounts;
pub mod administration;
pub mod change;
pub mod conformance;
pub mod delivery;
pub mod error;
pub mod history;
pub mod index;
pub mod lease;
pub mod membership;
pub mod people;
pub mod plan;
pub mod query;
pub mod request_log;
pub mod sort;
pub mod stamps;
pub mod transfer;
pub mod write;

use std::sync::Arc;

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::change::Change;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::identity::Identity;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::{Decision, Protocol};
use rollcall_domain::source::{Source, SourceKey};
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_scim::schema::ResolvedType;
use serde_json::Value;
use uuid::Uuid;

use accepted::Acceptances;
pub use accounts::Accounts;
pub use administration::Administration;
use delivery::{Deliveries, SigningKeys};
pub use error::StoreError;
use history::History;
use index::Indexer;
use lease::{Fence, Leases};
use membership::Memberships;
use people::{Foreseen, IdentityQuery, Rules, Supposed};
use query::{GroupRef, MemberRow, Page, Query, Stored, Tombstone};
use request_log::RequestLog;
use rollcall_domain::people::{Answer, BreakerState, Held, Judged, Recomputation, StoredIdentity, Waiting};
use stamps::Stamps;
use transfer::Transfer;
use write::{Batch, Outcome};

/// Everything a backend does.
pub trait Store:
    Directory
    + Resources
    + Memberships
    + Changes
    + Deliveries
    + SigningKeys
    + Administration
    + Identities
    + RequestLog
    + Acceptances
    + Accounts
    + History
    + Leases
    + Transfer
{
}

impl<T> Store for T where
    T: Directory
        + Resources
        + Memberships
        + Changes
        + Deliveries
        + SigningKeys
        + Administration
        + Identities
        + RequestLog
        + Acceptances
        + Accounts
        + History
        + Leases
        + Transfer
{
}

/// A backend chosen at start.
pub type AnyStore = Arc<dyn Store>;

/// What is set of a source, and what follows from it.
#[derive(Debug, Clone)]
pub struct SourceChange {
    /// The source as it is to be.
    pub source: Source,
    /// The generation of the settings that this was made from, else `Superseded`; `None`: of whichever.
    pub from: Option<u64>,
    /// Types whose index rows are to be written anew, each with what makes them.
    pub reindex: Vec<(Arc<ResolvedType>, Indexer)>,
    /// Begins a recomputation at this time.
    pub recompute: Option<Timestamp>,
}

impl From<Source> for SourceChange {
    /// A change that nothing follows from.
    fn from(source: Source) -> Self {
        Self { source, from: None, reindex: Vec::new(), recompute: None }
    }
}

impl SourceChange {
    /// A change of the source that was read, and of no later one.
    pub fn of(before: &Source, after: Source) -> Self {
        Self { from: Some(before.generation), ..after.into() }
    }
}

/// Tenants, sources and credentials. Commits here end every [`stamps::Stamp`], so caches see them, and have their
/// entry in the audit ([`Administration::audit`]) with them; what fails has none.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The tenant of this name.
    async fn tenant(&self, name: &str) -> Result<Option<Tenant>, StoreError>;
    /// The tenant of this row.
    async fn tenant_of(&self, key: TenantKey) -> Result<Option<Tenant>, StoreError>;
    /// Makes a tenant. `Conflict` on `name` when it is there.
    async fn create_tenant(&self, id: Uuid, name: &str, audit: &Draft) -> Result<Tenant, StoreError>;
    /// All tenants, by name.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;
    /// The source of this slug, of whichever tenant.
    async fn source(&self, slug: &str) -> Result<Option<Source>, StoreError>;
    /// The tenant's sources, by slug.
    async fn sources(&self, tenant: TenantKey) -> Result<Vec<Source>, StoreError>;
    /// Makes a source; its `key` is chosen by the store. `Conflict` on `slug` when any tenant has it.
    async fn create_source(&self, source: &Source, audit: &Draft) -> Result<SourceKey, StoreError>;
    /// Writes dialect, status, settings, schemas and resource types of the source of this key, and what follows from
    /// them, all in one transaction; begins a new generation of its settings. `NotFound`; `Superseded` when its settings
    /// are not those that the change was made from; `Conflict` when two resources now share a value that must be
    /// unique: nothing changes then.
    async fn update_source(&self, change: &SourceChange, audit: &Draft) -> Result<(), StoreError>;
    /// Deletes a source with its credentials, resources, memberships, tombstones and request log; changes stay.
    /// `Stale` while there are people of it: see [`Identities::dismiss`].
    async fn delete_source(&self, key: SourceKey, audit: &Draft) -> Result<(), StoreError>;
    /// All credentials of a source, oldest first, revoked ones too.
    async fn credentials(&self, source: SourceKey) -> Result<Vec<Credential>, StoreError>;
    /// Adds a credential. `Conflict` on `prefix`.
    async fn add_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError>;
    /// Adds a credential and writes `expires` of the one that it takes the place of, with an entry for each.
    async fn rotate_credential(
        &self,
        new: &Credential,
        old: &Credential,
        audit: [&Draft; 2],
    ) -> Result<(), StoreError>;
    /// Writes `expires` and `revoked` of the credential of this id. `NotFound`.
    async fn update_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError>;
    /// Records when credentials were last used. Does not end any stamp.
    async fn touch_credentials(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError>;
}

/// Resources and memberships. `kind` is the name of a resource type (`User`).
#[async_trait]
pub trait Resources: Send + Sync {
    /// What tells whether something read earlier still holds.
    fn stamps(&self) -> &Stamps;

    /// One resource of this source and type; another source's id is `None`.
    async fn get(&self, source: SourceKey, kind: &str, id: Uuid) -> Result<Option<Stored>, StoreError>;

    /// One resource with the groups it is in, both as of one moment.
    async fn get_with_groups(
        &self,
        source: SourceKey,
        kind: &str,
        id: Uuid,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError>;

    /// The resource, with its groups, that has this value of an attribute whose values are unique
    /// ([`index::Indexer`]); `value` is as [`index::encode`] makes it.
    async fn find(
        &self,
        source: SourceKey,
        kind: &str,
        attribute: &str,
        value: &str,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError>;

    /// One page. The resources come without `groups`; see [`Resources::groups`].
    ///
    /// # Errors
    ///
    /// `TooMany` when sorting or filtering would look at more than the backend's limit.
    async fn list(
        &self,
        source: SourceKey,
        kind: &Arc<ResolvedType>,
        query: &Query,
    ) -> Result<Page, StoreError>;

    /// The groups of each of these resources, direct and through nested groups, in the order of `ids`.
    ///
    /// Each group once, direct before indirect, by creation; a cycle does no harm.
    async fn groups(&self, source: SourceKey, ids: &[Uuid]) -> Result<Vec<Vec<GroupRef>>, StoreError>;

    /// Members of a group, in order of addition, after the row of this key, at most `limit`; pending ones too.
    async fn members(
        &self,
        source: SourceKey,
        group: Uuid,
        after: i64,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError>;

    /// Tombstones of this source and type with this `externalId` or this `userName`, latest first.
    ///
    /// Both as index rows have them ([`index::encode`]).
    async fn tombstones(
        &self,
        source: SourceKey,
        kind: &str,
        external_id: Option<&str>,
        user_name: Option<&str>,
    ) -> Result<Vec<Tombstone>, StoreError>;

    /// Runs the units in order, each all or nothing, and answers once they are durable.
    ///
    /// One outcome a unit, in order; after [`Batch::stop_after_errors`] failures the rest are
    /// [`Outcome::Skipped`]. The outer error means that nothing of the batch was committed, or that it
    /// is not known (`Unavailable`).
    async fn write(&self, batch: Batch) -> Result<Vec<Outcome>, StoreError>;

    /// Whether the store answers: a trivial read and the writer's health.
    async fn ready(&self) -> Result<(), StoreError>;
}

/// Which changes of a tenant are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptChanges {
    /// The number of the oldest; one more than `last` when none are kept.
    pub oldest: u64,
    /// The number given last; 0 before the first change.
    pub last: u64,
}

/// The change sequence (DESIGN decision 6).
#[async_trait]
pub trait Changes: Send + Sync {
    /// Changes of a tenant after this sequence number, in order, at most `limit`.
    async fn changes(&self, tenant: TenantKey, after: u64, limit: u32) -> Result<Vec<Change>, StoreError>;

    /// Which changes of a tenant there are.
    async fn kept_changes(&self, tenant: TenantKey) -> Result<KeptChanges, StoreError>;

    /// Deletes the oldest changes of a tenant, those up to and with `through`, at most `limit` of them.
    /// The newest stays, whatever `through` says. Returns how many went.
    async fn prune_changes(&self, tenant: TenantKey, through: u64, limit: u32) -> Result<u64, StoreError>;
}

/// Identities, and what they are decided by (DESIGN, 'Decide').
///
/// A `context` is a batch without units: tenant, source, rules, who, which request, and when. Each answers once what
/// it wrote is durable. What takes an `audit` writes that entry with it.
#[async_trait]
pub trait Identities: Send + Sync {
    /// The policy of a tenant, as written.
    async fn tenant_policy(&self, tenant: TenantKey) -> Result<Option<Value>, StoreError>;
    /// Sets or removes it, begins a new generation of the settings of the tenant's sources, and the recomputation of
    /// `recompute`, all in one transaction. Ends every stamp. `NotFound`.
    async fn set_tenant_policy(
        &self,
        tenant: TenantKey,
        policy: Option<&Value>,
        recompute: (&[SourceKey], Timestamp),
        audit: &Draft,
    ) -> Result<(), StoreError>;

    /// One identity of the tenant.
    async fn identity(&self, tenant: TenantKey, id: Uuid) -> Result<Option<StoredIdentity>, StoreError>;
    /// Identities of the tenant, in the order they were made.
    async fn identities(
        &self,
        tenant: TenantKey,
        query: &IdentityQuery,
    ) -> Result<Vec<StoredIdentity>, StoreError>;
    /// Writes an identity that the application changed. `Stale` when `revision` is not its revision, `NotFound`.
    async fn change_identity(
        &self,
        context: Batch,
        revision: u64,
        identity: Identity,
        audit: &Draft,
    ) -> Result<StoredIdentity, StoreError>;

    /// What would be decided about these now, under the rules of the context. Nothing is written.
    async fn foresee(&self, context: Batch, supposed: Vec<Supposed>) -> Result<Vec<Foreseen>, StoreError>;

    /// Decides who signs in, and writes what comes of it; `new_id` is for a new identity.
    async fn sign_in(
        &self,
        context: Batch,
        protocol: Protocol,
        profile: Profile,
        new_id: Uuid,
    ) -> Result<Decision, StoreError>;

    /// Users of the source that wait for someone's word, after the one of this key.
    async fn waiting(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError>;
    /// Does as someone says about a user that waits; `None` where that is nothing. `NotFound` when it does not
    /// wait, or there is no such identity.
    async fn answer(
        &self,
        context: Batch,
        resource: Uuid,
        answer: Answer,
        audit: &Draft,
    ) -> Result<Option<Judged>, StoreError>;

    /// The breaker of the source of these rules.
    async fn breaker(&self, source: SourceKey, rules: &Rules) -> Result<BreakerState, StoreError>;
    /// What it holds, after the one of this key.
    async fn held(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Held>, StoreError>;
    /// Closes the breaker: what comes from now on passes again.
    async fn close_breaker(&self, context: Batch, audit: &Draft) -> Result<(), StoreError>;
    /// Does (`approve`) or drops up to `limit` of what was held until `until`, oldest first. Returns what was
    /// decided, one for each; none are left when there are fewer than `limit`.
    async fn release_held(
        &self,
        context: Batch,
        approve: bool,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Judged>, StoreError>;

    /// Deletes up to `limit` identities whose time has come, of all tenants; returns how many.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Ends what the source says of up to `limit` people, as if their users were deleted and someone had approved of
    /// that. Ends its recomputation too. Returns how many; none are left when there are fewer than `limit`.
    async fn dismiss(&self, context: Batch, limit: u32) -> Result<usize, StoreError>;
    /// Takes the source of the context out of up to `limit` identities of the tenant after this key
    /// ([`rollcall_domain::policy::leave::disowned`]). Returns the key of the last one that was looked at, where
    /// others follow.
    async fn disown(&self, context: Batch, after: i64, limit: u32) -> Result<Option<i64>, StoreError>;

    /// Begins the recomputation of a source anew. `NotFound`.
    async fn begin_recomputation(&self, source: SourceKey, now: Timestamp) -> Result<(), StoreError>;
    /// Where the last recomputation of a source stands.
    async fn recomputation(&self, source: SourceKey) -> Result<Option<Recomputation>, StoreError>;
    /// Those that go on, of all tenants.
    async fn recomputations(&self) -> Result<Vec<(SourceKey, Recomputation)>, StoreError>;
    /// Notes how far one has come, unless it was begun anew since `started`: then false. `Fenced`.
    async fn note_recomputation(
        &self,
        source: SourceKey,
        progress: &Recomputation,
        fence: Option<&Fence>,
    ) -> Result<bool, StoreError>;
}
