//! What is known of each user: what it says, and whose it is.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::write::Batch;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;

const LOAD: &str = "SELECT id, identity, reserved, state, profile, candidates, since, held, gone FROM person
    WHERE source = ?1 AND resource = ?2";
const ADD: &str = "INSERT INTO person
    (source, resource, id, identity, reserved, state, profile, candidates, since, held, gone)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const CHANGE: &str =
    "UPDATE person SET identity = ?3, reserved = ?4, state = ?5, profile = ?6, candidates = ?7,
    since = ?8, held = ?9, gone = ?10 WHERE source = ?1 AND resource = ?2";
const REMOVE: &str = "DELETE FROM person WHERE source = ?1 AND resource = ?2";

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

    /// Reads the columns from `id` on.
    pub(crate) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        let state: i64 = row.get(from + 3)?;
        Ok(Self {
            id: row.get::<_, IdColumn>(from)?.0,
            identity: row.get(from + 1)?,
            reserved: row.get::<_, Option<IdColumn>>(from + 2)?.map(|id| id.0),
            state: match state {
                0 => State::Linked,
                2 => State::Waiting,
                3 => State::Refused,
                _ => State::Nobody,
            },
            profile: row.get(from + 4)?,
            candidates: row.get(from + 5)?,
            since: row.get::<_, Option<i64>>(from + 6)?.map(Timestamp),
            held: row.get::<_, Option<i64>>(from + 7)?.map(Timestamp),
            gone: row.get(from + 8)?,
        })
    }
}

pub(crate) fn load(
    connection: &Connection,
    source: SourceKey,
    resource: i64,
) -> Result<Option<PersonRow>, StoreError> {
    let mut statement = connection.prepare_cached(LOAD).or_unavailable()?;
    statement.query_row((source.0, resource), |row| PersonRow::read(row, 0)).optional().or_unavailable()
}

/// Writes the row where it is other than before.
pub(crate) fn save(
    session: &mut Session<'_>,
    source: SourceKey,
    resource: i64,
    before: Option<&PersonRow>,
    after: &PersonRow,
) -> Result<(), StoreError> {
    if before == Some(after) {
        return Ok(());
    }
    let reserved = after.reserved.map(IdColumn);
    let time = |at: Option<Timestamp>| at.map(|at| at.0);
    let (state, since, held) = (after.state as i64, time(after.since), time(after.held));
    let (identity, profile, candidates) = (after.identity, &after.profile, &after.candidates);
    if before.is_some() {
        let row =
            (source.0, resource, identity, reserved, state, profile, candidates, since, held, after.gone);
        session.prepare(CHANGE)?.execute(row).or_unavailable()?;
    } else {
        let id = IdColumn(after.id);
        let row =
            (source.0, resource, id, identity, reserved, state, profile, candidates, since, held, after.gone);
        session.prepare(ADD)?.execute(row).or_unavailable()?;
    }
    Ok(())
}

pub(crate) fn remove(session: &mut Session<'_>, source: SourceKey, resource: i64) -> Result<(), StoreError> {
    session.prepare(REMOVE)?.execute((source.0, resource)).map(drop).or_unavailable()
}

/// An expression says that the user is none of ours: nothing it said counts any more, and nothing else changes.
pub(crate) fn skip(
    session: &mut Session<'_>,
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
    save(session, batch.source, key, row, &after)
}
