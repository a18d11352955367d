//! What is known of each user: what it says, and whose it is.

use std::collections::HashMap;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::write::Batch;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{Parameter, get, time};
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::Session;

const LOAD: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = $1 AND resource = ANY ($2)";
const ADD: &str = "INSERT INTO person
    (source, resource, id, identity, reserved, state, profile, candidates, since, held, gone)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const CHANGE: &str =
    "UPDATE person SET identity = $3, reserved = $4, state = $5, profile = $6, candidates = $7,
    since = $8, held = $9, gone = $10 WHERE source = $1 AND resource = $2";
const REMOVE: &str = "DELETE FROM person WHERE source = $1 AND resource = $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOAD, ADD, CHANGE, REMOVE];

/// Whether an identity came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Linked = 0,
    Nobody = 1,
    Waiting = 2,
    Refused = 3,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PersonRow {
    pub(crate) id: Uuid,
    pub(crate) identity: Option<i64>,
    pub(crate) reserved: Option<Uuid>,
    pub(crate) state: State,
    pub(crate) profile: Option<String>,
    pub(crate) candidates: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) held: Option<Timestamp>,
    pub(crate) gone: bool,
}

impl PersonRow {
    /// Of a user of whom nothing is known.
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            id,
            identity: None,
            reserved: None,
            state: State::Nobody,
            profile: None,
            candidates: None,
            since: None,
            held: None,
            gone: false,
        }
    }

    /// What the user says.
    pub(crate) fn profile(&self) -> Result<Option<Profile>, StoreError> {
        let parse =
            |text: &String| serde_json::from_str(text).map_err(|error| corrupt("person", "profile", error));
        self.profile.as_ref().map(parse).transpose()
    }

    /// Keeps what the user says.
    pub(crate) fn say(&mut self, profile: &Profile) -> Result<(), StoreError> {
        let text = serde_json::to_string(profile).map_err(|error| corrupt("person", "profile", error))?;
        self.profile = Some(text);
        Ok(())
    }

    /// Reads key of the user, and row.
    pub(crate) fn read(row: &Row) -> Result<(i64, Self), StoreError> {
        let person = Self {
            id: get(row, 1)?,
            identity: get(row, 2)?,
            reserved: get(row, 3)?,
            state: match get::<i64>(row, 4)? {
                0 => State::Linked,
                2 => State::Waiting,
                3 => State::Refused,
                _ => State::Nobody,
            },
            profile: get(row, 5)?,
            candidates: get(row, 6)?,
            since: time(row, 7)?,
            held: time(row, 8)?,
            gone: get(row, 9)?,
        };
        Ok((get(row, 0)?, person))
    }
}

pub(crate) async fn load(
    connection: &Connection,
    source: SourceKey,
    resource: i64,
) -> Result<Option<PersonRow>, StoreError> {
    Ok(load_all(connection, source, &[resource]).await?.remove(&resource))
}

/// What is known of each of these users, by their keys.
pub(crate) async fn load_all(
    connection: &Connection,
    source: SourceKey,
    resources: &[i64],
) -> Result<HashMap<i64, PersonRow>, StoreError> {
    if resources.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = connection.rows(LOAD, &[&source.0, &resources]).await?;
    rows.iter().map(PersonRow::read).collect()
}

/// Writes the row where it is other than before.
pub(crate) async fn save(
    session: &mut Session,
    source: SourceKey,
    resource: i64,
    before: Option<&PersonRow>,
    after: &PersonRow,
) -> Result<(), StoreError> {
    if before == Some(after) {
        return Ok(());
    }
    let PersonRow { id, identity, reserved, profile, candidates, gone, .. } = after;
    let time = |at: Option<Timestamp>| at.map(|at| at.0);
    let (state, since, held) = (after.state as i64, time(after.since), time(after.held));
    let source = &source.0;
    let done = if before.is_some() {
        let row: [&dyn Parameter; 10] =
            [source, &resource, identity, reserved, &state, profile, candidates, &since, &held, gone];
        session.execute(CHANGE, &row).await
    } else {
        let row: [&dyn Parameter; 11] =
            [source, &resource, id, identity, reserved, &state, profile, candidates, &since, &held, gone];
        session.execute(ADD, &row).await
    };
    done.map(drop)
}

pub(crate) async fn remove(
    session: &mut Session,
    source: SourceKey,
    resource: i64,
) -> Result<(), StoreError> {
    session.execute(REMOVE, &[&source.0, &resource]).await.map(drop)
}

/// An expression says that the user is none of ours: nothing it said counts any more, and nothing else changes.
pub(crate) async fn skip(
    session: &mut Session,
    batch: &Batch,
    (key, id): (i64, Uuid),
    row: Option<&PersonRow>,
    new_id: Uuid,
) -> Result<(), StoreError> {
    let mut after = row.cloned().unwrap_or_else(|| PersonRow::new(id));
    after.profile = None;
    if after.identity.is_none() {
        after.reserved = after.reserved.or(Some(new_id));
        after.candidates = None;
        after.since = None;
        if after.state == State::Waiting {
            after.state = State::Nobody;
        }
    }
    save(session, batch.source, key, row, &after).await
}
