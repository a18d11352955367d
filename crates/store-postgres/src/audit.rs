//! The audit: appending within the transaction of a change, and reading.

use rollcall_domain::audit::{Draft, Entry, Event, Hash, Head};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::administration::AuditQuery;
use tokio_postgres::Row;

use crate::column::get;
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const HEAD: &str = "SELECT sequence, hash FROM audit_head WHERE one = 1";
const SET_HEAD: &str = "INSERT INTO audit_head (one, sequence, hash) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
const ADD: &str = "INSERT INTO audit
    (sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const AFTER: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2";
/// What is below a subject begins with it and `/`.
const LATEST: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE sequence < $1 AND ($3::TEXT IS NULL OR actor = $3) AND ($4::TEXT IS NULL OR action = $4)
    AND ($5::TEXT IS NULL OR subject = $5 OR left(subject, length($5) + 1) = $5 || '/')
    ORDER BY sequence DESC LIMIT $2";
const LATEST_OF_TENANT: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE tenant = $6 AND sequence < $1 AND ($3::TEXT IS NULL OR actor = $3)
    AND ($4::TEXT IS NULL OR action = $4)
    AND ($5::TEXT IS NULL OR subject = $5 OR left(subject, length($5) + 1) = $5 || '/')
    ORDER BY sequence DESC LIMIT $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HEAD, SET_HEAD, ADD, AFTER, LATEST, LATEST_OF_TENANT];

/// Puts an entry at the end of the chain. Call it in the transaction of what it tells of, after that succeeded, and
/// while that holds the row of `installation`: so entries of all nodes come one after the other.
pub(crate) async fn append(session: &mut Session, draft: &Draft) -> Result<(), StoreError> {
    let entry = draft.after(&head(session.connection()).await?);
    let Entry { sequence, event, previous, hash } = &entry;
    session
        .execute(
            ADD,
            &[
                &signed(*sequence),
                &event.at.0,
                &event.tenant.map(|tenant| tenant.0),
                &event.actor,
                &event.request_id,
                &event.action,
                &event.subject,
                &event.before,
                &event.after,
                &&previous[..],
                &&hash[..],
            ],
        )
        .await?;
    session.execute(SET_HEAD, &[&signed(*sequence), &&hash[..]]).await.map(drop)
}

pub(crate) async fn head(connection: &Connection) -> Result<Head, StoreError> {
    let Some(row) = connection.row(HEAD, &[]).await? else { return Ok(Head::default()) };
    Ok(Head {
        sequence: unsigned(get(&row, 0)?, "audit_head", "sequence")?,
        hash: whole("audit_head", "hash", get(&row, 1)?)?,
    })
}

pub(crate) async fn after(connection: &Connection, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let rows = connection.rows(AFTER, &[&signed(after), &i64::from(limit)]).await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn latest(
    connection: &Connection,
    query: &AuditQuery,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    // Nothing that is kept has what a column cannot hold.
    let texts = [&query.actor, &query.action, &query.subject];
    if texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Ok(Vec::new());
    }
    let (before, limit) = (before.map_or(i64::MAX, signed), i64::from(limit));
    let (actor, action, subject) = (&query.actor, &query.action, &query.subject);
    let rows = match query.tenant {
        Some(tenant) => {
            let bound = LATEST_OF_TENANT;
            connection.rows(bound, &[&before, &limit, actor, action, subject, &tenant.0]).await?
        }
        None => connection.rows(LATEST, &[&before, &limit, actor, action, subject]).await?,
    };
    rows.iter().map(read).collect()
}

fn whole(table: &'static str, column: &'static str, bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| corrupt(table, column, "not 32 bytes"))
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    let event = Event {
        at: Timestamp(get(row, 1)?),
        tenant: get::<Option<i64>>(row, 2)?.map(TenantKey),
        actor: get(row, 3)?,
        request_id: get(row, 4)?,
        action: get(row, 5)?,
        subject: get(row, 6)?,
        before: get(row, 7)?,
        after: get(row, 8)?,
    };
    Ok(Entry {
        sequence: unsigned(get(row, 0)?, "audit", "sequence")?,
        event,
        previous: whole("audit", "previous", get(row, 9)?)?,
        hash: whole("audit", "hash", get(row, 10)?)?,
    })
}
