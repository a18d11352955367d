//! Writing all index rows of a type anew, after a change of schemas.

use rollcall_domain::source::SourceKey;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;

use crate::error::OrUnavailable as _;
use crate::resource::{candidate, value};
use crate::session::Session;

const REMOVE: &str = "DELETE FROM value WHERE collection = ?1";
const NEXT: &str =
    "SELECT key, body FROM resource WHERE collection = ?1 AND key > ?2 ORDER BY key LIMIT 1000";
const LIST: &str = "UPDATE resource SET entries = ?2 WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[REMOVE, NEXT, LIST];

/// `Conflict` names the attribute and the resource that has the value already; nothing changes then.
pub(crate) fn run(
    session: &mut Session<'_>,
    source: SourceKey,
    kind: &ResolvedType,
    index: &Indexer,
) -> Result<(), StoreError> {
    session.touch_all();
    let collection = session.collection(source, kind.name())?;
    session.prepare(REMOVE)?.execute([collection]).or_unavailable()?;
    let mut after = 0;
    loop {
        let page = next(session, collection, after)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (key, body) in &page {
            let entries = index.entries(&candidate::parse(body)?);
            let rows = value::rows(session, collection, &entries)?;
            value::add(session, source, *key, &rows)?;
            session.prepare(LIST)?.execute((key, value::encode(&rows)?)).or_unavailable()?;
        }
    }
}

fn next(session: &mut Session<'_>, collection: i64, after: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let mut statement = session.prepare(NEXT)?;
    let rows = statement.query_map((collection, after), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}
