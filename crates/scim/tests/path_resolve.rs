//! Paths against resource types: what each names.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::schema::{Registry, ResolvedType};
use serde_json::json;

/// User with extensions whose URNs end in a version.
fn registry() -> Result<Registry, Box<dyn std::error::Error>> {
    let schema = |id: &str| {
        serde_json::from_value(json!({
            "id": id,
            "attributes": [
                { "name": "level", "type": "integer" },
                { "name": "User", "type": "complex", "subAttributes": [{ "name": "rank", "type": "string" }] },
            ],
        }))
    };
    let kind = json!({
        "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
        "schemaExtensions": [
            { "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" },
            { "schema": "urn:example:badge:2.0" },
            { "schema": "urn:example:badge:v1.2.3" },
            { "schema": "urn:example:badge" },
        ],
    });
    let schemas =
        [schema("urn:example:badge:2.0")?, schema("urn:example:badge:v1.2.3")?, schema("urn:example:badge")?];
    Ok(Registry::builtin()?.extended(&schemas, &[serde_json::from_value(kind)?])?)
}

fn show(src: &str, kind: &ResolvedType) -> String {
    let path: AttributePath = match src.parse() {
        Ok(path) => path,
        Err(error) => return format!("error: {error}"),
    };
    match path.resolve(kind) {
        Ok(Resolved::Extension(schema)) => format!("extension {}", schema.id),
        Ok(Resolved::Attribute(found)) => format!("{found} {:?}", found.leaf().kind),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(src: &str, expected: &Expect) {
    let registry = registry().expect("the schemas are valid");
    let kind = registry.type_named("User").expect("User is built in");
    expected.assert_eq(&show(src, kind));
}

#[test]
fn core_and_common_attributes() {
    check("username", &expect!["userName String"]);
    check("NAME.givenname", &expect!["name.givenName String"]);
    check("emails.$ref", &expect!["error: emails.$ref is not an attribute of User"]);
    check("groups.$REF", &expect!["groups.$ref Reference"]);
    check("meta.lastModified", &expect!["meta.lastModified DateTime"]);
    check("id", &expect!["id String"]);
    check("schemas", &expect!["schemas Reference"]);
    check("urn:ietf:params:scim:schemas:core:2.0:User:userName", &expect!["userName String"]);
    check("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", &expect!["name.familyName String"]);
    check("urn:ietf:params:scim:schemas:core:2.0:User:externalId", &expect!["externalId String"]);
}

#[test]
fn extensions() {
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
        &expect!["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName String"],
    );
    check(
        "URN:ietf:params:SCIM:schemas:extension:enterprise:2.0:user",
        &expect!["extension urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    );
    check("urn:example:badge:2.0", &expect!["extension urn:example:badge:2.0"]);
    check("urn:example:badge:2.0:level", &expect!["urn:example:badge:2.0:level Integer"]);
    check("urn:example:badge:2.0:user.RANK", &expect!["urn:example:badge:2.0:User.rank String"]);
    check("urn:example:badge:v1.2.3", &expect!["extension urn:example:badge:v1.2.3"]);
    check("urn:example:badge:v1.2.3:level", &expect!["urn:example:badge:v1.2.3:level Integer"]);
    check("urn:example:badge", &expect!["extension urn:example:badge"]);
    check("urn:example:badge:level", &expect!["urn:example:badge:level Integer"]);
}

#[test]
fn what_is_not_defined() {
    check("nope", &expect!["error: nope is not an attribute of User"]);
    check("userName.value", &expect!["error: userName.value is not an attribute of User"]);
    check("level", &expect!["error: level is not an attribute of User"]);
    check("urn:example:badge:3.0", &expect!["error: urn:example:badge:3.0 is not an attribute of User"]);
    check(
        "urn:example:badge:userName",
        &expect!["error: urn:example:badge:userName is not an attribute of User"],
    );
    check(
        "urn:ietf:params:scim:schemas:core:2.0:User",
        &expect!["error: urn:ietf:params:scim:schemas:core:2.0:User is not an attribute of User"],
    );
    check("members", &expect!["error: members is not an attribute of User"]);
}
