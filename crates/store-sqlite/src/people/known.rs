//! What is known before a decision: whose the user is, who has the same names, who was there before, which groups.

use std::collections::BTreeMap;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Status, Tombstone};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::policy::decide::{Candidate, Found, Known, Occasion, Question, decide};
use rollcall_domain::policy::roles::Membership;
use rollcall_domain::policy::settings::Otherwise;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::people::{Foreseen, Rules, Supposed};
use rollcall_store::write::Batch;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::identity::{self, EMAIL, EXTERNAL_ID, USER_NAME};
use super::person;
use crate::error::{IdColumn, OrUnavailable as _};
use crate::groups;

const DEPARTURE: &str = "SELECT identity, at FROM departure WHERE source = ?1 AND external_id = ?2";
const RESOURCE: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2";
pub(crate) const GROUP_EXTERNAL_ID: &str = "SELECT e.value ->> 1 FROM resource AS r
    JOIN attribute AS a ON a.collection = r.collection AND a.path = 'externalId' JOIN json_each(r.entries) AS e
    WHERE r.id = ?1 AND e.value ->> 0 = a.key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[DEPARTURE, RESOURCE, GROUP_EXTERNAL_ID];

/// Identities that are looked at when a name is not one's alone.
pub(crate) const MAX_CANDIDATES: usize = 20;

/// Whom it is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Whom {
    pub(crate) tenant: TenantKey,
    pub(crate) source: SourceKey,
    /// The user's row; `None` for one that is not there, or in no group.
    pub(crate) resource: Option<i64>,
    /// The identity that it is linked to.
    pub(crate) linked: Option<i64>,
}

/// What is known, and the rows that it came from.
#[derive(Default)]
pub(crate) struct Knowledge {
    pub(crate) known: Known,
    rows: Vec<StoredIdentity>,
}

impl Knowledge {
    /// The row of an identity that is known.
    pub(crate) fn row(&self, id: Uuid) -> Option<&StoredIdentity> {
        self.rows.iter().find(|row| row.identity.id == id)
    }

    pub(crate) fn keep(&mut self, row: StoredIdentity) {
        if self.row(row.identity.id).is_none() {
            self.rows.push(row);
        }
    }
}

/// Reads what is known.
pub(crate) fn load(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    occasion: Occasion,
    profile: &Profile,
) -> Result<Knowledge, StoreError> {
    let mut knowledge = Knowledge::default();
    if let Some(key) = whom.linked
        && let Some(row) = identity::by_key(connection, key)?
    {
        knowledge.known.linked = Some(row.identity.clone());
        knowledge.keep(row);
    }
    if occasion != Occasion::Removed {
        if knowledge.known.linked.is_none() {
            candidates(connection, whom, rules, profile, &mut knowledge)?;
            returning(connection, whom, rules, profile, &mut knowledge)?;
        }
        if let Some(resource) = whom.resource.filter(|_| rules.reads_groups()) {
            knowledge.known.memberships = memberships(connection, whom.source, rules, resource)?;
        }
    }
    Ok(knowledge)
}

/// Others that have the same names.
fn candidates(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    profile: &Profile,
    knowledge: &mut Knowledge,
) -> Result<(), StoreError> {
    let matching = &rules.policy.identity.r#match;
    if matching.by.is_empty() && matching.otherwise == Otherwise::Create {
        return Ok(());
    }
    let names = [
        (profile.external_id.as_deref(), EXTERNAL_ID, Found::ExternalId),
        (profile.user_name.as_deref(), USER_NAME, Found::UserName),
        (profile.email.as_deref(), EMAIL, Found::Email),
    ];
    let mut found: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
    let (mut asked, mut answer) = (None, Vec::new());
    for (name, how, what) in names {
        let Some(name) = name else { continue };
        // User name and address are often the same.
        if asked != Some(name) {
            answer = identity::named(connection, whom.tenant, name, MAX_CANDIDATES)?;
            asked = Some(name);
        }
        for (key, _) in answer.iter().filter(|(_, has)| has & how != 0) {
            found.entry(*key).or_default().push(what);
        }
    }
    for (key, mut found) in found.into_iter().take(MAX_CANDIDATES) {
        let Some(row) = identity::by_key(connection, key)? else { continue };
        let identity = row.identity.clone();
        // Names are kept in lower case, and an externalId is what it is.
        let is_exact = identity.links.iter().any(|link| link.external_id == profile.external_id);
        found.retain(|found| *found != Found::ExternalId || is_exact);
        if identity.status != Status::Deleted && !found.is_empty() {
            knowledge.known.candidates.push(Candidate { found, identity });
            knowledge.keep(row);
        }
    }
    Ok(())
}

/// Who had the `externalId` before.
fn returning(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    profile: &Profile,
    knowledge: &mut Knowledge,
) -> Result<(), StoreError> {
    let Some(external_id) = &profile.external_id else { return Ok(()) };
    let mut statement = connection.prepare_cached(DEPARTURE).or_unavailable()?;
    let row: Option<(IdColumn, i64)> = statement
        .query_row((whom.source.0, external_id), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .or_unavailable()?;
    let Some((IdColumn(id), at)) = row else { return Ok(()) };
    knowledge.known.tombstone = Some(Tombstone {
        source: rules.source,
        external_id: external_id.clone(),
        identity: id,
        at: Timestamp(at),
    });
    if let Some(row) = identity::by_id(connection, whom.tenant, id)? {
        knowledge.known.returning = Some(row.identity.clone());
        knowledge.keep(row);
    }
    Ok(())
}

/// The groups of a user, direct and through others, with their keys.
fn memberships(
    connection: &Connection,
    source: SourceKey,
    rules: &Rules,
    resource: i64,
) -> Result<Vec<Membership>, StoreError> {
    let groups = groups::of_resource(connection, source, resource)?;
    groups
        .into_iter()
        .map(|group| {
            let external_id =
                if rules.reads_external_ids() { external_id(connection, group.id)? } else { None };
            Ok(Membership { id: group.id, external_id })
        })
        .collect()
}

/// The `externalId` of a group.
pub(crate) fn external_id(connection: &Connection, group: Uuid) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(GROUP_EXTERNAL_ID).or_unavailable()?;
    statement.query_row([IdColumn(group)], |row| row.get(0)).optional().or_unavailable()
}

/// What would be decided now, without writing anything.
pub(crate) fn foresee(
    connection: &Connection,
    context: &Batch,
    supposed: &[Supposed],
) -> Result<Vec<Foreseen>, StoreError> {
    let Some(rules) = &context.rules else { return Ok(Vec::new()) };
    let foresee = |supposed: &Supposed| {
        let key: Option<i64> = {
            let mut statement = connection.prepare_cached(RESOURCE).or_unavailable()?;
            let bound = (IdColumn(supposed.resource), context.source.0);
            statement.query_row(bound, |row| row.get(0)).optional().or_unavailable()?
        };
        let row = match key {
            Some(key) => person::load(connection, context.source, key)?,
            None => None,
        };
        let linked = row.as_ref().and_then(|row| row.identity);
        let whom = Whom { tenant: context.tenant, source: context.source, resource: key, linked };
        let knowledge = load(connection, whom, rules, Occasion::Pushed, &supposed.profile)?;
        let question = Question {
            policy: &rules.policy,
            occasion: Occasion::Pushed,
            source: rules.source,
            resource: supposed.resource,
            profile: &supposed.profile,
            now: context.now,
            new_id: row.and_then(|row| row.reserved).unwrap_or_default(),
        };
        Ok(Foreseen { resource: supposed.resource, decision: decide(&question, &knowledge.known) })
    };
    supposed.iter().map(foresee).collect()
}
