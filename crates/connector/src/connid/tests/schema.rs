//! The schema: built in, of custom attributes, and of what an application says.

use rollcall_scim::schema::USER;
use serde_json::json;

use super::{LUCKY, kinds, names};
use crate::connid::schema::{Class, FlatAttribute, Kinds, flat_attributes};

#[test]
fn the_schema_has_what_the_reference_lacks() {
    let kinds = kinds();
    let user = flat_attributes(&names(&kinds, Class::User));
    let group = flat_attributes(&names(&kinds, Class::Group));
    let has = |flat: &[FlatAttribute], name: &str| flat.iter().any(|attribute| attribute.name == name);
    for name in [
        "__NAME__",
        "__ENABLE__",
        "__PASSWORD__",
        "userName",
        "name.familyName",
        "emails.work.primary",
        "emails.value",
        "phoneNumbers.home.value",
        "groups",
        "meta.created",
        "urn:scim:schemas:core:1.0:myCustomName",
    ] {
        assert!(has(&user, name), "{name}");
    }
    assert!(!has(&user, "__UID__") && !has(&user, "password"));
    for name in ["__NAME__", "displayName", "members"] {
        assert!(has(&group, name), "{name}");
    }
    let lucky = user.iter().find(|attribute| attribute.name == format!("{LUCKY}:luckyNumber")).unwrap();
    assert_eq!(serde_json::to_value(lucky.kind).unwrap(), "integer");
    let created = user.iter().find(|attribute| attribute.name == "meta.created").unwrap();
    assert!(!created.creatable && !created.updateable && created.readable);
    let password = user.iter().find(|attribute| attribute.name == "__PASSWORD__").unwrap();
    assert!(password.updateable && !password.readable);
}

#[test]
fn custom_schemas_that_are_none_are_refused_with_their_place() {
    for (text, reason) in [
        ("garbage", "expected value"),
        ("[{}]", "schema 1: id is missing"),
        (
            r#"[{"id": "urn:x:extension:A", "attributes": []}, {"id": "urn:x:extension:B"}]"#,
            "schema 2: urn:x:extension:B: attributes must be an array",
        ),
        (
            r#"{"id": "urn:x:extension:A", "attributes": [{"name": "a", "type": "colour"}]}"#,
            "unknown variant",
        ),
        (
            r#"{"id": "urn:x:extension:A", "endpoint": "/Cars", "attributes": []}"#,
            "neither /Users nor /Groups",
        ),
    ] {
        let error = Kinds::builtin().unwrap().customize(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn what_an_application_says_of_itself_is_added() {
    let mut kinds = Kinds::builtin().unwrap();
    let schemas = [
        json!({"id": USER, "attributes": [{"name": "userName", "type": "string"}, {"name": "shoeSize", "type": "integer", "caseExact": null}]}),
        json!({"id": "urn:x:Own", "attributes": [{"name": "own"}]}),
        json!({"id": "urn:x:Foreign", "attributes": [{"name": "foreign"}]}),
        json!("nonsense"),
        json!({"id": "urn:x:Broken", "attributes": [{"type": "string"}]}),
    ];
    let types = [
        json!({"name": "User", "endpoint": "Users", "schemaExtensions": [{"schema": "urn:x:own"}, {"schema": "urn:x:Broken"}]}),
    ];
    kinds.discover(&schemas, &types);
    assert!(kinds.user.attribute("shoeSize").is_some());
    // What the definition leaves out is no statement: userName is required still.
    assert!(kinds.user.attribute("userName").unwrap().required);
    assert!(kinds.user.extension("urn:x:Own").is_some());
    assert!(
        kinds.user.extension("urn:x:Foreign").is_none() && kinds.user.extension("urn:x:Broken").is_none()
    );
}
