//! Reading memberships one by one, and in pages that begin where the last one ended.

use async_trait::async_trait;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::membership::{Membership, MembershipPage, MembershipQuery, Memberships, Party, Place};
use rollcall_store::query::Start;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::column::{Parameters, TextColumn, get};
use crate::connection::Connection;
use crate::error::{signed, unsigned};

/// What [`read`] reads; `m` is the membership, `g` and `r` are its group and member, `c` and `d` their types.
macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT g.collection, m.group_key, m.position, g.id, c.kind, g.display, r.id, d.kind, r.display ",
            $from
        )
    };
}

const KEY: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = $1 AND c.source = $2";
const ONE: &str = select!(
    "FROM resource AS g JOIN collection AS c ON c.key = g.collection
    JOIN membership AS m ON m.group_key = g.key
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE g.id = $1 AND c.source = $3 AND r.id = $2"
);
const OF_GROUP: &str = select!(
    "FROM membership AS m JOIN resource AS g ON g.key = m.group_key JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE m.group_key = $1 AND m.position > $2 ORDER BY m.position LIMIT $3 OFFSET $4"
);
const OF_MEMBER: &str = select!(
    "FROM membership AS m JOIN resource AS g ON g.key = m.group_key JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE m.member_key = $1 AND m.group_key > $2 ORDER BY m.group_key LIMIT $3 OFFSET $4"
);
const GROUPS: &str = "SELECT key FROM collection WHERE source = $1 AND grouping AND key >= $2 ORDER BY key";
// Of each group no more is read than a page can have, however many members it has.
const OF_COLLECTION: &str = select!(
    "FROM resource AS g JOIN collection AS c ON c.key = g.collection
    CROSS JOIN LATERAL (SELECT group_key, position, member_key FROM membership WHERE group_key = g.key
        ORDER BY group_key, position LIMIT $3::BIGINT + $4::BIGINT) AS m
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE g.collection = $1 AND g.key > $2 ORDER BY g.key, m.position LIMIT $3 OFFSET $4"
);
const COUNT_OF_GROUP: &str = "SELECT count(*) FROM membership WHERE group_key = $1";
const COUNT_OF_MEMBER: &str = "SELECT count(*) FROM membership WHERE member_key = $1";
const COUNT_OF_COLLECTION: &str =
    "SELECT count(*) FROM resource AS g JOIN membership AS m ON m.group_key = g.key WHERE g.collection = $1";
const COUNT_PENDING: &str = "SELECT count(*) FROM pending_member WHERE group_key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    KEY,
    ONE,
    OF_GROUP,
    OF_MEMBER,
    GROUPS,
    OF_COLLECTION,
    COUNT_OF_GROUP,
    COUNT_OF_MEMBER,
    COUNT_OF_COLLECTION,
    COUNT_PENDING,
];

#[async_trait]
impl Memberships for PostgresStore {
    async fn membership(
        &self,
        source: SourceKey,
        group: Uuid,
        member: Uuid,
    ) -> Result<Option<Membership>, StoreError> {
        one(&self.pool.connection().await?, source, group, member).await
    }

    async fn memberships(
        &self,
        source: SourceKey,
        query: &MembershipQuery,
    ) -> Result<MembershipPage, StoreError> {
        let snapshot = self.pool.snapshot().await?;
        let page = page(&snapshot, source, query).await?;
        snapshot.end().await?;
        Ok(page)
    }

    async fn count_members(&self, source: SourceKey, group: Uuid) -> Result<u64, StoreError> {
        let connection = self.pool.connection().await?;
        let Some(group) = key(&connection, source, group).await? else { return Ok(0) };
        Ok(count(&connection, COUNT_OF_GROUP, group).await?
            + count(&connection, COUNT_PENDING, group).await?)
    }
}

async fn one(
    connection: &Connection,
    source: SourceKey,
    group: Uuid,
    member: Uuid,
) -> Result<Option<Membership>, StoreError> {
    Ok(select(connection, ONE, &[&group, &member, &source.0]).await?.pop())
}

async fn page(
    connection: &Connection,
    source: SourceKey,
    query: &MembershipQuery,
) -> Result<MembershipPage, StoreError> {
    let mut page = MembershipPage::default();
    let (after, offset) = match query.start {
        Start::Offset(offset) => (None, offset),
        Start::After(after) => (after, 0),
    };
    // One more than is asked for tells whether there is more.
    let mut walk = Walk { connection, offset, wanted: u64::from(query.count) + 1 };
    match (query.group, query.member) {
        (Some(group), Some(member)) => {
            let found = one(connection, source, group, member).await?;
            page.total = Some(found.iter().len() as u64);
            let left = found.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
            page.memberships = left.filter(|found| after.is_none_or(|after| found.place > after)).collect();
        }
        (Some(of), None) | (None, Some(of)) => {
            let is_group = query.group.is_some();
            let (sql, counting) =
                if is_group { (OF_GROUP, COUNT_OF_GROUP) } else { (OF_MEMBER, COUNT_OF_MEMBER) };
            if let Some(of) = key(connection, source, of).await? {
                let after = after.map_or(0, |after| if is_group { after.position } else { after.group });
                page.memberships = walk.rows(sql, of, after).await?;
                if query.want_total {
                    page.total = Some(count(connection, counting, of).await?);
                }
            }
        }
        (None, None) => walk.all(source, (after, query.want_total), &mut page).await?,
    }
    page.total = query.want_total.then(|| page.total.unwrap_or_default());
    if page.memberships.len() > query.count as usize {
        page.memberships.truncate(query.count as usize);
        page.next = page.memberships.last().map(|last| last.place).or(after);
    }
    Ok(page)
}

/// What is still to be skipped and taken.
struct Walk<'a> {
    connection: &'a Connection,
    offset: u64,
    wanted: u64,
}

impl Walk<'_> {
    async fn rows(&self, sql: &'static str, of: i64, after: i64) -> Result<Vec<Membership>, StoreError> {
        let (wanted, offset) = (signed(self.wanted), signed(self.offset));
        select(self.connection, sql, &[&of, &after, &wanted, &offset]).await
    }

    /// All memberships of a source: group type by group type, group by group.
    async fn all(
        &mut self,
        source: SourceKey,
        (after, want_total): (Option<Place>, bool),
        page: &mut MembershipPage,
    ) -> Result<(), StoreError> {
        let first = after.map_or(0, |after| after.collection);
        let rows = self.connection.rows(GROUPS, &[&source.0, &first]).await?;
        for row in &rows {
            let collection: i64 = get(row, 0)?;
            if want_total || self.offset > 0 {
                let found = count(self.connection, COUNT_OF_COLLECTION, collection).await?;
                page.total = Some(page.total.unwrap_or_default() + found);
                if self.offset >= found {
                    self.offset -= found;
                    continue;
                }
            }
            let inside = after.filter(|after| after.collection == collection);
            if let Some(after) = inside {
                self.take(page, OF_GROUP, after.group, after.position).await?;
            }
            self.take(page, OF_COLLECTION, collection, inside.map_or(0, |after| after.group)).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        page: &mut MembershipPage,
        sql: &'static str,
        of: i64,
        after: i64,
    ) -> Result<(), StoreError> {
        if self.wanted == 0 {
            return Ok(());
        }
        let rows = self.rows(sql, of, after).await?;
        self.wanted -= rows.len() as u64;
        self.offset = 0;
        page.memberships.extend(rows);
        Ok(())
    }
}

async fn key(connection: &Connection, source: SourceKey, id: Uuid) -> Result<Option<i64>, StoreError> {
    let rows = connection.rows(KEY, &[&id, &source.0]).await?;
    rows.first().map(|row| get(row, 0)).transpose()
}

async fn count(connection: &Connection, sql: &'static str, of: i64) -> Result<u64, StoreError> {
    let rows = connection.rows(sql, &[&of]).await?;
    rows.first().map_or(Ok(0), |row| unsigned(get(row, 0)?, "membership", "count"))
}

async fn select(
    connection: &Connection,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<Vec<Membership>, StoreError> {
    connection.rows(sql, parameters).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Membership, StoreError> {
    let text = |at| Ok::<_, StoreError>(get::<Option<TextColumn>>(row, at)?.map(|text| text.0));
    Ok(Membership {
        place: Place { collection: get(row, 0)?, group: get(row, 1)?, position: get(row, 2)? },
        group: Party { id: get(row, 3)?, kind: get(row, 4)?, display: text(5)? },
        member: Party { id: get(row, 6)?, kind: get(row, 7)?, display: text(8)? },
    })
}
