//! Order, bounds, attempts and what is written down.

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn settings() -> HubSettings {
    HubSettings { concurrency: 2, window: 10, apart: 5, attempts: 3, ..HubSettings::default() }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Lanes with changes 1, 2, … of these resources; 0 is none of the endpoint's.
fn lanes(settings: HubSettings, resources: &[u128]) -> Lanes {
    let mut lanes = Lanes::new(settings, Progress::default());
    for (at, resource) in resources.iter().enumerate() {
        lanes.offer(at as u64 + 1, (*resource > 0).then(|| id(*resource)));
    }
    lanes
}

fn retry() -> Verdict {
    Verdict::Retry(None, "answered 503".to_owned())
}

fn started(lanes: &mut Lanes, now: Timestamp) -> Vec<u64> {
    std::iter::from_fn(|| lanes.start(now)).map(|(sequence, _)| sequence).collect()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

#[test]
fn one_resource_goes_in_order_and_others_beside_it() {
    let mut lanes = lanes(settings(), &[1, 1, 2, 3]);
    assert_eq!(started(&mut lanes, NOW), [1, 3], "two at once, and 2 stands behind 1");
    lanes.finish(3, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(started(&mut lanes, NOW), [4]);
    lanes.finish(1, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(started(&mut lanes, NOW), [2]);
}

#[test]
fn the_cursor_stands_before_what_is_not_done() {
    let mut lanes = lanes(settings(), &[1, 0, 2, 0]);
    assert_eq!(lanes.checkpoint(NOW), None);
    assert_eq!(started(&mut lanes, NOW), [1, 3]);
    lanes.finish(3, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(lanes.checkpoint(NOW), None, "1 is under way");
    lanes.finish(1, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(lanes.checkpoint(NOW), Some(Done { cursor: 4, ..Done::default() }));
    assert_eq!(lanes.checkpoint(NOW), None, "nothing has happened since");
}

#[test]
fn a_failed_attempt_waits_twice_as_long_each_time_and_is_parked_in_the_end() {
    let mut lanes = lanes(settings(), &[1, 1, 2]);
    assert_eq!(lanes.start(NOW), Some((1, 0)));
    assert_eq!(lanes.finish(1, &retry(), NOW, 0.5), AttemptOutcome::Retry);
    assert_eq!(lanes.start(NOW), Some((3, 0)), "other resources go on");
    lanes.finish(3, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(lanes.wake_at(), Some(after(1)));
    assert_eq!(lanes.start(after(1)), Some((1, 1)));
    lanes.finish(1, &retry(), after(1), 0.5);
    assert_eq!(lanes.wake_at(), Some(after(3)));
    assert_eq!(lanes.start(after(3)), Some((1, 2)));
    assert_eq!(lanes.finish(1, &retry(), after(3), 0.5), AttemptOutcome::Parked);
    assert_eq!(lanes.wake_at(), None, "2 stands behind 1");
    let done = lanes.checkpoint(after(3)).unwrap();
    let states: Vec<_> = done.put.iter().map(|row| (row.sequence, row.state, row.attempts)).collect();
    assert_eq!(states, [(1, DeliveryState::Parked, 3), (2, DeliveryState::Waiting, 0)]);
    assert_eq!(done.cursor, 3);
}

#[test]
fn jitter_spreads_attempts_and_retry_after_is_waited_for() {
    let seconds = |value| Some(Duration::from_secs(value));
    for (asked, jitter, expected) in
        [(None, 0.0, 500), (None, 1.0, 1500), (seconds(60), 0.5, 60_000), (seconds(0), 0.5, 1_000)]
    {
        let mut lanes = lanes(settings(), &[1]);
        lanes.start(NOW);
        lanes.finish(1, &Verdict::Retry(asked, String::new()), NOW, jitter);
        assert_eq!(lanes.wake_at(), Some(Timestamp(NOW.0 + expected)), "{asked:?} {jitter}");
    }
    let mut lanes = lanes(HubSettings { max_backoff: Duration::from_secs(10), ..settings() }, &[1]);
    lanes.start(NOW);
    lanes.finish(1, &Verdict::Retry(seconds(86_400), String::new()), NOW, 0.5);
    assert_eq!(lanes.wake_at(), Some(after(10)), "a receiver cannot send us away for a day");
}

#[test]
fn what_waits_long_is_set_apart_with_all_behind_it() {
    let mut lanes = lanes(settings(), &[1, 2, 1, 2]);
    assert_eq!(started(&mut lanes, NOW), [1, 2]);
    lanes.finish(1, &Verdict::Retry(Some(Duration::from_secs(60)), "answered 429".to_owned()), NOW, 0.5);
    lanes.finish(2, &Verdict::Delivered, NOW, 0.5);
    let done = lanes.checkpoint(NOW).unwrap();
    let apart: Vec<_> = done.put.iter().map(|row| (row.sequence, row.attempts, row.not_before)).collect();
    assert_eq!((done.cursor, apart), (3, vec![(1, 1, after(60)), (3, 0, Timestamp(0))]));
    assert_eq!(started(&mut lanes, after(60)), [4, 1]);
    lanes.finish(1, &Verdict::Delivered, after(60), 0.5);
    lanes.finish(4, &Verdict::Delivered, after(60), 0.5);
    assert_eq!(lanes.checkpoint(after(60)), Some(Done { cursor: 4, put: Vec::new(), remove: vec![1] }));
    assert_eq!(started(&mut lanes, after(60)), [3]);
}

#[test]
fn progress_that_was_written_goes_on_where_it_was() {
    let row = |sequence, resource, state, not_before| Delivery {
        sequence,
        resource: id(resource),
        state,
        attempts: 2,
        not_before,
        error: String::new(),
    };
    let apart = vec![
        row(3, 1, DeliveryState::Parked, NOW),
        row(4, 1, DeliveryState::Waiting, Timestamp(0)),
        row(5, 2, DeliveryState::Waiting, after(5)),
    ];
    let mut lanes = Lanes::new(settings(), Progress { cursor: 9, apart });
    assert_eq!(lanes.read(), 9);
    lanes.offer(10, Some(id(1)));
    lanes.offer(11, Some(id(3)));
    assert_eq!(started(&mut lanes, NOW), [11], "4 and 10 stand behind 3, and 5 is not due");
    lanes.finish(11, &Verdict::Delivered, NOW, 0.5);
    assert_eq!(lanes.start(after(5)), Some((5, 2)));
    let done = lanes.checkpoint(after(5)).unwrap();
    assert_eq!((done.cursor, done.put.len(), done.put[0].sequence), (11, 1, 10));
}

/// Found by the last test: a delivery apart may be beyond the cursor, and is then read a second time.
#[test]
fn what_is_apart_beyond_the_cursor_is_there_once_and_in_its_place() {
    let row = |sequence| Delivery {
        sequence,
        resource: id(1),
        state: DeliveryState::Waiting,
        attempts: 1,
        not_before: NOW,
        error: String::new(),
    };
    let mut lanes = Lanes::new(settings(), Progress { cursor: 5, apart: vec![row(8), row(9)] });
    for sequence in 6..=10 {
        lanes.offer(sequence, Some(id(1)));
    }
    let mut order = Vec::new();
    while let Some((sequence, _)) = lanes.start(NOW) {
        order.push(sequence);
        lanes.finish(sequence, &Verdict::Delivered, NOW, 0.5);
    }
    assert_eq!(order, [6, 7, 8, 9, 10]);
}

#[test]
fn a_receiver_that_fails_is_probed_and_no_delivery_is_parked_for_it() {
    let settings = HubSettings { concurrency: 8, window: 100, attempts: 2, ..settings() };
    let mut lanes = lanes(settings, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let flying = started(&mut lanes, NOW);
    assert_eq!(flying.len(), 8);
    for sequence in flying {
        assert_eq!(lanes.finish(sequence, &retry(), NOW, 0.5), AttemptOutcome::Retry);
    }
    assert!(lanes.is_failing());
    // Found by a test over TCP: eight failures at once were taken for eight probes that failed.
    assert!(lanes.wake_at().unwrap() <= after(2), "{:?}", lanes.wake_at());
    for _ in 0..20 {
        let now = lanes.wake_at().unwrap();
        let probes = started(&mut lanes, now);
        assert_eq!(probes.len(), 1, "one at a time");
        assert_eq!(lanes.finish(probes[0], &retry(), now, 0.5), AttemptOutcome::Retry);
        assert!(lanes.wake_at().unwrap().0 - now.0 <= 60_000, "a minute at most");
    }
    let now = lanes.wake_at().unwrap();
    let probe = started(&mut lanes, now)[0];
    lanes.finish(probe, &Verdict::Delivered, now, 0.5);
    assert!(!lanes.is_failing());
    assert!(started(&mut lanes, Timestamp(i64::MAX)).len() > 1);
}

#[test]
fn what_is_apart_and_what_is_in_memory_is_bounded() {
    let mut lanes = lanes(settings(), &[1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(lanes.room(), 3);
    lanes.start(NOW);
    lanes.finish(1, &Verdict::Park("answered 400".to_owned()), NOW, 0.5);
    let done = lanes.checkpoint(NOW).unwrap();
    assert_eq!((done.cursor, done.put.len()), (5, 5));
    assert!(lanes.is_stalled());
    assert_eq!(lanes.room(), 0, "nothing new until someone looks");
}

/// Whatever answers come: each resource in order, nothing left out, and the cursor never beyond what is open.
#[test]
fn any_order_of_answers_keeps_the_order_of_each_resource() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for _ in 0..200 {
        let settings =
            HubSettings { concurrency: 4, window: 20, apart: 1_000, attempts: 1_000, ..settings() };
        let mut lanes = Lanes::new(settings.clone(), Progress::default());
        let (mut stored, mut cursor, mut now) = (BTreeMap::new(), 0, NOW);
        let changes: Vec<Uuid> = (0..60).map(|_| id(u128::from(next(7)) + 1)).collect();
        let (mut flying, mut delivered): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for _ in 0..100_000 {
            while lanes.room() > 0
                && let Some(resource) = changes.get(usize::try_from(lanes.read()).unwrap())
            {
                lanes.offer(lanes.read() + 1, Some(*resource));
            }
            flying.extend(started(&mut lanes, now));
            if flying.is_empty() {
                let Some(at) = lanes.wake_at() else { break };
                now = at;
                continue;
            }
            let sequence = flying.remove(usize::try_from(next(flying.len() as u64)).unwrap());
            let good = next(3) > 0;
            lanes.finish(sequence, &if good { Verdict::Delivered } else { retry() }, now, 0.5);
            if good {
                delivered.push(sequence);
            }
            if next(5) == 0
                && let Some(done) = lanes.checkpoint(now)
            {
                cursor = done.cursor;
                stored.retain(|sequence, _| !done.remove.contains(sequence));
                stored.extend(done.put.into_iter().map(|row| (row.sequence, row)));
            }
            if next(40) == 0 {
                // The process dies: what was not written down happens again.
                let apart = stored.values().cloned().collect();
                lanes = Lanes::new(settings.clone(), Progress { cursor, apart });
                flying.clear();
            }
        }
        for resource in 1..=7 {
            let numbered = (1_u64..).zip(&changes).filter(|(_, of)| **of == id(resource));
            let wanted: Vec<u64> = numbered.map(|(sequence, _)| sequence).collect();
            let mut first = Vec::new();
            for sequence in &delivered {
                if wanted.contains(sequence) && !first.contains(sequence) {
                    first.push(*sequence);
                }
            }
            assert_eq!(first, wanted, "resource {resource}");
        }
    }
}
