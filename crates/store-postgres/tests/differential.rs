//! The same requests in the same order come to the same on either backend: outcomes, rows, changes, identities.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::PolicyDocument;
use rollcall_scim::filter::Target;
use rollcall_scim::schema::AttributeType;
use rollcall_scim::value::Scalar;
use rollcall_store::conformance::world::{Backend, World};
use rollcall_store::index::encode;
use rollcall_store::people::{IdentityQuery, Person, Rules};
use rollcall_store::query::{Query, Sort, Start};
use rollcall_store::write::{Batch, Delete, MemberChange, Outcome, Unit, Write};
use rollcall_store::{AnyStore, StoreError};
use rollcall_testkit::{TestPostgres, TestStore};
use serde_json::{Value, json};
use uuid::Uuid;

const CASES: u32 = 12;
const NAMES: [&str; 6] = [
    "ann",
    "Bob",
    "ANN",
    "ünïcode",
    "o'neil %_",
    "a name that is so long that an index row holds only a part of it, and its digest; a name that is so long that an index row holds only a part of it, and its digest; a name that is so long that an index row holds only a part of it, and its digest; a name that is so long",
];
const FILTERS: [&str; 9] = [
    "userName eq \"ANN\"",
    "userName sw \"a\"",
    "userName co \"n\" or externalId pr",
    "not (userName eq \"bob\")",
    "externalId eq \"e1\"",
    "emails.value eq \"ann@example.com\" and userName pr",
    "title gt \"b\"",
    "userName le \"bob\"",
    "emails[value ew \"example.com\"]",
];

/// One write of a unit. Resources are named by their place among those made so far.
#[derive(Debug, Clone)]
enum Step {
    User(Said),
    Group { name: usize, members: Vec<usize> },
    Say { which: usize, said: Said, stale: bool },
    Rename { which: usize, name: usize },
    Members { which: usize, change: u8, members: Vec<usize> },
    RemoveWhere { which: usize },
    Delete { which: usize, mismatch: bool },
}

/// What a user says of itself.
#[derive(Debug, Clone)]
struct Said {
    name: usize,
    external_id: Option<usize>,
    email: Option<usize>,
    title: Option<usize>,
    active: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let some = || proptest::option::of(0..NAMES.len());
    (0..NAMES.len(), some(), some(), some(), proptest::bool::weighted(0.8)).prop_map(
        |(name, external_id, email, title, active)| Said { name, external_id, email, title, active },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let (which, members) = (|| 0..40_usize, || vec(0..40_usize, 0..5));
    prop_oneof![
        5 => said().prop_map(Step::User),
        3 => (0..NAMES.len(), members()).prop_map(|(name, members)| Step::Group { name, members }),
        3 => (which(), said(), proptest::bool::weighted(0.1))
            .prop_map(|(which, said, stale)| Step::Say { which, said, stale }),
        2 => (which(), 0..NAMES.len()).prop_map(|(which, name)| Step::Rename { which, name }),
        6 => (which(), 0..3_u8, members())
            .prop_map(|(which, change, members)| Step::Members { which, change, members }),
        1 => which().prop_map(|which| Step::RemoveWhere { which }),
        2 => (which(), proptest::bool::weighted(0.1)).prop_map(|(which, mismatch)| Step::Delete { which, mismatch }),
    ]
}

/// Units of one or a few writes, some of which keep members that are not there yet.
fn units() -> impl Strategy<Value = Vec<(Vec<Step>, bool)>> {
    let unit = prop_oneof![5 => vec(step(), 1..2), 1 => vec(step(), 2..4)];
    vec((unit, any::<bool>()), 20..60)
}

struct Kept(TestStore);

#[async_trait::async_trait]
impl Backend for Kept {
    async fn open(&self) -> AnyStore {
        self.0.open().await
    }
}

/// One backend, and what was made in it.
struct Side {
    world: World,
    rules: Arc<Rules>,
    made: Vec<(&'static str, Uuid)>,
    /// How many there were before the unit.
    there: usize,
    _kept: Kept,
}

fn named(kind: &str, said: &Said) -> Value {
    let mut document = json!({ "userName": NAMES[said.name], "active": said.active });
    if kind == "Group" {
        document = json!({ "displayName": NAMES[said.name] });
    }
    if let Some(external_id) = said.external_id {
        document["externalId"] = json!(format!("e{external_id}"));
    }
    if let (Some(email), "User") = (said.email, kind) {
        document["emails"] = json!([{ "value": format!("{}@example.com", NAMES[email]) }]);
    }
    if let (Some(title), "User") = (said.title, kind) {
        document["title"] = json!(NAMES[title]);
    }
    document
}

fn profile(said: &Said) -> Profile {
    let mut profile = json!({ "userName": NAMES[said.name], "active": said.active });
    if let Some(external_id) = said.external_id {
        profile["externalId"] = json!(format!("e{external_id}"));
    }
    if let Some(email) = said.email {
        profile["email"] = json!(format!("{}@example.com", NAMES[email]));
    }
    serde_json::from_value(profile).unwrap()
}

impl Side {
    async fn new(kept: TestStore) -> Self {
        let kept = Kept(kept);
        let world = World::new(&kept).await;
        let policy = PolicyDocument::parse(&json!({
            "identity": { "match": { "by": ["externalId", "userName", "verifiedEmail"] }, "verifiedDomains": ["example.com"] },
            "provisioning": { "groups": { "mode": "sync", "mapping": { "e1": ["admin"], "e2": ["reader"] } } },
        }));
        let policy = PolicyDocument::resolve(&policy.unwrap(), &PolicyDocument::default());
        let rules = Arc::new(Rules::new(Uuid::from_u128(1), policy));
        Self { world, rules, made: Vec::new(), there: 0, _kept: kept }
    }

    fn at(&self, which: usize) -> (&'static str, Uuid) {
        let missing = ("User", Uuid::from_u128(404));
        if self.made.is_empty() { missing } else { self.made[which % self.made.len()] }
    }

    /// Of those made before the unit: no use case deletes what it makes at once, and which of its faults is told
    /// first then is nobody's business.
    fn before(&self, which: usize) -> (&'static str, Uuid) {
        self.made[..self.there]
            .get(which % self.there.max(1))
            .copied()
            .unwrap_or(("User", Uuid::from_u128(404)))
    }

    /// Members by id; now and then by the `externalId` of whoever comes.
    fn members(&self, members: &[usize]) -> Vec<String> {
        let name =
            |&which: &usize| if which % 7 == 0 { "e3".to_owned() } else { self.at(which).1.to_string() };
        members.iter().map(name).collect()
    }

    async fn revision(&self, kind: &str, id: Uuid) -> u64 {
        self.world.get(kind, id).await.map_or(1, |stored| stored.revision)
    }

    async fn write(&mut self, unit: &mut Unit, step: &Step) {
        let at = unit.writes.len();
        let write = match step {
            Step::User(said) => {
                let create = self.world.creation("User", &named("User", said), &[]);
                self.made.push(("User", create.id));
                let new_id = Uuid::from_u128(create.id.as_u128() + (1 << 64));
                let profile = Some(Box::new(profile(said)));
                unit.people.push(Person { write: at, profile, revision: None, new_id });
                Write::Create(create)
            }
            Step::Group { name, members } => {
                let said =
                    Said { name: *name, external_id: Some(*name), email: None, title: None, active: true };
                let mut create = self.world.creation("Group", &named("Group", &said), &[]);
                create.members = self.members(members);
                self.made.push(("Group", create.id));
                Write::Create(create)
            }
            Step::Say { which, said, stale } => {
                let (kind, id) = self.at(*which);
                let revision = self.revision(kind, id).await + u64::from(*stale);
                if kind == "User" {
                    let new_id = Uuid::from_u128(id.as_u128() + (1 << 64));
                    let profile = said.active.then(|| Box::new(profile(said)));
                    let written = Some(revision + 1);
                    unit.people.push(Person { write: at, profile, revision: written, new_id });
                }
                let content = self.world.content(kind, &named(kind, said));
                self.world.update(kind, id, Some((revision, content)), Vec::new())
            }
            Step::Rename { which, name } => {
                let (kind, id) = self.at(*which);
                let said = Said { name: *name, external_id: None, email: None, title: None, active: true };
                let content = self.world.content(kind, &named(kind, &said));
                let revision = self.revision(kind, id).await;
                self.world.update(kind, id, Some((revision, content)), Vec::new())
            }
            Step::Members { which, change, members } => {
                let (kind, id) = self.at(*which);
                let members = self.members(members);
                let change = match change {
                    0 => MemberChange::Add(members),
                    1 => MemberChange::Remove(members),
                    _ => MemberChange::Replace(members),
                };
                self.world.update(kind, id, None, vec![change])
            }
            Step::RemoveWhere { which } => {
                let (kind, id) = self.at(*which);
                let filter = self.world.filter("Group", "members[display eq \"ann\" or type eq \"Group\"]");
                self.world.update(kind, id, None, vec![MemberChange::RemoveWhere(filter)])
            }
            Step::Delete { which, mismatch } => {
                let (kind, id) = self.before(*which);
                let if_version = mismatch.then(|| vec![9_999]);
                Write::Delete(Delete { id, kind: kind.to_owned(), if_version })
            }
        };
        unit.writes.push(write);
    }

    async fn run(&mut self, steps: &[Step], keeps_pending: bool) -> Result<Vec<Outcome>, StoreError> {
        let mut unit = Unit::default();
        self.there = self.made.len();
        for step in steps {
            self.write(&mut unit, step).await;
        }
        let world = if keeps_pending { self.world.pending() } else { self.world.clone() };
        let batch = Batch { rules: Some(Arc::clone(&self.rules)), ..world.batch(vec![unit]) };
        self.world.store.write(batch).await
    }

    /// All that can be read, in words.
    async fn all(&self) -> Vec<String> {
        let (world, store) = (&self.world, &self.world.store);
        let mut all = Vec::new();
        for (kind, id) in &self.made {
            let stored = world.get(kind, *id).await.map(|stored| {
                let body = String::from_utf8_lossy(&stored.body).into_owned();
                (stored.version, stored.revision, stored.created, stored.modified, stored.plain, body)
            });
            all.push(format!("{kind} {id}: {stored:?} in {:?}", world.groups(*id).await));
            let members = store.members(world.source, *id, 0, 1_000).await.unwrap();
            let members: Vec<_> = members.into_iter().map(|row| (row.value, row.kind, row.display)).collect();
            all.push(format!("{id} has {members:?}"));
        }
        for filter in FILTERS.map(Some).into_iter().chain([None]) {
            for sorted in [None, Some(false), Some(true)] {
                let sort = sorted.map(by_user_name);
                all.push(format!("{filter:?} {sorted:?}: {}", walk(world, filter, sort).await));
            }
        }
        for change in store.changes(world.tenant, 0, 10_000).await.unwrap() {
            all.push(format!("{change:?}"));
        }
        let page = IdentityQuery { limit: 1_000, ..IdentityQuery::default() };
        for stored in store.identities(world.tenant, &page).await.unwrap() {
            all.push(format!("{} {:?} {:?}", stored.revision, stored.modified, stored.identity));
        }
        for waiting in store.waiting(world.source, 0, 1_000).await.unwrap() {
            all.push(format!("{} {:?} {:?}", waiting.resource, waiting.profile, waiting.candidates));
        }
        for name in NAMES {
            let name = encode(&Scalar::Text(name.to_owned()), false);
            for tombstone in store.tombstones(world.source, "User", Some("e1"), Some(&name)).await.unwrap() {
                all.push(format!("{tombstone:?}"));
            }
        }
        all
    }
}

fn by_user_name(descending: bool) -> Sort {
    let by = Target {
        extension: None,
        attribute: "userName".to_owned(),
        sub: None,
        kind: AttributeType::String,
        case_exact: false,
    };
    Sort { by, descending }
}

/// The ids of a listing, in pages of three, and how many it says there are.
async fn walk(world: &World, filter: Option<&str>, sort: Option<Sort>) -> String {
    let (mut ids, mut after, mut total) = (Vec::new(), None, None);
    loop {
        let filter = filter.map(|filter| world.filter("User", filter));
        let start = Start::After(after);
        let query = Query { filter, sort: sort.clone(), start, count: 3, want_total: total.is_none() };
        let page = world.store.list(world.source, &world.kind("User"), &query).await.unwrap();
        total = total.or(page.total);
        ids.extend(page.resources.iter().map(|stored| stored.id.as_u128() & 0xffff));
        match page.next {
            Some(next) => after = Some(next),
            None => return format!("{total:?} {ids:?}"),
        }
    }
}

async fn compare(units: &[(Vec<Step>, bool)]) -> Result<(), TestCaseError> {
    let mut file = Side::new(TestStore::file()).await;
    let mut server = Side::new(TestStore::Database(TestPostgres::database().await)).await;
    for (at, (steps, keeps_pending)) in units.iter().enumerate() {
        let (one, other) = (file.run(steps, *keeps_pending).await, server.run(steps, *keeps_pending).await);
        prop_assert_eq!(one, other, "unit {}: {:?}", at, steps);
    }
    let (one, other) = (file.all().await, server.all().await);
    for (one, other) in one.iter().zip(&other) {
        prop_assert_eq!(one, other);
    }
    prop_assert_eq!(one.len(), other.len());
    Ok(())
}

#[test]
fn both_backends_come_to_the_same() {
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    TestRunner::new(config).run(&units(), |units| runtime.block_on(compare(&units))).unwrap();
}
