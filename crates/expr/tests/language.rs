//! The language of expressions: what it has, what an expression sees, and how it says what went wrong.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use common::{evaluation, outcome, pool};
use rollcall_domain::mapping::expression::{FailureKind, OnError, Returned};
use serde_json::{Value, json};

/// The request of the document that the expressions are taken from.
fn payload() -> Value {
    json!({
        "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
        "userName": "foo.bar",
        "name": { "familyName": "bar", "givenName": "foo", "formatted": "foo.bar" },
        "emails": [{ "value": "foo.bar@authentik.company", "type": "work", "primary": true }],
        "title": "",
        "urn:scim:schemas:extension:enterprise:2.0": { "department": "" },
    })
}

#[tokio::test]
async fn expressions_compute() {
    let pool = pool(1);
    let data = json!({
        "userName": "Ann.Bee@Example.com",
        "name": { "givenName": "Ann", "familyName": "Bee" },
        "emails": [{ "value": "a@home.example" }, { "value": "a@work.example", "primary": true }],
        "active": true, "phoneNumber": "0123456789", "score": 1.5, "level": 7, "2fa": "on",
    });
    for (expression, expected) in [
        ("return {'a': userName}", json!({ "a": "Ann.Bee@Example.com" })),
        ("return {'a': data['userName'].lower()}", json!({ "a": "ann.bee@example.com" })),
        (
            "return {'attributes': {'phone': data.get('phoneNumber')}}",
            json!({ "attributes": { "phone": "0123456789" } }),
        ),
        ("return {'a': phoneNumber}", json!({ "a": "0123456789" })),
        ("return {'a': _2fa}", json!({ "a": "on" })),
        ("return {'a': name['givenName'] + ' ' + name.get('familyName', '')}", json!({ "a": "Ann Bee" })),
        (
            "for e in emails:\n    if e.get('primary'):\n        return {'a': e['value']}",
            json!({ "a": "a@work.example" }),
        ),
        (
            "return {'a': [e['value'].split('@')[1] for e in emails]}",
            json!({ "a": ["home.example", "work.example"] }),
        ),
        ("if title is None:\n    return {'a': 1}\nreturn {'a': 2}", json!({ "a": 1 })),
        ("if userName is not None:\n\treturn {'a': 1}", json!({ "a": 1 })),
        ("return {'a': [photos, roles, title, meta]}", json!({ "a": [[], [], null, {}] })),
        ("return {'a': level + 1, 'b': score * 2, 'c': not active}", json!({ "a": 8, "b": 3.0, "c": false })),
        (
            "return {'a': f'{userName}!', 'b': '%s-%d' % (userName, 3)}",
            json!({ "a": "Ann.Bee@Example.com!", "b": "Ann.Bee@Example.com-3" }),
        ),
        ("return {'a': sorted(set(['b', 'a', 'b']))}", json!({ "a": ["a", "b"] })),
        ("def f(x):\n    return x * 2\nreturn {'a': f(3)}", json!({ "a": 6 })),
        ("f = lambda x: x + '!'\nreturn {'a': f('x')}", json!({ "a": "x!" })),
        (
            "return {'a': isinstance(emails, list), 'b': isinstance(userName, str)}",
            json!({ "a": true, "b": true }),
        ),
        (
            "return {'a': regex_match(userName, '@example'), 'b': regex_match(userName, '(?i)@EXAMPLE'), 'c': regex_match(None, 'x')}",
            json!({ "a": false, "b": true, "c": false }),
        ),
        (
            r"return {'a': regex_replace(userName, r'(\w+)\.(\w+)@.*', r'\2 \1 $1')}",
            json!({ "a": "Bee Ann $1" }),
        ),
        (
            "return {'a': list_flatten(emails)['value'], 'b': list_flatten([]), 'c': list_flatten('x')}",
            json!({ "a": "a@home.example", "c": "x" }),
        ),
        ("return {'a': slugify(' Ann  Bee, Jr. ')}", json!({ "a": "ann-bee-jr" })),
        ("return {'a': '''x\n  y'''}", json!({ "a": "x\n  y" })),
        ("return {'a': source['slug'] + request['method']}", json!({ "a": "oktaPOST" })),
        ("x: str = userName\nreturn {'a': len(x)}", json!({ "a": 19 })),
        ("return {'a': json.encode(name)}", json!({ "a": "{\"givenName\":\"Ann\",\"familyName\":\"Bee\"}" })),
        ("return None", json!({})),
        ("# nothing", json!({})),
        ("pass", json!({})),
        ("", json!({})),
    ] {
        assert_eq!(outcome(&pool, expression, &data).await, Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn every_top_level_attribute_is_a_variable_under_its_documented_name() {
    let pool = pool(1);
    let expression = "return {
    'schemas': isinstance(schemas, list) and isinstance(schemas[0], str),
    'userName': isinstance(userName, str),
    'name': isinstance(name, dict),
    'emails': isinstance(emails[0], dict),
    'title': isinstance(title, str),
    'urn': isinstance(urn_scim_schemas_extension_enterprise_2_0, dict),
}";
    let expected = json!({
        "schemas": true, "userName": true, "name": true, "emails": true, "title": true, "urn": true,
    });
    assert_eq!(outcome(&pool, expression, &payload()).await, Ok(expected));
    let expression = "return {
    'username': userName,
    'name': name['formatted'],
    'email': [mail['value'] for mail in emails if mail['primary']][0],
    'attributes': {
        'department': urn_scim_schemas_extension_enterprise_2_0['department'],
        'title': title,
        'kinds': schemas,
    },
}";
    let expected = json!({
        "username": "foo.bar", "name": "foo.bar", "email": "foo.bar@authentik.company",
        "attributes": {
            "department": "", "title": "",
            "kinds": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
        },
    });
    assert_eq!(outcome(&pool, expression, &payload()).await, Ok(expected));
}

#[tokio::test]
async fn a_failure_says_where_and_on_what() {
    let pool = pool(1);
    let data = json!({ "userName": "ann", "emails": [{ "value": "a@b.example" }], "len": "x" });
    for (expression, kind, place, message, values) in [
        ("return {'a': usrName}", FailureKind::Name, (1, 14), "Variable `usrName` not found", vec![]),
        (
            "x = 1\nreturn {'a': title.lower()}",
            FailureKind::Evaluation,
            (2, 14),
            "has no attribute `lower`",
            vec![("title", "null")],
        ),
        (
            "return {'a': emails[0]['type']}",
            FailureKind::Evaluation,
            (1, 14),
            "type",
            vec![("emails", r#"[{"value":"a@b.example"}]"#)],
        ),
        (
            "\n\nreturn {'a': userName + 1}",
            FailureKind::Evaluation,
            (3, 14),
            "+",
            vec![("userName", r#""ann""#)],
        ),
        ("return {'a': ]", FailureKind::Syntax, (1, 14), "", vec![]),
        ("while True:\n    pass", FailureKind::Syntax, (1, 1), "while", vec![]),
        ("x = 1\nreturn {'a': (1", FailureKind::Syntax, (2, 16), "it ends where more is expected", vec![]),
        ("if userName:", FailureKind::Syntax, (1, 13), "it ends where more is expected", vec![]),
        ("import os", FailureKind::Syntax, (1, 1), "import", vec![]),
        (
            "return userName is 'ann'",
            FailureKind::Syntax,
            (1, 17),
            "`is` is only for None, True and False",
            vec![],
        ),
        ("if True:\n\tif True:\n\t\treturn {'a': nope}", FailureKind::Name, (3, 16), "nope", vec![]),
        ("fail('no ' + userName)", FailureKind::Fail, (1, 1), "no ann", vec![("userName", r#""ann""#)]),
        (
            "return {'a': regex_match(userName, '(')}",
            FailureKind::Evaluation,
            (1, 14),
            "regex parse error",
            vec![("userName", r#""ann""#)],
        ),
        (
            "return {'a': open('/etc/passwd')}",
            FailureKind::Name,
            (1, 14),
            "Variable `open` not found",
            vec![],
        ),
        (
            "return {'a': userName.__class__}",
            FailureKind::Evaluation,
            (1, 14),
            "__class__",
            vec![("userName", r#""ann""#)],
        ),
        ("return {'a': len(data['len'], 2)}", FailureKind::Evaluation, (1, 14), "", vec![]),
    ] {
        let failure = outcome(&pool, expression, &data).await.unwrap_err();
        let found: Vec<(&str, &str)> = failure.values.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert!(failure.message.contains(message), "{expression}: {}", failure.message);
        assert_eq!(failure.kind, kind, "{expression}: {failure}");
        assert_eq!((failure.line, failure.column), (Some(place.0), Some(place.1)), "{expression}: {failure}");
        if !values.is_empty() {
            assert_eq!(found, values, "{expression}");
        }
        assert!(!failure.to_string().contains("a@b.example"), "personal data is in values alone");
    }
}

#[tokio::test]
async fn a_result_is_an_object_of_json() {
    let pool = pool(1);
    let data = json!({ "userName": "ann" });
    for (expression, message) in [
        ("return 'x'", "it returned a value of type string; return a dict or None"),
        ("return [1]", "it returned a value of type list; return a dict or None"),
        ("return {1: 2}", "it returned a dict with a key of type int; keys are text"),
        ("return {'a': len}", "it returned a value of type function"),
        ("return {'a': 1 << 70}", "it returned an integer past 64 bits"),
        ("return {'a': float('nan')}", "it returned a number that JSON does not have"),
        ("return {'a': list(range(20000))}", "it returned more than 10000 values"),
        ("return {'a': 'x' * 300000}", "it returned more than 256 KB"),
        (
            "x = []\nfor i in range(100):\n    x = [x]\nreturn {'a': x}",
            "it returned values nested deeper than 32",
        ),
    ] {
        let failure = outcome(&pool, expression, &data).await.unwrap_err();
        assert_eq!((failure.kind, &*failure.message), (FailureKind::Result, message), "{expression}");
    }
}

#[tokio::test]
async fn results_are_merged_in_the_order_of_the_expressions() {
    let pool = pool(1);
    let expressions = [
        "return {'name': 'A', 'attributes': {'x': 1, 'l': ['a']}}",
        "return {'name': properties['name'] + 'B', 'attributes': {'y': 2, 'l': ['a', 'b']}}",
        "properties['name'] = 'mine alone'\ndata['userName'] = 'x'",
        "return {'phone': None, 'seen': properties['name'], 'user': userName}",
    ];
    let mut evaluation = evaluation(&expressions, &json!({ "userName": "ann" }));
    evaluation.properties.insert("phone".to_owned(), json!("+1"));
    let evaluated = pool.evaluate(&evaluation).await.unwrap();
    let expected = json!({
        "name": "AB", "attributes": { "x": 1, "l": ["a", "b"], "y": 2 }, "seen": "AB", "user": "ann",
    });
    assert_eq!(Value::Object(evaluated.properties), expected);
    assert_eq!(evaluated.outcomes.len(), 4);
}

#[tokio::test]
async fn after_a_failure_the_operator_says_whether_to_go_on() {
    let pool = pool(1);
    let expressions = ["return {'a': 1}", "fail('no')", "return {'b': 2}"];
    let mut evaluation = evaluation(&expressions, &json!({}));
    let evaluated = pool.evaluate(&evaluation).await.unwrap();
    assert_eq!((evaluated.outcomes.len(), evaluated.failures().count()), (2, 1));
    evaluation.on_error = OnError::Continue;
    let evaluated = pool.evaluate(&evaluation).await.unwrap();
    assert_eq!((evaluated.outcomes.len(), evaluated.failures().count()), (3, 1));
    assert_eq!(Value::Object(evaluated.properties), json!({ "a": 1, "b": 2 }));
}

#[tokio::test]
async fn skip_ends_it_without_a_failure() {
    let pool = pool(1);
    let expressions =
        ["return {'a': 1}", "if userName.startswith('svc-'):\n    skip('a service')", "fail('no')"];
    let evaluated = pool.evaluate(&evaluation(&expressions, &json!({ "userName": "svc-1" }))).await.unwrap();
    assert_eq!(evaluated.skipped(), Some("a service"));
    assert_eq!((evaluated.outcomes.len(), evaluated.failures().count()), (2, 0));
}

#[tokio::test]
async fn what_is_printed_is_kept_a_little() {
    let pool = pool(1);
    let evaluated = common::evaluate(&pool, "print('x', 1)\nprint('y' * 9000)", &json!({})).await;
    let printed = &evaluated.outcomes[0].printed;
    assert!(printed.starts_with("x 1\nyyy"), "{printed}");
    assert!(printed.len() <= 4_200);
    assert_eq!(evaluated.outcomes[0].result, Returned::Nothing);
}

#[tokio::test]
async fn no_attribute_takes_the_place_of_a_function_or_of_data() {
    let pool = pool(1);
    let data = json!({ "len": 1, "skip": 2, "data": 3, "properties": 4, "None": 5, "userName": "ann", "user-name": 6 });
    let expression = "return {'a': len(userName), 'b': data['data'], 'c': len(properties), 'd': user_name, 'e': title is None}";
    let expected = json!({ "a": 3, "b": 3, "c": 0, "d": 6, "e": true });
    assert_eq!(outcome(&pool, expression, &data).await, Ok(expected));
}

#[tokio::test]
async fn checking_compiles_and_runs_nothing() {
    let pool = pool(1);
    let expression = |name, text| rollcall_domain::mapping::expression::Expression::new(name, text);
    let failures = pool
        .check(&[
            expression("good", "return {'a': userName, 'b': phoneNumber}"),
            expression("stops", "fail('not run')"),
            expression("bad", "x = 1\nreturn {"),
        ])
        .await
        .unwrap();
    let named: Vec<(&str, Option<u32>)> = failures.iter().map(|f| (&*f.expression, f.line)).collect();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0].0, "bad");
    assert!(named[0].1.is_some());
}
