//! Reading a group's members, a page at a time.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::MemberRow;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{TextColumn, get};
use crate::connection::Connection;

const OF_ID: &str = "(SELECT m.position, r.id, NULL, c.kind, r.display FROM (
        SELECT position, member_key FROM membership WHERE position > $3 AND group_key = (
            SELECT g.key FROM resource AS g JOIN collection AS of ON of.key = g.collection
            WHERE g.id = $1 AND of.source = $2) ORDER BY position LIMIT $4) AS m
        JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection)
    UNION ALL (SELECT p.position, NULL, p.value, NULL, NULL FROM pending_member AS p
        WHERE p.position > $3 AND p.group_key = (
            SELECT g.key FROM resource AS g JOIN collection AS of ON of.key = g.collection
            WHERE g.id = $1 AND of.source = $2) ORDER BY p.position LIMIT $4)
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

#[cfg(test)]
mod tests {
    use rollcall_testkit::TestPostgres;
    use tokio_postgres::{NoTls, SimpleQueryMessage};

    use super::OF_ID;
    use crate::PostgresStore;

    /// Groups of 1, 2, … and of 20,000 members.
    const GROUPS: &str = "
        INSERT INTO collection (key, source, kind) VALUES (1, 1, 'User'), (2, 1, 'Group');
        INSERT INTO resource (key, collection, id, version, revision, created, modified, plain, body)
            SELECT n, CASE WHEN n <= 20000 THEN 1 ELSE 2 END, CAST(lpad(to_hex(n), 32, '0') AS UUID),
                1, 1, 1, 1, TRUE, '' FROM generate_series(1, 20100) AS n;
        INSERT INTO membership (group_key, position, member_key)
            SELECT 20000 + g, m, m FROM generate_series(1, 100) AS g, generate_series(1, 20000) AS m
            WHERE m <= g OR g = 100;
        ANALYZE;
        SET plan_cache_mode = force_generic_plan;";

    #[tokio::test]
    async fn a_page_of_members_reads_no_more_of_the_group_than_the_page() {
        let database = TestPostgres::empty().await;
        drop(PostgresStore::open(database.url(), &crate::Options::default()).await.unwrap());
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(GROUPS).await.unwrap();
        client
            .batch_execute(&format!("PREPARE page (UUID, BIGINT, BIGINT, BIGINT) AS {OF_ID}"))
            .await
            .unwrap();
        let group = uuid::Uuid::from_u128(20_100);
        let asked = format!("EXPLAIN (ANALYZE, COSTS off, TIMING off) EXECUTE page ('{group}', 1, 0, 10)");
        let plan = client.simple_query(&asked).await.unwrap();
        let lines = plan.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let lines: Vec<&str> = lines.collect();
        let rows =
            lines.iter().filter_map(|line| line.split("rows=").nth(1)?.split(' ').next()?.parse().ok());
        let most: u64 = rows.max().unwrap();
        assert!((10..=20).contains(&most), "{lines:#?}");
    }
}
