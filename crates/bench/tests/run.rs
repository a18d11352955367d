//! A whole run, small, against a SCIM server made for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails shall fail its test")]

#[path = "run/fake.rs"]
mod fake;

use std::sync::Mutex;

use anyhow::Result;
use rollcall_bench::{Launcher, Options, Reference, Report, Server, grow, run};

/// Hands out the fake in place of every server: it answers what a reference is asked, too.
#[derive(Default)]
struct InProcess {
    progress: Mutex<Vec<String>>,
}

impl Launcher for InProcess {
    async fn server(&self) -> Result<Server> {
        let mut server = Server::foreign(fake::start().await.url, Some(fake::TOKEN.to_owned()));
        server.pids = vec![std::process::id()];
        Ok(server)
    }

    async fn reference(&self, _: Reference) -> Result<Server> {
        Ok(Server::foreign(fake::start().await.url, None))
    }

    fn progress(&self, line: &str) {
        self.progress.lock().unwrap().push(line.to_owned());
    }
}

fn options(users: u64) -> Options {
    Options {
        users: vec![users],
        group_sizes: vec![0, 100, 1_000_000],
        seconds: 0.03,
        rounds: 2,
        ..Options::default()
    }
}

fn operations(report: &Report) -> Vec<&str> {
    report.rows.iter().map(|row| row.operation.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_measured_and_answered_rightly() {
    let launcher = InProcess::default();
    let report = run(&options(1_100), &launcher).await.unwrap();
    let expected = [
        "get by id, 1,000 users, each once",
        "filter userName eq, 1,000 users, each once",
        "reference: fixed answer",
        "get by id, 1,000 users",
        "filter userName eq, 1,000 users",
        "get by id, 1,100 users, each once",
        "filter userName eq, 1,100 users, each once",
        "reference: fixed answer",
        "get by id, 1,100 users",
        "filter userName eq, 1,100 users",
        "list a page of 100",
        "add one member to a group of 0",
        "remove one member from a group of 0",
        "add one member to a group of 100",
        "remove one member from a group of 100",
        "reference: durable PATCH",
        "PATCH one attribute",
        "reference: durable PATCH",
        "PATCH one attribute",
        "reference: durable create",
        "create a user",
        "mixed: 70% lookup, 20% PATCH, 5% create, 5% delete",
    ];
    assert_eq!(operations(&report), expected);
    for row in &report.rows {
        assert_eq!((row.errors, &row.first_error), (0, &None), "{}", row.operation);
        assert!(row.requests > 0 && row.requests_per_second > 0.0, "{}", row.operation);
    }
    let criteria: Vec<&str> = report.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
    let expected = [
        "get by id: cost at 1,100 users / at 1,000",
        "filter userName eq: cost at 1,100 users / at 1,000",
        "get by id / fixed answer",
        "filter userName eq / fixed answer",
        "add one member: group of 100 / of 0, p50",
        "create / durable create, 16 connections",
        "PATCH / durable PATCH, 16 connections",
        "server memory at its peak, MiB",
        "wrong answers",
    ];
    assert_eq!(criteria, expected);
    let progress = launcher.progress.lock().unwrap();
    assert!(progress.iter().any(|line| line == "loading 1,000 users"), "{progress:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_growing_directory_is_measured_at_each_size() {
    let options = Options { users: vec![200, 450], ..options(0) };
    let growth = grow(&options, &InProcess::default()).await.unwrap();
    let expected = [
        "get by id, each once",
        "filter userName eq, each once",
        "reference: fixed answer",
        "reference: bare lookup",
        "get by id",
        "filter userName eq",
        "a page of 100 by cursor, the first",
        "a page of 100 by cursor, the last",
        "get a group of 0 without members",
        "get a group of 100 without members",
        "add one member to a group of 0",
        "remove one member from a group of 0",
        "add one member to a group of 100",
        "remove one member from a group of 100",
        "reference: bare PATCH",
        "PATCH one attribute",
        "reference: bare insert",
        "create a user",
    ];
    for step in &growth.steps {
        let operations: Vec<&str> = step.rows.iter().map(|row| row.operation.as_str()).collect();
        assert_eq!(operations, expected);
        for row in &step.rows {
            assert_eq!((row.errors, &row.first_error), (0, &None), "{}", row.operation);
            assert!(row.requests > 0, "{}", row.operation);
        }
    }
    let names: Vec<&str> = growth.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
    let expected = [
        "get by id: cost at 450 users / at 200",
        "filter userName eq: cost at 450 users / at 200",
        "add one member: group of 100 / of 0, p50",
        "get a group without members: group of 100 / of 0, p50",
        "a page of 100 by cursor: the last / the first, p50",
        "a walk by cursor sees each of 200 users",
        "a walk by cursor sees each of 450 users",
        "get by id / fixed answer, 450 users",
        "filter userName eq / fixed answer, 450 users",
        "create / bare insert, 450 users, 32 connections",
        "wrong answers",
    ];
    assert_eq!(names, expected);
    let walks = growth.criteria.iter().filter(|criterion| criterion.name.starts_with("a walk"));
    assert!(walks.into_iter().all(|walk| walk.passed), "{growth}");
    assert!(growth.to_string().contains("half within, ms; users:"), "{growth}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_server_is_left_as_it_was_found() {
    let fake = fake::start().await;
    let options =
        Options { base_url: Some(fake.url.clone()), token: Some(fake::TOKEN.to_owned()), ..options(200) };
    let report = run(&options, &InProcess::default()).await.unwrap();
    assert_eq!(report.rows.last().map(|row| row.operation.as_str()), Some("delete a user"));
    assert_eq!(report.memory, None);
    assert!(report.rows.iter().all(|row| row.errors == 0), "{report}");
    assert_eq!(fake.left(), 0);
}

#[tokio::test]
async fn a_server_that_refuses_is_quoted() {
    let fake = fake::start().await;
    let options = Options { base_url: Some(fake.url.clone()), ..options(50) };
    let error = run(&options, &InProcess::default()).await.unwrap_err().to_string();
    let expected = "could not load users: 50 requests failed, the first with expected 201: 401 who are you?";
    assert_eq!(error, expected);
}

#[tokio::test]
async fn nothing_to_measure_is_an_error() {
    let error = run(&options(0), &InProcess::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "there must be at least one user to load");
}
