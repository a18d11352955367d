//! How a request became a decision about a person, step by step ([`rollcall_domain::pipeline::Trace`]).

use askama::Template;
use serde_json::Value;

use super::Difference;
use super::json::{Fact, excerpt, facts, line};
use crate::text::{self, filters};

/// The steps, in order.
#[derive(Clone, Template)]
#[template(path = "ui/trace.html")]
pub(crate) struct Trace {
    steps: Vec<Step>,
}
super::part!(Trace);

#[derive(Clone)]
struct Step {
    title: &'static str,
    body: Body,
}

/// What a step shows.
#[derive(Clone)]
enum Body {
    /// Names and values.
    Facts(Vec<Fact>),
    /// A table: its columns, and rows.
    Table([&'static str; 3], Vec<[String; 3]>),
    /// JSON.
    Code(String),
    /// What is other than before.
    Difference(Difference),
}

impl Trace {
    /// Of a trace as JSON, masked or not. What it does not know it shows as it is.
    pub(crate) fn of(trace: &Value) -> Self {
        let steps = trace.get("steps").unwrap_or(trace).as_array().into_iter().flatten();
        Self { steps: steps.flat_map(steps_of).collect() }
    }
}

fn steps_of(value: &Value) -> Vec<Step> {
    // Externally tagged: an object of one field, or a text.
    let Some((name, value)) = value.as_object().and_then(|step| step.iter().next()) else {
        return vec![Step { title: "trace.step", body: Body::Code(excerpt(value).0) }];
    };
    let title = title(name);
    let body = match name.as_str() {
        "extraction" => Body::Table(
            ["trace.field", "trace.path", "trace.value"],
            rows(value, |field| {
                let note = field.get("note").map(line).unwrap_or_default();
                let found = field.get("value").map_or(note, line);
                [text(field, "field"), text(field, "path"), found]
            }),
        ),
        "policy" => {
            let rules = value.get("rules").unwrap_or(&Value::Null);
            let table = Body::Table(
                ["trace.rule", "trace.value", "trace.effect"],
                rows(rules, |rule| [text(rule, "key"), text(rule, "value"), text(rule, "effect")]),
            );
            let outcome = value.get("outcome").unwrap_or(&Value::Null);
            return vec![
                Step { title, body: table },
                Step { title: "trace.outcome", body: Body::Facts(outcome_facts(outcome)) },
            ];
        }
        "change" => {
            let difference = Difference::recorded(value.get("difference").unwrap_or(&Value::Null));
            let roles = value.get("roles").map(facts).unwrap_or_default();
            let roles: Vec<Fact> = roles.into_iter().filter(|fact| !fact.value.is_empty()).collect();
            let mut steps = vec![Step { title, body: Body::Difference(difference) }];
            if !roles.is_empty() {
                steps.push(Step { title: "trace.roles", body: Body::Facts(roles) });
            }
            return steps;
        }
        "request" | "profile" | "groupProfile" => Body::Facts(facts(value)),
        _ if value.is_object() || value.is_array() => Body::Code(excerpt(value).0),
        _ => Body::Facts(vec![Fact { name: name.clone(), value: line(value) }]),
    };
    vec![Step { title, body }]
}

fn title(name: &str) -> &'static str {
    match name {
        "request" => "trace.request",
        "resource" => "trace.resource",
        "extraction" => "trace.extraction",
        "expressions" => "trace.expressions",
        "profile" => "trace.profile",
        "groupProfile" => "trace.group_profile",
        "hook" => "trace.hook",
        "policy" => "trace.policy",
        "breaker" => "trace.breaker",
        "change" => "trace.change",
        _ => "trace.step",
    }
}

/// `"created"`, or `{"linked":"userName"}`.
fn outcome_facts(outcome: &Value) -> Vec<Fact> {
    match outcome {
        Value::Object(_) => facts(outcome),
        other => vec![Fact { name: text::t("trace.came_to").to_owned(), value: line(other) }],
    }
}

fn rows(list: &Value, row: impl Fn(&Value) -> [String; 3]) -> Vec<[String; 3]> {
    list.as_array().into_iter().flatten().map(row).collect()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).map(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_step_has_its_name_and_what_it_did() {
        let trace = Trace::of(&json!({ "steps": [
            { "request": { "source": "okta", "method": "POST" } },
            { "extraction": [{ "field": "email", "path": "emails.value", "value": "a@example.com" }] },
            { "policy": { "rules": [{ "key": "k", "value": true, "effect": "e" }], "outcome": "created" } },
            { "change": { "difference": { "status": { "after": "active" } }, "roles": { "gained": ["admin"] } } },
            { "unknown": { "a": 1 } },
        ] }));
        let titles: Vec<_> = trace.steps.iter().map(|step| step.title).collect();
        assert_eq!(
            titles,
            [
                "trace.request",
                "trace.extraction",
                "trace.policy",
                "trace.outcome",
                "trace.change",
                "trace.roles",
                "trace.step",
            ]
        );
        let html = trace.render().unwrap();
        for part in ["a@example.com", "emails.value", "created", "active", "admin", "&#34;a&#34;: 1"] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
