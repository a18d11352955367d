//! Reading one resource.

use futures_util::future::join;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::{GroupRef, Stored};
use tokio_postgres::Row;
use uuid::Uuid;

use super::stored;
use crate::column::{Text, TextColumn, get};
use crate::connection::Connection;

const BY_ID: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = $1 AND c.source = $2 AND c.kind = $3";
const BY_KEYS: &str = "SELECT key, id, version, revision, created, modified, plain, body
    FROM resource WHERE key = ANY($1)";
const BY_IDS: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    g.ids, g.displays,
    CASE WHEN g.ids IS NOT NULL THEN (SELECT nested FROM source WHERE key = n.source) ELSE FALSE END, n.at
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::UUID[]) AS n (at, source, collection, id)
    JOIN resource AS r ON r.id = n.id AND r.collection = n.collection
    LEFT JOIN LATERAL (
        SELECT array_agg(g.id ORDER BY g.key) AS ids, array_agg(g.display ORDER BY g.key) AS displays
        FROM membership AS m JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = r.key
    ) AS g ON TRUE";
const BY_VALUES: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    g.ids, g.displays,
    CASE WHEN g.ids IS NOT NULL THEN (SELECT nested FROM source WHERE key = n.source) ELSE FALSE END, n.at
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[])
        AS n (at, source, collection, attribute, value)
    JOIN value AS v ON v.collection = n.collection AND v.value = n.value AND v.attribute = n.attribute AND v.apart = 0
    JOIN resource AS r ON r.key = v.resource
    LEFT JOIN LATERAL (
        SELECT array_agg(g.id ORDER BY g.key) AS ids, array_agg(g.display ORDER BY g.key) AS displays
        FROM membership AS m JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = r.key
    ) AS g ON TRUE";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_ID, BY_KEYS, BY_IDS, BY_VALUES];

/// The resource of this source, type and id.
pub(crate) async fn by_id(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    id: Uuid,
) -> Result<Option<Stored>, StoreError> {
    let row = connection.row(BY_ID, &[&id, &source.0, &kind]).await?;
    row.as_ref().map(stored).transpose()
}

/// A resource that is looked for, with its groups.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) source: SourceKey,
    pub(crate) collection: i64,
    pub(crate) by: By,
}

#[derive(Debug, Clone)]
pub(crate) enum By {
    Id(Uuid),
    /// A value of the unique attribute of this key.
    Value(i64, String),
}

/// What is there, or is not, or why it is not known.
pub(crate) type Answer = Result<Option<Found>, StoreError>;

/// Looks for many resources at once; each with its groups as they are at the same moment.
pub(crate) async fn find_all(connection: &Connection, asked: &[Asked]) -> Vec<Answer> {
    let (mut places, mut ids) = (Places::default(), Vec::new());
    let (mut value_places, mut attributes, mut values) = (Places::default(), Vec::new(), Vec::new());
    for (at, one) in asked.iter().enumerate() {
        match &one.by {
            By::Id(id) => {
                places.push(at, one);
                ids.push(*id);
            }
            By::Value(attribute, value) => {
                value_places.push(at, one);
                attributes.push(*attribute);
                values.push(Text(value));
            }
        }
    }
    let Places { at, sources, collections } = &places;
    let by_id = async {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        connection.rows(BY_IDS, &[at, sources, collections, &ids]).await
    };
    let Places { at, sources, collections } = &value_places;
    let by_value = async {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        connection.rows(BY_VALUES, &[at, sources, collections, &attributes, &values]).await
    };
    let mut answers: Vec<Answer> = (0..asked.len()).map(|_| Ok(None)).collect();
    let told = join(by_id, by_value).await;
    let told = told.0.and_then(|rows| tell(&rows, &mut answers)).and(told.1);
    match told.and_then(|rows| tell(&rows, &mut answers)) {
        Ok(()) => answers,
        Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// Where resources are looked for: the first parameters of the statement.
#[derive(Default)]
struct Places {
    at: Vec<i64>,
    sources: Vec<i64>,
    collections: Vec<i64>,
}

impl Places {
    fn push(&mut self, at: usize, asked: &Asked) {
        self.at.push(i64::try_from(at).unwrap_or(i64::MAX));
        self.sources.push(asked.source.0);
        self.collections.push(asked.collection);
    }
}

fn tell(rows: &[Row], answers: &mut [Answer]) -> Result<(), StoreError> {
    for row in rows {
        let at: i64 = get(row, 11)?;
        if let Some(answer) = usize::try_from(at).ok().and_then(|at| answers.get_mut(at)) {
            *answer = Found::read(row).map(Some);
        }
    }
    Ok(())
}

/// A resource with the groups that it is in itself.
pub(crate) struct Found {
    pub(crate) stored: Stored,
    pub(crate) groups: Vec<GroupRef>,
    /// Whether it may be in others through these.
    pub(crate) nested: bool,
}

impl Found {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let ids: Option<Vec<Uuid>> = get(row, 8)?;
        let displays: Option<Vec<Option<TextColumn>>> = get(row, 9)?;
        let groups = ids.unwrap_or_default().into_iter().zip(displays.unwrap_or_default());
        let group = |(id, display): (Uuid, Option<TextColumn>)| GroupRef {
            id,
            display: display.map(|text| text.0),
            direct: true,
        };
        let nested: Option<bool> = get(row, 10)?;
        Ok(Self { stored: stored(row)?, groups: groups.map(group).collect(), nested: nested == Some(true) })
    }
}

/// The resources of these keys, in their order.
pub(crate) async fn by_keys(connection: &Connection, keys: &[i64]) -> Result<Vec<Stored>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = connection.rows(BY_KEYS, &[&keys]).await?;
    let mut resources: Vec<Stored> = rows.iter().map(stored).collect::<Result<_, _>>()?;
    let place: std::collections::HashMap<i64, usize> =
        keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    resources.sort_unstable_by_key(|stored| place.get(&stored.key).copied());
    Ok(resources)
}
