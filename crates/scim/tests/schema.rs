//! The built-in schemas with their errata, and schemas registered at run time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use rollcall_scim::schema::{Registry, RegistryError, ResourceType, Schema};
use serde_json::{Value, json};

fn builtin() -> Registry {
    Registry::builtin().expect("the files compiled in are sound")
}

/// The definition at `a.b` of a built-in schema, as `/Schemas` shows it.
fn shown(schema: &str, path: &str) -> Value {
    let urn = match schema {
        "EnterpriseUser" => "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".to_owned(),
        core => format!("urn:ietf:params:scim:schemas:core:2.0:{core}"),
    };
    let schema = serde_json::to_value(&**builtin().schema(&urn).unwrap()).unwrap();
    let mut attributes = &schema["attributes"];
    let mut found = &Value::Null;
    for name in path.split('.') {
        found = attributes.as_array().unwrap().iter().find(|attribute| attribute["name"] == name).unwrap();
        attributes = &found["subAttributes"];
    }
    found.clone()
}

#[test]
fn errata_and_additions_are_in() {
    let types = json!(["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference"]);
    let with_complex =
        json!(["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"]);
    for (schema, path, characteristic, expected) in [
        // Erratum 5368
        ("Group", "displayName", "required", json!(true)),
        // Erratum 8471
        ("User", "groups.$ref", "referenceTypes", json!(["Group"])),
        // Erratum 8472
        ("EnterpriseUser", "manager.value", "caseExact", json!(true)),
        // Errata 8415, 5606, 8435
        ("Schema", "attributes.subAttributes.type", "canonicalValues", types),
        ("Schema", "attributes.type", "canonicalValues", with_complex),
        // Errata 5607, 7522
        ("ResourceType", "schemaExtensions", "multiValued", json!(true)),
        ("Schema", "attributes.subAttributes.referenceTypes", "multiValued", json!(true)),
        // Erratum 6004
        ("User", "name", "uniqueness", Value::Null),
        ("User", "emails", "caseExact", Value::Null),
        ("User", "active", "uniqueness", Value::Null),
        // RFC 7643 §5, §6: in the text, not in the schema of §8.7.2
        ("ServiceProviderConfig", "etag.supported", "type", json!("boolean")),
        ("ServiceProviderConfig", "authenticationSchemes.type", "required", json!(true)),
        ("ServiceProviderConfig", "authenticationSchemes.primary", "type", json!("boolean")),
        ("ResourceType", "schemaExtensions", "required", json!(false)),
        // RFC 9865 §4
        ("ServiceProviderConfig", "pagination.cursor", "required", json!(true)),
        ("ServiceProviderConfig", "pagination.cursorTimeout", "type", json!("integer")),
        // Interoperability profile §4
        ("ServiceProviderConfig", "interopProfileConformant", "mutability", json!("readOnly")),
        // Ours
        ("User", "addresses.primary", "type", json!("boolean")),
        ("Group", "members.display", "mutability", json!("readOnly")),
        ("Group", "members.value", "caseExact", json!(true)),
        ("User", "x509Certificates.value", "caseExact", json!(true)),
        ("User", "profileUrl", "caseExact", json!(true)),
        (
            "User",
            "ims.type",
            "canonicalValues",
            json!(["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", "other"]),
        ),
    ] {
        assert_eq!(shown(schema, path)[characteristic], expected, "{schema} {path} {characteristic}");
    }
}

#[test]
fn every_builtin_attribute_is_described() {
    fn check(place: &str, attributes: &Value) {
        for attribute in attributes.as_array().into_iter().flatten() {
            let place = format!("{place}.{}", attribute["name"]);
            assert_ne!(attribute["description"], "", "{place}");
            check(&place, &attribute["subAttributes"]);
        }
    }
    for schema in builtin().schemas() {
        assert_ne!(schema.description, "", "{}", schema.id);
        check(&schema.id, &serde_json::to_value(&schema.attributes).unwrap());
    }
}

#[test]
fn a_schema_is_the_same_when_read_back() {
    for schema in builtin().schemas() {
        let json = serde_json::to_value(&**schema).unwrap();
        let again: Schema = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), json);
    }
}

/// A registry with what is given beside the built-in; or the words of the refusal.
fn extended(schemas: Value, types: Value) -> Result<Registry, String> {
    let schemas: Vec<Schema> = serde_json::from_value(schemas).map_err(|error| error.to_string())?;
    let types: Vec<ResourceType> = serde_json::from_value(types).map_err(|error| error.to_string())?;
    builtin().extended(&schemas, &types).map_err(|error: RegistryError| error.to_string())
}

#[test]
fn a_type_with_every_characteristic_is_registered_from_json() {
    let file: Value = serde_json::from_str(include_str!("data/probe.json")).unwrap();
    let registry = extended(file["schemas"].clone(), file["resourceTypes"].clone()).unwrap();
    let kind = registry.type_at("Probes").unwrap();
    assert_eq!(kind.resource_type.id, "Probe");
    assert!(kind.attribute("SERIAL").is_some() && kind.attribute("externalid").is_some());
    assert!(kind.extension("URN:example:schemas:extension:site").is_some());
    assert!(!kind.has_members() && !kind.has_groups());
    let again = extended(file["schemas"].clone(), file["resourceTypes"].clone());
    assert_eq!(again.unwrap(), registry);
}

#[test]
fn builtin_types_can_be_given_other_extensions() {
    let pet = json!([{"id": "urn:example:Pet", "attributes": [{"name": "species"}]}]);
    let user = |extensions: Value| json!([{"name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User", "schemaExtensions": extensions}]);
    let registry = extended(pet, user(json!([{"schema": "urn:example:Pet"}]))).unwrap();
    let kind = registry.type_named("User").unwrap();
    assert_eq!(kind.extensions.len(), 1);
    assert!(kind.extension("urn:example:pet").is_some());
    assert!(extended(json!([]), user(json!([{"schema": "urn:example:Pet"}]))).is_err());
}

#[test]
fn common_attributes_are_not_redefined() {
    let schema = json!([{"id": "urn:example:Pet", "attributes": [
        {"name": "id", "mutability": "readWrite"}, {"name": "species"}
    ]}]);
    let kind = json!([{"name": "Pet", "endpoint": "/Pets", "schema": "urn:example:Pet"}]);
    let registry = extended(schema, kind).unwrap();
    let kind = registry.type_named("Pet").unwrap();
    let mutability = kind.attribute("id").unwrap().mutability;
    assert_eq!(mutability, rollcall_scim::schema::Mutability::ReadOnly);
    let names: Vec<&str> = kind.attributes().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["schemas", "id", "externalId", "species", "meta"]);
}

#[test]
fn definitions_that_cannot_be_are_refused() {
    let schema = |attributes: Value| json!([{"id": "urn:example:Pet", "attributes": attributes}]);
    let kind =
        |endpoint: &str, schema: &str| json!([{"name": "Pet", "endpoint": endpoint, "schema": schema}]);
    let twice = json!([{"name": "Pet", "endpoint": "/Pets", "schema": "urn:example:Pet", "schemaExtensions": [{"schema": "URN:EXAMPLE:PET"}]}]);
    let pet = schema(json!([{"name": "species"}]));
    for (schemas, types, expected) in [
        (schema(json!([{"name": "a"}, {"name": "A"}])), json!([]), "defined twice"),
        (schema(json!([{"name": "1a"}])), json!([]), "not an attribute name"),
        (schema(json!([{"name": "a", "type": "complex"}])), json!([]), "has no subAttributes"),
        (schema(json!([{"name": "a", "subAttributes": [{"name": "b"}]}])), json!([]), "is not complex"),
        (
            schema(json!([{"name": "a", "type": "complex", "subAttributes": [
                {"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}
            ]}])),
            json!([]),
            "complex inside a complex",
        ),
        (schema(json!([{"name": "a", "type": "text"}])), json!([]), "unknown variant"),
        (json!([{"id": "pet", "attributes": []}]), json!([]), "must be a URN"),
        (pet.clone(), kind("/Users", "urn:example:Pet"), "taken"),
        (pet.clone(), kind("/Bulk", "urn:example:Pet"), "reserved"),
        (pet.clone(), kind("/groupmemberships", "urn:example:Pet"), "reserved"),
        (
            pet.clone(),
            json!([{"name": "GroupMembership", "endpoint": "/Pets", "schema": "urn:example:Pet"}]),
            "reserved",
        ),
        (pet.clone(), kind("/a/b", "urn:example:Pet"), "must be a slash"),
        (pet.clone(), kind("/Pets", "urn:example:Cat"), "not defined"),
        (pet, twice, "names schema URN:EXAMPLE:PET twice"),
    ] {
        let refused = extended(schemas.clone(), types.clone()).unwrap_err();
        assert!(refused.contains(expected), "{schemas} {types}: {refused}");
    }
}
