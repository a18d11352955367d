//! Attempts to sign in, counted.

use rollcall_domain::clock::Timestamp;
use rollcall_store::StoreError;

use crate::error::OrUnavailable as _;
use crate::session::Session;

const COUNT: &str = "INSERT INTO sign_in_attempt (subject, since, count) VALUES (?1, ?2, 1)
    ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN since <= ?3 THEN 1 ELSE count + 1 END,
        since = CASE WHEN since <= ?3 THEN ?2 ELSE since END
    RETURNING count";
const FORGET: &str = "DELETE FROM sign_in_attempt WHERE subject = ?1";
const PRUNE: &str = "DELETE FROM sign_in_attempt WHERE since < ?1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[COUNT, FORGET, PRUNE];

pub(super) fn count(
    session: &mut Session<'_>,
    subjects: &[[u8; 32]],
    now: Timestamp,
    window_ms: i64,
) -> Result<Vec<u32>, StoreError> {
    let mut statement = session.prepare(COUNT)?;
    let count = |subject: &[u8; 32]| {
        let row = (&subject[..], now.0, now.0.saturating_sub(window_ms));
        statement.query_row(row, |row| row.get(0)).or_unavailable()
    };
    subjects.iter().map(count).collect()
}

pub(super) fn forget(session: &mut Session<'_>, subject: &[u8; 32]) -> Result<(), StoreError> {
    session.prepare(FORGET)?.execute([&subject[..]]).or_unavailable().map(drop)
}

pub(super) fn prune(session: &mut Session<'_>, before: Timestamp) -> Result<(), StoreError> {
    session.prepare(PRUNE)?.execute([before.0]).or_unavailable().map(drop)
}
