//! Security events of SCIM (RFC 9967): what a change is in their words. Pure.

use rollcall_scim::Document;
use serde_json::{Map, Value, json};

use crate::change::{Change, ChangeKind};

const PREFIX: &str = "urn:ietf:params:scim:event:prov:";
/// The event of a request that was answered before it was done.
pub const ASYNC_RESPONSE: &str = "urn:ietf:params:scim:event:misc:asyncresp";

/// What streams may carry (`securityEvents.eventUris`, RFC 9967 §4).
pub const EVENT_URIS: &[&str] = &[
    "urn:ietf:params:scim:event:prov:create:full",
    "urn:ietf:params:scim:event:prov:create:notice",
    "urn:ietf:params:scim:event:prov:patch:full",
    "urn:ietf:params:scim:event:prov:patch:notice",
    "urn:ietf:params:scim:event:prov:put:full",
    "urn:ietf:params:scim:event:prov:put:notice",
    "urn:ietf:params:scim:event:prov:delete",
    "urn:ietf:params:scim:event:prov:activate",
    "urn:ietf:params:scim:event:prov:deactivate",
    ASYNC_RESPONSE,
];

/// A change, and what is known of its resource.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The change.
    pub change: &'a Change,
    /// The endpoint of the resource's type: `Users`.
    pub endpoint: &'a str,
    /// `externalId`, if it is known.
    pub external_id: Option<&'a str>,
    /// The resource as it was right after the change, if that is still known.
    pub document: Option<&'a Document>,
}

/// `sub_id` of the change's resource (RFC 9967 §2.1).
pub fn subject(subject: &Subject<'_>) -> Value {
    if subject.change.kind == ChangeKind::Completed {
        return json!({ "format": "scim", "uri": recorded(subject.change).remove("uri") });
    }
    let id = subject.change.resource.to_string();
    let mut shown = json!({ "format": "scim", "uri": format!("/{}/{id}", subject.endpoint) });
    if let (Some(shown), Some(external_id)) = (shown.as_object_mut(), subject.external_id) {
        shown.insert("externalId".to_owned(), external_id.into());
    }
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("id".to_owned(), id.into());
    }
    shown
}

fn recorded(change: &Change) -> Map<String, Value> {
    serde_json::from_str(&change.detail).unwrap_or_default()
}

/// `events`: the change, and with it that the resource was activated or deactivated, if it was.
///
/// `full` asks for the data; where they are not known any more, the change is told as `notice` (ADR 26).
pub fn events(subject: &Subject<'_>, full: bool) -> Map<String, Value> {
    let change = subject.change;
    let mut detail = recorded(change);
    if change.kind == ChangeKind::Completed {
        let operation = detail.remove("operation").unwrap_or_default();
        return Map::from_iter([(ASYNC_RESPONSE.to_owned(), operation)]);
    }
    let attributes = detail.get("attributes").and_then(Value::as_object);
    let mut events = Map::new();
    let mut add = |name: &str, payload: Value| drop(events.insert(format!("{PREFIX}{name}"), payload));
    let verb = match change.kind {
        ChangeKind::Deleted => {
            add("delete", json!({}));
            return events;
        }
        ChangeKind::Created => "create",
        ChangeKind::Updated if detail.get("replaced") == Some(&Value::Bool(true)) => "put",
        ChangeKind::Updated | ChangeKind::Completed => "patch",
    };
    let data =
        if verb == "patch" { operations(&detail) } else { subject.document.cloned().map(Value::Object) };
    let version = format!("W/\"{}\"", change.version);
    match data.filter(|_| full) {
        Some(data) => add(&format!("{verb}:full"), json!({ "version": version, "data": data })),
        None => add(
            &format!("{verb}:notice"),
            json!({ "version": version, "attributes": names(&detail, subject.document) }),
        ),
    }
    match attributes
        .and_then(|attributes| attributes.get("active"))
        .map(|active| (&active["before"], &active["after"]))
    {
        Some((_, Value::Bool(false))) => add("deactivate", json!({})),
        Some((Value::Bool(false), Value::Bool(true) | Value::Null)) => add("activate", json!({})),
        _ => {}
    }
    events
}

/// The names of what changed; of a new resource all that it has.
fn names(detail: &Map<String, Value>, document: Option<&Document>) -> Vec<String> {
    let attributes = detail.get("attributes").and_then(Value::as_object);
    let mut names: Vec<String> = attributes.into_iter().flat_map(Map::keys).cloned().collect();
    if names.is_empty() {
        let known = document.into_iter().flat_map(Map::keys);
        names.extend(known.filter(|name| *name != "schemas").cloned());
    }
    if detail.contains_key("members") && !names.iter().any(|name| name == "members") {
        names.push("members".to_owned());
    }
    if names.is_empty() {
        names.push("id".to_owned());
    }
    names
}

/// A PATCH that makes the same change; `None` when not all of its members are known.
fn operations(detail: &Map<String, Value>) -> Option<Value> {
    let mut operations = Vec::new();
    let attributes = detail.get("attributes").and_then(Value::as_object);
    for (path, sides) in attributes.into_iter().flatten() {
        operations.push(match sides.get("after") {
            Some(after) => json!({ "op": "replace", "path": path, "value": after }),
            None => json!({ "op": "remove", "path": path }),
        });
    }
    if let Some(members) = detail.get("members").and_then(Value::as_object) {
        if members.contains_key("addedCount") || members.contains_key("removedCount") {
            return None;
        }
        let listed = |name: &str| members.get(name).and_then(Value::as_array).into_iter().flatten();
        let added: Vec<Value> = listed("added").map(|id| json!({ "value": id })).collect();
        if !added.is_empty() {
            operations.push(json!({ "op": "add", "path": "members", "value": added }));
        }
        for id in listed("removed").filter_map(Value::as_str) {
            let id = id.replace('\\', "\\\\").replace('"', "\\\"");
            operations.push(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
        }
    }
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    Some(json!({ "schemas": schemas, "Operations": operations }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::source::SourceKey;

    fn change(kind: ChangeKind, detail: &Value) -> Change {
        Change {
            sequence: 1,
            at: Timestamp(0),
            source: SourceKey(1),
            kind,
            resource_type: "User".to_owned(),
            resource: Uuid::from_u128(7),
            version: 3,
            actor: "a".to_owned(),
            request_id: "r".to_owned(),
            detail: detail.to_string(),
        }
    }

    fn told(kind: ChangeKind, detail: &Value, document: Option<Value>, full: bool) -> Value {
        let change = change(kind, detail);
        let document = document.map(|value| value.as_object().unwrap().clone());
        let subject =
            Subject { change: &change, endpoint: "Users", external_id: None, document: document.as_ref() };
        Value::Object(events(&subject, full))
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_change_is_told_as_its_events() {
        use ChangeKind::{Created, Deleted, Updated};
        let user = || Some(json!({ "schemas": ["u"], "userName": "ann", "active": true }));
        let title = json!({ "attributes": { "title": { "before": "T" }, "nickName": { "after": "N" } } });
        let off = json!({ "attributes": { "active": { "before": true, "after": false } } });
        let on = json!({ "attributes": { "active": { "before": false, "after": true } } });
        let put = json!({ "replaced": true, "attributes": { "title": { "after": "T" } } });
        let version = "W/\"3\"";
        for (kind, detail, document, full, expected) in [
            (
                Created,
                json!({}),
                user(),
                true,
                json!({ "create:full": { "version": version, "data": user() } }),
            ),
            (
                Created,
                json!({}),
                user(),
                false,
                json!({ "create:notice": { "version": version, "attributes": ["userName", "active"] } }),
            ),
            (
                Created,
                json!({}),
                None,
                true,
                json!({ "create:notice": { "version": version, "attributes": ["id"] } }),
            ),
            (
                Updated,
                title.clone(),
                None,
                false,
                json!({ "patch:notice": { "version": version, "attributes": ["title", "nickName"] } }),
            ),
            (
                Updated,
                title,
                None,
                true,
                json!({ "patch:full": { "version": version, "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [
                        { "op": "remove", "path": "title" },
                        { "op": "replace", "path": "nickName", "value": "N" },
                    ],
                } } }),
            ),
            (
                Updated,
                put.clone(),
                user(),
                true,
                json!({ "put:full": { "version": version, "data": user() } }),
            ),
            (
                Updated,
                put,
                None,
                true,
                json!({ "put:notice": { "version": version, "attributes": ["title"] } }),
            ),
            (
                Updated,
                off,
                None,
                false,
                json!({ "patch:notice": { "version": version, "attributes": ["active"] }, "deactivate": {} }),
            ),
            (
                Updated,
                on,
                None,
                false,
                json!({ "patch:notice": { "version": version, "attributes": ["active"] }, "activate": {} }),
            ),
            (
                Updated,
                json!({ "members": { "added": ["a"], "removed": ["b"] } }),
                None,
                true,
                json!({ "patch:full": { "version": version, "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [
                        { "op": "add", "path": "members", "value": [{ "value": "a" }] },
                        { "op": "remove", "path": "members[value eq \"b\"]" },
                    ],
                } } }),
            ),
            (
                Updated,
                json!({ "members": { "added": ["a"], "addedCount": 2_000 } }),
                None,
                true,
                json!({ "patch:notice": { "version": version, "attributes": ["members"] } }),
            ),
            (Deleted, json!({}), None, true, json!({ "delete": {} })),
        ] {
            let found = told(kind, &detail, document, full);
            let found = found.as_object().unwrap().iter();
            let short = |name: &String| name.strip_prefix(PREFIX).unwrap().to_owned();
            let found: Map<String, Value> = found.map(|(name, value)| (short(name), value.clone())).collect();
            assert_eq!(Value::Object(found), expected);
        }
    }

    #[test]
    fn the_end_of_a_request_is_told_as_a_bulk_response_shows_it() {
        let operation = json!({ "method": "PUT", "version": "W/\"3\"", "status": "200" });
        let change = change(ChangeKind::Completed, &json!({ "uri": "/Users/1", "operation": operation }));
        let about = Subject { change: &change, endpoint: "Users", external_id: None, document: None };
        assert_eq!(Value::Object(events(&about, true)), json!({ (ASYNC_RESPONSE): operation }));
        assert_eq!(subject(&about), json!({ "format": "scim", "uri": "/Users/1" }));
        assert!(EVENT_URIS.contains(&ASYNC_RESPONSE));
    }

    #[test]
    fn every_event_that_is_told_is_announced() {
        for verb in ["create", "patch", "put"] {
            for mode in ["full", "notice"] {
                assert!(EVENT_URIS.contains(&&*format!("{PREFIX}{verb}:{mode}")));
            }
        }
        for name in ["delete", "activate", "deactivate"] {
            assert!(EVENT_URIS.contains(&&*format!("{PREFIX}{name}")));
        }
    }

    #[test]
    fn the_subject_is_a_path_and_never_sub() {
        let change = change(ChangeKind::Deleted, &json!({}));
        let shown =
            subject(&Subject { change: &change, endpoint: "Users", external_id: Some("x"), document: None });
        let id = change.resource.to_string();
        let expected =
            json!({ "format": "scim", "uri": format!("/Users/{id}"), "externalId": "x", "id": id });
        assert_eq!(shown, expected);
    }
}
