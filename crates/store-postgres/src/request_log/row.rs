//! From rows to what the contract says.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{LoggedRequest, RequestDetail, RequestSummary};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::get;
use crate::error::{corrupt, unsigned};

/// What a row takes beside its texts: numbers, index entries, what pages lose.
const ROW_BYTES: usize = 200;
/// What a subject takes, with its index entries.
const SUBJECT_BYTES: usize = 80;

/// About how many bytes a request takes in the tables.
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

/// Position and summary.
pub(super) fn read(row: &Row) -> Result<(i64, RequestSummary), StoreError> {
    let status = u16::try_from(get::<i32>(row, 9)?);
    let left_out = u32::try_from(get::<i64>(row, 15)?);
    let resource_type: Option<String> = get(row, 13)?;
    let summary = RequestSummary {
        source: SourceKey(get(row, 1)?),
        id: get(row, 2)?,
        at: Timestamp(get(row, 3)?),
        took_us: unsigned(get(row, 4)?, "request", "took_us")?,
        method: get(row, 5)?,
        path: get(row, 6)?,
        query: get(row, 7)?,
        user_agent: get(row, 8)?,
        status: status.map_err(|_| corrupt("request", "status", "no such status"))?,
        scim_type: get(row, 10)?,
        problem: get(row, 11)?,
        credential: get(row, 12)?,
        resource: resource_type.zip(get::<Option<Uuid>>(row, 14)?),
        left_out: left_out.map_err(|_| corrupt("request", "left_out", "no such count"))?,
    };
    Ok((get(row, 0)?, summary))
}
