//! `rollcall mapping test` from outside: the documents that mappings are from, and what mistakes say.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    reason = "a test stops where something is not as it should be; expect-test writes raw strings so"
)]

use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// The request of the document that expressions are from.
const PRINTED_PAYLOAD: &str = include_str!("../../../corpus/printed/payload.json");

/// An expression over every variable that the document lists.
const EXPRESSION_MAPPING: &str = r"
[[expressions.users]]
name = 'all variables'
expression = '''
# Every variable of the documentation, with the type that it has there.
is_as_documented = (
    isinstance(schemas, list) and isinstance(userName, str) and isinstance(name, dict)
    and isinstance(emails[0], dict) and isinstance(title, str)
    and isinstance(urn_scim_schemas_extension_enterprise_2_0, dict)
)
return {
    'username': userName,
    'name': name['givenName'] + ' ' + name['familyName'],
    'email': list_flatten([mail['value'] for mail in emails if mail['primary']]),
    'attributes': {
        'title': title,
        'department': urn_scim_schemas_extension_enterprise_2_0.get('department'),
        'documented': is_as_documented,
    },
}
'''
";

/// Standard output, standard error and exit status of `rollcall mapping test` over these files.
fn run(files: &[(&str, &str)], arguments: &[&str]) -> (String, String, i32) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = rollcall(folder.path()).args(["mapping", "test"]).args(arguments).output().unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), files.len(), "it made a file");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn rollcall(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.current_dir(folder).env_clear();
    command
}

fn json_of(files: &[(&str, &str)], arguments: &[&str]) -> Value {
    let (out, errors, status) = run(files, &[arguments, &["--output", "json"]].concat());
    assert_eq!(status, 0, "{errors}");
    serde_json::from_str(&out).unwrap()
}

#[track_caller]
fn fails(files: &[(&str, &str)], arguments: &[&str], expected: &Expect) {
    let (_, errors, status) = run(files, arguments);
    assert_eq!(status, 1, "{errors}");
    expected.assert_eq(&errors);
}

#[test]
fn the_printed_payload_through_expressions_over_its_variables() {
    let files = [("m.toml", EXPRESSION_MAPPING), ("p.json", PRINTED_PAYLOAD)];
    let shown = json_of(&files, &["--mapping", "m.toml", "--payload", "p.json"]);
    let profile = json!({
        "userName": "foo.bar", "subject": "foo.bar", "firstName": "foo", "lastName": "bar", "name": "foo bar",
        "email": "foo.bar@authentik.company",
        "attributes": { "title": "", "department": "", "documented": true },
    });
    assert_eq!(shown["profile"], profile);
    assert_eq!(shown["decision"]["outcome"], json!("created"));
}

#[test]
fn the_printed_configuration_and_a_policy_as_text() {
    let configuration: Value =
        serde_json::from_str(include_str!("../../../corpus/printed/configuration.json")).unwrap();
    let mapping = json!({ "profile": configuration["profile"] });
    let policy = json!({ "provisioning": { "jit": { "defaultRoleIds": ["member"] } } });
    let payload = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann", "externalId": "00u1", "displayName": "Ann Bee", "active": "True",
        "emails": [{ "value": "ann@acme.example", "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Tools" },
    });
    let files = [
        ("m.json", &*mapping.to_string()),
        ("y.json", &policy.to_string()),
        ("p.json", &payload.to_string()),
    ];
    let arguments = ["--mapping", "m.json", "--policy", "y.json", "--payload", "p.json"];
    let (out, errors, status) = run(&files, &arguments);
    assert_eq!((&*errors, status), ("", 0));
    expect![[r#"
        PROFILE
        subject     00u1
        externalId  00u1
        userName    ann
        email       ann@acme.example
        name        Ann Bee
        active      true
        attributes  {"department":"Tools"}

        DECISION
        created
        provisioning.groups, provisioning.roles, provisioning.jit = ["member"]: roles of the source

        CHANGE
        status                 -  ->  active
        attributes.department  -  ->  Tools
        email                  -  ->  ann@acme.example
        name                   -  ->  Ann Bee
        subject                -  ->  00u1
        userName               -  ->  ann
        roles                  -  ->  member

        TRACE
        extraction  subject                externalId                                                             00u1
        extraction  externalId             externalId                                                             00u1
        extraction  email                  emails.primary                                                         ann@acme.example
        extraction  firstName              name.givenName                                                         -
        extraction  lastName               name.familyName                                                        -
        extraction  name                   displayName                                                            Ann Bee
        extraction  phone                  phoneNumbers.primary                                                   -
        extraction  active                 active                                                                 true
        extraction  groups                 groups.value                                                           -
        extraction  roles                  roles.value                                                            -
        extraction  attributes.department  urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department  Tools
    "#]].assert_eq(&out);
}

#[test]
fn what_is_known_before_decides() {
    let identity = json!({
        "id": "01910000-0000-7000-8000-000000000001", "status": "active",
        "attributes": { "userName": { "value": "ann", "origin": "app" } },
    });
    let known = json!({ "candidates": [{ "found": ["userName"], "identity": identity }] });
    let files = [
        ("m.json", "{}"),
        ("p.json", r#"{"userName":"ann"}"#),
        ("k.json", &*known.to_string()),
        ("y.toml", "identity.match.by = ['userName']"),
    ];
    let arguments = ["--mapping", "m.json", "--payload", "p.json", "--known", "k.json"];
    let outcome =
        |more: &[&str]| json_of(&files, &[&arguments[..], more].concat())["decision"]["outcome"].clone();
    assert_eq!(outcome(&[]), json!({ "queued": ["01910000-0000-7000-8000-000000000001"] }));
    assert_eq!(outcome(&["--policy", "y.toml"]), json!({ "linked": "userName" }));
}

#[test]
fn groups_have_a_profile_of_their_own() {
    let mapping = "[[expressions.groups]]\nname = 'g'\nexpression = '''return {'attributes': {'size': len(members)}}'''";
    let files = [("m.toml", mapping), ("p.json", r#"{"displayName":"Tools","externalId":"g1"}"#)];
    let shown = json_of(&files, &["--mapping", "m.toml", "--payload", "p.json", "--group"]);
    assert_eq!(shown["profile"], json!({ "externalId": "g1", "name": "Tools", "attributes": { "size": 0 } }));
}

#[test]
fn mistakes_say_what_and_where() {
    let payload = ("p.json", r#"{"userName":"ann","title":"Lead"}"#);
    let arguments = ["--mapping", "m.json", "--payload", "p.json"];
    let check =
        |mapping: &str, expected: &Expect| fails(&[("m.json", mapping), payload], &arguments, expected);
    check(
        r#"{"profile":{"mapping":{"mail":"emails"}}}"#,
        &expect![[r#"
        error: m.json: mapping.mail is not a key; there are subject, externalId, email, firstName, lastName, name, phone, active, groups, roles; other fields go under extraFields
    "#]],
    );
    check(
        r#"{"profiles":{}}"#,
        &expect![[r#"
        error: m.json: unknown field `profiles`, expected one of `profile`, `expressions`, `onExpressionError` at line 1 column 11
    "#]],
    );
    check(
        r#"{"profile":{"mapping":{"email":"emails[type eq work]"}}}"#,
        &expect![[r#"
        error: m.json: mapping.email: emails[type eq work]: expected a value (text goes in double quotes) at byte 15
    "#]],
    );
    check(
        r#"{"expressions":{"users":[{"name":"a","expression":"x = 1\nreturn {"}]}}"#,
        &expect![[r#"
        error: m.json: expression a, line 2, column 9: it ends where more is expected
    "#]],
    );
    check(
        r#"{"expressions":{"users":[{"name":"a","expression":"return {'name': title + 1}"}]}}"#,
        &expect![[r#"
            error: expression a, line 1, column 17: Operation `+` not supported for types `string` and `int`
                   in  title + 1
                   title is "Lead"
        "#]],
    );
    check(
        r#"{"expressions":{"users":[{"name":"a","expression":"return {'mail': 'x'}"}]}}"#,
        &expect![[r#"
        error: the expressions' result: mail is not a field of the profile; there are subject, externalId, userName, email, firstName, lastName, name, phone, active, groups, roles, attributes; put other things under attributes
    "#]],
    );
    let files =
        [("m.json", "{}"), payload, ("y.toml", "[provisioning.deprovision]\nmode = 'delete'\nafter = 3")];
    fails(
        &files,
        &[&arguments[..], &["--policy", "y.toml"]].concat(),
        &expect![[r#"
        error: y.toml: provisioning.deprovision.after is not a key of a policy; provisioning.deprovision has mode, graceDays
               y.toml: provisioning.deprovision.mode takes `disable`, `delete-after-grace`, `anonymize`, `keep`, `soft`, `hard`, not "delete"
    "#]],
    );
    fails(
        &files,
        &[&arguments[..], &["--dialect", "octa"]].concat(),
        &expect![[r#"
        error: there is no dialect "octa"; there are entra, generic, google, jumpcloud, okta, onelogin, ping, strict
    "#]],
    );
    fails(
        &files,
        &["--mapping", "none.json", "--payload", "p.json"],
        &expect![[r#"
        error: none.json cannot be read: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn skipping_is_no_failure() {
    let mapping = r#"{"expressions":{"users":[{"name":"a","expression":"skip('a service account')"}]}}"#;
    let files = [("m.json", mapping), ("p.json", r#"{"userName":"svc"}"#)];
    let shown = json_of(&files, &["--mapping", "m.json", "--payload", "p.json"]);
    assert_eq!(shown["stopped"], json!({ "skipped": "a service account" }));
}

/// Elsewhere the test of a mapping did not know `data`, which every mapping that is in use reads.
#[test]
fn a_mapping_is_tried_with_data_as_it_is_run_with_it() {
    let mapping = r"
[[expressions.users]]
name = 'phone'
expression = '''
return {'attributes': {'phone': data.get('phoneNumber')}, 'name': data['userName']}
'''
";
    let payload = r#"{ "userName": "ann", "phoneNumber": "0123456789" }"#;
    let files = [("m.toml", mapping), ("p.json", payload)];
    let shown = json_of(&files, &["--mapping", "m.toml", "--payload", "p.json"]);
    assert_eq!(shown["profile"]["attributes"]["phone"], "0123456789", "{shown}");
    assert_eq!(shown["profile"]["name"], "ann");
}
