//! Writing everything: rows as they come, and in the end what follows from them.

use rollcall_store::StoreError;
use rollcall_store::transfer::{Row, Table};

use super::export::borrowed;
use super::sql;
use crate::column::get;
use crate::connection::Connection;
use crate::session::Session;

/// What only a database has into which something is imported.
const MAKE: &str = "CREATE TABLE transfer (one INTEGER PRIMARY KEY CHECK (one = 1), progress TEXT NOT NULL)";
const MADE: &str = "SELECT 1 FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name = 'transfer'";
const PROGRESS: &str = "SELECT progress FROM transfer";
const NOTE: &str = "INSERT INTO transfer (one, progress) VALUES (1, $1)
    ON CONFLICT (one) DO UPDATE SET progress = excluded.progress";
/// Rows that nobody has written are none of these.
const WRITTEN: &str = "SELECT 1 WHERE (SELECT count(*) FROM tenant) > 1 OR EXISTS (SELECT 1 FROM source)
    OR EXISTS (SELECT 1 FROM change) OR EXISTS (SELECT 1 FROM audit) OR EXISTS (SELECT 1 FROM api_token)
    OR EXISTS (SELECT 1 FROM endpoint) OR EXISTS (SELECT 1 FROM identity) OR EXISTS (SELECT 1 FROM signing_key)
    OR EXISTS (SELECT 1 FROM account)";
const ADD_VALUES: &str = "INSERT INTO value (collection, attribute, value, apart, resource)
    SELECT * FROM unnest($1, $2, $3, $4, $5)";
/// What follows from the rows. Keys of a tenant are its own times 2^40, and a number: other backends count otherwise, so
/// that the next is one after all that are in that range, whoever has them.
const FOLLOW: &str = "INSERT INTO tenant_counter (tenant, last_change, last_key, facts)
        SELECT key, 0, 0, 1 FROM tenant ON CONFLICT (tenant) DO NOTHING;
    UPDATE tenant_counter AS c SET facts = facts + 1, last_key = coalesce((SELECT max(m.key) FROM (
            SELECT max(key) AS key FROM resource
                WHERE key > c.tenant * 1099511627776 AND key < (c.tenant + 1) * 1099511627776
            UNION ALL SELECT max(key) FROM tombstone
                WHERE key > c.tenant * 1099511627776 AND key < (c.tenant + 1) * 1099511627776
            UNION ALL SELECT max(key) FROM identity
                WHERE key > c.tenant * 1099511627776 AND key < (c.tenant + 1) * 1099511627776
        ) AS m) - c.tenant * 1099511627776, 0);
    DELETE FROM collection_count;
    INSERT INTO collection_count (collection, resources)
        SELECT collection, count(*) FROM resource GROUP BY collection;
    DROP TABLE transfer";
/// Tables whose keys the server counts.
const COUNTED: &[&str] = &[
    "tenant",
    "source",
    "credential",
    "collection",
    "attribute",
    "endpoint",
    "delivery_attempt",
    "signing_key",
    "accepted",
    "request",
];

/// Rows of a table, and how far one has come with them.
pub(super) struct Part {
    pub(super) table: &'static Table,
    pub(super) rows: Vec<Row>,
    pub(super) progress: String,
}

/// How far an unfinished import has come.
pub(super) async fn progress(connection: &Connection) -> Result<Option<String>, StoreError> {
    if !connection.exists(MADE, &[]).await? {
        return Ok(None);
    }
    connection.rows_of(PROGRESS, &[]).await?.first().map(|row| get(row, 0)).transpose()
}

/// Whether nothing was ever written.
pub(super) async fn is_new(connection: &Connection) -> Result<bool, StoreError> {
    Ok(!connection.exists(WRITTEN, &[]).await?)
}

/// Takes the rows of a new database away.
pub(super) async fn begin(session: &mut Session, progress: &String) -> Result<(), StoreError> {
    let connection = session.connection();
    if self::progress(connection).await?.is_some() || !is_new(connection).await? {
        return Err(StoreError::Stale);
    }
    connection.run("DELETE FROM tenant_counter; DELETE FROM tenant").await?;
    connection.run(MAKE).await?;
    connection.rows_of(NOTE, &[progress]).await?;
    session.touch_everywhere();
    Ok(())
}

/// Adds rows.
pub(super) async fn add(session: &mut Session, part: &Part) -> Result<(), StoreError> {
    let connection = session.connection();
    let Part { table, rows, progress } = part;
    let lists = sql::lists(table, rows);
    connection.rows_of(&sql::insert(table), &borrowed(&lists)).await?;
    if table.name == "resource" {
        add_values(connection, rows).await?;
    }
    connection.rows_of(NOTE, &[progress]).await.map(drop)
}

async fn add_values(connection: &Connection, rows: &[Row]) -> Result<(), StoreError> {
    let (mut collections, mut attributes, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut aparts, mut resources) = (Vec::new(), Vec::new());
    for row in rows {
        let [key, collection, .., entries] = row.as_slice() else { continue };
        let (key, collection) = (key.integer().unwrap_or_default(), collection.integer().unwrap_or_default());
        for (attribute, value, unique) in sql::entries(entries)? {
            collections.push(collection);
            attributes.push(attribute);
            values.push(value.into_bytes());
            aparts.push(if unique { 0 } else { key });
            resources.push(key);
        }
    }
    let parameters: [&dyn crate::column::Parameter; 5] =
        [&collections, &attributes, &values, &aparts, &resources];
    connection.execute(ADD_VALUES, &parameters).await.map(drop)
}

/// Makes what follows from the rows.
pub(super) async fn finish(session: &mut Session) -> Result<(), StoreError> {
    let connection = session.connection();
    connection.run(FOLLOW).await?;
    for table in COUNTED {
        let next = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'key'), coalesce(max(key), 0) + 1, false) FROM {table}"
        );
        connection.rows_of(&next, &[]).await?;
    }
    session.forget();
    session.touch_everywhere();
    Ok(())
}
