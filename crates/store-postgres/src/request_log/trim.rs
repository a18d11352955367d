//! Removing what is too old or too much.

use rollcall_store::StoreError;
use rollcall_store::request_log::Bounds;

use crate::column::get;
use crate::session::Session;

/// Rows that are looked at together.
const PAGE: i64 = 500;

/// Held until the commit: nodes that trim one source do it in turn.
const USAGE: &str = "SELECT bytes FROM request_usage WHERE source = $1 FOR UPDATE";
const OLDEST: &str = "SELECT key, at, size FROM request WHERE source = $1 ORDER BY key LIMIT $2";
const REMOVE: &str = "DELETE FROM request WHERE key = ANY ($1)";
const REMOVE_SUBJECTS: &str = "DELETE FROM request_subject WHERE request = ANY ($1)";
const TAKE_USAGE: &str = "UPDATE request_usage SET bytes = bytes - $2 WHERE source = $1";
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[USAGE, OLDEST, REMOVE, REMOVE_SUBJECTS, TAKE_USAGE];

/// Removes the oldest of a source until the rest is within bounds.
pub(super) async fn trim(session: &mut Session, bounds: &Bounds) -> Result<(), StoreError> {
    let source = bounds.source.0;
    let most = i64::try_from(bounds.most_bytes).unwrap_or(i64::MAX);
    let Some(row) = session.row(USAGE, &[&source]).await? else { return Ok(()) };
    let mut used: i64 = get(&row, 0)?;
    loop {
        let rows = session.rows(OLDEST, &[&source, &PAGE]).await?;
        let (mut keys, mut freed): (Vec<i64>, i64) = (Vec::new(), 0);
        for row in &rows {
            if get::<i64>(row, 1)? >= bounds.oldest.0 && used - freed <= most {
                break;
            }
            keys.push(get(row, 0)?);
            freed += get::<i64>(row, 2)?;
        }
        if keys.is_empty() {
            return Ok(());
        }
        session.execute(REMOVE_SUBJECTS, &[&keys]).await?;
        session.execute(REMOVE, &[&keys]).await?;
        session.execute(TAKE_USAGE, &[&source, &freed]).await?;
        used -= freed;
        if keys.len() < rows.len() {
            return Ok(());
        }
    }
}
