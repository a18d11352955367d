//! Applied by the other side, a plan gives what is wanted, and nothing else changes.

use proptest::prelude::*;
use rollcall_scim::Document;
use rollcall_scim::patch::{MembersOperation, Patch};
use rollcall_scim::rules::Rules;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::v1;
use rollcall_scim::validate::resource;
use serde_json::{Value, json};

use super::tests::{document, kind};
use super::*;

/// Few values, so that the two sides often share some.
fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&["a", "b", "c d", "q\"\\", "E"][..]).prop_map(str::to_owned)
}

/// A value of `emails` or `roles`.
fn element() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(&["work", "home", "x y"][..]));
    (text(), kind, prop::option::of(text())).prop_map(|(value, kind, display)| {
        let mut element = json!({ "value": value });
        if let Some(kind) = kind {
            element["type"] = kind.into();
        }
        if let Some(display) = display {
            element["display"] = display.into();
        }
        element
    })
}

fn address() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(&["work", "home"][..]));
    (text(), kind, prop::option::of(text())).prop_map(|(locality, kind, region)| {
        let mut element = json!({ "locality": locality });
        if let Some(kind) = kind {
            element["type"] = kind.into();
        }
        if let Some(region) = region {
            element["region"] = region.into();
        }
        element
    })
}

/// Parts of a user: of those that are there, some are cleared where `clearing`.
fn part(clearing: bool) -> impl Strategy<Value = Document> {
    let maybe = move |value: BoxedStrategy<Value>| {
        let nothing = if clearing { Just(Some(Value::Null)).boxed() } else { Just(None).boxed() };
        prop_oneof![2 => value.prop_map(Some), 1 => nothing, 2 => Just(None)]
    };
    let scalar = || text().prop_map(Value::from).boxed();
    let list = |element: BoxedStrategy<Value>| {
        let unique = |elements: Vec<Value>| {
            // What a service keeps: values that are the same are one.
            let body = json!({"userName": "u", "emails": elements});
            resource(body, kind("User"), &Rules::default(), None)
                .map_or(Value::Null, |accepted| accepted.document.get("emails").cloned().unwrap_or_default())
        };
        prop::collection::vec(element, 1..4).prop_map(unique).boxed()
    };
    let addresses = prop::collection::vec(address(), 1..4).prop_map(|mut elements| {
        let mut seen = std::collections::HashSet::new();
        elements.retain(|element| seen.insert(plain(element.as_object().unwrap()).to_string()));
        Value::from(elements)
    });
    (
        [maybe(scalar()), maybe(scalar()), maybe(scalar()), maybe(scalar()), maybe(scalar())],
        maybe(list(element().boxed())),
        maybe(list(element().boxed())),
        maybe(addresses.boxed()),
        prop::option::of(any::<bool>()),
        prop::option::of(0..3usize),
    )
        .prop_map(|([nick, given, family, cost, manager], emails, roles, addresses, active, primary)| {
            let mut user = Document::new();
            let put = |object: &mut Document, name: &str, value: Option<Value>| {
                value.map(|value| object.insert(name.to_owned(), value));
            };
            put(&mut user, "nickName", nick);
            let mut name = Document::new();
            put(&mut name, "givenName", given);
            put(&mut name, "familyName", family);
            put(&mut user, "name", (!name.is_empty()).then_some(Value::Object(name)));
            put(&mut user, "active", active.map(Value::from));
            let mut emails = emails;
            if let (Some(Value::Array(emails)), Some(at)) = (&mut emails, primary)
                && let Some(element) = emails.get_mut(at)
            {
                element["primary"] = json!(true);
            }
            put(&mut user, "emails", emails);
            put(&mut user, "roles", roles);
            put(&mut user, "addresses", addresses);
            let mut extension = Document::new();
            put(&mut extension, "costCenter", cost);
            put(
                &mut extension,
                "manager",
                manager.map(|id| if id.is_null() { id } else { json!({ "value": id }) }),
            );
            put(&mut user, ENTERPRISE_USER, (!extension.is_empty()).then_some(Value::Object(extension)));
            user
        })
}

/// A user as a service keeps it.
fn stored(part: Document) -> Document {
    let mut user = part;
    user.insert("userName".to_owned(), "u".into());
    let mut stored = resource(Value::Object(user), kind("User"), &Rules::default(), None).unwrap().document;
    stored.insert("title".to_owned(), "kept".into());
    stored
}

/// `current` with the attributes of `wanted`, made without any of the planner.
fn expected(current: &Document, wanted: &Document) -> Document {
    let mut merged = current.clone();
    for (name, value) in wanted {
        match (value, merged.get_mut(name)) {
            (Value::Null, _) => drop(merged.shift_remove(name)),
            (Value::Object(parts), Some(Value::Object(known))) => {
                *known = expected(known, parts);
                if known.is_empty() {
                    merged.shift_remove(name);
                }
            }
            (Value::Object(parts), _) => {
                let parts = expected(&Document::new(), parts);
                if !parts.is_empty() {
                    merged.insert(name.clone(), Value::Object(parts));
                }
            }
            (value, _) => drop(merged.insert(name.clone(), value.clone())),
        }
    }
    merged
}

/// Values of a list in no order, no `primary` that is false, attributes in order of name: what two equal
/// resources have in common.
fn plain(document: &Document) -> Value {
    let mut names: Vec<&String> = document.keys().filter(|name| *name != "schemas").collect();
    names.sort();
    let plain_value = |value: &Value| match value {
        Value::Array(values) => {
            let mut values: Vec<Value> =
                values.iter().map(|value| value.as_object().map_or_else(|| value.clone(), plain)).collect();
            values.sort_by_key(ToString::to_string);
            Value::Array(values)
        }
        Value::Object(parts) => plain(parts),
        other => other.clone(),
    };
    let entries = names.into_iter().filter(|name| !(*name == "primary" && document[*name] == false));
    Value::Object(entries.map(|name| (name.clone(), plain_value(&document[name]))).collect())
}

/// The user after the other side has taken the requests.
fn taken(current: &Document, requests: &[Request], version: ScimVersion) -> Document {
    let mut user = current.clone();
    for request in requests {
        let body = request.body.clone().unwrap();
        if request.method == "PUT" {
            user = resource(body, kind("User"), &Rules::default(), Some(&user)).unwrap().document;
            continue;
        }
        let body =
            if version == ScimVersion::V1 { v1::patch::decode(&body, kind("User")).unwrap() } else { body };
        let patch =
            Patch::parse(body.clone(), &Rules::default()).unwrap_or_else(|error| panic!("{error}: {body}"));
        let patched = patch.apply(&user, kind("User"), &Rules::default());
        user = patched.unwrap_or_else(|error| panic!("{error}: {body} to {user:?}")).document;
    }
    user
}

fn ways() -> impl Strategy<Value = How> {
    (any::<bool>(), any::<bool>()).prop_map(|(put, old)| How {
        update: if put { UpdateMethod::Put } else { UpdateMethod::Patch },
        version: if old && !put { ScimVersion::V1 } else { ScimVersion::V2 },
        ..How::default()
    })
}

fn ids() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-e]", 0..5).prop_map(|ids| ids.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_wanted_is_what_comes_and_the_rest_stays(current in part(false), replace in part(true), how in ways()) {
        let current = stored(current);
        let goal = expected(&current, &replace);
        let wanted = Wanted { replace, ..Wanted::default() };
        let requests = update(kind("User"), "u1", Some(&current), &wanted, &how).unwrap();
        prop_assert!(requests.len() <= 1);
        let user = taken(&current, &requests, how.version);
        prop_assert_eq!(plain(&user), plain(&goal), "by {:?}", requests);
        // Once there, nothing is left to do.
        prop_assert_eq!(update(kind("User"), "u1", Some(&user), &wanted, &how).unwrap(), vec![]);
    }

    #[test]
    fn what_needs_no_knowledge_comes_out_the_same_without_it(current in part(false), replace in part(true)) {
        let current = stored(current);
        let goal = expected(&current, &replace);
        let wanted = Wanted { replace, ..Wanted::default() };
        let requests = update(kind("User"), "u1", None, &wanted, &How::default()).unwrap();
        let user = taken(&current, &requests, ScimVersion::V2);
        prop_assert_eq!(plain(&user), plain(&goal), "by {:?}", requests);
    }

    #[test]
    fn values_come_and_go_one_by_one(current in part(false), come in part(false), gone in part(false), known in any::<bool>(), how in ways()) {
        let current = stored(current);
        let only = |part: &Document| {
            let kept = part.iter().filter(|(name, _)| *name == "roles").map(|(name, value)| (name.clone(), value.clone()));
            kept.collect::<Document>()
        };
        let wanted = Wanted { add: only(&come), remove: only(&gone), ..Wanted::default() };
        let known = known || how.update == UpdateMethod::Put || how.version == ScimVersion::V1;
        let requests = update(kind("User"), "u1", Some(&current).filter(|_| known), &wanted, &how).unwrap();
        let user = taken(&current, &requests, how.version);
        let key = |element: &Value| (element["value"].clone(), element.get("type").cloned());
        let list = |document: &Document| document.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
        let (before, come, gone, after) = (list(&current), list(&wanted.add), list(&wanted.remove), list(&user));
        let goes = |element: &Value| gone.iter().any(|gone| {
            gone["value"] == element["value"] && gone.get("type").is_none_or(|kind| Some(kind) == element.get("type"))
        });
        for element in &before {
            let kept = after.iter().any(|other| key(other) == key(element));
            let comes_again = come.iter().any(|other| key(other) == key(element));
            prop_assert_eq!(kept, !goes(element) || comes_again, "{} by {:?}", element, requests);
        }
        for element in &come {
            prop_assert!(after.iter().any(|other| key(other) == key(element)), "{} by {:?}", element, requests);
        }
        let mut others = user.clone();
        let mut known = current.clone();
        others.shift_remove("roles");
        known.shift_remove("roles");
        prop_assert_eq!(plain(&others), plain(&known));
    }

    #[test]
    fn members_come_and_go_within_the_limit(before in ids(), after in ids(), most in 1..4usize, shape in 0..4usize, by_value in any::<bool>()) {
        let shapes = [MemberShape::Standard, MemberShape::Wrapped, MemberShape::Pathless, MemberShape::Detailed];
        let how = How {
            member: shapes[shape],
            removal: if by_value { MemberRemoval::ByValue } else { MemberRemoval::ByFilter },
            membership_changes: Some(most),
            ..How::default()
        };
        let members = |ids: &[String]| ids.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>();
        let group = document(&json!({"displayName": "G", "members": members(&before)}));
        let wanted = Wanted { replace: document(&json!({"members": members(&after)})), ..Wanted::default() };
        let mut found = before.clone();
        for request in update(kind("Group"), "g1", Some(&group), &wanted, &how).unwrap() {
            let body = standard(request.body.unwrap());
            let patch = Patch::parse(body, &Rules::default()).unwrap();
            let mut changes = 0;
            for operation in patch.apply(&document(&json!({"displayName": "G"})), kind("Group"), &Rules::default()).unwrap().members {
                match operation {
                    MembersOperation::Add(ids) => {
                        changes += ids.len();
                        found.extend(ids);
                    }
                    MembersOperation::Remove(ids) => {
                        changes += ids.len();
                        found.retain(|id| !ids.contains(id));
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!((1..=most).contains(&changes));
        }
        found.sort();
        prop_assert_eq!(found, after);
    }
}

/// The operations in the standard's own shape, for a reader that knows no other.
fn standard(mut body: Value) -> Value {
    for operation in body["Operations"].as_array_mut().unwrap() {
        let members = operation["value"].get("members").cloned();
        let has_filter = operation["path"].as_str().is_some_and(|path| path.contains('['));
        match members {
            Some(_) if has_filter => drop(operation.as_object_mut().unwrap().shift_remove("value")),
            Some(members) => {
                operation["path"] = json!("members");
                operation["value"] = members;
            }
            None => {}
        }
    }
    body
}
