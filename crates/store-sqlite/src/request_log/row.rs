//! From rows to what the contract says.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{LoggedRequest, RequestDetail, RequestSummary};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;

use crate::error::{IdColumn, corrupt, unsigned};

/// What a row takes beside its texts: numbers, index entries, what pages lose.
const ROW_BYTES: usize = 200;
/// What a subject takes, with its index entry.
const SUBJECT_BYTES: usize = 40;

/// About how many bytes a request takes in the file.
pub(super) fn size(request: &LoggedRequest, detail: &str) -> i64 {
    let RequestSummary { id, path, query, user_agent, problem, .. } = &request.summary;
    let texts = [Some(id), Some(path), Some(query), user_agent.as_ref(), problem.as_ref()];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let size = ROW_BYTES + texts + detail.len() + request.subjects.len() * SUBJECT_BYTES;
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(super) fn detail(text: &str) -> Result<RequestDetail, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt("request", "detail", error))
}

pub(super) struct Row {
    pub key: i64,
    source: i64,
    id: String,
    at: i64,
    took_us: i64,
    method: String,
    path: String,
    query: String,
    user_agent: Option<String>,
    status: u16,
    scim_type: Option<String>,
    problem: Option<String>,
    credential: Option<IdColumn>,
    resource_type: Option<String>,
    resource: Option<IdColumn>,
    left_out: u32,
}

impl Row {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            source: row.get(1)?,
            id: row.get(2)?,
            at: row.get(3)?,
            took_us: row.get(4)?,
            method: row.get(5)?,
            path: row.get(6)?,
            query: row.get(7)?,
            user_agent: row.get(8)?,
            status: row.get(9)?,
            scim_type: row.get(10)?,
            problem: row.get(11)?,
            credential: row.get(12)?,
            resource_type: row.get(13)?,
            resource: row.get(14)?,
            left_out: row.get(15)?,
        })
    }
}

impl TryFrom<Row> for RequestSummary {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            source: SourceKey(row.source),
            at: Timestamp(row.at),
            took_us: unsigned(row.took_us, "request", "took_us")?,
            method: row.method,
            path: row.path,
            query: row.query,
            user_agent: row.user_agent,
            status: row.status,
            scim_type: row.scim_type,
            problem: row.problem,
            credential: row.credential.map(|id| id.0),
            resource: row.resource_type.zip(row.resource.map(|id| id.0)),
            left_out: row.left_out,
        })
    }
}
