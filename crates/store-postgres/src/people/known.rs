//! What is known before a decision: whose the user is, who has the same names, who was there before, which groups.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::{try_join, try_join_all, try_join3};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Status, Tombstone};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::policy::decide::{Candidate, Decision, Found, Known, Occasion, Question, decide};
use rollcall_domain::policy::roles::Membership;
use rollcall_domain::policy::settings::Otherwise;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::people::{Foreseen, Rules, Supposed};
use rollcall_store::write::Batch;
use uuid::Uuid;

use super::group;
use super::identity::{self, EMAIL, EXTERNAL_ID, USER_NAME};
use super::person::{self, PersonRow};
use crate::column::{Text, get, named};
use crate::connection::Connection;

const DEPARTURE: &str = "SELECT identity, at FROM departure WHERE source = $1 AND external_id = $2";
const RESOURCES: &str = "SELECT r.id, r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ANY ($1) AND c.source = $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[DEPARTURE, RESOURCES];

/// Identities that are looked at when a name is not one's alone.
pub(crate) const MAX_CANDIDATES: usize = 20;
/// Questions that are under way at the same time, when many are asked.
const AT_ONCE: usize = 32;

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

/// What was read of one user before it is asked about; nothing of it, when nothing was.
#[derive(Default)]
pub(crate) struct Ahead {
    linked: Option<StoredIdentity>,
    memberships: Option<Vec<Membership>>,
}

/// What was read of many users at once, in the transaction that decides about them one after the other.
pub(crate) struct Together {
    identities: HashMap<i64, StoredIdentity>,
    keys: HashMap<Uuid, i64>,
    /// `None`: groups mean nothing.
    memberships: Option<HashMap<i64, Vec<Membership>>>,
}

impl Together {
    /// Reads what is asked of each of these.
    pub(crate) async fn of(
        connection: &Connection,
        rules: &Rules,
        people: &[(i64, PersonRow)],
        occasion: Occasion,
    ) -> Result<Self, StoreError> {
        let linked: Vec<i64> = people.iter().filter_map(|(_, row)| row.identity).collect();
        let resources: Vec<i64> = people.iter().map(|(key, _)| *key).collect();
        let groups = async {
            if occasion == Occasion::Removed || !rules.reads_groups() {
                return Ok(None);
            }
            group::memberships(connection, rules, &resources).await.map(Some)
        };
        let (identities, memberships) = try_join(identity::by_keys(connection, &linked), groups).await?;
        let keys = identities.iter().map(|row| (row.identity.id, row.key)).collect();
        let identities = identities.into_iter().map(|row| (row.key, row)).collect();
        Ok(Self { identities, keys, memberships })
    }

    /// What was read of this one.
    pub(crate) fn take(&mut self, resource: i64, linked: Option<i64>) -> Ahead {
        let linked = linked.and_then(|key| self.identities.remove(&key));
        let memberships = self.memberships.as_mut();
        Ahead { linked, memberships: memberships.map(|all| all.remove(&resource).unwrap_or_default()) }
    }

    /// An identity was written: it is not what was read, whoever else is linked to it.
    pub(crate) fn forget(&mut self, decision: &Decision) {
        if let Some(after) = &decision.identity
            && let Some(key) = self.keys.get(&after.id)
        {
            self.identities.remove(key);
        }
    }
}

/// Reads what is known.
pub(crate) async fn load(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    (occasion, profile): (Occasion, &Profile),
    ahead: &Ahead,
) -> Result<Knowledge, StoreError> {
    let is_there = occasion != Occasion::Removed;
    let groups = async {
        match (&ahead.memberships, whom.resource) {
            (Some(memberships), _) => Ok(memberships.clone()),
            (None, Some(resource)) if is_there && rules.reads_groups() => {
                let found = group::memberships(connection, rules, &[resource]).await?;
                Ok(found.into_values().next().unwrap_or_default())
            }
            (None, _) => Ok(Vec::new()),
        }
    };
    let linked = async {
        match (&ahead.linked, whom.linked) {
            (Some(row), _) => Ok(Some(row.clone())),
            (None, Some(key)) => identity::by_key(connection, key).await,
            (None, None) => Ok(None),
        }
    };
    // Where nobody is linked, all is asked in one round trip.
    let guess = is_there && whom.linked.is_none();
    let (linked, memberships, mut knowledge) =
        try_join3(linked, groups, others(connection, whom, rules, profile, guess)).await?;
    if linked.is_none() && is_there && !guess {
        knowledge = others(connection, whom, rules, profile, true).await?;
    }
    if let Some(row) = linked {
        knowledge.known.linked = Some(row.identity.clone());
        knowledge.keep(row);
    }
    knowledge.known.memberships = memberships;
    Ok(knowledge)
}

/// Who else it may be; nobody unless that is wanted.
async fn others(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    profile: &Profile,
    is_wanted: bool,
) -> Result<Knowledge, StoreError> {
    let mut knowledge = Knowledge::default();
    if is_wanted {
        let named = candidates(connection, whom, rules, profile);
        let (named, gone) = try_join(named, returning(connection, whom, rules, profile)).await?;
        for (candidate, row) in named {
            knowledge.known.candidates.push(candidate);
            knowledge.keep(row);
        }
        if let Some((tombstone, row)) = gone {
            knowledge.known.tombstone = Some(tombstone);
            knowledge.known.returning = row.as_ref().map(|row| row.identity.clone());
            if let Some(row) = row {
                knowledge.keep(row);
            }
        }
    }
    Ok(knowledge)
}

/// Others that have the same names.
async fn candidates(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    profile: &Profile,
) -> Result<Vec<(Candidate, StoredIdentity)>, StoreError> {
    let matching = &rules.policy.identity.r#match;
    if matching.by.is_empty() && matching.otherwise == Otherwise::Create {
        return Ok(Vec::new());
    }
    let names = [
        (profile.external_id.as_deref(), EXTERNAL_ID, Found::ExternalId),
        (profile.user_name.as_deref(), USER_NAME, Found::UserName),
        (profile.email.as_deref(), EMAIL, Found::Email),
    ];
    let asked: Vec<&str> = names.iter().filter_map(|(name, ..)| *name).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut answers = identity::named(connection, whom.tenant, &asked, MAX_CANDIDATES).await?.into_iter();
    let mut found: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
    for (_, how, what) in names.into_iter().filter(|(name, ..)| name.is_some()) {
        for (key, _) in answers.next().unwrap_or_default().into_iter().filter(|(_, has)| has & how != 0) {
            found.entry(key).or_default().push(what);
        }
    }
    let keys: Vec<i64> = found.keys().take(MAX_CANDIDATES).copied().collect();
    let mut candidates = Vec::new();
    for row in identity::by_keys(connection, &keys).await? {
        let mut found = found.remove(&row.key).unwrap_or_default();
        let identity = row.identity.clone();
        // Names are kept in lower case, and an externalId is what it is.
        let is_exact = identity.links.iter().any(|link| link.external_id == profile.external_id);
        found.retain(|found| *found != Found::ExternalId || is_exact);
        if identity.status != Status::Deleted && !found.is_empty() {
            candidates.push((Candidate { found, identity }, row));
        }
    }
    Ok(candidates)
}

/// Who had the `externalId` before.
async fn returning(
    connection: &Connection,
    whom: Whom,
    rules: &Rules,
    profile: &Profile,
) -> Result<Option<(Tombstone, Option<StoredIdentity>)>, StoreError> {
    let Some(external_id) = &profile.external_id else { return Ok(None) };
    let name = named(external_id);
    let Some(row) = connection.row(DEPARTURE, &[&whom.source.0, &Text(&name)]).await? else {
        return Ok(None);
    };
    let tombstone = Tombstone {
        source: rules.source,
        external_id: external_id.clone(),
        identity: get(&row, 0)?,
        at: Timestamp(get(&row, 1)?),
    };
    let row = identity::by_id(connection, whom.tenant, tombstone.identity).await?;
    Ok(Some((tombstone, row)))
}

/// What would be decided now, without writing anything.
pub(crate) async fn foresee(
    connection: &Connection,
    context: &Batch,
    supposed: &[Supposed],
) -> Result<Vec<Foreseen>, StoreError> {
    let Some(rules) = &context.rules else { return Ok(Vec::new()) };
    let ids: Vec<Uuid> = supposed.iter().map(|supposed| supposed.resource).collect();
    let rows = connection.rows(RESOURCES, &[&ids, &context.source.0]).await?;
    let keys = rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?)));
    let keys: HashMap<Uuid, i64> = keys.collect::<Result<_, StoreError>>()?;
    let resources: Vec<i64> = keys.values().copied().collect();
    let people = person::load_all(connection, context.source, &resources).await?;
    let mut foreseen = Vec::with_capacity(supposed.len());
    for some in supposed.chunks(AT_ONCE) {
        let asked = some.iter().map(|supposed| {
            let key = keys.get(&supposed.resource).copied();
            let row = key.and_then(|key| people.get(&key));
            one(connection, context, rules, supposed, (key, row))
        });
        foreseen.extend(try_join_all(asked).await?);
    }
    Ok(foreseen)
}

async fn one(
    connection: &Connection,
    context: &Batch,
    rules: &Rules,
    supposed: &Supposed,
    (resource, row): (Option<i64>, Option<&PersonRow>),
) -> Result<Foreseen, StoreError> {
    let linked = row.and_then(|row| row.identity);
    let whom = Whom { tenant: context.tenant, source: context.source, resource, linked };
    let asked = (Occasion::Pushed, &supposed.profile);
    let knowledge = load(connection, whom, rules, asked, &Ahead::default()).await?;
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
}
