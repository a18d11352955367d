//! What the change sequence keeps, and who is told of it.

use super::world::{Backend, World};
use crate::KeptChanges;

/// Retention works from the oldest on, and the newest number is never forgotten.
pub async fn pruning_takes_the_oldest_and_never_the_newest(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let kept = async || world.store.kept_changes(world.tenant).await.unwrap();
    assert_eq!(kept().await, KeptChanges { oldest: 1, last: 0 });
    for number in 0..5 {
        world.user(&format!("u{number}")).await;
    }
    assert_eq!(kept().await, KeptChanges { oldest: 1, last: 5 });
    for (through, limit, gone, oldest) in
        [(0, 10, 0, 1), (3, 2, 2, 3), (3, 10, 1, 4), (9, 10, 1, 5), (9, 10, 0, 5)]
    {
        let pruned = world.store.prune_changes(world.tenant, through, limit).await.unwrap();
        assert_eq!((pruned, kept().await), (gone, KeptChanges { oldest, last: 5 }), "through {through}");
    }
    let left = world.store.changes(world.tenant, 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|change| change.sequence).collect::<Vec<_>>(), [5]);
}

/// Nobody has to ask again and again whether there is something new.
pub async fn a_commit_is_told_to_those_who_wait(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut commits = world.store.stamps().commits();
    commits.mark_unchanged();
    world.user("ann").await;
    tokio::time::timeout(std::time::Duration::from_secs(10), commits.changed()).await.unwrap().unwrap();
    assert_eq!(
        world.store.changes(world.tenant, 0, 10).await.unwrap().len(),
        1,
        "told before it can be read"
    );
}
