//! Tenants, sources and credentials.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope};
use rollcall_domain::source::{Source, SourceKey, SourceStatus};
use rollcall_domain::tenant::DEFAULT_TENANT;
use uuid::Uuid;

use super::world::{Backend, World, draft, source};
use crate::{SourceChange, StoreError};

/// A new store has the default tenant, with an id of its own.
pub async fn the_default_tenant_is_there(backend: &dyn Backend) {
    let store = backend.open().await;
    let tenant = store.tenant(DEFAULT_TENANT).await.unwrap().unwrap();
    assert!(!tenant.id.is_nil());
    assert_eq!(store.tenants().await.unwrap(), [tenant]);
    store.ready().await.unwrap();
}

/// Tenant names and slugs are unique in the store.
pub async fn names_and_slugs_are_taken_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let store = &world.store;
    let other = store.create_tenant(Uuid::from_u128(9), "other", &draft()).await.unwrap();
    let again = store.create_tenant(Uuid::from_u128(10), "other", &draft()).await;
    assert_eq!(again, Err(StoreError::Conflict { attribute: "name".to_owned(), id: None }));
    let mut taken = source(other.key, "first");
    taken.id = Uuid::from_u128(11);
    let again = store.create_source(&taken, &draft()).await;
    assert_eq!(again, Err(StoreError::Conflict { attribute: "slug".to_owned(), id: None }));
    assert_eq!(store.sources(other.key).await.unwrap(), []);
}

/// What is written of a source is read again.
pub async fn a_source_comes_back_as_written(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut written = source(world.tenant, "second");
    written.key = world.store.create_source(&written, &draft()).await.unwrap();
    assert_eq!(world.store.source("second").await.unwrap(), Some(written.clone()));
    written.status = SourceStatus::Paused;
    written.settings.burst = 7;
    world.store.update_source(&written.clone().into(), &draft()).await.unwrap();
    written.generation += 1;
    assert_eq!(world.store.source("second").await.unwrap(), Some(written.clone()));
    let slugs: Vec<_> =
        world.store.sources(world.tenant).await.unwrap().into_iter().map(|s| s.slug).collect();
    assert_eq!(slugs, ["first", "second"]);
    written.key = SourceKey(999);
    assert_eq!(world.store.update_source(&written.into(), &draft()).await, Err(StoreError::NotFound));
}

/// Of two changes made from the same settings one is done, and the other leaves nothing, no entry either.
pub async fn settings_take_the_place_of_those_that_were_read(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let store = &world.store;
    let read = store.source("first").await.unwrap().unwrap();
    let with_burst = |from: &Source, burst| {
        let mut after = from.clone();
        after.settings.burst = burst;
        SourceChange::of(from, after)
    };
    store.update_source(&with_burst(&read, 7), &draft()).await.unwrap();
    let head = store.audit_head().await.unwrap();
    assert_eq!(store.update_source(&with_burst(&read, 8), &draft()).await, Err(StoreError::Superseded));
    let now = store.source("first").await.unwrap().unwrap();
    assert_eq!((now.settings.burst, now.generation), (7, read.generation + 1));
    assert_eq!(store.audit_head().await.unwrap(), head);
    let (one, two, first, second) = (with_burst(&now, 8), with_burst(&now, 9), draft(), draft());
    let both = tokio::join!(store.update_source(&one, &first), store.update_source(&two, &second));
    assert!(both.0.is_ok() != both.1.is_ok(), "both at one instant: {both:?}");
    let mut gone = now;
    gone.key = SourceKey(999);
    assert_eq!(store.update_source(&with_burst(&gone, 1), &draft()).await, Err(StoreError::NotFound));
}

/// A deleted source takes its rows with it; its changes stay.
pub async fn a_deleted_source_takes_all_but_its_changes(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    world.group("team", &[ann]).await;
    world.store.delete_source(world.source, &draft()).await.unwrap();
    assert_eq!(world.get("User", ann).await, None);
    assert_eq!(world.store.source("first").await.unwrap(), None);
    assert_eq!(world.store.delete_source(world.source, &draft()).await, Err(StoreError::NotFound));
    let late = world.create("User", serde_json::json!({"userName": "bob"})).await;
    assert_eq!(late, Err(StoreError::NotFound));
    assert_eq!(world.store.changes(world.tenant, 0, 10).await.unwrap().len(), 2);
    let again = world.beside("first").await;
    assert_eq!(again.list("User", None, None, crate::query::Start::Offset(0), 10).await.total, Some(0));
}

fn credential(world: &World, number: u8, created: i64) -> Credential {
    Credential {
        id: Uuid::from_u128(u128::from(number)),
        source: world.source,
        prefix: format!("prefix{number}"),
        digest: [number; 32],
        scopes: vec![Scope::Read, Scope::Write],
        subject: None,
        created: Timestamp(created),
        expires: None,
        revoked: None,
        last_used: None,
    }
}

/// The new credential is there and the old one ends, with an entry for each, or neither.
pub async fn a_rotation_is_all_or_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (old, new) = (credential(&world, 1, 5), credential(&world, 2, 6));
    world.store.add_credential(&old, &draft()).await.unwrap();
    let entries = async || world.store.audit_chain(0, 100).await.unwrap().len();
    let before = entries().await;
    let ending = Credential { expires: Some(Timestamp(9)), ..old.clone() };
    let gone = Credential { id: Uuid::from_u128(7), ..ending.clone() };
    let taken = Credential { prefix: old.prefix.clone(), ..new.clone() };
    for (new, old) in [(&taken, &ending), (&new, &gone)] {
        world.store.rotate_credential(new, old, [&draft(), &draft()]).await.unwrap_err();
    }
    assert_eq!(world.store.credentials(world.source).await.unwrap(), [old]);
    assert_eq!(entries().await, before);
    world.store.rotate_credential(&new, &ending, [&draft(), &draft()]).await.unwrap();
    assert_eq!(world.store.credentials(world.source).await.unwrap(), [ending, new]);
    assert_eq!(entries().await, before + 2);
}

/// Credentials are listed by age and updated by id.
pub async fn credentials_come_back_oldest_first(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (mut old, new) = (credential(&world, 1, 5), credential(&world, 2, 6));
    world.store.add_credential(&new, &draft()).await.unwrap();
    world.store.add_credential(&old, &draft()).await.unwrap();
    let taken = Credential { id: Uuid::from_u128(3), ..old.clone() };
    let conflict = StoreError::Conflict { attribute: "prefix".to_owned(), id: None };
    assert_eq!(world.store.add_credential(&taken, &draft()).await, Err(conflict));
    old.revoked = Some(Timestamp(9));
    world.store.update_credential(&old, &draft()).await.unwrap();
    assert_eq!(world.store.update_credential(&taken, &draft()).await, Err(StoreError::NotFound));
    world.store.touch_credentials(&[(old.id, Timestamp(8))]).await.unwrap();
    old.last_used = Some(Timestamp(8));
    assert_eq!(world.store.credentials(world.source).await.unwrap(), [old, new]);
}

/// A commit to the directory ends every stamp; the use of a credential ends none.
pub async fn directory_commits_end_every_stamp(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let stamp = world.store.stamps().of(ann);
    world.store.touch_credentials(&[(ann, Timestamp(1))]).await.unwrap();
    assert_eq!(world.store.stamps().of(ann), stamp);
    world.beside("second").await;
    assert_ne!(world.store.stamps().of(ann), stamp);
}
