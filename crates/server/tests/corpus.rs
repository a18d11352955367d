//! Requests that identity providers really send, replayed.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use rollcall_testkit::{Client, TestApp};
use serde_json::Value;

/// The dialect of each provider's sources; the others get `generic`.
const DIALECTS: &[(&str, &str)] = &[
    ("entra", "entra"),
    ("okta", "okta"),
    ("onelogin", "onelogin"),
    ("jumpcloud", "jumpcloud"),
    ("ping", "ping"),
];

fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/idp");
    let mut cases = Vec::new();
    for provider in std::fs::read_dir(folder).unwrap() {
        let provider = provider.unwrap();
        for file in std::fs::read_dir(provider.path()).unwrap() {
            let case: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
            cases.push((provider.file_name().into_string().unwrap(), case));
        }
    }
    cases.sort_by_key(|(_, case)| case["id"].to_string());
    cases
}

fn dialect(provider: &str) -> &'static str {
    DIALECTS.iter().find(|(name, _)| *name == provider).map_or("generic", |(_, dialect)| dialect)
}

/// Fills in `{{names}}`.
fn fill(value: &Value, names: &BTreeMap<String, String>) -> Value {
    let text =
        names.iter().fold(value.to_string(), |text, (name, id)| text.replace(&format!("{{{{{name}}}}}"), id));
    serde_json::from_str(&text).unwrap()
}

/// What a check's path leads to: keys, indices, and objects that select the first element like them.
fn follow<'a>(value: &'a Value, path: &[Value]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Value::String(key) => &value[key],
        Value::Number(at) => &value[usize::try_from(at.as_u64().unwrap()).unwrap()],
        Value::Object(wanted) => {
            let like = |element: &&Value| {
                wanted
                    .iter()
                    .all(|(key, want)| element[key].to_string().eq_ignore_ascii_case(&want.to_string()))
            };
            value.as_array().and_then(|elements| elements.iter().find(like)).unwrap_or(&Value::Null)
        }
        other => panic!("{other} is no step of a path"),
    })
}

/// One check, `[…path, operator, wanted]`: what is wrong, if anything is.
fn check(body: &Value, check: &Value) -> Option<String> {
    let parts = check.as_array().unwrap();
    let (path, tail) = parts.split_at(parts.len() - 2);
    let (value, wanted) = (follow(body, path), &tail[1]);
    let empty = || value.is_null() || *value == "" || value.as_array().is_some_and(Vec::is_empty);
    let same = || {
        let ignoring_case = path.last().is_some_and(|name| name == "userName");
        value == wanted || ignoring_case && value.to_string().eq_ignore_ascii_case(&wanted.to_string())
    };
    let holds = match tail[0].as_str().unwrap() {
        "eq" => same(),
        "absent" => value.is_null(),
        "exists" => !value.is_null() && *value != "",
        "empty" => empty() || value.as_object().is_some_and(serde_json::Map::is_empty),
        "len" => value.as_array().is_some_and(|elements| Some(elements.len() as u64) == wanted.as_u64()),
        "contains" => value.as_array().is_some_and(|elements| elements.contains(wanted)),
        "isnum" => value.is_number(),
        "ge" => value.as_f64() >= wanted.as_f64(),
        other => panic!("{other} is no check"),
    };
    (!holds).then(|| format!("{check} but found {value}"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Replays one case; what went wrong.
async fn replay(client: &Client, slug: &str, case: &Value, rand: &str) -> Vec<String> {
    let mut names =
        BTreeMap::from([("rand".to_owned(), rand.to_owned()), ("RAND".to_owned(), rand.to_uppercase())]);
    for setup in list(&case["setup"]) {
        let made = client.post(setup["path"].as_str().unwrap(), fill(&setup["body"], &names)).await;
        if made.status != 201 {
            return vec![format!("setup {}: {} {}", setup["as"], made.status, made.body)];
        }
        names.insert(setup["as"].as_str().unwrap().to_owned(), made.id());
    }
    // What stands before and after a request of 1.1 is written in the words of 2.0.
    let base = format!("/scim/{slug}/v1");
    let mut sender = if case["scim"] == "1.1" { client.clone().at(&base) } else { client.clone() };
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap();
        sender = if name.eq_ignore_ascii_case("authorization") {
            sender.authorized(Some(value))
        } else {
            sender.header(name, value)
        };
    }
    let path = fill(&case["path"], &names);
    let body = (!case["body"].is_null()).then(|| fill(&case["body"], &names));
    let reply = sender.send(case["method"].as_str().unwrap(), path.as_str().unwrap(), body).await;
    if !list(&case["expected_status"]).any(|status| *status == reply.status) {
        return vec![format!("status {}, not {}: {}", reply.status, case["expected_status"], reply.body)];
    }
    let mut wrong = Vec::new();
    if reply.status != 204 {
        wrong.extend(list(&fill(&case["response"], &names)).filter_map(|wanted| check(&reply.body, wanted)));
    }
    for after in list(&fill(&case["after"], &names)) {
        let shown = client.get(after["get"].as_str().unwrap()).await;
        let statuses: Vec<u64> = list(&after["status"]).filter_map(Value::as_u64).collect();
        let right =
            if statuses.is_empty() { shown.status == 200 } else { statuses.contains(&shown.status.into()) };
        if !right {
            wrong.push(format!("after {}: status {}", after["get"], shown.status));
        }
        wrong.extend(list(&after["expect"]).filter_map(|wanted| check(&shown.body, wanted)));
    }
    wrong
}

/// Replays the cases of some modes, each on a source of the dialect chosen for its provider.
async fn replay_all(modes: &[&str], dialect: impl Fn(&str) -> &'static str) -> usize {
    let app = TestApp::start().await;
    let (mut count, mut wrong) = (0, Vec::new());
    for (at, (provider, case)) in cases().into_iter().enumerate() {
        if !modes.iter().any(|mode| case["mode"] == *mode) {
            continue;
        }
        let slug = format!("case-{at}");
        let client = app.source(&slug, dialect(&provider)).await;
        let failures = replay(&client, &slug, &case, &format!("r{at}x")).await;
        wrong.extend(
            failures.into_iter().map(|failure| format!("{} {}: {failure}", case["id"], case["name"])),
        );
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

#[tokio::test]
async fn generic_takes_every_strict_case() {
    assert_eq!(replay_all(&["strict"], |_| "generic").await, 54);
}

#[tokio::test]
async fn each_provider_s_dialect_takes_all_its_cases() {
    assert_eq!(replay_all(&["strict", "lenient", "policy"], dialect).await, 74);
}
