//! What happened to one resource, and how many a source had.

use rollcall_domain::clock::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::world::{Backend, World, draft};
use crate::history::Size;

/// The changes of one resource are told latest first, a page after the other, those since it was asked last too.
pub async fn the_history_of_a_resource_is_its_changes(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let bob = world.user("bob").await;
    let told = async |resource, before, limit| {
        let found = world.store.history(world.tenant, resource, before, limit).await.unwrap();
        found.iter().map(|change| change.sequence).collect::<Vec<_>>()
    };
    assert_eq!(told(ann, None, 10).await, [1]);
    renamed(&world, ann, 1, "ann2").await;
    renamed(&world, bob, 1, "bob2").await;
    renamed(&world, ann, 2, "ann3").await;
    assert_eq!(told(ann, None, 10).await, [5, 3, 1]);
    assert_eq!(told(ann, None, 2).await, [5, 3]);
    assert_eq!(told(ann, Some(3), 2).await, [1]);
    assert_eq!(told(bob, None, 10).await, [4, 2]);
    let newest = world.store.history(world.tenant, ann, None, 1).await.unwrap();
    let fed = world.store.changes(world.tenant, 4, 1).await.unwrap();
    assert_eq!(newest, fed);
}

/// Another tenant sees nothing of it, and what is pruned is gone from it.
pub async fn a_history_ends_at_the_tenant_and_at_what_is_kept(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    renamed(&world, ann, 1, "ann2").await;
    let other = Uuid::from_u128(77);
    let other = world.store.create_tenant(other, "other", &draft()).await.unwrap();
    let told = async |tenant| world.store.history(tenant, ann, None, 10).await.unwrap().len();
    assert_eq!((told(world.tenant).await, told(other.key).await), (2, 0));
    world.store.prune_changes(world.tenant, 1, 10).await.unwrap();
    assert_eq!(told(world.tenant).await, 1);
}

/// Sizes are noted once for a time, kept until they are too old, and go with their source.
pub async fn sizes_are_noted_and_forgotten(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let noted = async || world.store.sizes(world.source).await.unwrap();
    let note = async |at, oldest| world.store.note_sizes(Timestamp(at), Timestamp(oldest)).await.unwrap();
    note(10, 0).await;
    world.user("ann").await;
    note(20, 0).await;
    world.user("bob").await;
    note(20, 0).await;
    let size = |at, users| Size { at: Timestamp(at), users, groups: 0 };
    assert_eq!(noted().await, [size(10, 0), size(20, 2)]);
    note(30, 20).await;
    assert_eq!(noted().await, [size(20, 2), size(30, 2)]);
    world.store.delete_source(world.source, &draft()).await.unwrap();
    assert_eq!(noted().await, []);
}

async fn renamed(world: &World, user: Uuid, revision: u64, name: &str) {
    world.replace("User", user, revision, json!({ "userName": name })).await.unwrap();
}
