//! The request log: tables of their own, in transactions of their own, which no write waits for.

mod row;
pub(crate) mod trim;

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_domain::request_log::{LoggedRequest, RequestSummary};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::request_log::{Bounds, RequestLog, Search};

use crate::PostgresStore;
use crate::column::{get, shown};
use crate::connection::Connection;
use crate::session::{Scope, Session};
use row::size;

const ADD: &str = "INSERT INTO request
    (source, id, at, took_us, method, path, query, user_agent, status, scim_type, problem, credential,
     resource_type, resource, left_out, size, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING key";
const ADD_SUBJECTS: &str = "INSERT INTO request_subject (source, subject, request)
    SELECT $1, s.subject, $3 FROM unnest($2::BIGINT[]) AS s (subject) ON CONFLICT DO NOTHING";
const ADD_USAGE: &str = "INSERT INTO request_usage AS u (source, bytes) VALUES ($1, $2)
    ON CONFLICT (source) DO UPDATE SET bytes = u.bytes + excluded.bytes";
const SEARCH: &str =
    "SELECT key, source, id, at, took_us, method, path, query, user_agent, status, scim_type,
        problem, credential, resource_type, resource, left_out
    FROM request WHERE source = $1 AND key < $2 AND status BETWEEN $3 AND $4 AND at >= $5 AND at < $6
        AND ($7::TEXT IS NULL OR method = $7)
    ORDER BY key DESC LIMIT $8";
const SEARCH_SUBJECTS: &str = "SELECT key, source, id, at, took_us, method, path, query, user_agent, status,
        scim_type, problem, credential, resource_type, resource, left_out
    FROM request WHERE source = $1 AND key < $2 AND status BETWEEN $3 AND $4 AND at >= $5 AND at < $6
        AND ($7::TEXT IS NULL OR method = $7)
        AND key IN (SELECT request FROM request_subject
            WHERE source = $1 AND subject = ANY ($9) AND request < $2)
    ORDER BY key DESC LIMIT $8";
const BY_ID: &str = "SELECT key, source, id, at, took_us, method, path, query, user_agent, status, scim_type,
        problem, credential, resource_type, resource, left_out, detail
    FROM request WHERE source = $1 AND id = $2 ORDER BY key DESC LIMIT 1";
const SUBJECTS: &str = "SELECT subject FROM request_subject WHERE request = $1 ORDER BY subject";

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [&[ADD, ADD_SUBJECTS, ADD_USAGE, SEARCH, SEARCH_SUBJECTS, BY_ID, SUBJECTS], trim::STATEMENTS].concat()
}

/// Subjects of a search that count.
const MAX_SUBJECTS: usize = 4;

#[async_trait]
impl RequestLog for PostgresStore {
    async fn log_requests(
        &self,
        requests: Vec<LoggedRequest>,
        bounds: Vec<Bounds>,
    ) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, (requests, bounds), |session, (requests, bounds)| {
                Box::pin(write(session, requests, bounds))
            })
            .await
    }

    async fn requests(
        &self,
        source: SourceKey,
        search: &Search,
    ) -> Result<Vec<(i64, RequestSummary)>, StoreError> {
        list(&self.pool.connection().await?, source, search).await
    }

    async fn request(&self, source: SourceKey, id: &str) -> Result<Option<LoggedRequest>, StoreError> {
        one(&self.pool.connection().await?, source, id).await
    }
}

async fn write(
    session: &mut Session,
    requests: &[LoggedRequest],
    bounds: &[Bounds],
) -> Result<(), StoreError> {
    let mut usage: BTreeMap<i64, i64> = BTreeMap::new();
    for request in requests {
        *usage.entry(request.summary.source.0).or_default() += add(session, request).await?;
    }
    // By source: nodes that log at once wait for each other in this order.
    for (source, bytes) in usage {
        session.execute(ADD_USAGE, &[&source, &bytes]).await?;
    }
    let mut bounds = bounds.to_vec();
    bounds.sort_unstable_by_key(|bounds| bounds.source.0);
    for bounds in &bounds {
        trim::trim(session, bounds).await?;
    }
    Ok(())
}

/// Adds one, and returns its size.
async fn add(session: &mut Session, request: &LoggedRequest) -> Result<i64, StoreError> {
    let (summary, source) = (&request.summary, request.summary.source.0);
    let detail =
        serde_json::to_string(&request.detail).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let size = size(request, &detail);
    let row = session
        .returning(
            ADD,
            &[
                &source,
                &shown(&summary.id),
                &summary.at.0,
                &i64::try_from(summary.took_us).unwrap_or(i64::MAX),
                &shown(&summary.method),
                &shown(&summary.path),
                &shown(&summary.query),
                &summary.user_agent.as_deref().map(shown),
                &i32::from(summary.status),
                &summary.scim_type,
                &summary.problem.as_deref().map(shown),
                &summary.credential,
                &summary.resource.as_ref().map(|(kind, _)| kind.clone()),
                &summary.resource.as_ref().map(|(_, id)| *id),
                &i64::from(summary.left_out),
                &size,
                &detail,
            ],
        )
        .await?;
    let key: i64 = get(row.first().ok_or(StoreError::NotFound)?, 0)?;
    if !request.subjects.is_empty() {
        session.execute(ADD_SUBJECTS, &[&source, &request.subjects, &key]).await?;
    }
    Ok(size)
}

async fn list(
    connection: &Connection,
    source: SourceKey,
    search: &Search,
) -> Result<Vec<(i64, RequestSummary)>, StoreError> {
    let (before, limit) = (search.before.unwrap_or(i64::MAX), i64::from(search.limit));
    let (least, most) = (i32::from(*search.status.start()), i32::from(*search.status.end()));
    let (since, until) = (search.since.0, search.until.0);
    let method = search.method.as_deref().map(shown);
    let rows = match &search.subjects {
        Some(subjects) => {
            let subjects: Vec<i64> = subjects.iter().take(MAX_SUBJECTS).copied().collect();
            let sql = SEARCH_SUBJECTS;
            connection
                .rows(sql, &[&source.0, &before, &least, &most, &since, &until, &method, &limit, &subjects])
                .await?
        }
        None => {
            connection
                .rows(SEARCH, &[&source.0, &before, &least, &most, &since, &until, &method, &limit])
                .await?
        }
    };
    rows.iter().map(row::read).collect()
}

async fn one(
    connection: &Connection,
    source: SourceKey,
    id: &str,
) -> Result<Option<LoggedRequest>, StoreError> {
    let Some(found) = connection.row(BY_ID, &[&source.0, &shown(id)]).await? else { return Ok(None) };
    let (key, summary) = row::read(&found)?;
    let subjects = connection.rows(SUBJECTS, &[&key]).await?;
    let subjects = subjects.iter().map(|row| get(row, 0)).collect::<Result<Vec<i64>, _>>()?;
    Ok(Some(LoggedRequest { detail: row::detail(get(&found, 16)?)?, summary, subjects }))
}
