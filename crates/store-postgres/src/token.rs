//! What rows of credentials and of API tokens have in common: until when a token is taken, and its use.

use std::collections::BTreeMap;

use rollcall_domain::clock::Timestamp;
use rollcall_store::StoreError;
use uuid::Uuid;

use crate::session::Session;

/// Whether a row was added; there is none when its prefix is taken.
pub(crate) fn added(rows: u64) -> Result<(), StoreError> {
    let taken = || StoreError::Conflict { attribute: "prefix".to_owned(), id: None };
    (rows > 0).then_some(()).ok_or_else(taken)
}

/// Writes until when it is taken.
pub(crate) async fn update(
    session: &mut Session,
    sql: &'static str,
    id: Uuid,
    (expires, revoked): (Option<Timestamp>, Option<Timestamp>),
) -> Result<(), StoreError> {
    let (expires, revoked) = (expires.map(|at| at.0), revoked.map(|at| at.0));
    let changed = session.execute(sql, &[&id, &expires, &revoked]).await?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// Writes when each was used last, in the order of their ids: nodes that do so at once wait for each other in turn.
pub(crate) async fn touch(
    session: &mut Session,
    sql: &'static str,
    used: &[(Uuid, Timestamp)],
) -> Result<(), StoreError> {
    let mut latest: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (id, at) in used {
        let last = latest.entry(*id).or_insert(at.0);
        *last = at.0.max(*last);
    }
    let (ids, times): (Vec<Uuid>, Vec<i64>) = latest.into_iter().unzip();
    session.execute(sql, &[&ids, &times]).await.map(drop)
}
