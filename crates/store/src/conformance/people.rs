//! People: decisions in the transaction that writes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rollcall_domain::change::{Change, ChangeKind};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Grant, Held, Identity, Origin, Owner, Status};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::PolicyDocument;
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::Outcome as Decided;
use rollcall_domain::policy::settings::MatchBy;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Backend, World, draft};
use crate::StoreError;
use crate::people::{IDENTITY, IdentityQuery, Person, Rules, Supposed};
use crate::write::{Batch, Delete, MemberChange, Outcome, Unit, Write, Written};
use rollcall_domain::people::{Answer, Judged, Recomputation};

/// A source with identities.
#[derive(Clone)]
struct Source {
    world: World,
    rules: Arc<Rules>,
}

fn rules(world: &World, policy: &Value) -> Arc<Rules> {
    let document = PolicyDocument::parse(policy).unwrap();
    let policy = PolicyDocument::resolve(&document, &PolicyDocument::default());
    Arc::new(Rules::new(Uuid::from_u128(u128::try_from(world.source.0).unwrap()), policy))
}

impl Source {
    async fn new(backend: &dyn Backend, policy: Value) -> Self {
        let world = World::new(backend).await;
        let rules = rules(&world, &policy);
        Self { world, rules }
    }

    async fn beside(&self, slug: &str, policy: Value) -> Self {
        let world = self.world.beside(slug).await;
        let rules = rules(&world, &policy);
        Self { world, rules }
    }

    fn under(&self, policy: &Value) -> Self {
        Self { world: self.world.clone(), rules: rules(&self.world, policy) }
    }

    fn batch(&self, units: Vec<Unit>) -> Batch {
        Batch { rules: Some(Arc::clone(&self.rules)), ..self.world.batch(units) }
    }

    async fn run(&self, unit: Unit) -> Result<Written, StoreError> {
        let mut outcomes = self.world.store.write(self.batch(vec![unit])).await?;
        match outcomes.pop() {
            Some(Outcome::Done(mut written)) => Ok(written.remove(0)),
            Some(Outcome::Failed { error, .. }) => Err(error),
            other => panic!("one unit, and {other:?}"),
        }
    }

    fn person(&self, profile: Value, revision: Option<u64>) -> Person {
        let profile: Profile = serde_json::from_value(profile).unwrap();
        Person { write: 0, profile: Some(Box::new(profile)), revision, new_id: self.world.id() }
    }

    /// Creates a user that says this.
    async fn push(&self, profile: Value) -> Result<(Uuid, Judged), StoreError> {
        let mut document = json!({ "userName": profile["userName"] });
        if let Some(external_id) = profile.get("externalId") {
            document["externalId"] = external_id.clone();
        }
        let create = self.world.creation("User", &document, &[]);
        let id = create.id;
        let people = vec![self.person(profile, None)];
        let mut written = self.run(Unit { writes: vec![Write::Create(create)], people }).await?;
        Ok((id, written.people.remove(0)))
    }

    /// The user of this name, pushed with nothing else.
    async fn user(&self, name: &str) -> (Uuid, Uuid) {
        let (user, judged) = self.push(json!({ "userName": name })).await.unwrap();
        (user, judged.decision.identity.unwrap().id)
    }

    /// A user says something else, whose row stays as it is.
    async fn say(&self, user: Uuid, profile: Value, revision: u64) -> Result<Judged, StoreError> {
        let writes = vec![self.world.update("User", user, None, Vec::new())];
        let people = vec![self.person(profile, Some(revision))];
        Ok(self.run(Unit { writes, people }).await?.people.remove(0))
    }

    async fn write(&self, write: Write) -> Written {
        self.run(Unit::from(vec![write])).await.unwrap()
    }

    async fn delete(&self, kind: &str, id: Uuid) -> Written {
        self.write(Write::Delete(Delete { id, kind: kind.to_owned(), if_version: None })).await
    }

    async fn group(&self, external_id: Option<&str>, members: &[Uuid]) -> Uuid {
        let mut document = json!({ "displayName": "group" });
        if let Some(external_id) = external_id {
            document["externalId"] = json!(external_id);
        }
        let create = self.world.creation("Group", &document, members);
        let id = create.id;
        self.write(Write::Create(create)).await;
        id
    }

    async fn change(&self, group: Uuid, change: MemberChange) -> Written {
        self.write(self.world.update("Group", group, None, vec![change])).await
    }

    async fn identity(&self, id: Uuid) -> Identity {
        self.world.store.identity(self.world.tenant, id).await.unwrap().unwrap().identity
    }

    async fn roles(&self, id: Uuid) -> Vec<String> {
        self.identity(id).await.roles().into_iter().map(str::to_owned).collect()
    }

    async fn all(&self) -> Vec<Identity> {
        let query = IdentityQuery { limit: 1_000, ..IdentityQuery::default() };
        let all = self.world.store.identities(self.world.tenant, &query).await.unwrap();
        all.into_iter().map(|stored| stored.identity).collect()
    }

    /// Changes of identities.
    async fn told(&self) -> Vec<Change> {
        let all = self.world.store.changes(self.world.tenant, 0, 10_000).await.unwrap();
        assert!(all.iter().map(|change| change.sequence).eq(1..=all.len() as u64), "a gap");
        all.into_iter().filter(|change| change.resource_type == IDENTITY).collect()
    }
}

fn add(ids: &[Uuid]) -> MemberChange {
    MemberChange::Add(ids.iter().map(Uuid::to_string).collect())
}

fn remove(ids: &[Uuid]) -> MemberChange {
    MemberChange::Remove(ids.iter().map(Uuid::to_string).collect())
}

/// A policy in which groups give roles.
fn mapped(groups: &Value) -> Value {
    json!({ "provisioning": { "groups": { "mode": "sync", "mapping": groups } } })
}

/// What an operator wrote is what is read, and nothing when it was removed.
pub async fn a_tenants_policy_comes_back_as_written(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let policy = json!({ "identity": { "verifiedDomains": ["acme.example"] } });
    for policy in [None, Some(&policy), None] {
        let epoch = world.store.stamps().epoch();
        world.store.set_tenant_policy(world.tenant, policy, (&[], Timestamp(1)), &draft()).await.unwrap();
        assert_eq!(world.store.tenant_policy(world.tenant).await.unwrap().as_ref(), policy);
        assert_ne!(world.store.stamps().epoch(), epoch);
    }
}

/// One commit: the user, the identity, and a record of each, the user's first.
pub async fn an_identity_is_written_with_its_user(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let said = json!({ "userName": "Ann@acme.example", "externalId": "00u1", "email": "ann@acme.example" });
    let (user, judged) = okta.push(said).await.unwrap();
    let identity = judged.decision.identity.unwrap();
    assert_eq!((judged.decision.outcome, judged.sequence), (Decided::Created, Some(2)));
    assert_eq!(okta.identity(identity.id).await, identity);
    assert_eq!(identity.links[0].resource, Some(user));
    let told = okta.told().await;
    assert_eq!((told.len(), told[0].kind, told[0].resource), (1, ChangeKind::Created, identity.id));
    let detail: Value = serde_json::from_str(&told[0].detail).unwrap();
    assert_eq!(detail["attributes"]["userName"], json!({ "after": "Ann@acme.example" }));
    assert_eq!(detail["links"]["added"][0]["resource"], json!(user));
    for (name, found) in [("ANN@acme.example", 1), ("00u1", 1), ("bob", 0)] {
        let query = IdentityQuery { name: Some(name.to_owned()), limit: 9, ..IdentityQuery::default() };
        let found_now = okta.world.store.identities(okta.world.tenant, &query).await.unwrap();
        assert_eq!(found_now.len(), found, "{name}");
    }
    // Said again, it changes nothing.
    let again = okta
        .say(
            user,
            json!({ "userName": "Ann@acme.example", "externalId": "00u1",
        "email": "ann@acme.example" }),
            1,
        )
        .await
        .unwrap();
    assert_eq!((again.decision.outcome, again.sequence), (Decided::Unchanged, None));
    assert_eq!(okta.told().await.len(), 1);
}

/// A source without rules has no identities, whatever it writes.
pub async fn without_rules_there_are_no_identities(backend: &dyn Backend) {
    let okta = Source::new(backend, mapped(&json!({ "admins": ["admin"] }))).await;
    let ann = okta.world.user("ann").await;
    okta.world.group("admins", &[ann]).await;
    okta.world.delete("User", ann).await.unwrap();
    assert_eq!((okta.all().await.len(), okta.told().await.len()), (0, 0));
}

/// However many sources push one person at once, one identity comes of it.
pub async fn concurrent_pushes_of_one_person_make_one_identity(backend: &dyn Backend) {
    let policy = json!({ "identity": { "match": { "by": ["userName"] } } });
    let first = Source::new(backend, policy.clone()).await;
    let mut pushes = Vec::new();
    for number in 0..24 {
        let source = first.beside(&format!("s{number}"), policy.clone()).await;
        pushes.push(tokio::spawn(async move { source.push(json!({ "userName": "Ann" })).await.unwrap().1 }));
    }
    let mut outcomes = Vec::new();
    for push in pushes {
        outcomes.push(push.await.unwrap().decision.outcome);
    }
    let all = first.all().await;
    assert_eq!((all.len(), all[0].links.len()), (1, 24));
    let linked = outcomes.iter().filter(|outcome| **outcome == Decided::Linked(MatchBy::UserName)).count();
    assert_eq!(linked, 23);
}

/// What was said of a body that is no longer there is not taken.
pub async fn a_decision_over_an_older_body_is_stale(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let (user, identity) = okta.user("ann").await;
    okta.world.replace("User", user, 1, json!({ "userName": "ann", "title": "x" })).await.unwrap();
    let old = okta.say(user, json!({ "userName": "ann", "name": "Old" }), 1).await;
    assert_eq!(old.unwrap_err(), StoreError::Stale);
    okta.say(user, json!({ "userName": "ann", "name": "New" }), 2).await.unwrap();
    assert_eq!(okta.identity(identity).await.text("name"), Some("New"));
}

/// Who may not be made a second time is not, and neither is the user.
pub async fn a_refused_person_leaves_nothing_of_the_unit(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    okta.user("ann").await;
    let entra = okta.beside("entra", json!({ "identity": { "match": { "otherwise": "refuse" } } })).await;
    let refused = entra.push(json!({ "userName": "ANN" })).await.unwrap_err();
    assert_eq!(refused, StoreError::Conflict { attribute: "userName".to_owned(), id: None });
    assert_eq!(entra.world.list("User", None, None, crate::query::Start::Offset(0), 9).await.total, Some(0));
    assert_eq!((okta.all().await.len(), okta.told().await.len()), (1, 1));
}

/// Roles follow members, in the transaction that changes them: added, removed, replaced, and with the group.
pub async fn members_of_a_known_group_have_its_roles(backend: &dyn Backend) {
    let okta = Source::new(backend, mapped(&json!({ "admins": ["admin"], "staff": ["member"] }))).await;
    let ((ann, ann_id), (bob, bob_id)) = (okta.user("ann").await, okta.user("bob").await);
    let admins = okta.group(Some("admins"), &[ann]).await;
    assert_eq!((okta.roles(ann_id).await, okta.roles(bob_id).await), (vec!["admin".to_owned()], vec![]));
    let written = okta.change(admins, MemberChange::Replace(vec![bob.to_string()])).await;
    assert_eq!(written.people.len(), 2);
    assert_eq!((okta.roles(ann_id).await, okta.roles(bob_id).await), (vec![], vec!["admin".to_owned()]));
    // Through a group inside.
    let staff = okta.group(Some("staff"), &[]).await;
    okta.change(staff, add(&[admins])).await;
    assert_eq!(okta.roles(bob_id).await, ["admin", "member"]);
    okta.change(admins, remove(&[bob])).await;
    okta.change(admins, add(&[ann])).await;
    assert_eq!(
        (okta.roles(ann_id).await, okta.roles(bob_id).await.len()),
        (vec!["admin".into(), "member".into()], 0)
    );
    // By another key, and no more.
    let renamed = okta.world.content("Group", &json!({ "displayName": "group", "externalId": "others" }));
    okta.write(okta.world.update("Group", admins, Some((1, renamed)), Vec::new())).await;
    assert_eq!(okta.roles(ann_id).await, ["member"]);
    okta.delete("Group", staff).await;
    assert_eq!(okta.roles(ann_id).await.len(), 0);
    // What the application granted stays.
    let mut identity = okta.identity(ann_id).await;
    identity.grants.insert(Grant { role: "auditor".to_owned(), owner: Owner::App });
    let revision = okta.world.store.identity(okta.world.tenant, ann_id).await.unwrap().unwrap().revision;
    okta.world.store.change_identity(okta.batch(Vec::new()), revision, identity, &draft()).await.unwrap();
    let again = okta.group(Some("admins"), &[ann]).await;
    assert_eq!(okta.roles(ann_id).await, ["admin", "auditor"]);
    okta.delete("Group", again).await;
    assert_eq!(okta.roles(ann_id).await, ["auditor"]);
}

/// A group that policy does not know touches nobody.
pub async fn a_group_that_policy_does_not_know_is_nothing_to_people(backend: &dyn Backend) {
    let okta = Source::new(backend, mapped(&json!({ "admins": ["admin"] }))).await;
    let (ann, identity) = okta.user("ann").await;
    let group = okta.group(Some("others"), &[]).await;
    let written = okta.change(group, add(&[ann])).await;
    assert_eq!((written.people.len(), okta.told().await.len()), (0, 1));
    assert_eq!(okta.roles(identity).await.len(), 0);
}

/// Whatever the order, the roles are those of the memberships that are committed.
pub async fn concurrent_changes_of_groups_leave_the_roles_of_the_members(backend: &dyn Backend) {
    let okta = Source::new(backend, mapped(&json!({ "a": ["role"], "b": ["role"] }))).await;
    let (ann, identity) = okta.user("ann").await;
    let (a, b) = (okta.group(Some("a"), &[]).await, okta.group(Some("b"), &[]).await);
    let mut changes = Vec::new();
    for turn in 0..40 {
        let (okta, group) = (okta.clone(), if turn % 2 == 0 { a } else { b });
        let change = if turn % 3 == 0 { remove(&[ann]) } else { add(&[ann]) };
        changes.push(tokio::spawn(async move { okta.change(group, change).await }));
    }
    for change in changes {
        change.await.unwrap();
    }
    let is_member = !okta.world.groups(ann).await.is_empty();
    assert_eq!(!okta.roles(identity).await.is_empty(), is_member);
}

/// Someone who comes back with the same `externalId` is who they were.
pub async fn a_rehire_is_recognised_by_what_is_left(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let said = json!({ "userName": "ann", "externalId": "00u1" });
    let (user, judged) = okta.push(said.clone()).await.unwrap();
    let identity = judged.decision.identity.unwrap().id;
    let gone = okta.delete("User", user).await;
    assert!(gone.people[0].decision.outcome.is_deprovisioning());
    assert_eq!(okta.identity(identity).await.status, Status::Disabled);
    let (back, judged) = okta.push(said).await.unwrap();
    assert_eq!(judged.decision.outcome, Decided::Relinked);
    let after = okta.identity(identity).await;
    assert_eq!((after.status, after.links.len(), after.links[0].resource), (Status::Active, 1, Some(back)));
}

/// Who waits is nobody's until someone says whose, and then it is so.
pub async fn who_waits_is_decided_by_someone(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let (_, ann) = okta.user("ann").await;
    let entra = okta.beside("entra", json!({})).await;
    let waiting = async || entra.world.store.waiting(entra.world.source, 0, 9).await.unwrap();
    let answer =
        async |user, answer| entra.world.store.answer(entra.batch(Vec::new()), user, answer, &draft()).await;
    let (one, judged) = entra.push(json!({ "userName": "ANN" })).await.unwrap();
    assert_eq!(judged.decision.outcome, Decided::Queued(vec![ann]));
    assert_eq!((waiting().await[0].resource, waiting().await[0].candidates.clone()), (one, vec![ann]));
    let judged = answer(one, Answer::This(ann)).await.unwrap().unwrap();
    assert_eq!(judged.decision.outcome, Decided::Chosen);
    assert!(okta.identity(ann).await.links[1].adopted);
    assert_eq!(waiting().await.len(), 0);
    assert_eq!(answer(one, Answer::New).await.unwrap_err(), StoreError::NotFound);
    // Another source, someone new; and one that is nobody however often it is said.
    let third = okta.beside("third", json!({})).await;
    let (two, _) = third.push(json!({ "userName": "Ann" })).await.unwrap();
    let context = third.batch(Vec::new());
    let judged = third.world.store.answer(context, two, Answer::New, &draft()).await.unwrap().unwrap();
    assert_eq!(judged.decision.outcome, Decided::Created);
    let fourth = okta.beside("fourth", json!({})).await;
    let (three, _) = fourth.push(json!({ "userName": "aNN" })).await.unwrap();
    let context = fourth.batch(Vec::new());
    assert_eq!(fourth.world.store.answer(context, three, Answer::Refuse, &draft()).await.unwrap(), None);
    let judged = fourth.say(three, json!({ "userName": "aNN" }), 1).await.unwrap();
    assert!(matches!(judged.decision.outcome, Decided::Ignored(_)));
    assert_eq!(okta.all().await.len(), 2);
}

/// More leavers than the breaker lets pass stay until someone approves, or stay for good when someone rejects.
pub async fn a_mass_of_leavers_is_held_until_someone_says(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({ "provisioning": { "breaker": { "count": 2 } } })).await;
    let mut people = Vec::new();
    for number in 0..6 {
        let name = format!("u{number}");
        let said = json!({ "userName": name, "externalId": name });
        let (user, judged) = okta.push(said).await.unwrap();
        people.push((user, judged.decision.identity.unwrap().id));
    }
    let state = async || okta.world.store.breaker(okta.world.source, &okta.rules).await.unwrap();
    let active = async || okta.all().await.iter().filter(|one| one.status == Status::Active).count();
    let off = |number: usize| json!({ "userName": format!("u{number}"), "active": false });
    assert_eq!(state().await.active, 6);
    let mut admissions = Vec::new();
    for (number, (user, _)) in people.iter().enumerate().take(4) {
        admissions.push(okta.say(*user, off(number), 1).await.unwrap().admission);
    }
    admissions.push(okta.delete("User", people[4].0).await.people[0].admission);
    assert_eq!(
        admissions,
        [Admission::Passed, Admission::Passed, Admission::Opened, Admission::Held, Admission::Held]
    );
    assert_eq!((active().await, state().await.held, state().await.active), (4, 3, 4));
    assert!(state().await.open_since.is_some());
    // One of them is wanted again.
    okta.say(people[3].0, json!({ "userName": "u3" , "active": true }), 1).await.unwrap();
    assert_eq!(state().await.held, 2);
    let held = okta.world.store.held(okta.world.source, 0, 9).await.unwrap();
    assert_eq!(held.iter().map(|held| held.removed).collect::<Vec<_>>(), [false, true]);
    let release = async |approve| {
        let until = Timestamp(i64::MAX);
        okta.world.store.close_breaker(okta.batch(Vec::new()), &draft()).await.unwrap();
        okta.world.store.release_held(okta.batch(Vec::new()), approve, until, 10).await.unwrap().len()
    };
    assert_eq!((release(true).await, active().await, state().await.held), (2, 2, 0));
    assert_eq!(okta.identity(people[4].1).await.status, Status::Disabled);
    // Rejected, they stay, and a group changes nothing about that.
    okta.say(people[3].0, off(3), 1).await.unwrap();
    okta.say(people[5].0, off(5), 1).await.unwrap();
    let (again, judged) = okta.push(json!({ "userName": "u6", "externalId": "x6" })).await.unwrap();
    let sixth = judged.decision.identity.unwrap().id;
    assert_eq!(okta.delete("User", again).await.people[0].admission, Admission::Opened);
    assert_eq!((release(false).await, state().await.open_since), (1, None));
    let kept = okta.identity(sixth).await;
    assert_eq!((kept.status, kept.links.len(), active().await), (Status::Active, 0, 1));
}

/// An identity whose time has come is deleted, and its change is told.
pub async fn identities_are_deleted_when_their_time_has_come(backend: &dyn Backend) {
    let policy =
        json!({ "provisioning": { "deprovision": { "mode": "delete-after-grace", "graceDays": 1 } } });
    let okta = Source::new(backend, policy).await;
    let (user, identity) = okta.user("ann").await;
    okta.delete("User", user).await;
    let due = okta.identity(identity).await.delete_at.unwrap();
    let expire = async |at| okta.world.store.expire(at, 10).await.unwrap();
    assert_eq!((expire(Timestamp(due.0 - 1)).await, expire(due).await, expire(due).await), (0, 1, 0));
    let gone = okta.identity(identity).await;
    assert_eq!((gone.status, gone.attributes.len()), (Status::Deleted, 0));
    assert_eq!(okta.told().await.last().map(|change| change.kind), Some(ChangeKind::Deleted));
    let query = IdentityQuery { name: Some("ann".to_owned()), limit: 9, ..IdentityQuery::default() };
    assert_eq!(okta.world.store.identities(okta.world.tenant, &query).await.unwrap().len(), 0);
}

/// The application's change is checked against what it read.
pub async fn an_identity_is_changed_by_its_revision(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let (_, id) = okta.user("ann").await;
    let mut identity = okta.identity(id).await;
    let phone = Held { value: json!("1"), origin: Origin::App, source: None };
    identity.attributes.insert("phone".to_owned(), phone);
    let change = async |revision| {
        okta.world.store.change_identity(okta.batch(Vec::new()), revision, identity.clone(), &draft()).await
    };
    assert_eq!(change(2).await.unwrap_err(), StoreError::Stale);
    assert_eq!(change(1).await.unwrap().revision, 2);
    assert_eq!(change(2).await.unwrap().revision, 2);
    assert_eq!(okta.told().await.len(), 2);
    let mut unknown = okta.batch(Vec::new());
    unknown.tenant = rollcall_domain::tenant::TenantKey(4711);
    let other = okta.world.store.change_identity(unknown, 2, identity.clone(), &draft()).await;
    assert_eq!(other.unwrap_err(), StoreError::NotFound);
}

/// A preview says what would be, and changes nothing.
pub async fn foreseeing_writes_nothing(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let (ann, identity) = okta.user("ann").await;
    let admins = okta.group(Some("admins"), &[ann]).await;
    let told = okta.told().await;
    let policy = mapped(&json!({ (admins.to_string()): ["admin"] }));
    let profile: Profile = serde_json::from_value(json!({ "userName": "ann" })).unwrap();
    let supposed = |resource| Supposed { resource, profile: profile.clone() };
    let context = okta.under(&policy).batch(Vec::new());
    let asked = vec![supposed(ann), supposed(Uuid::from_u128(7))];
    let foreseen = okta.world.store.foresee(context, asked).await.unwrap();
    assert_eq!(foreseen[0].decision.roles.gained, BTreeSet::from(["admin".to_owned()]));
    assert_eq!(foreseen[1].decision.outcome, Decided::Queued(vec![identity]));
    assert_eq!((okta.told().await, okta.roles(identity).await.len()), (told, 0));
}

/// A recomputation is where it was when the store is opened again, and one begun anew ends the one before.
pub async fn a_recomputation_goes_on_after_a_reopening(backend: &dyn Backend) {
    let okta = Source::new(backend, json!({})).await;
    let (store, source) = (okta.world.store.clone(), okta.world.source);
    store.begin_recomputation(source, Timestamp(5)).await.unwrap();
    let open = store.recomputations().await.unwrap();
    let (of, begun) = open.into_iter().next().unwrap();
    assert_eq!((of, begun.started, begun.position, begun.finished), (source, Timestamp(5), 0, None));
    let half = Recomputation { position: 7, seen: 3, changed: 2, held: 1, failed: 1, ..begun.clone() };
    assert!(store.note_recomputation(source, &half, None).await.unwrap());
    let reopened = backend.open().await;
    assert_eq!(reopened.recomputations().await.unwrap(), [(source, half.clone())]);
    reopened.begin_recomputation(source, Timestamp(5)).await.unwrap();
    assert!(!reopened.note_recomputation(source, &half, None).await.unwrap(), "it was begun anew");
    let anew = reopened.recomputation(source).await.unwrap().unwrap();
    assert_eq!((anew.position, anew.seen), (0, 0));
    let done = Recomputation { finished: Some(Timestamp(9)), ..anew };
    assert!(reopened.note_recomputation(source, &done, None).await.unwrap());
    assert_eq!(reopened.recomputations().await.unwrap(), []);
}
