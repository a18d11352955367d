//! Reading memberships one by one, and in pages that begin where the last one ended.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::membership::{Membership, MembershipPage, MembershipQuery, Party, Place};
use rollcall_store::query::Start;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, signed, unsigned};

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
    WHERE r.id = ?1 AND c.source = ?2";
const ONE: &str = select!(
    "FROM membership AS m JOIN resource AS g ON g.key = m.group_key JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE m.group_key = ?1 AND m.member_key = ?2"
);
const OF_GROUP: &str = select!(
    "FROM membership AS m JOIN resource AS g ON g.key = m.group_key JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE m.group_key = ?1 AND m.position > ?2 ORDER BY m.position LIMIT ?3 OFFSET ?4"
);
const OF_MEMBER: &str = select!(
    "FROM membership AS m JOIN resource AS g ON g.key = m.group_key JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE m.member_key = ?1 AND m.group_key > ?2 ORDER BY m.group_key LIMIT ?3 OFFSET ?4"
);
const GROUPS: &str =
    "SELECT key FROM collection WHERE source = ?1 AND grouping = 1 AND key >= ?2 ORDER BY key";
// The order of the tables is that of the walk: groups by their key, and the members of each.
const OF_COLLECTION: &str = select!(
    "FROM resource AS g CROSS JOIN membership AS m ON m.group_key = g.key
    JOIN collection AS c ON c.key = g.collection
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS d ON d.key = r.collection
    WHERE g.collection = ?1 AND g.key > ?2 ORDER BY g.key, m.position LIMIT ?3 OFFSET ?4"
);
const COUNT_OF_GROUP: &str = "SELECT count(*) FROM membership WHERE group_key = ?1";
const COUNT_OF_MEMBER: &str = "SELECT count(*) FROM membership WHERE member_key = ?1";
const COUNT_OF_COLLECTION: &str = "SELECT count(*) FROM resource AS g
    CROSS JOIN membership AS m ON m.group_key = g.key WHERE g.collection = ?1";
const COUNT_PENDING: &str = "SELECT count(*) FROM pending_member WHERE group_key = ?1";

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

/// The membership of this member in this group.
pub(crate) fn one(
    connection: &Connection,
    source: SourceKey,
    group: Uuid,
    member: Uuid,
) -> Result<Option<Membership>, StoreError> {
    let (Some(group), Some(member)) = (key(connection, source, group)?, key(connection, source, member)?)
    else {
        return Ok(None);
    };
    Ok(select(connection, ONE, (group, member))?.pop())
}

/// One page; within one snapshot.
pub(crate) fn page(
    connection: &Connection,
    source: SourceKey,
    query: &MembershipQuery,
) -> Result<MembershipPage, StoreError> {
    let mut page = MembershipPage::default();
    // One more than is asked for tells whether there is more.
    let walk = Walk { connection, offset: offset(&query.start), wanted: u64::from(query.count) + 1 };
    match (query.group, query.member) {
        (Some(group), Some(member)) => {
            let found = one(connection, source, group, member)?;
            let after = after(&query.start);
            page.total = query.want_total.then_some(found.iter().len() as u64);
            let left = found.into_iter().skip(usize::try_from(walk.offset).unwrap_or(usize::MAX));
            page.memberships = left.filter(|found| after.is_none_or(|after| found.place > after)).collect();
        }
        (Some(group), None) => {
            if let Some(group) = key(connection, source, group)? {
                let after = after(&query.start).map_or(0, |after| after.position);
                page.memberships = walk.rows(OF_GROUP, group, after)?;
                page.total =
                    query.want_total.then(|| count(connection, COUNT_OF_GROUP, group)).transpose()?;
            }
        }
        (None, Some(member)) => {
            if let Some(member) = key(connection, source, member)? {
                let after = after(&query.start).map_or(0, |after| after.group);
                page.memberships = walk.rows(OF_MEMBER, member, after)?;
                page.total =
                    query.want_total.then(|| count(connection, COUNT_OF_MEMBER, member)).transpose()?;
            }
        }
        (None, None) => all(walk, source, query, &mut page)?,
    }
    if query.want_total {
        page.total.get_or_insert(0);
    }
    if page.memberships.len() > query.count as usize {
        page.memberships.truncate(query.count as usize);
        page.next = page.memberships.last().map(|last| last.place).or_else(|| after(&query.start));
    }
    Ok(page)
}

/// How many members a group has, pending ones too.
pub(crate) fn count_members(
    connection: &Connection,
    source: SourceKey,
    group: Uuid,
) -> Result<u64, StoreError> {
    let Some(group) = key(connection, source, group)? else { return Ok(0) };
    Ok(count(connection, COUNT_OF_GROUP, group)? + count(connection, COUNT_PENDING, group)?)
}

/// What is still to be skipped and taken.
struct Walk<'a> {
    connection: &'a Connection,
    offset: u64,
    wanted: u64,
}

impl Walk<'_> {
    fn rows(&self, sql: &'static str, of: i64, after: i64) -> Result<Vec<Membership>, StoreError> {
        select(self.connection, sql, (of, after, signed(self.wanted), signed(self.offset)))
    }
}

/// All memberships of a source: group type by group type, group by group.
fn all(
    mut walk: Walk<'_>,
    source: SourceKey,
    query: &MembershipQuery,
    page: &mut MembershipPage,
) -> Result<(), StoreError> {
    let after = after(&query.start);
    let mut statement = walk.connection.prepare_cached(GROUPS).or_unavailable()?;
    let rows = statement.query_map((source.0, after.map_or(0, |after| after.collection)), |row| row.get(0));
    let collections: Vec<i64> = rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()?;
    for collection in collections {
        if query.want_total || walk.offset > 0 {
            let found = count(walk.connection, COUNT_OF_COLLECTION, collection)?;
            page.total = query.want_total.then(|| page.total.unwrap_or_default() + found);
            if walk.offset >= found {
                walk.offset -= found;
                continue;
            }
        }
        let inside = after.filter(|after| after.collection == collection);
        if let Some(after) = inside {
            walk.take(page, OF_GROUP, after.group, after.position)?;
        }
        walk.take(page, OF_COLLECTION, collection, inside.map_or(0, |after| after.group))?;
    }
    Ok(())
}

impl Walk<'_> {
    fn take(
        &mut self,
        page: &mut MembershipPage,
        sql: &'static str,
        of: i64,
        after: i64,
    ) -> Result<(), StoreError> {
        if self.wanted == 0 {
            return Ok(());
        }
        let rows = self.rows(sql, of, after)?;
        self.wanted -= rows.len() as u64;
        self.offset = 0;
        page.memberships.extend(rows);
        Ok(())
    }
}

fn key(connection: &Connection, source: SourceKey, id: Uuid) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(KEY).or_unavailable()?;
    statement.query_row((IdColumn(id), source.0), |row| row.get(0)).optional().or_unavailable()
}

fn count(connection: &Connection, sql: &'static str, of: i64) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql).or_unavailable()?;
    let found = statement.query_row([of], |row| row.get(0)).or_unavailable()?;
    unsigned(found, "membership", "count")
}

fn select(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
) -> Result<Vec<Membership>, StoreError> {
    let mut statement = connection.prepare_cached(sql).or_unavailable()?;
    let rows = statement.query_map(parameters, read).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Membership> {
    let (group, member): (IdColumn, IdColumn) = (row.get(3)?, row.get(6)?);
    Ok(Membership {
        place: Place { collection: row.get(0)?, group: row.get(1)?, position: row.get(2)? },
        group: Party { id: group.0, kind: row.get(4)?, display: row.get(5)? },
        member: Party { id: member.0, kind: row.get(7)?, display: row.get(8)? },
    })
}

fn after(start: &Start<Place>) -> Option<Place> {
    match start {
        Start::Offset(_) => None,
        Start::After(after) => *after,
    }
}

fn offset(start: &Start<Place>) -> u64 {
    match start {
        Start::Offset(offset) => *offset,
        Start::After(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::plan;

    #[test]
    fn a_page_is_read_in_its_order_and_not_sorted() {
        let folder = tempfile::TempDir::new().unwrap();
        let options = crate::Options::default();
        let connection = crate::connection::open_writer(&folder.path().join("test.db"), &options).unwrap();
        for sql in [OF_GROUP, OF_MEMBER, OF_COLLECTION] {
            let lines = plan(&connection, sql);
            assert!(!lines.iter().any(|line| line.contains("TEMP B-TREE")), "{sql}\n{lines:#?}");
        }
    }
}
