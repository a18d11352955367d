//! Attempts to sign in, counted.

use rollcall_domain::clock::Timestamp;
use rollcall_store::StoreError;

use crate::column::get;
use crate::session::Session;

const COUNT: &str = "INSERT INTO sign_in_attempt AS a (subject, since, count) VALUES ($1, $2, 1)
    ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN a.since <= $3 THEN 1 ELSE a.count + 1 END,
        since = CASE WHEN a.since <= $3 THEN $2 ELSE a.since END
    RETURNING count";
const FORGET: &str = "DELETE FROM sign_in_attempt WHERE subject = $1";
const PRUNE: &str = "DELETE FROM sign_in_attempt WHERE since < $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[COUNT, FORGET, PRUNE];

pub(super) async fn count(
    session: &mut Session,
    subjects: &[[u8; 32]],
    now: Timestamp,
    window_ms: i64,
) -> Result<Vec<u32>, StoreError> {
    let mut counts = vec![0; subjects.len()];
    // By subject: whoever counts several at once does so in this order.
    let mut order: Vec<usize> = (0..subjects.len()).collect();
    order.sort_by_key(|at| subjects.get(*at));
    for at in order {
        let (Some(subject), Some(count)) = (subjects.get(at), counts.get_mut(at)) else { continue };
        let over = now.0.saturating_sub(window_ms);
        let rows = session.returning(COUNT, &[&&subject[..], &now.0, &over]).await?;
        let counted: i64 = get(rows.first().ok_or(StoreError::NotFound)?, 0)?;
        *count = u32::try_from(counted).unwrap_or(u32::MAX);
    }
    Ok(counts)
}

pub(super) async fn forget(session: &mut Session, subject: &[u8; 32]) -> Result<(), StoreError> {
    session.execute(FORGET, &[&&subject[..]]).await.map(drop)
}

pub(super) async fn prune(session: &mut Session, before: Timestamp) -> Result<(), StoreError> {
    session.execute(PRUNE, &[&before.0]).await.map(drop)
}
