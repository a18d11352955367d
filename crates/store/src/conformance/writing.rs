//! Creations, updates, deletions, versions, units and the change sequence.

use std::sync::Arc;

use rollcall_domain::change::ChangeKind;
use rollcall_scim::schema::{Registry, ResourceType, Schema};
use serde_json::json;

use super::world::{Backend, World, draft};
use crate::index::Indexer;
use crate::query::Start;
use crate::write::{Batch, MemberChange, Outcome, Unit, Update, Write, Written};
use crate::{SourceChange, StoreError};

/// What is created can be read, at version and revision 1.
pub async fn a_created_resource_is_read_back(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let stored = world.get("User", ann).await.unwrap();
    assert_eq!((stored.id, stored.version, stored.revision, stored.plain), (ann, 1, 1, true));
    assert_eq!(stored.body, json!({"userName": "ann"}).to_string());
    assert_eq!(stored.created, stored.modified);
    assert_eq!(world.get("Group", ann).await, None);
    let changes = world.store.changes(world.tenant, 0, 10).await.unwrap();
    let change = &changes[0];
    assert_eq!((change.sequence, change.kind, change.resource), (1, ChangeKind::Created, ann));
    assert_eq!((change.resource_type.as_str(), change.actor.as_str()), ("User", "credential"));
}

/// An id of another source is nowhere to be seen.
pub async fn another_sources_ids_are_invisible(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let other = world.beside("second").await;
    let ann = world.user("ann").await;
    assert_eq!(other.get("User", ann).await, None);
    assert_eq!(other.delete("User", ann).await, Err(StoreError::NotFound));
    let group = other.group("team", &[]).await;
    let added = other.change(group, vec![MemberChange::Add(vec![ann.to_string()])]).await;
    assert_eq!(added, Err(StoreError::UnknownMember(ann.to_string())));
    assert_eq!(other.list("User", None, None, Start::Offset(0), 10).await.total, Some(0));
    let by_id = format!("id eq \"{ann}\"");
    assert_eq!(other.list("User", Some(&by_id), None, Start::Offset(0), 10).await.total, Some(0));
    world.group("theirs", &[ann]).await;
    assert_eq!(other.groups(ann).await, []);
}

/// `userName` in any case, and `externalId`, are one resource's within source and type.
pub async fn unique_values_are_taken_once_per_source_and_type(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.create("User", json!({"userName": "Ann", "externalId": "X"})).await.unwrap();
    let taken = |attribute: &str| StoreError::Conflict { attribute: attribute.to_owned(), id: Some(ann) };
    let again = world.create("User", json!({"userName": "aNN"})).await;
    assert_eq!(again, Err(taken("userName")));
    let again = world.create("User", json!({"userName": "bob", "externalId": "X"})).await;
    assert_eq!(again, Err(taken("externalId")));
    let bob = world.create("User", json!({"userName": "bob", "externalId": "x"})).await.unwrap();
    let renamed = world.replace("User", bob, 1, json!({"userName": "ANN"})).await;
    assert_eq!(renamed, Err(taken("userName")));
    world.create("Group", json!({"displayName": "Ann", "externalId": "X"})).await.unwrap();
    world.beside("second").await.create("User", json!({"userName": "Ann", "externalId": "X"})).await.unwrap();
}

/// A write that is refused for one of its values leaves the others to others, and what was there as it was.
pub async fn a_refused_write_takes_no_value(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.user("ann").await;
    let find = async |filter: &str| {
        world.list("User", Some(filter), None, Start::Offset(0), 10).await.total.unwrap()
    };
    let taken = json!({"userName": "ann", "externalId": "X", "emails": [{"value": "b@example.com"}]});
    assert!(matches!(world.create("User", taken).await, Err(StoreError::Conflict { .. })));
    assert_eq!(find("emails.value eq \"b@example.com\"").await, 0);
    let bob = world.create("User", json!({"userName": "bob", "externalId": "X"})).await.unwrap();
    let renamed = world.replace("User", bob, 1, json!({"userName": "ann", "externalId": "Y"})).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { .. })));
    assert_eq!((find("externalId eq \"X\"").await, find("userName eq \"bob\"").await), (1, 1));
    world.create("User", json!({"userName": "cem", "externalId": "Y"})).await.unwrap();
}

/// A value given up can be taken.
pub async fn a_unique_value_is_free_after_an_update_or_a_deletion(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    world.replace("User", ann, 1, json!({"userName": "Anna"})).await.unwrap();
    world.user("ann").await;
    world.replace("User", ann, 2, json!({"userName": "ANNA"})).await.unwrap();
    world.delete("User", ann).await.unwrap();
    world.user("anna").await;
}

/// The same body and members again: no version, no time, no change record.
pub async fn an_update_that_changes_nothing_is_no_change(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let before = world.get("User", ann).await;
    world.user("bob").await;
    let written = world.replace("User", ann, 1, json!({"userName": "ann"})).await.unwrap();
    assert_eq!(written, Written { version: 1, changed: false, sequence: None, people: Vec::new() });
    assert_eq!(world.get("User", ann).await, before);
    let written = world.replace("User", ann, 1, json!({"userName": "ann", "title": "x"})).await.unwrap();
    assert_eq!(written, Written { version: 2, changed: true, sequence: Some(3), people: Vec::new() });
    let after = world.get("User", ann).await.unwrap();
    assert!(after.modified > after.created && after.revision == 2);
}

/// A body computed from another revision is refused.
pub async fn a_stale_revision_is_refused(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    world.replace("User", ann, 1, json!({"userName": "ann", "title": "a"})).await.unwrap();
    let late = world.replace("User", ann, 1, json!({"userName": "ann", "title": "b"})).await;
    assert_eq!(late, Err(StoreError::Stale));
}

/// `If-Match` lets only the current version be changed or deleted.
pub async fn if_match_names_the_current_version(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let update = |versions: &[u64], title: &str, revision| {
        let content = world.content("User", &json!({"userName": "ann", "title": title}));
        Write::Update(Update {
            id: ann,
            kind: "User".to_owned(),
            if_version: Some(versions.to_vec()),
            content: Some((revision, content)),
            members: Vec::new(),
            same_index: false,
            replaced: false,
            difference: json!({}),
        })
    };
    assert_eq!(world.write(update(&[2, 3], "a", 1)).await, Err(StoreError::VersionMismatch));
    assert_eq!(world.write(update(&[], "a", 1)).await, Err(StoreError::VersionMismatch));
    assert_eq!(world.write(update(&[7, 1], "a", 1)).await.unwrap().version, 2);
    let mut delete = crate::write::Delete { id: ann, kind: "User".to_owned(), if_version: Some(vec![1]) };
    assert_eq!(world.write(Write::Delete(delete.clone())).await, Err(StoreError::VersionMismatch));
    delete.if_version = Some(vec![2]);
    assert_eq!(world.write(Write::Delete(delete)).await.unwrap().version, 2);
}

/// A unit is all or nothing; the others of its batch go on.
pub async fn a_failed_unit_leaves_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.user("taken").await;
    let create = |name: &str| Write::Create(world.creation("User", &json!({"userName": name}), &[]));
    let units = vec![
        Unit::from(vec![create("a")]),
        Unit::from(vec![create("b"), create("TAKEN"), create("c")]),
        Unit::from(vec![create("d")]),
    ];
    let outcomes = world.store.write(world.batch(units)).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Done(written) if written[0].sequence == Some(2)));
    assert!(matches!(&outcomes[1], Outcome::Failed { write: 1, error: StoreError::Conflict { .. } }));
    assert!(matches!(&outcomes[2], Outcome::Done(written) if written[0].sequence == Some(3)));
    let page = world.list("User", None, None, Start::Offset(0), 10).await;
    assert_eq!((page.total, page.resources.len()), (Some(3), 3));
    world.user("b").await;
}

/// After as many failures as named, nothing more is tried.
pub async fn units_after_too_many_failures_are_skipped(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.user("taken").await;
    let unit = |name: &str| {
        let create = world.creation("User", &json!({"userName": name}), &[]);
        Unit::from(vec![Write::Create(create)])
    };
    let names = ["taken", "a", "taken", "b"];
    let mut batch = world.batch(names.map(unit).to_vec());
    batch.stop_after_errors = Some(2);
    let outcomes = world.store.write(batch).await.unwrap();
    let short: Vec<_> = outcomes.iter().map(|o| matches!(o, Outcome::Done(_))).collect();
    assert_eq!(short, [false, true, false, false]);
    assert_eq!(outcomes[3], Outcome::Skipped);
}

/// Updates and deletions of what is not there, or of another type.
pub async fn what_is_not_there_is_not_found(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let nobody = world.id();
    assert_eq!(world.delete("User", nobody).await, Err(StoreError::NotFound));
    assert_eq!(world.change(nobody, Vec::new()).await, Err(StoreError::NotFound));
    let ann = world.user("ann").await;
    assert_eq!(world.delete("Group", ann).await, Err(StoreError::NotFound));
    world.delete("User", ann).await.unwrap();
    assert_eq!(world.delete("User", ann).await, Err(StoreError::NotFound));
}

/// Concurrent writers of several sources get every number once, and readers see them in order.
pub async fn the_sequence_has_no_gaps_under_concurrent_writes(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let worlds = [world.clone(), world.beside("second").await];
    let tasks = (0..16_usize).map(|task| {
        let world = worlds[task % 2].clone();
        tokio::spawn(async move {
            for number in 0..20 {
                // Every fourth fails.
                let name = if number % 4 == 0 { "same".to_owned() } else { format!("u{task}-{number}") };
                let _ = world.create("User", json!({"userName": name})).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut sequences = Vec::new();
    let mut after = 0;
    loop {
        let page = world.store.changes(world.tenant, after, 50).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.sequence;
        sequences.extend(page.iter().map(|change| change.sequence));
    }
    let wanted: Vec<u64> = (1..=16 * 15 + 2).collect();
    assert_eq!(sequences, wanted);
}

/// Many requests at the same moment: a creation whose value is taken leaves the others alone, and whom a group waits
/// for is in it afterwards, whichever of the two came first.
pub async fn creations_at_the_same_moment_are_each_as_if_alone(backend: &dyn Backend) {
    let world = World::new(backend).await.pending();
    let taken = world.user("taken").await;
    let tasks = (0..40).map(|number| {
        let world = world.clone();
        tokio::spawn(async move {
            let (name, awaited) = (format!("u{number}"), format!("X{number}"));
            let group = world.group(&name, &[]);
            let waits =
                async { world.change(group.await, vec![MemberChange::Add(vec![awaited.clone()])]).await };
            let user = world.create("User", json!({"userName": name, "externalId": awaited}));
            let again =
                world.create("User", json!({"userName": "TAKEN", "externalId": format!("Y{number}")}));
            let (waits, user, again) = tokio::join!(waits, user, again);
            let conflict = StoreError::Conflict { attribute: "userName".to_owned(), id: Some(taken) };
            assert_eq!(again, Err(conflict));
            assert!(waits.unwrap().changed);
            user.unwrap()
        })
    });
    for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        let user = task.await.unwrap();
        let [(group, true)] = world.groups(user).await[..] else { panic!("u{number} is in one group") };
        assert_eq!(world.members(group).await, [user.to_string()]);
        let filter = format!("externalId eq \"X{number}\"");
        let found = world.list("User", Some(&filter), None, Start::Offset(0), 10).await;
        assert_eq!(found.total, Some(1), "{filter}");
    }
    let freed = world.list("User", Some("externalId eq \"Y0\""), None, Start::Offset(0), 10).await;
    assert_eq!(freed.total, Some(0));
}

/// A write that fails has no change record, and the next number is the next one's.
pub async fn a_failed_write_takes_no_sequence_number(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.user("ann").await;
    world.create("User", json!({"userName": "ann"})).await.unwrap_err();
    let bob = world.user("bob").await;
    let changes = world.store.changes(world.tenant, 1, 10).await.unwrap();
    let found: Vec<_> = changes.iter().map(|change| (change.sequence, change.resource)).collect();
    assert_eq!(found, [(2, bob)]);
}

/// Who comes back can be recognised by `externalId` or `userName`.
pub async fn a_deletion_leaves_a_tombstone(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.create("User", json!({"userName": "Ann", "externalId": "X1"})).await.unwrap();
    let find = async |external_id, user_name| {
        let found = world.store.tombstones(world.source, "User", external_id, user_name).await.unwrap();
        found.into_iter().map(|tombstone| tombstone.id).collect::<Vec<_>>()
    };
    assert!(find(Some("X1"), Some("ann")).await.is_empty());
    world.delete("User", ann).await.unwrap();
    assert_eq!(find(Some("X1"), None).await, [ann]);
    assert_eq!(find(None, Some("ann")).await, [ann]);
    assert_eq!(find(Some("X1"), Some("ann")).await, [ann]);
    assert!(find(Some("x1"), Some("bob")).await.is_empty());
    let changes = world.store.changes(world.tenant, 1, 10).await.unwrap();
    assert_eq!((changes[0].kind, changes[0].resource), (ChangeKind::Deleted, ann));
}

/// What was answered is there after the store was dropped and opened again.
pub async fn committed_writes_survive_a_reopening(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let stored = world.get("User", ann).await;
    let (tenant, source) = (world.tenant, world.source);
    drop(world);
    let store = backend.open().await;
    assert_eq!(store.get(source, "User", ann).await.unwrap(), stored);
    assert_eq!(store.changes(tenant, 0, 10).await.unwrap().len(), 1);
}

/// The stamp taken before a write is not the one after it; that of others stays.
pub async fn a_write_ends_the_stamp_of_its_resource(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let group = world.group("team", &[]).await;
    let stamps = || [ann, bob, group].map(|id| world.store.stamps().of(id));
    let before = stamps();
    world.replace("User", ann, 1, json!({"userName": "anna"})).await.unwrap();
    let after = stamps();
    assert!(before[0] != after[0] && before[1] == after[1] && before[2] == after[2]);
    world.change(group, vec![MemberChange::Add(vec![bob.to_string()])]).await.unwrap();
    let last = stamps();
    assert!(last[0] == after[0] && last[1] != after[1] && last[2] != after[2]);
}

/// An update that says that its index rows are those that are there leaves them.
pub async fn an_update_of_the_same_index_keeps_its_rows(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let content = world.content("User", &json!({"userName": "ann", "title": "Lead"}));
    let update = Update {
        id: ann,
        kind: "User".to_owned(),
        if_version: None,
        content: Some((1, content)),
        same_index: true,
        replaced: false,
        members: Vec::new(),
        difference: json!({}),
    };
    world.write(Write::Update(update)).await.unwrap();
    let found = world.store.find(world.source, "User", "userName", "ann").await.unwrap();
    let body = found.map(|(stored, _)| String::from_utf8(stored.body.to_vec()).unwrap());
    assert!(body.is_some_and(|body| body.contains("Lead")));
}

/// Reindexing finds new attributes, and refuses when two share what must now be unique.
pub async fn reindexing_refuses_values_that_must_be_unique(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let kind = |uniqueness: &str| {
        let schema: Schema = serde_json::from_value(json!({"id": "urn:x:Device", "name": "Device",
            "attributes": [{"name": "serial", "type": "string", "uniqueness": uniqueness}]}))
        .unwrap();
        let kind: ResourceType = serde_json::from_value(
            json!({"name": "Device", "endpoint": "/Devices", "schema": "urn:x:Device"}),
        )
        .unwrap();
        let registry = Registry::builtin().unwrap().extended(&[schema], &[kind]).unwrap();
        Arc::clone(registry.type_named("Device").unwrap())
    };
    let mut creations = Vec::new();
    for _ in 0..2 {
        let mut create = world.creation("User", &json!({"serial": "7"}), &[]);
        "Device".clone_into(&mut create.kind);
        creations.push(create.id);
        world.write(Write::Create(create)).await.unwrap();
    }
    let count = async |kind: &Arc<_>| {
        let filter = rollcall_scim::filter::Filter::parse("serial eq \"7\"").unwrap().bind(kind).unwrap();
        let query = crate::query::Query {
            filter: Some(filter),
            sort: None,
            start: Start::Offset(0),
            count: 10,
            want_total: true,
        };
        world.store.list(world.source, kind, &query).await.unwrap().total
    };
    let (plain, unique) = (kind("none"), kind("server"));
    let indexed = async |kind: &Arc<_>, indexer: Indexer| {
        let source = world.store.source("first").await.unwrap().unwrap();
        let change = SourceChange { reindex: vec![(Arc::clone(kind), indexer)], ..source.into() };
        world.store.update_source(&change, &draft()).await
    };
    indexed(&plain, Indexer::new(&plain)).await.unwrap();
    assert_eq!(count(&plain).await, Some(2));
    let conflict = StoreError::Conflict { attribute: "serial".to_owned(), id: Some(creations[0]) };
    let before = world.store.source("first").await.unwrap();
    assert_eq!(indexed(&unique, Indexer::new(&unique)).await, Err(conflict.clone()));
    assert_eq!(indexed(&plain, Indexer::new(&plain).unique("serial")).await, Err(conflict));
    assert_eq!(world.store.source("first").await.unwrap(), before, "half of it was done");
    assert_eq!(count(&plain).await, Some(2));
    world.delete("Device", creations[0]).await.unwrap();
    indexed(&unique, Indexer::new(&unique)).await.unwrap();
    assert_eq!(count(&unique).await, Some(1));
}

/// What was prepared by settings that hold no more is not written.
pub async fn a_write_of_an_old_generation_of_settings_is_void(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let prepared = async |generation, name: &str| {
        let write = Write::Create(world.creation("User", &json!({ "userName": name }), &[]));
        let batch = world.batch(vec![vec![write].into()]);
        world.store.write(Batch { generation, ..batch }).await.unwrap().pop()
    };
    let is_done = |outcome: Option<Outcome>| matches!(outcome, Some(Outcome::Done(_)));
    let source = async || world.store.source("first").await.unwrap().unwrap();
    let first = source().await.generation;
    assert!(is_done(prepared(Some(first), "a").await));
    world.store.update_source(&source().await.into(), &draft()).await.unwrap();
    let superseded = Some(Outcome::Failed { write: 0, error: StoreError::Superseded });
    assert_eq!(prepared(Some(first), "b").await, superseded);
    assert!(is_done(prepared(Some(source().await.generation), "c").await));
    let second = source().await.generation;
    let policy = Some(json!({}));
    let recompute: (&[_], _) = (&[world.source], rollcall_domain::clock::Timestamp(5));
    world.store.set_tenant_policy(world.tenant, policy.as_ref(), recompute, &draft()).await.unwrap();
    assert_eq!(prepared(Some(second), "d").await, superseded);
    assert!(is_done(prepared(Some(source().await.generation), "e").await));
    assert!(is_done(prepared(None, "f").await), "what asks for none is not held to any");
    let begun = world.store.recomputation(world.source).await.unwrap().unwrap();
    assert_eq!((begun.started, begun.finished), (rollcall_domain::clock::Timestamp(5), None));
}
