//! Nodes on one database: sentences of backends that are shared.

use std::time::Duration;

use rollcall_domain::accepted::Accepted;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::Feed;
use rollcall_domain::source::SourceKey;
use serde_json::json;
use uuid::Uuid;

use super::delivery::endpoint;
use super::world::{Backend, World, draft};
use crate::delivery::Checkpoint;
use crate::lease::{Draw, Fence};
use crate::write::{Batch, MemberChange, Outcome, Unit, Write};
use crate::{AnyStore, StoreError};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(300);

/// A node with its own connection to the database.
struct Node {
    store: AnyStore,
    id: Uuid,
}

impl Node {
    async fn new(backend: &dyn Backend, number: u128) -> Self {
        Self { store: backend.open().await, id: Uuid::from_u128(number) }
    }

    async fn lease(&self, work: &[&str], more: usize, lasting: Duration) -> Vec<Fence> {
        let work: Vec<String> = work.iter().map(|&work| work.to_owned()).collect();
        let mut fences = self.store.lease(self.id, &work, more, lasting).await.unwrap();
        fences.sort_by(|a, b| a.work.cmp(&b.work));
        fences
    }

    async fn one(&self, work: &str, lasting: Duration) -> Option<Fence> {
        self.lease(&[work], 1, lasting).await.pop()
    }
}

async fn nodes(backend: &dyn Backend) -> (World, Node, Node) {
    let world = World::new(backend).await;
    assert!(world.store.is_shared());
    (world, Node::new(backend, 1).await, Node::new(backend, 2).await)
}

/// Work is one node's until its time has run out, and then another's, with a greater number.
pub async fn a_lease_is_one_nodes_until_it_runs_out(backend: &dyn Backend) {
    let (_, one, other) = nodes(backend).await;
    let first = one.one("work", SHORT).await.unwrap();
    assert_eq!(other.one("work", LONG).await, None);
    assert_eq!(one.one("work", SHORT).await, Some(first.clone()), "kept, it is the same lease");
    tokio::time::sleep(SHORT * 2).await;
    let second = other.one("work", LONG).await.unwrap();
    assert!(second.number > first.number);
    assert_eq!(one.one("work", LONG).await, None);
}

/// Of many, a node takes a few at a time; what it has already is not counted.
pub async fn work_is_shared_out(backend: &dyn Backend) {
    let (_, one, other) = nodes(backend).await;
    let all = ["a", "b", "c", "d", "e"];
    let has = |fences: Vec<Fence>| fences.len();
    assert_eq!(has(one.lease(&all, 2, LONG).await), 2);
    assert_eq!(has(other.lease(&all, 2, LONG).await), 2);
    assert_eq!(has(one.lease(&all, 2, LONG).await), 3);
    assert_eq!(has(other.lease(&all, 2, LONG).await), 2);
    let kept = one.lease(&all, 2, LONG).await;
    let theirs = other.lease(&all, 2, LONG).await;
    assert!(kept.iter().all(|fence| theirs.iter().all(|their| their.work != fence.work)));
}

/// What is given back is another's at once.
pub async fn work_that_is_given_back_is_free(backend: &dyn Backend) {
    let (_, one, other) = nodes(backend).await;
    let first = one.one("work", LONG).await.unwrap();
    other.store.give_back(other.id, &["work".to_owned()]).await.unwrap();
    assert_eq!(other.one("work", LONG).await, None, "it was not this node's to give");
    one.store.give_back(one.id, &["work".to_owned()]).await.unwrap();
    assert!(other.one("work", LONG).await.unwrap().number > first.number);
}

/// A lease that is begun anew stays this node's, and refuses what was begun under it before: a write whose answer was
/// lost is there by then, or never. All work is begun anew at once, however little a node may take at a time.
pub async fn a_lease_that_is_begun_anew_ends_what_was_begun_before(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let key = endpoint(&world, 0).await.key;
    let all = ["a", "b", "c"];
    let before = one.lease(&all, 3, LONG).await;
    let work: Vec<String> = before.iter().map(|fence| fence.work.clone()).collect();
    other.store.begin_anew(other.id, &work).await.unwrap();
    assert_eq!(one.lease(&all, 0, LONG).await, before, "they were not that node's");
    one.store.begin_anew(one.id, &work[..2]).await.unwrap();
    assert_eq!(other.lease(&all, 3, LONG).await, []);
    let after = one.lease(&all, 0, LONG).await;
    let greater: Vec<bool> = after.iter().zip(&before).map(|(now, then)| now.number > then.number).collect();
    assert_eq!(greater, [true, true, false]);
    let checkpoint =
        |fence: &Fence| Checkpoint { cursor: 1, fence: Some(fence.clone()), ..Checkpoint::default() };
    for (fence, is_written) in [(&before[0], false), (&before[2], true), (&after[0], true)] {
        let written = one.store.checkpoint(key, 1, Feed::Changes, &checkpoint(fence)).await;
        assert_eq!(written, Ok(is_written), "{fence:?}");
    }
}

/// Nodes that ask at the same moment do not get the same.
pub async fn a_lease_is_given_once(backend: &dyn Backend) {
    let (_, one, other) = nodes(backend).await;
    let all: Vec<String> = (0..50).map(|number| format!("work {number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (mine, theirs) = tokio::join!(one.lease(&all, 50, LONG), other.lease(&all, 50, LONG));
    assert!(mine.len() + theirs.len() <= 50);
    assert!(mine.iter().all(|fence| theirs.iter().all(|their| their.work != fence.work)));
    let (mine, theirs) = (one.lease(&all, 50, LONG).await, other.lease(&all, 50, LONG).await);
    assert_eq!(mine.len() + theirs.len(), 50);
}

/// A node that lost its lease writes nothing, however late it comes.
pub async fn what_lost_its_lease_is_refused(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let key = endpoint(&world, 0).await.key;
    let accepted = Accepted {
        key: 0,
        tenant: world.tenant,
        source: world.source,
        actor: String::new(),
        request_id: "r".to_owned(),
        at: Timestamp(1),
        after: 0,
        sealed: String::new(),
    };
    let accepted = Accepted { key: world.store.accept(&accepted).await.unwrap(), ..accepted };
    world.store.begin_recomputation(world.source, Timestamp(1)).await.unwrap();
    let progress = world.store.recomputation(world.source).await.unwrap().unwrap();

    let lost = one.one("work", LONG).await.unwrap();
    let write = async |node: &Node, fence: &Fence, name: &str| {
        let creation = world.creation("User", &json!({"userName": name}), &[]);
        let batch = world.batch(vec![Unit::from(vec![Write::Create(creation)])]);
        let batch = Batch { fence: Some(fence.clone()), ..batch };
        node.store.write(batch).await.unwrap().remove(0)
    };
    assert!(matches!(write(&one, &lost, "before").await, Outcome::Done(_)));
    one.store.give_back(one.id, &["work".to_owned()]).await.unwrap();
    assert!(matches!(write(&one, &lost, "between").await, Outcome::Failed { error: StoreError::Fenced, .. }));
    let held = other.one("work", LONG).await.unwrap();

    let late = write(&one, &lost, "late").await;
    assert_eq!(late, Outcome::Failed { write: 0, error: StoreError::Fenced });
    let checkpoint =
        |fence: &Fence| Checkpoint { cursor: 1, fence: Some(fence.clone()), ..Checkpoint::default() };
    assert_eq!(one.store.checkpoint(key, 1, Feed::Changes, &checkpoint(&lost)).await, Ok(false));
    assert_eq!(one.store.cursor(key, Feed::Changes).await, Ok(0));
    let noted = one.store.note_recomputation(world.source, &progress, Some(&lost)).await;
    assert_eq!(noted, Err(StoreError::Fenced));
    let completed = one.store.complete(&accepted, Timestamp(2), &[], Some(&lost)).await;
    assert_eq!(completed, Err(StoreError::Fenced));

    assert!(matches!(write(&other, &held, "now").await, Outcome::Done(_)));
    assert_eq!(other.store.checkpoint(key, 1, Feed::Changes, &checkpoint(&held)).await, Ok(true));
    assert_eq!(other.store.note_recomputation(world.source, &progress, Some(&held)).await, Ok(true));
    assert_eq!(other.store.complete(&accepted, Timestamp(2), &[], Some(&held)).await, Ok(true));
}

/// A bucket is one for all nodes, and fills again.
pub async fn tokens_are_counted_together(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let draw = |wanted| Draw { per_second: 100.0, burst: 100.0, wanted };
    assert_eq!(one.store.draw(world.source, draw(60)).await, Ok(60));
    let rest = other.store.draw(world.source, draw(60)).await.unwrap();
    assert!((40..60).contains(&rest), "{rest}");
    assert!(one.store.draw(world.source, draw(60)).await.unwrap() < 20);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(other.store.draw(world.source, draw(60)).await.unwrap() >= 25);
    assert_eq!(other.store.draw(SourceKey(-1), draw(1)).await, Ok(1), "each source has its own");
}

/// What one node has committed, another reads, whatever it read before.
pub async fn a_committed_write_is_read_by_every_node(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let there = world.through(&one.store);
    let user = there.user("a").await;
    let elsewhere = world.through(&other.store);
    for revision in 1..50 {
        let (writes, reads) = if revision % 2 == 0 { (&there, &elsewhere) } else { (&elsewhere, &there) };
        let document = json!({"userName": "a", "title": revision.to_string()});
        writes.replace("User", user, revision, document).await.unwrap();
        assert_eq!(reads.get("User", user).await.unwrap().revision, revision + 1);
    }
    assert_eq!(world.store.kept_changes(world.tenant).await.unwrap().last, 50);
}

/// Members added and removed through several nodes are all there, or all gone, and told once and in order.
pub async fn nodes_change_one_group_and_lose_nothing(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let worlds = [&one.store, &other.store].map(|store| world.through(store));
    let group = world.group("everyone", &[]).await;
    let mut users = Vec::new();
    for number in 0..40 {
        users.push(world.user(&format!("user {number}")).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (number, user) in users.iter().enumerate() {
        let (world, user) = (worlds[number % 2].clone(), user.to_string());
        tasks.spawn(async move {
            world.change(group, vec![MemberChange::Add(vec![user.clone()])]).await.unwrap();
            if number % 4 == 0 {
                world.change(group, vec![MemberChange::Remove(vec![user])]).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let mut left = world.members(group).await;
    left.sort();
    let stay = users.iter().enumerate().filter(|(number, _)| number % 4 != 0);
    let mut expected: Vec<String> = stay.map(|(_, user)| user.to_string()).collect();
    expected.sort();
    assert_eq!(left, expected);
    let changes = world.store.changes(world.tenant, 0, 1_000).await.unwrap();
    let sequences: Vec<u64> = changes.iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (1..=91).collect::<Vec<u64>>(), "a group, 40 users, 40 additions, 10 removals");
}

/// Settings that one node changes are others' too: their stamps end, within a second.
pub async fn settings_reach_every_node_within_a_second(backend: &dyn Backend) {
    let (world, one, other) = nodes(backend).await;
    let (epoch, mut commits) = (other.store.stamps().epoch(), other.store.stamps().commits());
    let _ = commits.borrow_and_update();
    let source = one.store.source("first").await.unwrap().unwrap();
    one.store.update_source(&source.into(), &draft()).await.unwrap();
    let ended = async {
        while other.store.stamps().epoch() == epoch {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), ended).await.expect("the epoch stands");
    let _ = commits.borrow_and_update();
    world.user("a").await;
    let told = tokio::time::timeout(Duration::from_secs(1), commits.changed()).await;
    told.expect("a commit of another node is not told").unwrap();
}
