//! The users and groups of a source, page by page, and one of them with what happened to it.

use std::sync::Arc;

use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::source::Source;
use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::filter::{Bound, Filter};
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::people::IdentityQuery;
use rollcall_store::plan::parse_id;
use rollcall_store::query::{GroupRef, Position, Query, Start, Stored};
use serde_json::Value;
use uuid::Uuid;

use crate::admin::{Admin, AdminError, Page, Paging};
use crate::feed::FedChange;
use crate::{Runtime, Service, render};

/// Identities that are looked at to find whom a user stands for.
const MOST_NAMESAKES: u32 = 20;

/// Which resources of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Name of their type: `User`.
    pub kind: String,
    /// A filter (RFC 7644 §3.4.2.2); all without.
    pub filter: Option<String>,
}

/// A resource in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its id.
    pub id: Uuid,
    /// `meta.created`.
    pub created: Timestamp,
    /// `meta.lastModified`.
    pub modified: Timestamp,
    /// As stored: without members and groups.
    pub document: Document,
}

/// One resource.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Itself.
    pub seen: Seen,
    /// Its version: counts its changes.
    pub version: u64,
    /// Its type, with its schemas.
    pub kind: Arc<ResolvedType>,
    /// The groups that it is in, direct ones first.
    pub groups: Vec<InGroup>,
}

/// A group that a resource is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InGroup {
    /// The group.
    pub id: Uuid,
    /// Its `displayName`.
    pub display: Option<String>,
    /// Member itself, rather than through another group.
    pub direct: bool,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id; for one that is not there yet, the value as sent.
    pub value: String,
    /// Name of its type; `None` for one that is not there yet.
    pub kind: Option<String>,
    /// Its `displayName`, or `userName`.
    pub display: Option<String>,
}

impl From<GroupRef> for InGroup {
    fn from(GroupRef { id, display, direct }: GroupRef) -> Self {
        Self { id, display, direct }
    }
}

impl From<Stored> for Seen {
    fn from(stored: Stored) -> Self {
        Self {
            id: stored.id,
            created: stored.created,
            modified: stored.modified,
            document: render::parse(&stored.body).unwrap_or_default(),
        }
    }
}

impl Service {
    /// Resources of a source, by age, and how many there are where that is known without looking at each.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that cannot be, naming what is wrong with it, or one that would look at too many;
    /// `NotFound` for another tenant's source, or a type that it has not; `Forbidden`, `Store`.
    pub async fn resources(
        &self,
        admin: &Admin,
        source: &Source,
        which: &Which,
        paging: &Paging,
    ) -> Result<(Page<Seen>, Option<u64>), AdminError> {
        let (_, kind) = self.viewed(admin, source, &which.kind).await?;
        let filter = which.filter.as_deref().map(|text| bound(text, &kind)).transpose()?;
        let after = paging.after.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?;
        let query = Query {
            want_total: filter.is_none(),
            filter,
            sort: None,
            start: Start::After(after.map(|key| Position { key, sort: None })),
            count: paging.limit,
        };
        let page = self.store.list(source.key, &kind, &query).await;
        let page = page.map_err(|error| match error {
            StoreError::TooMany(most) => AdminError::Invalid(format!(
                "filter: it would have to look at more than {most} resources; begin with an indexed attribute and eq or sw"
            )),
            error => AdminError::Store(error),
        })?;
        let next = page.next.map(|position| position.key.to_string());
        let items = page.resources.into_iter().map(Seen::from).collect();
        Ok((Page { items, next }, page.total))
    }

    /// One resource of a source, with its groups.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Forbidden`, `Store`.
    pub async fn resource(
        &self,
        admin: &Admin,
        source: &Source,
        kind: &str,
        id: &str,
    ) -> Result<Looked, AdminError> {
        let (_, kind) = self.viewed(admin, source, kind).await?;
        let missing = || AdminError::NotFound(format!("source {} has no such {}", source.slug, kind.name()));
        let key = parse_id(id).ok_or_else(missing)?;
        let found = self.store.get_with_groups(source.key, kind.name(), key).await;
        let (stored, groups) = found.map_err(AdminError::Store)?.ok_or_else(missing)?;
        let groups = groups.into_iter().map(InGroup::from).collect();
        Ok(Looked { version: stored.version, seen: stored.into(), kind, groups })
    }

    /// Members of a group, in the order in which they came.
    ///
    /// # Errors
    ///
    /// `Invalid` for a position that is none, `Forbidden`, `NotFound`, `Store`.
    pub async fn members_of(
        &self,
        admin: &Admin,
        source: &Source,
        group: Uuid,
        paging: &Paging,
    ) -> Result<Page<Member>, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        admin.owns(source)?;
        let after = paging.after.as_deref().map_or(Ok(i64::MIN), str::parse);
        let after = after.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?;
        let rows = self.store.members(source.key, group, after, paging.read()).await;
        let Page { items, next } =
            Page::of(rows.map_err(AdminError::Store)?, paging, |row| row.key.to_string());
        let member = |row: rollcall_store::query::MemberRow| Member {
            value: row.value,
            kind: row.kind,
            display: row.display,
        };
        Ok(Page { items: items.into_iter().map(member).collect(), next })
    }

    /// What happened to a resource or identity of the tenant, latest first, as far as changes are kept.
    ///
    /// # Errors
    ///
    /// `Invalid` for a position that is none, `Forbidden`, `Store`.
    pub async fn history(
        &self,
        admin: &Admin,
        resource: Uuid,
        paging: &Paging,
    ) -> Result<Page<FedChange>, AdminError> {
        admin.require(ApiScope::ChangesRead)?;
        let before = paging.after.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?;
        let tenant = admin.tenant().key;
        let found = self.store.history(tenant, resource, before, paging.read()).await;
        let fed = self.fed(tenant, found.map_err(AdminError::Store)?).await.map_err(AdminError::Store)?;
        Ok(Page::of(fed, paging, |fed| fed.change.sequence.to_string()))
    }

    /// The identity that a user stands for, where there is one.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn identity_of(
        &self,
        admin: &Admin,
        source: &Source,
        user: &Seen,
    ) -> Result<Option<StoredIdentity>, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        let text = |name: &str| user.document.get(name).and_then(Value::as_str).map(str::to_owned);
        for name in [text("externalId"), text("userName"), mail(&user.document)].into_iter().flatten() {
            let query = IdentityQuery { name: Some(name), limit: MOST_NAMESAKES, ..IdentityQuery::default() };
            let found = self.store.identities(admin.tenant().key, &query).await.map_err(AdminError::Store)?;
            let own = found.into_iter().find(|stored| {
                let links = &stored.identity.links;
                links.iter().any(|link| link.source == source.id && link.resource == Some(user.id))
            });
            if own.is_some() {
                return Ok(own);
            }
        }
        Ok(None)
    }

    /// The source as requests have it, and a type of it.
    async fn viewed(
        &self,
        admin: &Admin,
        source: &Source,
        kind: &str,
    ) -> Result<(Arc<Runtime>, Arc<ResolvedType>), AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        admin.owns(source)?;
        let invalid = |error: ScimError| AdminError::Invalid(error.detail);
        let missing = || AdminError::NotFound(format!("source {} has no resources {kind}", source.slug));
        let runtime = self.runtime(&source.slug).await.map_err(invalid)?.ok_or_else(missing)?;
        let kind = Arc::clone(runtime.registry.type_named(kind).ok_or_else(missing)?);
        Ok((runtime, kind))
    }
}

/// A filter that fits the type; what is wrong is told as `filter: …`.
fn bound(text: &str, kind: &ResolvedType) -> Result<Bound, AdminError> {
    let filter = Filter::parse(text).and_then(|filter| filter.bind(kind));
    filter.map_err(|error| AdminError::Invalid(ScimError::from(error).detail))
}

fn mail(document: &Document) -> Option<String> {
    let first = document.get("emails")?.as_array()?.first()?;
    first.get("value")?.as_str().map(str::to_owned)
}
