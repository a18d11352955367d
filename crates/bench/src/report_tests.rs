//! What a report looks like, to a person and to a program.

use expect_test::expect;

use super::*;

fn row(operation: &str, rate: f64) -> Row {
    Row {
        operation: operation.to_owned(),
        connections: 32,
        requests_per_second: rate,
        p50_ms: 0.5123,
        p99_ms: 12.3456,
        reference: None,
        ratio: None,
        requests: 300_000,
        errors: 0,
        first_error: None,
    }
}

fn report() -> Report {
    let fixed = row("reference: fixed answer", 105_432.1);
    let mut get = row("get by id, 10,000 users", 51_000.4);
    get.reference = Some("fixed answer".to_owned());
    get.ratio = Some(0.4837);
    let mut list = row("list a page of 100", 87.25);
    list.errors = 2;
    list.first_error = Some("expected 200: 503 busy".to_owned());
    let rows = vec![fixed, get, list];
    let memory = Memory { resident_bytes: 90 << 20, peak_bytes: 100 << 20 };
    let criteria = vec![
        Criterion::at_least("get by id / fixed answer", 0.4837, 0.4),
        Criterion::at_most("get by id: cost at 10,000 users / at 1,000", f64::INFINITY, 1.5),
        Criterion::memory(memory),
        Criterion::no_errors(&rows),
    ];
    Report {
        server: "http://127.0.0.1:8080/scim/bench/v2".to_owned(),
        users: 10_000,
        seconds: 3.0,
        rounds: 3,
        cores: 2,
        memory: Some(memory),
        rows,
        criteria,
    }
}

#[test]
fn a_report_prints_two_tables() {
    expect![[r#"
        http://127.0.0.1:8080/scim/bench/v2: 10,000 users, 3 rounds of 3 s, 2 cores

        operation                connections  requests/s  p50 ms  p99 ms  ratio  to            errors
        reference: fixed answer           32     105,432    0.51   12.35                            0
        get by id, 10,000 users           32      51,000    0.51   12.35   0.48  fixed answer       0
        list a page of 100                32        87.2    0.51   12.35                            2

        list a page of 100: expected 200: 503 busy
        server memory: 90.0 MiB at the end, 100.0 MiB at its peak

        must show                                   measured      bound
        get by id / fixed answer                        0.48    >= 0.40  pass
        get by id: cost at 10,000 users / at 1,000       inf    <= 1.50  FAIL
        server memory at its peak, MiB                100.00  <= 200.00  pass
        wrong answers                                   2.00    <= 0.00  FAIL
    "#]]
    .assert_eq(&report().to_string());
}

#[test]
fn a_report_serialises_with_every_number() {
    let json = serde_json::to_value(report()).unwrap();
    expect![[r#"
        {
          "operation": "get by id, 10,000 users",
          "connections": 32,
          "requests_per_second": 51000.4,
          "p50_ms": 0.5123,
          "p99_ms": 12.3456,
          "reference": "fixed answer",
          "ratio": 0.4837,
          "requests": 300000,
          "errors": 0,
          "first_error": null
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json["rows"][1]).unwrap());
    expect![[
        r#"{"name":"get by id / fixed answer","measured":0.4837,"bound":{"at_least":0.4},"passed":true}"#
    ]]
    .assert_eq(&json["criteria"][0].to_string());
}

#[test]
fn one_criterion_that_fails_fails_the_report() {
    let mut report = report();
    assert!(!report.passed());
    report.criteria.retain(|criterion| criterion.passed);
    assert!(report.passed());
}

#[test]
fn what_could_not_be_measured_does_not_pass() {
    assert!(!Criterion::at_most("growth", f64::NAN, 2.0).passed);
    assert!(!Criterion::at_least("share", f64::NAN, 0.4).passed);
}
