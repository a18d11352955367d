//! The request log in a file of its own, with connections of its own: the writer of the database never waits for
//! it, its commits do not look like another process's, and no checkpoint carries it.

mod file;
mod row;
mod trim;

pub(crate) use file::RequestFile;

use async_trait::async_trait;
use rollcall_domain::request_log::{LoggedRequest, RequestSummary};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::request_log::{Bounds, RequestLog, Search};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::SqliteStore;
use crate::error::{IdColumn, OrUnavailable as _};
use row::{Row, size};

const ADD: &str = "INSERT INTO request
    (source, id, at, took_us, method, path, query, user_agent, status, scim_type, problem, credential,
     resource_type, resource, left_out, size, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
const ADD_SUBJECT: &str =
    "INSERT INTO request_subject (source, subject, request) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const ADD_USAGE: &str = "INSERT INTO request_usage (source, bytes) VALUES (?1, ?2)
    ON CONFLICT (source) DO UPDATE SET bytes = bytes + excluded.bytes";
const SEARCH: &str =
    "SELECT key, source, id, at, took_us, method, path, query, user_agent, status, scim_type,
        problem, credential, resource_type, resource, left_out
    FROM request WHERE source = ?1 AND key < ?2 AND status BETWEEN ?3 AND ?4 AND at >= ?5 AND at < ?6
        AND (?7 IS NULL OR method = ?7)
    ORDER BY key DESC LIMIT ?8";
const SEARCH_SUBJECTS: &str = "SELECT key, source, id, at, took_us, method, path, query, user_agent, status,
        scim_type, problem, credential, resource_type, resource, left_out
    FROM request WHERE source = ?1 AND key < ?2 AND status BETWEEN ?3 AND ?4 AND at >= ?5 AND at < ?6
        AND (?7 IS NULL OR method = ?7)
        AND key IN (SELECT request FROM request_subject
            WHERE source = ?1 AND subject IN (?9, ?10, ?11, ?12) AND request < ?2)
    ORDER BY key DESC LIMIT ?8";
const BY_ID: &str = "SELECT key, source, id, at, took_us, method, path, query, user_agent, status, scim_type,
        problem, credential, resource_type, resource, left_out, detail
    FROM request WHERE source = ?1 AND id = ?2 ORDER BY key DESC LIMIT 1";
const SUBJECTS: &str = "SELECT subject FROM request_subject WHERE request = ?1 ORDER BY subject";

#[cfg(test)]
const STATEMENTS: &[&str] = &[ADD, ADD_SUBJECT, ADD_USAGE, SEARCH, SEARCH_SUBJECTS, BY_ID, SUBJECTS];

#[async_trait]
impl RequestLog for SqliteStore {
    async fn log_requests(
        &self,
        requests: Vec<LoggedRequest>,
        bounds: Vec<Bounds>,
    ) -> Result<(), StoreError> {
        self.request_log
            .write(move |connection| {
                requests.iter().try_for_each(|request| add(connection, request))?;
                bounds.iter().try_for_each(|bounds| trim::trim(connection, bounds))
            })
            .await
    }

    async fn requests(
        &self,
        source: SourceKey,
        search: &Search,
    ) -> Result<Vec<(i64, RequestSummary)>, StoreError> {
        let search = search.clone();
        self.request_log.read(move |connection| list(connection, source, &search)).await
    }

    async fn request(&self, source: SourceKey, id: &str) -> Result<Option<LoggedRequest>, StoreError> {
        let id = id.to_owned();
        self.request_log.read(move |connection| one(connection, source, &id)).await
    }
}

impl SqliteStore {
    /// Removes all of a source that is gone.
    pub(crate) async fn forget_requests(&self, source: SourceKey) -> Result<(), StoreError> {
        self.request_log.write(move |connection| trim::forget(connection, source)).await
    }
}

fn add(connection: &Connection, request: &LoggedRequest) -> Result<(), StoreError> {
    let (summary, source) = (&request.summary, request.summary.source.0);
    let detail =
        serde_json::to_string(&request.detail).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let size = size(request, &detail);
    let row = params![
        source,
        summary.id,
        summary.at.0,
        i64::try_from(summary.took_us).unwrap_or(i64::MAX),
        summary.method,
        summary.path,
        summary.query,
        summary.user_agent,
        summary.status,
        summary.scim_type,
        summary.problem,
        summary.credential.map(IdColumn),
        summary.resource.as_ref().map(|(kind, _)| kind),
        summary.resource.as_ref().map(|(_, id)| IdColumn(*id)),
        summary.left_out,
        size,
        detail,
    ];
    connection.prepare_cached(ADD).or_unavailable()?.execute(row).or_unavailable()?;
    let key = connection.last_insert_rowid();
    let mut statement = connection.prepare_cached(ADD_SUBJECT).or_unavailable()?;
    for subject in &request.subjects {
        statement.execute((source, subject, key)).or_unavailable()?;
    }
    connection.prepare_cached(ADD_USAGE).or_unavailable()?.execute((source, size)).or_unavailable()?;
    Ok(())
}

fn list(
    connection: &Connection,
    source: SourceKey,
    search: &Search,
) -> Result<Vec<(i64, RequestSummary)>, StoreError> {
    let mut statement = connection
        .prepare_cached(if search.subjects.is_some() { SEARCH_SUBJECTS } else { SEARCH })
        .or_unavailable()?;
    statement.raw_bind_parameter(1, source.0).or_unavailable()?;
    statement.raw_bind_parameter(2, search.before.unwrap_or(i64::MAX)).or_unavailable()?;
    statement.raw_bind_parameter(3, search.status.start()).or_unavailable()?;
    statement.raw_bind_parameter(4, search.status.end()).or_unavailable()?;
    statement.raw_bind_parameter(5, search.since.0).or_unavailable()?;
    statement.raw_bind_parameter(6, search.until.0).or_unavailable()?;
    statement.raw_bind_parameter(7, &search.method).or_unavailable()?;
    statement.raw_bind_parameter(8, search.limit).or_unavailable()?;
    // Those that are not named stay NULL, which equals nothing.
    for (subject, at) in search.subjects.iter().flatten().zip(9..=12) {
        statement.raw_bind_parameter(at, subject).or_unavailable()?;
    }
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        let row = Row::read(row).or_unavailable()?;
        found.push((row.key, row.try_into()?));
    }
    Ok(found)
}

fn one(connection: &Connection, source: SourceKey, id: &str) -> Result<Option<LoggedRequest>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID).or_unavailable()?;
    let read = |row: &rusqlite::Row<'_>| Ok((Row::read(row)?, row.get::<_, String>(16)?));
    let Some((row, detail)) = statement.query_row((source.0, id), read).optional().or_unavailable()? else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(SUBJECTS).or_unavailable()?;
    let subjects = statement.query_map([row.key], |row| row.get(0)).or_unavailable()?;
    let subjects = subjects.collect::<rusqlite::Result<Vec<i64>>>().or_unavailable()?;
    Ok(Some(LoggedRequest { detail: row::detail(&detail)?, summary: row.try_into()?, subjects }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::statements::{plan, scans};

    #[test]
    fn no_statement_of_the_log_scans() {
        let folder = tempfile::tempdir().unwrap();
        let connection = file::open(&folder.path().join("log"), &Options::default()).unwrap();
        for sql in STATEMENTS.iter().chain(trim::STATEMENTS) {
            let scanning: Vec<_> = plan(&connection, sql).into_iter().filter(|line| scans(line)).collect();
            assert!(scanning.is_empty(), "{sql}\n{scanning:#?}");
        }
    }
}
