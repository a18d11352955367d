//! Hostile expressions: each a clean failure within a second, normal ones going on beside them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::hostile::hostile;
use common::{evaluate, evaluation, outcome, pool};
use rollcall_domain::mapping::expression::{FailureKind, OnError};
use serde_json::{Value, json};

/// Longer than a second only because tests share a machine.
const A_SECOND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2_500 } else { 1_000 });

#[tokio::test]
async fn each_is_a_clean_failure_within_a_second_and_the_next_one_works() {
    let pool = pool(2);
    let data = json!({ "userName": "ann" });
    for (name, program) in hostile() {
        let begun = Instant::now();
        let failure = outcome(&pool, &program, &data).await.expect_err(name);
        let took = begun.elapsed();
        assert!(took < A_SECOND, "{name}: {took:?}");
        assert!(!failure.message.is_empty(), "{name}");
        assert_eq!(failure.expression, "1", "{name}");
        println!("{name}: {took:?}: {:?}: {}", failure.kind, failure.message);
        assert_eq!(
            outcome(&pool, "return {'a': userName}", &data).await,
            Ok(json!({ "a": "ann" })),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_one_that_was_stopped_is_named_and_the_rest_may_go_on() {
    let pool = pool(2);
    let bomb = "return {'a': list(range(1000000000))}";
    let mut evaluation =
        evaluation(&["return {'x': 1}", bomb, "return {'y': properties['x'] + 1}"], &json!({}));
    evaluation.on_error = OnError::Continue;
    let evaluated = pool.evaluate(&evaluation).await.unwrap();
    assert_eq!(Value::Object(evaluated.properties.clone()), json!({ "x": 1, "y": 2 }));
    let failures: Vec<_> = evaluated.failures().map(|failure| (&*failure.expression, failure.kind)).collect();
    assert_eq!(failures, [("2", FailureKind::TooLarge)]);
    evaluation.on_error = OnError::Fail;
    let evaluated = pool.evaluate(&evaluation).await.unwrap();
    assert_eq!((evaluated.outcomes.len(), evaluated.failures().count()), (2, 1));
    assert_eq!(pool.counts().stopped, 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_answer_behind_for_the_next() {
    let pool = pool(1);
    let data = json!({ "userName": "ann" });
    assert!(outcome(&pool, "return {'a': 1}", &data).await.is_ok());
    let long = "return {'a': len([1 for i in range(3000) for j in range(300)])}";
    let evaluation = evaluation(&[long], &data);
    let dropped = tokio::time::timeout(Duration::from_millis(2), pool.evaluate(&evaluation)).await;
    assert!(dropped.is_err(), "it was to be dropped half-way");
    assert_eq!(outcome(&pool, "return {'a': userName}", &data).await, Ok(json!({ "a": "ann" })));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_has_none_of_the_parent_s_environment_or_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("secret")).unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let pool = pool(1);
    evaluate(&pool, "return None", &json!({})).await;
    // This pool's is among them and lives; those of the other tests come and go.
    let mut alive = 0;
    for worker in children() {
        let environment = std::fs::read(format!("/proc/{worker}/environ"));
        let files = std::fs::read_dir(format!("/proc/{worker}/fd"));
        let (Ok(environment), Ok(files)) = (environment, files) else { continue };
        assert_eq!(environment, b"", "{}", String::from_utf8_lossy(&environment));
        let links = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        let links: Vec<String> = links.map(|link| link.display().to_string()).collect();
        let foreign = links.iter().filter(|link| link.contains("secret") || link.starts_with("socket:"));
        assert_eq!(foreign.count(), 0, "{links:?}");
        alive += usize::from(!links.is_empty());
    }
    assert!(alive > 0, "no worker was looked at");
    drop((file, socket));
}

/// Worker processes of this test process; other tests of this file may have some as well.
#[cfg(target_os = "linux")]
fn children() -> Vec<u32> {
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parent == Some(own) && stat.contains("(rollcall-expres")
    };
    pids.filter(is_child).collect()
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// Hostile ones without pause for so many seconds, and normal ones beside them; `ROLLCALL_TEST_HOSTILE_SECONDS`
/// makes it long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn normal_evaluations_go_on_beside_hostile_ones() {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let seconds = std::env::var("ROLLCALL_TEST_HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok());
    let pool = Arc::new(pool(2));
    let data = json!({ "userName": "ann", "emails": [{ "value": "a@b.example", "primary": true }] });
    evaluate(&pool, "return None", &data).await;
    // Each is stopped once on its own before it is known.
    for (_, program) in hostile() {
        evaluate(&pool, &program, &data).await;
    }
    let memory = resident();
    let over = Arc::new(AtomicBool::new(false));
    let bad = Arc::new(AtomicU64::new(0));
    let attack = tokio::spawn({
        let (pool, over, bad, data) = (Arc::clone(&pool), Arc::clone(&over), Arc::clone(&bad), data.clone());
        async move {
            while !over.load(Ordering::Relaxed) {
                for (name, program) in hostile() {
                    let begun = Instant::now();
                    assert!(outcome(&pool, &program, &data).await.is_err(), "{name}");
                    assert!(begun.elapsed() < A_SECOND, "{name}: {:?}", begun.elapsed());
                    bad.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    let begun = Instant::now();
    let wanted = Duration::from_secs(seconds.unwrap_or(2));
    let (mut done, mut slowest) = (0_u32, Duration::ZERO);
    let good = evaluation(&["return {'email': [e['value'] for e in emails if e.get('primary')][0]}"], &data);
    while begun.elapsed() < wanted {
        let one = Instant::now();
        let evaluated = pool.evaluate(&good).await.unwrap();
        assert_eq!(evaluated.properties.get("email"), Some(&json!("a@b.example")));
        slowest = slowest.max(one.elapsed());
        done += 1;
    }
    over.store(true, Ordering::Relaxed);
    attack.await.unwrap();
    let rate = f64::from(done) / begun.elapsed().as_secs_f64();
    let grown = resident().saturating_sub(memory);
    println!(
        "{rate:.0} normal evaluations a second, slowest {slowest:?}, beside {} hostile ones; {grown} bytes more",
        bad.load(Ordering::Relaxed)
    );
    // A build for tests on a machine that builds other things; the heavy check asks for 1,000.
    let bound = if cfg!(debug_assertions) { 300.0 } else { 1_000.0 };
    assert!(rate >= bound, "{rate} normal evaluations a second");
    assert!(grown < 8 * 1024 * 1024, "{grown} bytes more than before");
}
