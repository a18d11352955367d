//! Properties of filters over generated trees and over hostile text.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;
use rollcall_scim::Document;
use rollcall_scim::filter::{CompareOp, Filter, FilterError, Literal, parse_value_path};
use rollcall_scim::limits::MAX_FILTER_DEPTH;
use rollcall_scim::path::{AttributePath, PathError};
use rollcall_scim::schema::Registry;
use serde_json::json;

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::builtin().expect("built-in schemas are valid"));

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let document = json!({
        "id": "1", "userName": "Ann", "active": true, "name": { "familyName": "Oz" },
        "emails": [{ "value": "ann@example.com", "type": "work", "primary": true }, { "value": "a@b" }],
        "meta": { "created": "2021-09-23T19:35:41Z" },
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
    });
    document.as_object().cloned().unwrap_or_default()
});

fn op() -> impl Strategy<Value = CompareOp> {
    use CompareOp::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Sw};
    prop::sample::select(vec![Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le])
}

fn literal() -> impl Strategy<Value = Literal> {
    let float = any::<f64>().prop_filter_map("finite", serde_json::Number::from_f64);
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<u64>().prop_map(|number| Literal::Number(number.into())),
        float.prop_map(Literal::Number),
        any::<String>().prop_map(Literal::String),
        "[a-z\"\\\\ ()]{0,8}".prop_map(Literal::String),
    ]
}

/// Any path; `bare` ones have no sub-attribute, so that brackets may follow.
fn path(bare: bool) -> impl Strategy<Value = AttributePath> {
    let known = prop::sample::select(vec![
        "userName", "emails", "name", "active", "type", "value", "not", "and", "pr",
    ]);
    let name = prop_oneof![known.prop_map(str::to_owned), "[a-zA-Z][a-zA-Z0-9_-]{0,6}", "\\$[a-z]{1,3}"];
    let urn = prop::option::weighted(0.2, "urn:[a-z]{1,4}(:[a-zA-Z0-9.]{1,5}){1,3}");
    let sub = prop::option::weighted(0.3, "[a-zA-Z][a-zA-Z0-9_-]{0,6}");
    (urn, name, sub).prop_map(move |(urn, name, sub)| AttributePath { urn, name, sub: sub.filter(|_| !bare) })
}

fn leaf() -> impl Strategy<Value = Filter> {
    prop_oneof![
        path(false).prop_map(Filter::Present),
        (path(false), op(), literal()).prop_map(|(path, op, value)| Filter::Compare(path, op, value)),
    ]
}

fn all(terms: Vec<Filter>) -> Filter {
    let mut flat = Vec::new();
    for term in terms {
        match term {
            Filter::And(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Filter::And(flat)
}

fn any_of(terms: Vec<Filter>) -> Filter {
    let mut flat = Vec::new();
    for term in terms {
        match term {
            Filter::Or(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Filter::Or(flat)
}

/// Trees over `leaf` that keep the invariants of [`Filter`].
fn tree(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(any_of),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn filter() -> BoxedStrategy<Filter> {
    let element = (path(true), tree(leaf().boxed()));
    let element = element.prop_map(|(path, inner)| Filter::Element(path, Box::new(inner)));
    tree(prop_oneof![3 => leaf(), 1 => element].boxed())
}

/// Everything that is done with a filter text; only panics count.
fn use_filter(src: &str) {
    for kind in REGISTRY.types() {
        if let Ok(bound) = Filter::parse(src).and_then(|filter| filter.bind(kind)) {
            let negated = rollcall_scim::filter::Bound::Not(Box::new(bound.clone()));
            assert_ne!(bound.matches(&DOCUMENT), negated.matches(&DOCUMENT));
        }
    }
}

fn check_offset(at: usize, src: &str) {
    assert!(at <= src.len() && src.is_char_boundary(at), "byte {at} of {src:?}");
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_filter(filter in filter()) {
        let printed = filter.to_string();
        prop_assert_eq!(Filter::parse(&printed), Ok(filter), "{}", printed);
    }

    #[test]
    fn case_of_operators_does_not_count(filter in filter()) {
        let printed = filter.to_string();
        let shouted = printed.replace(" eq ", " EQ ").replace(" or ", " OR ").replace(" and ", " And ");
        // A string with such a word in it is changed too, the shape is not.
        prop_assert_eq!(
            Filter::parse(&shouted).map(|filter| filter.to_string().to_lowercase()),
            Ok(printed.to_lowercase())
        );
    }

    #[test]
    fn any_text_is_parsed_or_refused(src in any::<String>()) {
        use_filter(&src);
        if let Err(FilterError::Syntax { at, .. }) = Filter::parse(&src) {
            check_offset(at, &src);
        }
        if let Err(PathError::Syntax { at, .. }) = parse_value_path(&src) {
            check_offset(at, &src);
        }
    }

    #[test]
    fn words_of_the_grammar_in_any_order_are_parsed_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "userName", "emails", "emails[", "]", "(", ")", "not", "and", "or", "eq", "co", "pr", "gt", "\"x\"",
            "\"", "\\", "1", "-", "true", "null", ".value", ":", "urn:x:", " ", "é", "\u{0}", "active",
            "meta.created", "\"2011-05-13T04:42:34Z\"", "type",
        ]), 0..24),
        spaced in any::<bool>(),
    ) {
        let src = words.join(if spaced { " " } else { "" });
        use_filter(&src);
        if let Err(FilterError::Syntax { at, .. }) = Filter::parse(&src) {
            check_offset(at, &src);
        }
    }

    #[test]
    fn a_damaged_filter_is_parsed_or_refused(
        filter in filter(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..4,
        put in prop_oneof!["[()\\[\\]\" .:\\\\a-e0-9-]{0,3}", any::<String>()],
    ) {
        let printed = filter.to_string();
        let boundaries: Vec<usize> = printed.char_indices().map(|(at, _)| at).chain([printed.len()]).collect();
        let start = at.index(boundaries.len());
        let end = (start + length).min(boundaries.len() - 1);
        let damaged = format!(
            "{}{put}{}",
            printed.get(..*boundaries.get(start).expect("in range")).expect("a boundary"),
            printed.get(*boundaries.get(end).expect("in range")..).expect("a boundary"),
        );
        use_filter(&damaged);
        match Filter::parse(&damaged) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(FilterError::Syntax { at, .. }) => check_offset(at, &damaged),
            Err(_) => (),
        }
    }

    #[test]
    fn a_value_path_prints_and_parses(path in path(true), filter in filter(), sub in prop::option::of("[a-z]{1,5}")) {
        let src = format!("{path}[{filter}]{}", sub.map(|sub| format!(".{sub}")).unwrap_or_default());
        match parse_value_path(&src) {
            Ok(value_path) => prop_assert_eq!(value_path.to_string(), src),
            // Brackets inside brackets, which the generated filter may have.
            Err(error) => prop_assert!(error.to_string().starts_with("expected no brackets"), "{}", error),
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursing(
        opens in prop::collection::vec(prop::sample::select(vec!["(", "not (", "e["]), MAX_FILTER_DEPTH..4_000),
    ) {
        prop_assert!(Filter::parse(&opens.concat()).is_err());
    }
}
