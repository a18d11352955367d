//! Requests that were answered before they are done.

use rollcall_domain::accepted::{Accepted, Completion};
use rollcall_domain::change::ChangeKind;
use rollcall_domain::clock::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::world::{Backend, World, draft};

fn request(world: &World, number: u64) -> Accepted {
    Accepted {
        key: 0,
        tenant: world.tenant,
        source: world.source,
        actor: "c".to_owned(),
        request_id: format!("r{number}"),
        at: Timestamp(5),
        after: number,
        sealed: "v1.k.s".to_owned(),
    }
}

fn completion(request_id: &str) -> Completion {
    Completion {
        request_id: request_id.to_owned(),
        resource_type: "User".to_owned(),
        resource: Uuid::from_u128(7),
        version: 3,
        uri: "/Users/7".to_owned(),
        operation: json!({ "method": "PUT", "status": "200" }),
    }
}

/// What was accepted waits in order, and ends once, with a change for each completion.
pub async fn what_is_accepted_waits_until_it_is_complete(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let first =
        Accepted { key: world.store.accept(&request(&world, 1)).await.unwrap(), ..request(&world, 1) };
    let second =
        Accepted { key: world.store.accept(&request(&world, 2)).await.unwrap(), ..request(&world, 2) };
    let waiting = async |after| world.store.accepted(after, 10).await.unwrap();
    assert_eq!(waiting(0).await, [first.clone(), second.clone()]);
    assert_eq!(world.store.accepted(0, 1).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(waiting(first.key).await, std::slice::from_ref(&second));
    let completions = [completion("r1:0"), completion("r1:1")];
    assert!(world.store.complete(&first, Timestamp(9), &completions, None).await.unwrap());
    assert!(!world.store.complete(&first, Timestamp(9), &completions, None).await.unwrap(), "it ended twice");
    assert_eq!(waiting(0).await, [second]);
    let changes = world.store.changes(world.tenant, 0, 10).await.unwrap();
    let told: Vec<_> =
        changes.iter().map(|change| (change.sequence, change.kind, &*change.request_id)).collect();
    assert_eq!(told, [(1, ChangeKind::Completed, "r1:0"), (2, ChangeKind::Completed, "r1:1")]);
    let change = &changes[0];
    assert_eq!((change.resource, change.version, change.at), (Uuid::from_u128(7), 3, Timestamp(9)));
    assert_eq!((&*change.actor, change.source), ("c", world.source));
    let detail: serde_json::Value = serde_json::from_str(&change.detail).unwrap();
    let expected = json!({ "uri": "/Users/7", "operation": { "method": "PUT", "status": "200" } });
    assert_eq!(detail, expected);
}

/// What a source accepted goes with it.
pub async fn a_deleted_source_takes_what_it_accepted(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let accepted =
        Accepted { key: world.store.accept(&request(&world, 1)).await.unwrap(), ..request(&world, 1) };
    world.store.delete_source(world.source, &draft()).await.unwrap();
    assert_eq!(world.store.accepted(0, 10).await.unwrap(), []);
    assert!(!world.store.complete(&accepted, Timestamp(9), &[completion("r1")], None).await.unwrap());
    assert_eq!(world.store.accept(&request(&world, 2)).await, Err(crate::StoreError::NotFound));
}
