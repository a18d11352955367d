//! A worker that something else ended: no expression is blamed for it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod common;

use std::time::{Duration, Instant};

use common::{outcome, pool};
use serde_json::json;

/// The workers of this process, which has one test only.
fn workers() -> Vec<String> {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_worker = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(&*own) && stat.contains("(rollcall-expres") && !stat.contains(") Z ")
    };
    pids.filter(is_worker).collect()
}

#[tokio::test]
async fn an_idle_worker_that_is_gone_is_replaced_and_workers_end_with_their_pool() {
    let pool = pool(1);
    let data = json!({ "userName": "ann" });
    assert!(outcome(&pool, "return {'a': 1}", &data).await.is_ok());
    let worker = workers().pop().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", &worker]).status().unwrap().success());
    let begun = Instant::now();
    while workers().contains(&worker) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(outcome(&pool, "return {'a': userName}", &data).await, Ok(json!({ "a": "ann" })));
    assert_eq!((pool.counts().started, pool.counts().stopped), (2, 0));
    let before = workers();
    drop(pool);
    let begun = Instant::now();
    while before.iter().any(|worker| workers().contains(worker)) && begun.elapsed() < Duration::from_secs(10)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "a worker outlived its pool");
}
