//! The contract of resources and of the change sequence.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use rollcall_domain::change::Change;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, MemberRow, Page, Query, Stored, Tombstone};
use rollcall_store::stamps::Stamps;
use rollcall_store::write::{Batch, Outcome};
use rollcall_store::{Changes, KeptChanges, Resources, StoreError};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::batch::BatchJob;
use crate::gather::Gather;
use crate::pool::Pool;
use crate::resource::get::{Asked, By, Found, by_id, find_all};
use crate::resource::list::Listing;
use crate::session::Scope;
use crate::writer::stopped;
use crate::{PostgresStore, change, groups, members, retention, tombstone};

/// Where resources that are looked for at the same time come together.
pub(crate) type Lookups = Gather<Asked, Option<Found>>;

pub(crate) fn lookups(pool: &Arc<Pool>) -> Lookups {
    let pool = Arc::clone(pool);
    Gather::new(move |asked: Vec<Asked>| {
        let pool = Arc::clone(&pool);
        async move {
            match pool.connection().await {
                Ok(connection) => find_all(&connection, &asked).await,
                Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    })
}

impl PostgresStore {
    /// A resource with all its groups. Where groups are members of groups, it is read again with those above, at one
    /// moment.
    async fn whole(&self, asked: Asked) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
        let found = self.lookups.ask(asked.clone()).await?;
        if !found.as_ref().is_some_and(|found| found.nested) {
            return Ok(found.map(|found| (found.stored, found.groups)));
        }
        let snapshot = self.pool.snapshot().await?;
        let found = find_all(&snapshot, std::slice::from_ref(&asked)).await.pop().transpose()?.flatten();
        let whole = match found {
            Some(found) => {
                let groups = groups::of_resource(&snapshot, asked.source, found.stored.key).await?;
                Some((found.stored, groups))
            }
            None => None,
        };
        snapshot.end().await?;
        Ok(whole)
    }
}

#[async_trait]
impl Resources for PostgresStore {
    fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    async fn get(&self, source: SourceKey, kind: &str, id: Uuid) -> Result<Option<Stored>, StoreError> {
        by_id(&self.pool.connection().await?, source, kind, id).await
    }

    async fn get_with_groups(
        &self,
        source: SourceKey,
        kind: &str,
        id: Uuid,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
        let Some(collection) = self.names.collection(&self.pool, source, kind).await? else {
            return Ok(None);
        };
        self.whole(Asked { source, collection, by: By::Id(id) }).await
    }

    async fn find(
        &self,
        source: SourceKey,
        kind: &str,
        attribute: &str,
        value: &str,
    ) -> Result<Option<(Stored, Vec<GroupRef>)>, StoreError> {
        let Some(collection) = self.names.collection(&self.pool, source, kind).await? else {
            return Ok(None);
        };
        let Some(attribute) = self.names.attribute(&self.pool, collection, attribute).await? else {
            return Ok(None);
        };
        self.whole(Asked { source, collection, by: By::Value(attribute, value.to_owned()) }).await
    }

    async fn list(
        &self,
        source: SourceKey,
        kind: &Arc<ResolvedType>,
        query: &Query,
    ) -> Result<Page, StoreError> {
        let index = self.indexer(kind);
        let listing = Listing::new(source, Arc::clone(kind), index, query.clone(), self.max_scan);
        let snapshot = self.replica.snapshot().await?;
        let page = listing.run(&snapshot).await?;
        snapshot.end().await?;
        Ok(page)
    }

    async fn groups(&self, source: SourceKey, ids: &[Uuid]) -> Result<Vec<Vec<GroupRef>>, StoreError> {
        groups::of(&self.pool.connection().await?, source, ids).await
    }

    async fn members(
        &self,
        source: SourceKey,
        group: Uuid,
        after: i64,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        members::of(&self.pool.connection().await?, source, group, after, limit).await
    }

    async fn tombstones(
        &self,
        source: SourceKey,
        kind: &str,
        external_id: Option<&str>,
        user_name: Option<&str>,
    ) -> Result<Vec<Tombstone>, StoreError> {
        tombstone::find(&self.pool.connection().await?, source, kind, external_id, user_name).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Outcome>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let tenant = batch.tenant;
        self.writer.submit(tenant, Box::new(BatchJob { batch, outcomes: Vec::new(), reply }))?;
        answer.await.map_err(|_| stopped())?
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // By way of the writers, and without waiting for anybody's lock.
        let writes = self.writer.alone(Scope::Apart, (), |session, ()| Box::pin(session.writes())).await?;
        if writes { Ok(()) } else { Err(StoreError::Unavailable("the server only reads".to_owned())) }
    }
}

#[async_trait]
impl Changes for PostgresStore {
    async fn changes(&self, tenant: TenantKey, after: u64, limit: u32) -> Result<Vec<Change>, StoreError> {
        change::after(&self.pool.connection().await?, tenant, after, limit).await
    }

    async fn kept_changes(&self, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
        retention::kept(&self.pool.connection().await?, tenant).await
    }

    async fn prune_changes(&self, tenant: TenantKey, through: u64, limit: u32) -> Result<u64, StoreError> {
        self.writer
            .task(tenant, (tenant, through, limit), |session, (tenant, through, limit)| {
                Box::pin(retention::prune(session, *tenant, *through, *limit))
            })
            .await
    }
}
