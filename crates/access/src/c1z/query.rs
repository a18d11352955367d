//! What is asked of one sync in a `.c1z`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rusqlite::{OptionalExtension as _, Params, ToSql, params};
use serde::Serialize;

use super::error::C1zError;
use super::reader::{Sync, View};
use super::wire::Wire;
use crate::model::{Entitlement, Grant, Resource, ResourceId, ResourceType};

/// Which grants.
#[derive(Debug, Clone, Copy)]
pub enum GrantFilter<'a> {
    /// All.
    All,
    /// Those of an entitlement, by its id.
    Entitlement(&'a str),
    /// Those of all entitlements of a resource.
    Resource(&'a ResourceId),
    /// Those that a principal holds itself.
    Principal(&'a ResourceId),
}

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Resource`]s.
    Resource,
    /// [`Entitlement`]s.
    Entitlement,
    /// [`Grant`]s.
    Grant,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// Of [`Kind::Resource`].
    Resource(Resource),
    /// Of [`Kind::Entitlement`].
    Entitlement(Entitlement),
    /// Of [`Kind::Grant`].
    Grant(Box<Grant>),
}

/// How two syncs differ in one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is in the newer one only.
    Created,
    /// It is in the older one only.
    Deleted,
    /// It is in both, not the same; what is shown is the newer.
    Modified,
}

/// How many of what a sync found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Resource types.
    pub resource_types: u64,
    /// Entitlements.
    pub entitlements: u64,
    /// Grants.
    pub grants: u64,
    /// Resources of each type, by the type's id.
    #[serde(flatten)]
    pub resources: BTreeMap<String, u64>,
}

/// An entitlement that a principal holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// Which.
    pub entitlement: Entitlement,
    /// The entitlements it is held through, the principal's own first; empty when it holds it itself.
    pub through: Vec<String>,
}

impl Kind {
    fn table(self) -> &'static str {
        match self {
            Self::Resource => "v1_resources",
            Self::Entitlement => "v1_entitlements",
            Self::Grant => "v1_grants",
        }
    }
}

impl View<'_> {
    /// The sync.
    pub fn sync(&self) -> &Sync {
        &self.sync
    }

    /// A resource type.
    ///
    /// # Errors
    ///
    /// [`C1zError::Damaged`], as of every method.
    pub fn resource_type(&self, id: &str) -> Result<Option<ResourceType>, C1zError> {
        self.one("select data from v1_resource_types where external_id = ? and sync_id = ?", id)
    }

    /// A resource.
    pub fn resource(&self, id: &ResourceId) -> Result<Option<Resource>, C1zError> {
        self.one("select data from v1_resources where external_id = ? and sync_id = ?", &id.to_string())
    }

    /// An entitlement.
    pub fn entitlement(&self, id: &str) -> Result<Option<Entitlement>, C1zError> {
        self.one("select data from v1_entitlements where external_id = ? and sync_id = ?", id)
    }

    /// A grant.
    pub fn grant(&self, id: &str) -> Result<Option<Grant>, C1zError> {
        self.one("select data from v1_grants where external_id = ? and sync_id = ?", id)
    }

    /// Goes through the resource types.
    pub fn resource_types<E: From<C1zError>>(
        &self,
        each: impl FnMut(ResourceType) -> Result<(), E>,
    ) -> Result<(), E> {
        let statement = "select data from v1_resource_types where sync_id = ? order by id";
        self.each(statement, [&self.sync.id], each)
    }

    /// Goes through the resources, of one type or all, in the order they were found.
    pub fn resources<E: From<C1zError>>(
        &self,
        kind: Option<&str>,
        each: impl FnMut(Resource) -> Result<(), E>,
    ) -> Result<(), E> {
        self.of_type("v1_resources", kind, each)
    }

    /// Goes through the entitlements, of resources of one type or all.
    pub fn entitlements<E: From<C1zError>>(
        &self,
        kind: Option<&str>,
        each: impl FnMut(Entitlement) -> Result<(), E>,
    ) -> Result<(), E> {
        self.of_type("v1_entitlements", kind, each)
    }

    /// Goes through grants.
    pub fn grants<E: From<C1zError>>(
        &self,
        filter: GrantFilter<'_>,
        each: impl FnMut(Grant) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = condition(filter);
        let statement = format!("select data from v1_grants where sync_id = ?{condition} order by id");
        self.each(&statement, rusqlite::params_from_iter(self.with_sync(&values)), each)
    }

    /// Goes through those who hold something themselves, each once.
    pub fn principals<E: From<C1zError>>(
        &self,
        filter: GrantFilter<'_>,
        mut each: impl FnMut(ResourceId) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = condition(filter);
        let statement = format!(
            "select principal_resource_type_id, principal_resource_id from v1_grants where sync_id = ?{condition} \
             group by 1, 2 order by min(id)"
        );
        let file = self.file;
        let damaged = |error| E::from(file.damaged(error));
        let mut statement = file.connection.prepare(&statement).map_err(damaged)?;
        let values = rusqlite::params_from_iter(self.with_sync(&values));
        let mut rows = statement.query(values).map_err(damaged)?;
        while let Some(row) = rows.next().map_err(damaged)? {
            let part = |column| row.get::<_, String>(column).map_err(damaged);
            each(ResourceId::new(part(0)?, part(1)?))?;
        }
        Ok(())
    }

    /// Everything that a principal holds: itself, or because a group that it is in holds it, however far up.
    pub fn access(&self, principal: &ResourceId) -> Result<Vec<Held>, C1zError> {
        let mut held: Vec<(String, Vec<String>)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut waiting = VecDeque::new();
        self.grants(GrantFilter::Principal(principal), |grant| -> Result<(), C1zError> {
            waiting.push_back((grant.entitlement.id, grant.entitlement.resource.id, Vec::new()));
            Ok(())
        })?;
        while let Some((id, of, through)) = waiting.pop_front() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let direct = through.is_empty();
            let mut further = through.clone();
            further.push(id.clone());
            held.push((id.clone(), through));
            self.grants(GrantFilter::Principal(&of), |grant| -> Result<(), C1zError> {
                let Some(expandable) = grant.expandable() else { return Ok(()) };
                let types = &expandable.resource_type_ids;
                let reaches = expandable.entitlement_ids.contains(&id)
                    && (direct || !expandable.shallow)
                    && (types.is_empty() || types.contains(&principal.resource_type));
                if reaches {
                    waiting.push_back((
                        grant.entitlement.id.clone(),
                        grant.entitlement.resource.id,
                        further.clone(),
                    ));
                }
                Ok(())
            })?;
        }
        let known = |(id, through): (String, Vec<String>)| {
            let entitlement = self.entitlement(&id)?;
            let named = || Entitlement { id: id.clone(), ..Entitlement::default() };
            Ok(Held { entitlement: entitlement.unwrap_or_else(named), through })
        };
        held.into_iter().map(known).collect()
    }

    /// How many of what it found.
    pub fn stats(&self) -> Result<Stats, C1zError> {
        let mut stats = Stats {
            resource_types: self.count("v1_resource_types")?,
            entitlements: self.count("v1_entitlements")?,
            grants: self.count("v1_grants")?,
            resources: BTreeMap::new(),
        };
        // A type without resources is counted, too.
        self.resource_types(|kind| -> Result<(), C1zError> {
            stats.resources.insert(kind.id, 0);
            Ok(())
        })?;
        let statement =
            "select resource_type_id, count(*) from v1_resources where sync_id = ? group by 1 order by 1";
        self.file.read(|connection| {
            let mut statement = connection.prepare(statement)?;
            let mut rows = statement.query([&self.sync.id])?;
            while let Some(row) = rows.next()? {
                stats.resources.insert(row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok(())
        })?;
        Ok(stats)
    }

    /// Goes through what is not the same as in `older`, a sync of the same file or of another.
    pub fn changes<E: From<C1zError>>(
        &self,
        older: &View<'_>,
        kind: Kind,
        change: Change,
        mut each: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        match kind {
            Kind::Resource => self.changed(older, kind, change, |found| each(Row::Resource(found))),
            Kind::Entitlement => self.changed(older, kind, change, |found| each(Row::Entitlement(found))),
            Kind::Grant => self.changed(older, kind, change, |found| each(Row::Grant(Box::new(found)))),
        }
    }

    fn changed<T: Wire, E: From<C1zError>>(
        &self,
        older: &View<'_>,
        kind: Kind,
        change: Change,
        each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let table = kind.table();
        if !std::ptr::eq(self.file, older.file) {
            return match change {
                Change::Created => self.compared(older, table, |_, other| other.is_none(), each),
                Change::Deleted => older.compared(self, table, |_, other| other.is_none(), each),
                Change::Modified => {
                    let differs =
                        |mine: &[u8], other: Option<&[u8]>| other.is_some_and(|other| other != mine);
                    self.compared(older, table, differs, each)
                }
            };
        }
        let only_in_first = format!(
            "select data from {table} mine where sync_id = ?1 and not exists (select 1 from {table} other \
             where other.external_id = mine.external_id and other.sync_id = ?2) order by id"
        );
        let (new, old) = (&self.sync.id, &older.sync.id);
        match change {
            Change::Created => self.each(&only_in_first, [new, old], each),
            Change::Deleted => self.each(&only_in_first, [old, new], each),
            Change::Modified => {
                let both = format!(
                    "select mine.data from {table} mine join {table} other on other.external_id = mine.external_id \
                     and other.sync_id = ?2 where mine.sync_id = ?1 and mine.data <> other.data order by mine.id"
                );
                self.each(&both, [new, old], each)
            }
        }
    }

    /// Goes through the rows that are wanted, each beside that of the same id in another file.
    fn compared<T: Wire, E: From<C1zError>>(
        &self,
        other: &View<'_>,
        table: &str,
        wanted: impl Fn(&[u8], Option<&[u8]>) -> bool,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let here = |error| E::from(self.file.damaged(error));
        let there = |error| E::from(other.file.damaged(error));
        let find = format!("select data from {table} where external_id = ? and sync_id = ?");
        let mut find = other.file.connection.prepare(&find).map_err(there)?;
        let all = format!("select external_id, data from {table} where sync_id = ? order by id");
        let mut all = self.file.connection.prepare(&all).map_err(here)?;
        let mut rows = all.query([&self.sync.id]).map_err(here)?;
        while let Some(row) = rows.next().map_err(here)? {
            let id: String = row.get(0).map_err(here)?;
            let mine = row.get_ref(1).and_then(|data| Ok(data.as_blob()?)).map_err(here)?;
            let mut found = find.query([&id, &other.sync.id]).map_err(there)?;
            let found = found.next().map_err(there)?;
            let found = found.map(|row| row.get_ref(0).and_then(|data| Ok(data.as_blob()?))).transpose();
            if wanted(mine, found.map_err(there)?) {
                each(T::decode(mine).map_err(|error| E::from(self.file.damaged(error)))?)?;
            }
        }
        Ok(())
    }

    fn count(&self, table: &str) -> Result<u64, C1zError> {
        let statement = format!("select count(*) from {table} where sync_id = ?");
        let count: i64 = self
            .file
            .read(|connection| connection.query_row(&statement, [&self.sync.id], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    fn of_type<T: Wire, E: From<C1zError>>(
        &self,
        table: &str,
        kind: Option<&str>,
        each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        match kind {
            None => {
                let statement = format!("select data from {table} where sync_id = ? order by id");
                self.each(&statement, [&self.sync.id], each)
            }
            Some(kind) => {
                let statement = format!(
                    "select data from {table} where sync_id = ? and resource_type_id = ? order by id"
                );
                self.each(&statement, [self.sync.id.as_str(), kind], each)
            }
        }
    }

    fn one<T: Wire>(&self, statement: &str, id: &str) -> Result<Option<T>, C1zError> {
        let data: Option<Vec<u8>> = self.file.read(|connection| {
            let mut statement = connection.prepare_cached(statement)?;
            statement.query_row(params![id, self.sync.id], |row| row.get(0)).optional()
        })?;
        data.map(|data| T::decode(&data).map_err(|error| self.file.damaged(format!("{id}: {error}"))))
            .transpose()
    }

    fn each<T: Wire, E: From<C1zError>>(
        &self,
        statement: &str,
        values: impl Params,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = self.file;
        let damaged = |error| E::from(file.damaged(error));
        let mut statement = file.connection.prepare(statement).map_err(damaged)?;
        let mut rows = statement.query(values).map_err(damaged)?;
        while let Some(row) = rows.next().map_err(damaged)? {
            let data = row.get_ref(0).and_then(|data| Ok(data.as_blob()?)).map_err(damaged)?;
            each(T::decode(data).map_err(|error| E::from(file.damaged(error)))?)?;
        }
        Ok(())
    }

    fn with_sync<'v>(&'v self, values: &'v [&'v str]) -> impl Iterator<Item = &'v dyn ToSql> {
        let sync: &dyn ToSql = &self.sync.id;
        std::iter::once(sync).chain(values.iter().map(|value| value as &dyn ToSql))
    }
}

/// What is added to a condition, and its values.
fn condition(filter: GrantFilter<'_>) -> (&'static str, Vec<&str>) {
    match filter {
        GrantFilter::All => ("", Vec::new()),
        GrantFilter::Entitlement(id) => (" and entitlement_id = ?", vec![id]),
        GrantFilter::Resource(id) => {
            (" and resource_type_id = ? and resource_id = ?", vec![&id.resource_type, &id.resource])
        }
        GrantFilter::Principal(id) => (
            " and principal_resource_type_id = ? and principal_resource_id = ?",
            vec![&id.resource_type, &id.resource],
        ),
    }
}
