//! What is wrong with the counters. Whether its files are whole, only the server's own tools can tell.

use rollcall_store::StoreError;

use crate::column::get;
use crate::connection::Connection;

const COUNTS: &str = "SELECT c.key, coalesce(n.resources, 0),
        (SELECT count(*) FROM resource WHERE collection = c.key)
    FROM collection AS c LEFT JOIN collection_count AS n ON n.collection = c.key ORDER BY c.key";
const LAST_KEYS: &str = "SELECT c.tenant, c.last_key, coalesce((SELECT max(r.key) FROM resource AS r
        WHERE r.key > c.tenant * 1099511627776 AND r.key < (c.tenant + 1) * 1099511627776)
        - c.tenant * 1099511627776, 0)
    FROM tenant_counter AS c ORDER BY c.tenant";

/// Of the database.
pub(super) async fn of_database(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for row in connection.rows(COUNTS, &[]).await? {
        let (collection, counted, there): (i64, i64, i64) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        if counted != there {
            found.push(format!(
                "collection {collection} has {there} resources, and its counter says {counted}"
            ));
        }
    }
    for row in connection.rows(LAST_KEYS, &[]).await? {
        let (tenant, counted, last): (i64, i64, i64) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        if counted < last {
            found.push(format!("tenant {tenant} has key {last}, and its counter of keys says {counted}"));
        }
    }
    Ok(found)
}
