//! Requests that were answered before they are done: the contract of [`Acceptances`] over SQLite.

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
use rusqlite::{Connection, Row};
use serde_json::json;

use crate::SqliteStore;
use crate::change::{self, Record};
use crate::error::{OrUnavailable as _, signed, unsigned};
use crate::session::Session;

const ADD: &str = "INSERT INTO accepted (tenant, source, actor, request_id, at, after, sealed)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING key";
const AFTER: &str = "SELECT key, tenant, source, actor, request_id, at, after, sealed
    FROM accepted WHERE key > ?1 ORDER BY key LIMIT ?2";
const REMOVE: &str = "DELETE FROM accepted WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, AFTER, REMOVE];

#[async_trait]
impl Acceptances for SqliteStore {
    async fn accept(&self, request: &Accepted) -> Result<i64, StoreError> {
        let request = request.clone();
        self.writer.task(move |session| add(session, &request)).await
    }

    async fn accepted(&self, after: i64, limit: u32) -> Result<Vec<Accepted>, StoreError> {
        self.readers.scan(move |connection| page(connection, after, limit)).await
    }

    async fn complete(
        &self,
        request: &Accepted,
        now: Timestamp,
        completions: &[Completion],
        _: Option<&Fence>,
    ) -> Result<bool, StoreError> {
        let (request, completions) = (request.clone(), completions.to_vec());
        self.writer.task(move |session| complete(session, &request, now, &completions)).await
    }
}

fn add(session: &mut Session<'_>, request: &Accepted) -> Result<i64, StoreError> {
    if !session.owns(request.tenant, request.source)? {
        return Err(StoreError::NotFound);
    }
    let row = (
        request.tenant.0,
        request.source.0,
        &request.actor,
        &request.request_id,
        request.at.0,
        signed(request.after),
        &request.sealed,
    );
    session.prepare(ADD)?.query_row(row, |row| row.get(0)).or_unavailable()
}

fn page(connection: &Connection, after: i64, limit: u32) -> Result<Vec<Accepted>, StoreError> {
    let mut statement = connection.prepare_cached(AFTER).or_unavailable()?;
    let mut rows = statement.query((after, limit)).or_unavailable()?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        let (mut accepted, last) = read(row).or_unavailable()?;
        accepted.after = unsigned(last, "accepted", "after")?;
        found.push(accepted);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Accepted, i64)> {
    let accepted = Accepted {
        key: row.get(0)?,
        tenant: TenantKey(row.get(1)?),
        source: SourceKey(row.get(2)?),
        actor: row.get(3)?,
        request_id: row.get(4)?,
        at: Timestamp(row.get(5)?),
        after: 0,
        sealed: row.get(7)?,
    };
    Ok((accepted, row.get(6)?))
}

fn complete(
    session: &mut Session<'_>,
    request: &Accepted,
    now: Timestamp,
    completions: &[Completion],
) -> Result<bool, StoreError> {
    if session.prepare(REMOVE)?.execute([request.key]).or_unavailable()? == 0 {
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
            fence: None,
            unknown_members: UnknownMembers::Refuse,
            stop_after_errors: None,
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
        change::record(session, &batch, &record)?;
    }
    Ok(true)
}
