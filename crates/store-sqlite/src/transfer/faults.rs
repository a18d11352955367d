//! What is wrong with a database that SQLite can tell, and with its counters.

use rollcall_store::StoreError;
use rusqlite::Connection;

use crate::error::OrUnavailable as _;

/// Faults that are told of one file, at most.
const MOST: u32 = 20;

const COUNTS: &str =
    "SELECT c.key, coalesce(n.value, 0), (SELECT count(*) FROM resource WHERE collection = c.key)
    FROM collection AS c LEFT JOIN counter AS n ON n.of = 2 AND n.key = c.key";
const LAST_KEY: &str = "SELECT coalesce((SELECT value FROM counter WHERE of = 3 AND key = 0), 0),
    coalesce((SELECT max(key) FROM resource), 0)";

/// Of the database.
pub(super) fn of_database(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut found = of_file(connection, "the database")?;
    let mut statement = connection.prepare(COUNTS).or_unavailable()?;
    let mut rows = statement.query([]).or_unavailable()?;
    while let Some(row) = rows.next().or_unavailable()? {
        let (collection, counted, there): (i64, i64, i64) = row.try_into().or_unavailable()?;
        if counted != there {
            found.push(format!(
                "collection {collection} has {there} resources, and its counter says {counted}"
            ));
        }
    }
    let (counted, last): (i64, i64) =
        connection.query_row(LAST_KEY, [], |row| row.try_into()).or_unavailable()?;
    if counted < last {
        found.push(format!("the last resource has the key {last}, and the counter of keys says {counted}"));
    }
    Ok(found)
}

/// What SQLite finds in a file.
pub(super) fn of_file(connection: &Connection, name: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST})")).or_unavailable()?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).or_unavailable()?;
    let lines = lines.collect::<rusqlite::Result<Vec<_>>>().or_unavailable()?;
    let faults = lines.into_iter().filter(|line| line != "ok");
    Ok(faults.map(|line| format!("{name}: {line}")).collect())
}
