//! Reading a group's members, a page at a time.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::MemberRow;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{TextColumn, get};
use crate::connection::Connection;

const OF_ID: &str = "(SELECT m.position, r.id, NULL, c.kind, r.display FROM resource AS g
        JOIN collection AS of ON of.key = g.collection JOIN membership AS m ON m.group_key = g.key
        JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
        WHERE g.id = $1 AND of.source = $2 AND m.position > $3 ORDER BY m.position LIMIT $4)
    UNION ALL (SELECT p.position, NULL, p.value, NULL, NULL FROM resource AS g
        JOIN collection AS of ON of.key = g.collection JOIN pending_member AS p ON p.group_key = g.key
        WHERE g.id = $1 AND of.source = $2 AND p.position > $3 ORDER BY p.position LIMIT $4)
    ORDER BY 1 LIMIT $4";
const PAGE: &str = "(SELECT m.position, r.id, NULL, c.kind, r.display FROM membership AS m
        JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
        WHERE m.group_key = $1 AND m.position > $2 ORDER BY m.position LIMIT $3)
    UNION ALL (SELECT p.position, NULL, p.value, NULL, NULL FROM pending_member AS p
        WHERE p.group_key = $1 AND p.position > $2 ORDER BY p.position LIMIT $3)
    ORDER BY 1 LIMIT $3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_ID, PAGE];

/// Members of the group of this id; none when the source has no such.
pub(crate) async fn of(
    connection: &Connection,
    source: SourceKey,
    group: Uuid,
    after: i64,
    limit: u32,
) -> Result<Vec<MemberRow>, StoreError> {
    let limit = i64::from(limit);
    let rows = connection.rows(OF_ID, &[&group, &source.0, &after, &limit]).await?;
    rows.iter().map(read).collect()
}

/// Members of the group of this key.
pub(crate) async fn page(
    connection: &Connection,
    group: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<MemberRow>, StoreError> {
    let rows = connection.rows(PAGE, &[&group, &after, &i64::from(limit)]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<MemberRow, StoreError> {
    let text = |at| Ok::<_, StoreError>(get::<Option<TextColumn>>(row, at)?.map(|text| text.0));
    let id: Option<Uuid> = get(row, 1)?;
    let value = match id {
        Some(id) => id.to_string(),
        None => text(2)?.unwrap_or_default(),
    };
    Ok(MemberRow { key: get(row, 0)?, value, kind: get(row, 3)?, display: text(4)? })
}
