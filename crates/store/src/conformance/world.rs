//! What the tests stand on: a fresh store with one source, and short ways to write and read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rollcall_domain::audit::{ChainKey, Draft, Event};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::dialect::UnknownMembers;
use rollcall_domain::source::{Source, SourceKey, SourceSettings, SourceStatus};
use rollcall_domain::tenant::{DEFAULT_TENANT, TenantKey};
use rollcall_scim::filter::{Bound, Filter};
use rollcall_scim::schema::{Registry, ResolvedType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::index::entries;
use crate::query::{Page, Query, Sort, Start, Stored};
use crate::write::{Batch, Content, Create, Delete, MemberChange, Outcome, Unit, Update, Write, Written};
use crate::{AnyStore, StoreError};

/// One empty database.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Opens it; again, what was committed is there.
    async fn open(&self) -> AnyStore;
}

/// An entry of the audit, to go with a change of settings.
pub fn draft() -> Draft {
    let event = Event {
        at: Timestamp(1),
        tenant: None,
        actor: "test".to_owned(),
        request_id: String::new(),
        action: "test".to_owned(),
        subject: "tests".to_owned(),
        before: "null".to_owned(),
        after: "null".to_owned(),
    };
    Draft { event, key: ChainKey::derive(&[7; 32]) }
}

/// A store with a source in it. Clones are the same.
#[derive(Clone)]
pub struct World {
    /// The store.
    pub store: AnyStore,
    /// The default tenant.
    pub tenant: TenantKey,
    /// A source of it.
    pub source: SourceKey,
    /// What becomes of unknown members.
    pub unknown_members: UnknownMembers,
    registry: Arc<Registry>,
    last: Arc<AtomicU64>,
}

impl World {
    /// Opens the database and adds a source.
    pub async fn new(backend: &dyn Backend) -> Self {
        let store = backend.open().await;
        let tenant = store.tenant(DEFAULT_TENANT).await.unwrap().unwrap().key;
        let source = store.create_source(&source(tenant, "first"), &draft()).await.unwrap();
        Self {
            store,
            tenant,
            source,
            unknown_members: UnknownMembers::Refuse,
            registry: Arc::new(Registry::builtin().unwrap()),
            last: Arc::default(),
        }
    }

    /// The same store through another source of the same tenant.
    pub async fn beside(&self, slug: &str) -> Self {
        let source = self.store.create_source(&source(self.tenant, slug), &draft()).await.unwrap();
        Self { source, ..self.clone() }
    }

    /// The same source through another opening of its database.
    #[must_use]
    pub fn through(&self, store: &AnyStore) -> Self {
        Self { store: Arc::clone(store), ..self.clone() }
    }

    /// The same source, keeping unknown members.
    #[must_use]
    pub fn pending(&self) -> Self {
        Self { unknown_members: UnknownMembers::Pending, ..self.clone() }
    }

    /// A built-in type.
    pub fn kind(&self, name: &str) -> Arc<ResolvedType> {
        Arc::clone(self.registry.type_named(name).unwrap())
    }

    /// An id not used before.
    pub fn id(&self) -> Uuid {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
    }

    /// Body and index rows of a document.
    pub fn content(&self, kind: &str, document: &Value) -> Content {
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        Content {
            body: document.to_string().into(),
            plain: true,
            display: text("displayName").or_else(|| text("userName")),
            index: entries(&self.kind(kind), document.as_object().unwrap()),
        }
    }

    /// A creation of this document.
    pub fn creation(&self, kind: &str, document: &Value, members: &[Uuid]) -> Create {
        Create {
            id: self.id(),
            kind: kind.to_owned(),
            content: self.content(kind, document),
            members: members.iter().map(Uuid::to_string).collect(),
        }
    }

    /// Creates a resource.
    pub async fn create(&self, kind: &str, document: Value) -> Result<Uuid, StoreError> {
        let create = self.creation(kind, &document, &[]);
        let id = create.id;
        self.write(Write::Create(create)).await.map(|_| id)
    }

    /// Creates a user of this name.
    pub async fn user(&self, name: &str) -> Uuid {
        self.create("User", json!({"userName": name})).await.unwrap()
    }

    /// Creates a group with these members.
    pub async fn group(&self, name: &str, members: &[Uuid]) -> Uuid {
        let create = self.creation("Group", &json!({"displayName": name}), members);
        let id = create.id;
        self.write(Write::Create(create)).await.unwrap();
        id
    }

    /// Changes the members of a group.
    pub async fn change(&self, group: Uuid, members: Vec<MemberChange>) -> Result<Written, StoreError> {
        self.write(self.update("Group", group, None, members)).await
    }

    /// Replaces a resource's body, computed from this revision.
    pub async fn replace(
        &self,
        kind: &str,
        id: Uuid,
        revision: u64,
        document: Value,
    ) -> Result<Written, StoreError> {
        let content = self.content(kind, &document);
        self.write(self.update(kind, id, Some((revision, content)), Vec::new())).await
    }

    /// Deletes a resource.
    pub async fn delete(&self, kind: &str, id: Uuid) -> Result<Written, StoreError> {
        self.write(Write::Delete(Delete { id, kind: kind.to_owned(), if_version: None })).await
    }

    /// An update.
    pub fn update(
        &self,
        kind: &str,
        id: Uuid,
        content: Option<(u64, Content)>,
        members: Vec<MemberChange>,
    ) -> Write {
        let difference = json!({});
        Write::Update(Update {
            id,
            kind: kind.to_owned(),
            if_version: None,
            content,
            same_index: false,
            members,
            replaced: false,
            difference,
        })
    }

    /// Runs one write as a unit of its own.
    pub async fn write(&self, write: Write) -> Result<Written, StoreError> {
        let mut outcomes = self.store.write(self.batch(vec![Unit::from(vec![write])])).await?;
        match outcomes.pop() {
            Some(Outcome::Done(mut written)) => Ok(written.remove(0)),
            Some(Outcome::Failed { error, .. }) => Err(error),
            other => panic!("one unit, and {other:?}"),
        }
    }

    /// A batch of this source.
    pub fn batch(&self, units: Vec<Unit>) -> Batch {
        Batch {
            tenant: self.tenant,
            source: self.source,
            actor: "credential".to_owned(),
            request_id: "request".to_owned(),
            now: Timestamp(1_700_000_000_000 + i64::try_from(self.last.load(Ordering::Relaxed)).unwrap()),
            generation: None,
            fence: None,
            unknown_members: self.unknown_members,
            stop_after_errors: None,
            rules: None,
            units,
        }
    }

    /// One resource.
    pub async fn get(&self, kind: &str, id: Uuid) -> Option<Stored> {
        self.store.get(self.source, kind, id).await.unwrap()
    }

    /// The values of all members.
    pub async fn members(&self, group: Uuid) -> Vec<String> {
        let rows = self.store.members(self.source, group, 0, 100_000).await.unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }

    /// The groups of one resource, each with whether it is direct.
    pub async fn groups(&self, id: Uuid) -> Vec<(Uuid, bool)> {
        let groups = self.store.groups(self.source, &[id]).await.unwrap().remove(0);
        groups.into_iter().map(|group| (group.id, group.direct)).collect()
    }

    /// A filter of this type.
    pub fn filter(&self, kind: &str, filter: &str) -> Bound {
        Filter::parse(filter).unwrap().bind(&self.kind(kind)).unwrap()
    }

    /// A page.
    pub async fn list(
        &self,
        kind: &str,
        filter: Option<&str>,
        sort: Option<Sort>,
        start: Start,
        count: u32,
    ) -> Page {
        let filter = filter.map(|filter| self.filter(kind, filter));
        let query = Query { filter, sort, start, count, want_total: true };
        self.store.list(self.source, &self.kind(kind), &query).await.unwrap()
    }
}

/// A source of the default dialect.
pub fn source(tenant: TenantKey, slug: &str) -> Source {
    let slug_bytes = slug.bytes().fold(0_u128, |id, byte| id * 257 + u128::from(byte));
    Source {
        key: SourceKey(0),
        tenant,
        id: Uuid::from_u128(slug_bytes),
        slug: slug.to_owned(),
        dialect: "generic".to_owned(),
        status: SourceStatus::Active,
        settings: SourceSettings::default(),
        schemas: Vec::new(),
        resource_types: Vec::new(),
        created: Timestamp(1),
        generation: 1,
    }
}
