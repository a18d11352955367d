//! Writing all index rows of a type anew, after a change of schemas.

use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;

use crate::column::get;
use crate::resource::{candidate, value};
use crate::session::Session;

const REMOVE: &str = "DELETE FROM value WHERE collection = $1";
const NEXT: &str =
    "SELECT key, body FROM resource WHERE collection = $1 AND key > $2 ORDER BY key LIMIT 1000";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[REMOVE, NEXT];

/// `Conflict` names the attribute and the resource that has the value already; nothing changes then.
pub(crate) async fn run(
    session: &mut Session,
    (tenant, source): (TenantKey, SourceKey),
    kind: &ResolvedType,
    index: &Indexer,
) -> Result<(), StoreError> {
    session.touch_everywhere();
    let collection = session.collection(tenant, source, kind.name()).await?;
    session.execute(REMOVE, &[&collection]).await?;
    let mut after = 0_i64;
    loop {
        let page = session.rows(NEXT, &[&collection, &after]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = get(last, 0)?;
        for row in &page {
            let (key, body): (i64, &[u8]) = (get(row, 0)?, get(row, 1)?);
            let entries = index.entries(&candidate::parse(body)?);
            let rows = value::rows(session, (tenant, collection), &entries).await?;
            value::add(session, source, (collection, key), &rows).await?;
        }
    }
}
