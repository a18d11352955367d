//! Requests that were answered before they are done: the contract of [`Acceptances`] over PostgreSQL.

use async_trait::async_trait;
use rollcall_domain::accepted::{Accepted, Completion};
use rollcall_domain::change::ChangeKind;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::dialect::UnknownMembers;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::accepted::Acceptances;
use rollcall_store::lease::Fence;
use rollcall_store::write::Batch;
use serde_json::json;
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::change::{self, Record};
use crate::column::get;
use crate::connection::Connection;
use crate::error::{signed, unsigned};
use crate::lease;
use crate::session::{Scope, Session};

const ADD: &str = "INSERT INTO accepted (tenant, source, actor, request_id, at, after, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING key";
const AFTER: &str = "SELECT key, tenant, source, actor, request_id, at, after, sealed
    FROM accepted WHERE key > $1 ORDER BY key LIMIT $2";
const REMOVE: &str = "DELETE FROM accepted WHERE key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, AFTER, REMOVE];

#[async_trait]
impl Acceptances for PostgresStore {
    async fn accept(&self, request: &Accepted) -> Result<i64, StoreError> {
        // One at a time: keys grow in the order of commits, so that whoever reads on passes none over.
        self.writer
            .alone(Scope::Directory, request.clone(), |session, request| Box::pin(add(session, request)))
            .await
    }

    async fn accepted(&self, after: i64, limit: u32) -> Result<Vec<Accepted>, StoreError> {
        page(&self.pool.connection().await?, after, limit).await
    }

    async fn complete(
        &self,
        request: &Accepted,
        now: Timestamp,
        completions: &[Completion],
        fence: Option<&Fence>,
    ) -> Result<bool, StoreError> {
        let arguments = (request.clone(), now, completions.to_vec(), fence.cloned());
        self.writer
            .task(request.tenant, arguments, |session, (request, now, completions, fence)| {
                Box::pin(async move {
                    lease::hold(session, fence.as_ref()).await?;
                    complete(session, request, *now, completions).await
                })
            })
            .await
    }
}

async fn add(session: &mut Session, request: &Accepted) -> Result<i64, StoreError> {
    if !session.owns(request.tenant, request.source).await? {
        return Err(StoreError::NotFound);
    }
    let row = session
        .returning(
            ADD,
            &[
                &request.tenant.0,
                &request.source.0,
                &request.actor,
                &request.request_id,
                &request.at.0,
                &signed(request.after),
                &request.sealed,
            ],
        )
        .await?;
    get(row.first().ok_or(StoreError::NotFound)?, 0)
}

async fn page(connection: &Connection, after: i64, limit: u32) -> Result<Vec<Accepted>, StoreError> {
    let rows = connection.rows(AFTER, &[&after, &i64::from(limit)]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Accepted, StoreError> {
    Ok(Accepted {
        key: get(row, 0)?,
        tenant: TenantKey(get(row, 1)?),
        source: SourceKey(get(row, 2)?),
        actor: get(row, 3)?,
        request_id: get(row, 4)?,
        at: Timestamp(get(row, 5)?),
        after: unsigned(get(row, 6)?, "accepted", "after")?,
        sealed: get(row, 7)?,
    })
}

async fn complete(
    session: &mut Session,
    request: &Accepted,
    now: Timestamp,
    completions: &[Completion],
) -> Result<bool, StoreError> {
    if session.execute(REMOVE, &[&request.key]).await? == 0 {
        return Ok(false);
    }
    for completion in completions {
        // What a change record takes from its batch.
        let batch = Batch {
            tenant: request.tenant,
            source: request.source,
            actor: request.actor.clone(),
            request_id: completion.request_id.clone(),
            now,
            generation: None,
            unknown_members: UnknownMembers::Refuse,
            stop_after_errors: None,
            fence: None,
            rules: None,
            units: Vec::new(),
        };
        let record = Record {
            kind: ChangeKind::Completed,
            resource_type: &completion.resource_type,
            resource: completion.resource,
            version: completion.version,
            detail: json!({ "uri": completion.uri, "operation": completion.operation }).to_string(),
        };
        change::record(session, &batch, record).await?;
    }
    Ok(true)
}
