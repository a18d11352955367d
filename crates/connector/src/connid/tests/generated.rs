//! Properties of flat names and of filters, over resources and filters that are made up.

use proptest::prelude::*;
use rollcall_scim::Document;
use rollcall_scim::filter::Filter;
use rollcall_scim::schema::ENTERPRISE_USER;
use serde_json::{Value, json};

use super::{LUCKY, kinds, names};
use crate::connid::filter::{Able, Pushed, pushed};
use crate::connid::names::Names;
use crate::connid::schema::Class;
use crate::connid::view::{flatten, unflatten};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z\\. \"]{0,4}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-3..3i64).prop_map(Value::from)
    ]
}

fn kind_of_value() -> impl Strategy<Value = Option<Value>> {
    prop::option::of(prop_oneof![
        4 => prop::sample::select(&["work", "Work", "home", "a.b", "", "value"][..]).prop_map(Value::from),
        1 => scalar(),
    ])
}

fn elements() -> impl Strategy<Value = Value> {
    let element = (
        kind_of_value(),
        prop::option::of("[a-c]{1,2}"),
        prop::option::of(any::<bool>()),
        prop::option::of(scalar()),
    );
    let element = element.prop_map(|(kind, value, primary, odd)| {
        let mut element = Document::new();
        let mut put =
            |name: &str, value: Option<Value>| value.map(|value| element.insert(name.to_owned(), value));
        put("value", value.map(Value::from));
        put("type", kind);
        put("primary", primary.map(Value::from));
        put("x-odd", odd);
        Value::Object(element)
    });
    prop::collection::vec(element, 0..5).prop_map(Value::from)
}

fn resource() -> impl Strategy<Value = Document> {
    let name = prop::sample::select(
        &[
            "userName",
            "title",
            "active",
            "name",
            "emails",
            "addresses",
            "roles",
            "groups",
            "entitlements",
            "x509Certificates",
            "unknown",
            "a.b",
            "__NAME__",
            "meta",
            "myCustomName",
            ENTERPRISE_USER,
            LUCKY,
            "urn:x:new",
            "schemas",
            "id",
        ][..],
    );
    let value = prop_oneof![
        3 => scalar(),
        4 => elements(),
        2 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
        3 => prop::collection::vec((prop::sample::select(&["value", "manager", "department", "luckyNumber", "cars", "tags", "x.y", "givenName"][..]), prop_oneof![scalar(), elements()]), 0..3)
            .prop_map(|parts| parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
    ];
    prop::collection::vec((name, value), 0..6)
        .prop_map(|parts| parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The resource with its lists of objects in one order, and its attributes too.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut names: Vec<&String> = object.keys().collect();
            names.sort();
            names.into_iter().map(|name| (name.clone(), plain(&object[name]))).collect()
        }
        Value::Array(values) if values.iter().all(Value::is_object) => {
            let mut values: Vec<Value> = values.iter().map(plain).collect();
            values.sort_by_key(ToString::to_string);
            values.into()
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn no_resource_loses_anything_under_flat_names(resource in resource(), colon in any::<bool>(), ids in any::<bool>()) {
        let kinds = kinds();
        for class in [Class::User, Class::Group] {
            let names = Names { colon, entitlement_ids: ids, ..names(&kinds, class) };
            let flat = flatten(&resource, &names);
            let back = unflatten(&flat, &names);
            prop_assert_eq!(back.map(|back| plain(&Value::Object(back))), Ok(plain(&Value::Object(resource.clone()))), "{:?}", flat);
        }
    }

    #[test]
    fn what_is_asked_selects_all_that_the_filter_selects(
        filter in filter(3),
        operators in prop::sample::subsequence(vec!["eq", "ne", "sw", "pr", "and", "or", "not", "[]"], 0..=8),
        emails in prop::collection::vec((prop::option::of("[ab]"), prop::option::of("[ab]")), 0..3),
        title in prop::option::of("[ab]"),
    ) {
        let able = Able { none: false, operators: Some(operators.into_iter().map(str::to_owned).collect()) };
        let kinds = kinds();
        let mut user = Document::new();
        title.map(|title| user.insert("title".to_owned(), title.into()));
        let emails: Vec<Value> = emails.into_iter().map(|(value, kind)| json!({"value": value, "type": kind})).collect();
        user.insert("emails".to_owned(), emails.into());
        let holds = |filter: &Filter| filter.bind(&kinds.user).unwrap().matches(&user);
        let Pushed { filter: asked, exact } = pushed(&filter, &able);
        let selected = asked.as_ref().is_none_or(&holds);
        prop_assert!(selected || !holds(&filter), "{} asked as {:?}", filter, asked);
        if exact {
            prop_assert_eq!(selected, holds(&filter), "{} asked as {:?}", filter, asked);
        }
    }
}

fn filter(depth: u32) -> impl Strategy<Value = Filter> {
    let value = || "[ab]";
    let op = || prop::sample::select(&["eq", "ne", "sw"][..]);
    let term = prop_oneof![
        (op(), value()).prop_map(|(op, value)| format!("title {op} \"{value}\"")),
        (op(), value()).prop_map(|(op, value)| format!("emails.value {op} \"{value}\"")),
        (op(), value(), op(), value())
            .prop_map(|(one, a, other, b)| format!("emails[type {one} \"{a}\" and value {other} \"{b}\"]")),
        (op(), value()).prop_map(|(op, value)| format!("emails[not (value {op} \"{value}\")]")),
        Just("title pr".to_owned()),
        Just("title eq null".to_owned()),
    ];
    let term = term.prop_map(|text| Filter::parse(&text).unwrap());
    term.prop_recursive(depth, 12, 3, |inner| {
        let print = |terms: Vec<Filter>, word: &str| {
            let terms: Vec<String> = terms.iter().map(|term| format!("({term})")).collect();
            Filter::parse(&terms.join(word)).unwrap()
        };
        let terms = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            terms().prop_map(move |terms| print(terms, " and ")),
            terms().prop_map(move |terms| print(terms, " or ")),
            inner.clone().prop_map(|term| Filter::Not(Box::new(term))),
        ]
    })
}
