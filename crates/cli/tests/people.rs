//! From settings at the command line to identities of a running server, expressions included.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::path::Path;

use common::{Server, json, rollcall};
use serde_json::{Value, json};

/// The request of the document that expressions are from.
fn printed_payload() -> Value {
    serde_json::from_str(include_str!("../../../corpus/printed/payload.json")).unwrap()
}

/// Every variable that the document lists, by its name there.
const ALL_VARIABLES: &str = "
return {
    'username': userName,
    'name': name['givenName'] + ' ' + name['familyName'],
    'email': list_flatten([mail['value'] for mail in emails if mail['primary']]),
    'attributes': {
        'title': title,
        'schemas': len(schemas),
        'department': urn_scim_schemas_extension_enterprise_2_0.get('department'),
    },
}
";

/// The mapping of the example configuration.
fn printed_profile() -> Value {
    let text = include_str!("../../../corpus/printed/configuration.json");
    serde_json::from_str::<Value>(text).unwrap()["profile"].take()
}

fn write(folder: &Path, name: &str, value: &Value) -> String {
    let path = folder.join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn expressions(expression: &str, on_error: &str) -> Value {
    json!({
        "expressions": { "users": [{ "name": "all", "expression": expression }] },
        "onExpressionError": on_error,
    })
}

/// The tenant's identities, as the command line's own API token sees them.
fn identities(server: &Server, folder: &Path) -> Vec<Value> {
    let mut command = rollcall(folder);
    command.args(["api-token", "issue", "--scopes", "identities:read", "--output", "json"]);
    let token = json(&command.output().unwrap())["token"].as_str().unwrap().to_owned();
    let mut api = server.api(&token);
    let (status, body) = api.send("GET", "/identities?limit=1000", None).unwrap();
    assert_eq!(status, 200, "{body}");
    body["items"].as_array().unwrap().clone()
}

#[test]
fn the_printed_payload_goes_through_expressions_of_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = write(folder.path(), "mapping.json", &expressions(ALL_VARIABLES, "fail"));
    let token = Server::source(folder.path(), "authentik", &["--mapping", &mapping]);
    let server = Server::start(folder.path(), &[]);
    let mut client = server.client("authentik", &token);
    let (status, body) = client.send("POST", "/Users", Some(&printed_payload())).unwrap();
    assert_eq!(status, 201, "{body}");
    let made = identities(&server, folder.path()).remove(0);
    let said = |name: &str| made["attributes"][name]["value"].clone();
    assert_eq!(said("name"), json!("foo bar"));
    assert_eq!((said("userName"), said("email")), (json!("foo.bar"), json!("foo.bar@authentik.company")));
}

#[test]
fn the_printed_configuration_makes_the_identity_that_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = write(folder.path(), "mapping.json", &json!({ "profile": printed_profile() }));
    let token = Server::source(folder.path(), "convex", &["--mapping", &mapping]);
    let server = Server::start(folder.path(), &[]);
    let user = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": "ann", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "emails": [{ "value": "home@acme.example" }, { "value": "ann@acme.example", "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
    });
    let (status, body) = server.client("convex", &token).send("POST", "/Users", Some(&user)).unwrap();
    assert_eq!(status, 201, "{body}");
    let made = identities(&server, folder.path()).remove(0);
    let said = |name: &str| made["attributes"][name]["value"].clone();
    assert_eq!(
        (made["status"].clone(), made["links"][0]["external_id"].clone()),
        (json!("active"), json!("00u1"))
    );
    assert_eq!((said("name"), said("email")), (json!("Ann Bee"), json!("ann@acme.example")));
    assert_eq!(said("attributes.department"), json!("Sales"));
    // The same sample over what is stored: nothing is other than before, and nothing is touched.
    let payload = write(folder.path(), "ann.json", &user);
    let mut test = rollcall(folder.path());
    test.args(["mapping", "test", "convex", "--payload", &payload, "--output", "json"]);
    assert_eq!(json(&test.output().unwrap())["decision"]["outcome"], json!("unchanged"));
    let other =
        write(folder.path(), "other.json", &json!({ "profile": { "mapping": { "name": "userName" } } }));
    let mut test = rollcall(folder.path());
    test.args(["mapping", "test", "convex", "--payload", &payload, "--mapping", &other]);
    let output = test.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("Ann Bee  ->  ann"), "{printed}");
    assert_eq!(identities(&server, folder.path()), [made]);
}

#[test]
fn what_cannot_be_is_told_when_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    Server::source(folder.path(), "okta", &[]);
    for (flag, value, told) in [
        (
            "--policy",
            json!({ "provisioning": { "jit": { "mode": "maybe" } } }),
            "provisioning.jit.mode takes",
        ),
        ("--mapping", json!({ "profile": { "mapping": { "mail": "x" } } }), "mapping.mail is not a key"),
        ("--mapping", expressions("return {", "fail"), "expression all"),
        ("--mapping", json!({ "profil": {} }), "unknown field `profil`"),
    ] {
        let path = write(folder.path(), "settings.json", &value);
        let output =
            rollcall(folder.path()).args(["source", "update", "okta", flag, &path]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(told), "{text}");
    }
    let policy = write(folder.path(), "policy.json", &json!({ "version": 1 }));
    for arguments in [vec!["--policy", policy.as_str()], vec!["--no-policy"]] {
        let mut command = rollcall(folder.path());
        command.args(["source", "update", "okta", "--output", "json"]).args(&arguments);
        let shown = json(&command.output().unwrap());
        assert_eq!(shown["settings"].get("policy").is_some(), arguments.len() == 2);
    }
}

#[test]
fn a_failing_expression_fails_the_request_or_is_left_out_as_the_operator_says() {
    let folder = tempfile::tempdir().unwrap();
    let failing = "return {'name': data['nothing']['there']}";
    for (on_error, status, people) in [("fail", 500, 0), ("continue", 201, 1)] {
        let mapping = write(folder.path(), "mapping.json", &expressions(failing, on_error));
        let token = Server::source(folder.path(), on_error, &["--mapping", &mapping]);
        let server = Server::start(folder.path(), &[]);
        let mut client = server.client(on_error, &token);
        let (got, body) = client.send("POST", "/Users", Some(&printed_payload())).unwrap();
        assert_eq!(got, status, "{body}");
        if status == 500 {
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains("expression all, line 1, column"), "{detail}");
            let (_, list) = client.send("GET", "/Users", None).unwrap();
            assert_eq!(list["totalResults"], json!(0), "nothing is written");
        }
        assert_eq!(identities(&server, folder.path()).len(), people);
    }
}
