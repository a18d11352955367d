//! Endpoints, their progress and their log.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryState, Endpoint, EndpointKey, EndpointKind, EndpointSettings,
    EndpointStatus, Feed, OfParked, SealedSecret, SecretUse,
};
use rollcall_domain::signing::SigningKey;
use uuid::Uuid;

use super::world::{Backend, World, draft};
use crate::StoreError;
use crate::delivery::{Checkpoint, Progress};

pub(crate) async fn endpoint(world: &World, cursor: u64) -> Endpoint {
    let mut endpoint = Endpoint {
        key: EndpointKey(0),
        id: world.id(),
        tenant: world.tenant,
        kind: EndpointKind::Webhook,
        status: EndpointStatus::Active,
        settings: EndpointSettings { url: "https://a.example/".to_owned(), ..EndpointSettings::default() },
        secrets: vec![SealedSecret {
            purpose: SecretUse::Signing,
            sealed: "v1.k.s".to_owned(),
            created: Timestamp(1),
            expires: Some(Timestamp(2)),
        }],
        generation: 1,
        created: Timestamp(3),
    };
    endpoint.key = world.store.create_endpoint(&endpoint, cursor, &draft()).await.unwrap();
    endpoint
}

fn delivery(sequence: u64, state: DeliveryState) -> Delivery {
    Delivery {
        sequence,
        resource: Uuid::from_u128(7),
        state,
        attempts: 3,
        not_before: Timestamp(9),
        error: "503".to_owned(),
    }
}

fn attempt(sequence: u64) -> Attempt {
    Attempt {
        key: 0,
        sequence,
        at: Timestamp(5),
        attempt: 1,
        status: Some(200),
        millis: 4,
        outcome: AttemptOutcome::Delivered,
        error: String::new(),
    }
}

/// What an operator set is what deliverers read.
pub async fn an_endpoint_comes_back_as_written(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut first = endpoint(&world, 4).await;
    assert_eq!(world.store.endpoints(Some(world.tenant)).await.unwrap(), [first.clone()]);
    first.status = EndpointStatus::Disabled("410".to_owned());
    first.secrets.clear();
    world.store.update_endpoint(&first, &draft()).await.unwrap();
    first.generation = 2;
    assert_eq!(world.store.endpoints(None).await.unwrap(), [first]);
    let unknown = endpoint(&world, 0).await;
    world.store.delete_endpoint(unknown.key, &draft()).await.unwrap();
    assert_eq!(world.store.update_endpoint(&unknown, &draft()).await, Err(StoreError::NotFound));
}

/// Cursor, rows and log are written together.
pub async fn a_checkpoint_moves_the_cursor_and_what_is_apart(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let endpoint = endpoint(&world, 4).await;
    let write =
        async |checkpoint| world.store.checkpoint(endpoint.key, 1, Feed::Changes, &checkpoint).await.unwrap();
    let progress = async || world.store.progress(endpoint.key, Feed::Changes).await.unwrap();
    assert_eq!(progress().await, Progress { cursor: 4, apart: Vec::new() });
    let (waiting, parked) = (delivery(6, DeliveryState::Waiting), delivery(7, DeliveryState::Parked));
    let put = vec![parked.clone(), waiting.clone()];
    assert!(write(Checkpoint { cursor: 9, put, ..Checkpoint::default() }).await);
    assert_eq!(progress().await, Progress { cursor: 9, apart: vec![waiting, parked] });
    let parked = delivery(6, DeliveryState::Parked);
    let checkpoint =
        Checkpoint { cursor: 11, put: vec![parked.clone()], remove: vec![7], ..Checkpoint::default() };
    assert!(write(checkpoint).await);
    assert_eq!(progress().await, Progress { cursor: 11, apart: vec![parked] });
}

/// Two that write of one endpoint do not undo one another.
pub async fn a_checkpoint_moves_the_cursor_forth_only(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let key = endpoint(&world, 0).await.key;
    for (written, then) in [(5, 5), (3, 5), (7, 7)] {
        let checkpoint = Checkpoint { cursor: written, ..Checkpoint::default() };
        assert!(world.store.checkpoint(key, 1, Feed::Changes, &checkpoint).await.unwrap());
        assert_eq!(world.store.cursor(key, Feed::Changes).await, Ok(then));
    }
}

/// What an operator does goes before what is under way.
pub async fn a_checkpoint_of_an_old_generation_is_void(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let endpoint = endpoint(&world, 4).await;
    world.store.update_endpoint(&endpoint, &draft()).await.unwrap();
    let checkpoint =
        Checkpoint { cursor: 9, attempts: vec![attempt(5)], log_rows: 9, ..Checkpoint::default() };
    assert!(!world.store.checkpoint(endpoint.key, 1, Feed::Changes, &checkpoint).await.unwrap());
    assert_eq!(world.store.progress(endpoint.key, Feed::Changes).await.unwrap().cursor, 4);
    assert_eq!(world.store.attempts(endpoint.key, None, 10).await.unwrap(), []);
    let disabled = Some(EndpointStatus::Disabled("gone".to_owned()));
    let checkpoint = Checkpoint { cursor: 5, status: disabled.clone(), ..Checkpoint::default() };
    assert!(world.store.checkpoint(endpoint.key, 2, Feed::Changes, &checkpoint).await.unwrap());
    let found = world.store.endpoints(None).await.unwrap().remove(0);
    assert_eq!((Some(found.status), found.generation), (disabled, 3));
}

/// Parked deliveries wait for an operator.
pub async fn parked_deliveries_are_released_and_discarded(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let key = endpoint(&world, 0).await.key;
    let parked = (1..=4).map(|sequence| delivery(sequence, DeliveryState::Parked));
    let put = parked.chain([delivery(5, DeliveryState::Waiting)]).collect();
    let checkpoint = Checkpoint { cursor: 9, put, ..Checkpoint::default() };
    assert!(world.store.checkpoint(key, 1, Feed::Changes, &checkpoint).await.unwrap());
    let parked = async || {
        let page = world.store.deliveries(key, Feed::Changes, DeliveryState::Parked, 1, 2).await.unwrap();
        let count = world.store.count_deliveries(key, Feed::Changes, DeliveryState::Parked).await.unwrap();
        (page.iter().map(|delivery| delivery.sequence).collect::<Vec<_>>(), count)
    };
    assert_eq!(parked().await, (vec![2, 3], 4));
    let settle = async |answer, sequences: Option<&[u64]>| {
        world.store.settle(key, Feed::Changes, answer, sequences, &draft()).await
    };
    assert_eq!(settle(OfParked::Release, Some(&[2, 5, 8])).await, Ok(1));
    assert_eq!(parked().await, (vec![3, 4], 3));
    assert_eq!(settle(OfParked::Discard, Some(&[3])).await, Ok(1));
    assert_eq!(settle(OfParked::Release, None).await, Ok(2));
    assert_eq!(settle(OfParked::Discard, None).await, Ok(0));
    let apart = world.store.progress(key, Feed::Changes).await.unwrap().apart;
    let apart: Vec<_> = apart.iter().map(|one| (one.sequence, one.state, one.attempts)).collect();
    let waiting = DeliveryState::Waiting;
    assert_eq!(apart, [(1, waiting, 0), (2, waiting, 0), (4, waiting, 0), (5, waiting, 3)]);
    let found = world.store.endpoints(None).await.unwrap().remove(0);
    assert_eq!(found.generation, 5, "a deliverer does not notice");
}

/// A replay begins with nothing left over.
pub async fn seeking_forgets_what_is_apart(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let key = endpoint(&world, 0).await.key;
    let put = vec![delivery(1, DeliveryState::Parked)];
    let checkpoint = Checkpoint { cursor: 9, put, ..Checkpoint::default() };
    assert!(world.store.checkpoint(key, 1, Feed::Changes, &checkpoint).await.unwrap());
    world.store.seek(key, Feed::Changes, 3, &draft()).await.unwrap();
    let progress = world.store.progress(key, Feed::Changes).await.unwrap();
    assert_eq!(progress, Progress { cursor: 3, apart: Vec::new() });
    let late = Checkpoint { cursor: 10, ..Checkpoint::default() };
    assert!(!world.store.checkpoint(key, 1, Feed::Changes, &late).await.unwrap());
    assert_eq!(
        world.store.seek(EndpointKey(-1), Feed::Changes, 3, &draft()).await,
        Err(StoreError::NotFound)
    );
}

/// The log does not grow for ever.
pub async fn the_log_keeps_the_latest_attempts(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (first, second) = (endpoint(&world, 0).await.key, endpoint(&world, 0).await.key);
    for key in [first, second] {
        let attempts = (1..=7).map(attempt).collect();
        let checkpoint = Checkpoint { attempts, log_rows: 4, ..Checkpoint::default() };
        assert!(world.store.checkpoint(key, 1, Feed::Changes, &checkpoint).await.unwrap());
    }
    let all = world.store.attempts(first, None, 10).await.unwrap();
    assert_eq!(all.iter().map(|attempt| attempt.sequence).collect::<Vec<_>>(), [7, 6, 5, 4]);
    let next = world.store.attempts(first, Some(all[1].key), 1).await.unwrap();
    assert_eq!(next, [Attempt { key: next[0].key, ..attempt(5) }]);
}

/// Nothing is delivered for it any more.
pub async fn a_deleted_endpoint_leaves_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let key = endpoint(&world, 0).await.key;
    let put = vec![delivery(1, DeliveryState::Parked)];
    let checkpoint = Checkpoint { put, attempts: vec![attempt(1)], log_rows: 5, ..Checkpoint::default() };
    assert!(world.store.checkpoint(key, 1, Feed::Changes, &checkpoint).await.unwrap());
    let epoch = world.store.stamps().epoch();
    world.store.delete_endpoint(key, &draft()).await.unwrap();
    assert_ne!(world.store.stamps().epoch(), epoch, "deliverers do not notice");
    assert_eq!(world.store.endpoints(None).await.unwrap(), []);
    assert_eq!(world.store.progress(key, Feed::Changes).await, Err(StoreError::NotFound));
    assert!(!world.store.checkpoint(key, 1, Feed::Changes, &Checkpoint::default()).await.unwrap());
    assert_eq!(world.store.attempts(key, None, 9).await.unwrap(), []);
    assert_eq!(world.store.delete_endpoint(key, &draft()).await, Err(StoreError::NotFound));
}

/// The newest key signs, and of two that are added at once one is.
pub async fn a_signing_key_follows_the_newest(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let key = |id: &str| SigningKey {
        id: id.to_owned(),
        sealed: "v1.k.s".to_owned(),
        public: serde_json::json!({ "kid": id }),
        created: Timestamp(1),
    };
    let add = async |id: &str, newest| world.store.add_signing_key(&key(id), newest, &draft()).await;
    assert_eq!(add("b", None).await, Ok(()));
    assert!(matches!(add("x", None).await, Err(StoreError::Conflict { .. })));
    assert_eq!(add("a", Some("b")).await, Ok(()));
    assert_eq!(world.store.signing_keys().await.unwrap(), [key("b"), key("a")]);
    world.store.remove_signing_keys(&["b".to_owned()]).await.unwrap();
    assert_eq!(world.store.signing_keys().await.unwrap(), [key("a")]);
}

/// The same secrets under another key are no change that a deliverer has to know.
pub async fn resealing_begins_no_generation(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut endpoint = endpoint(&world, 0).await;
    "v1.k2.s".clone_into(&mut endpoint.secrets[0].sealed);
    world.store.reseal_endpoint(&endpoint).await.unwrap();
    assert_eq!(world.store.endpoints(None).await.unwrap(), [endpoint.clone()]);
    endpoint.generation = 2;
    endpoint.secrets.clear();
    world.store.reseal_endpoint(&endpoint).await.unwrap();
    assert_eq!(world.store.endpoints(None).await.unwrap()[0].secrets.len(), 1, "an old reading is written");
}
