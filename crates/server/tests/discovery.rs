//! Discovery says what the source does, and nothing else (RFC 7644 §4, RFC 9865 §4).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, TestApp};
use serde_json::Value;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    (app, client)
}

fn check(value: &Value, expected: &Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(value).unwrap());
}

/// This member of each of the elements.
fn each<'a>(elements: &'a Value, name: &str) -> Vec<&'a str> {
    elements.as_array().unwrap().iter().map(|element| element[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_configuration_is_that_of_the_source() {
    let (_app, client) = start().await;
    let config = client.get("/ServiceProviderConfig").await.expect(200).body;
    check(
        &config,
        &expect![[r#"
            {
              "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
              ],
              "patch": {
                "supported": true
              },
              "bulk": {
                "supported": true,
                "maxOperations": 1000,
                "maxPayloadSize": 16777216
              },
              "filter": {
                "supported": true,
                "maxResults": 1000
              },
              "changePassword": {
                "supported": false
              },
              "sort": {
                "supported": true
              },
              "etag": {
                "supported": true
              },
              "pagination": {
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": 100,
                "maxPageSize": 1000,
                "cursorTimeout": 86400
              },
              "authenticationSchemes": [
                {
                  "type": "oauthbearertoken",
                  "name": "OAuth Bearer Token",
                  "description": "A token of this source in the Authorization header",
                  "specUri": "https://www.rfc-editor.org/info/rfc6750",
                  "primary": true
                },
                {
                  "type": "httpbasic",
                  "name": "HTTP Basic",
                  "description": "Any user name, and a token of this source as the password",
                  "specUri": "https://www.rfc-editor.org/info/rfc7617"
                }
              ],
              "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": "http://scim.example.com/scim/a/v2/ServiceProviderConfig"
              }
            }"#]],
    );
}

#[tokio::test]
async fn the_configuration_follows_the_settings() {
    let app = TestApp::start().await;
    let settings = SourceSettings {
        requests_per_second: 0,
        max_bulk_operations: 7,
        max_request_bytes: 1_000,
        max_page_size: 20,
        default_page_size: 10,
        ..SourceSettings::default()
    };
    let client = app.source_with("a", "generic", settings).await;
    let config = client.get("/ServiceProviderConfig").await.expect(200).body;
    assert_eq!(config["bulk"]["maxOperations"], 7);
    assert_eq!(config["bulk"]["maxPayloadSize"], 1_000);
    assert_eq!(config["filter"]["maxResults"], 20);
    assert_eq!(config["pagination"]["maxPageSize"], 20);
    assert_eq!(config["pagination"]["defaultPageSize"], 10);
}

#[tokio::test]
async fn only_the_strict_dialect_claims_the_interoperability_profile() {
    let app = TestApp::start().await;
    for (dialect, claim) in [
        ("strict", Value::Bool(true)),
        ("generic", Value::Null),
        ("entra", Value::Null),
        ("okta", Value::Null),
        ("google", Value::Null),
        ("onelogin", Value::Null),
        ("jumpcloud", Value::Null),
        ("ping", Value::Null),
    ] {
        let client = app.source(dialect, dialect).await;
        let config = client.get("/ServiceProviderConfig").await.expect(200).body;
        assert_eq!(config["interopProfileConformant"], claim, "{dialect}");
    }
}

#[tokio::test]
async fn resource_types_are_listed_and_shown_alone() {
    let (_app, client) = start().await;
    let list = client.get("/ResourceTypes").await.expect(200).body;
    check(
        &list,
        &expect![[r#"
            {
              "schemas": [
                "urn:ietf:params:scim:api:messages:2.0:ListResponse"
              ],
              "totalResults": 3,
              "itemsPerPage": 3,
              "startIndex": 1,
              "Resources": [
                {
                  "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
                  ],
                  "id": "User",
                  "name": "User",
                  "endpoint": "/Users",
                  "description": "A person's account",
                  "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
                  "schemaExtensions": [
                    {
                      "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                      "required": false
                    }
                  ],
                  "meta": {
                    "resourceType": "ResourceType",
                    "location": "http://scim.example.com/scim/a/v2/ResourceTypes/User"
                  }
                },
                {
                  "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
                  ],
                  "id": "Group",
                  "name": "Group",
                  "endpoint": "/Groups",
                  "description": "A set of users and groups",
                  "schema": "urn:ietf:params:scim:schemas:core:2.0:Group",
                  "meta": {
                    "resourceType": "ResourceType",
                    "location": "http://scim.example.com/scim/a/v2/ResourceTypes/Group"
                  }
                },
                {
                  "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
                  ],
                  "id": "GroupMembership",
                  "name": "GroupMembership",
                  "endpoint": "/GroupMemberships",
                  "description": "That a user or group is a direct member of a group",
                  "schema": "urn:ietf:params:scim:schemas:core:2.0:GroupMembership",
                  "meta": {
                    "resourceType": "ResourceType",
                    "location": "http://scim.example.com/scim/a/v2/ResourceTypes/GroupMembership"
                  }
                }
              ]
            }"#]],
    );
    for kind in list["Resources"].as_array().unwrap() {
        assert_eq!(kind["id"], kind["name"]);
        let name = kind["name"].as_str().unwrap();
        assert_eq!(client.get(&format!("/ResourceTypes/{name}")).await.expect(200).body, *kind);
        let endpoint = kind["endpoint"].as_str().unwrap();
        client.get(endpoint).await.expect(200);
    }
}

#[tokio::test]
async fn schemas_are_listed_and_shown_alone() {
    let (_app, client) = start().await;
    let list = client.get("/Schemas").await.expect(200).body;
    let schemas = list["Resources"].as_array().unwrap();
    assert_eq!(list["totalResults"], schemas.len());
    let ids = each(&list["Resources"], "id");
    for id in [USER, GROUP, ENTERPRISE] {
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
    }
    for schema in schemas {
        let id = schema["id"].as_str().unwrap();
        assert_eq!(client.get(&format!("/Schemas/{id}")).await.expect(200).body, *schema);
        assert_eq!(schema["schemas"][0], "urn:ietf:params:scim:schemas:core:2.0:Schema");
        assert_eq!(schema["meta"]["resourceType"], "Schema");
        let url = format!("http://scim.example.com/scim/a/v2/Schemas/{id}");
        assert_eq!(schema["meta"]["location"], url);
    }
    client.get(&format!("/Schemas/{}", USER.to_uppercase())).await.expect(200);
}

/// Interoperability profile §5.1 and §5.4.
#[tokio::test]
async fn every_schema_that_a_resource_type_names_is_there() {
    let (_app, client) = start().await;
    let types = client.get("/ResourceTypes").await.body;
    for kind in types["Resources"].as_array().unwrap() {
        let extensions = kind["schemaExtensions"].as_array().into_iter().flatten();
        let named = extensions.map(|extension| &extension["schema"]).chain([&kind["schema"]]);
        for urn in named.map(|urn| urn.as_str().unwrap()) {
            let schema = client.get(&format!("/Schemas/{urn}")).await.expect(200).body;
            for attribute in schema["attributes"].as_array().unwrap() {
                let place = format!("{urn}:{}", attribute["name"]);
                for name in
                    ["name", "type", "multiValued", "description", "required", "mutability", "returned"]
                {
                    assert!(!attribute[name].is_null(), "{place} has no {name}");
                }
                let parts = attribute["subAttributes"].as_array();
                assert_eq!(attribute["type"] == "complex", parts.is_some(), "{place}");
                let kinds = parts.into_iter().flatten().find(|part| part["name"] == "type");
                if attribute["multiValued"] == true
                    && let Some(kinds) = kinds
                {
                    assert!(kinds["canonicalValues"].is_array(), "{place}.type has no canonicalValues");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_filter_is_forbidden_on_lists_and_ignored_on_the_configuration() {
    let (_app, client) = start().await;
    for (path, status) in [
        ("/Schemas?filter=id pr", 403),
        ("/ResourceTypes?filter=name eq \"User\"", 403),
        ("/ServiceProviderConfig?filter=patch pr", 200),
        ("/ServiceProviderConfig?filter=((", 200),
        ("/ServiceProviderConfig?count=x&startIndex=y", 200),
        ("/Schemas?startIndex=2&count=1&sortBy=name", 200),
        ("/ResourceTypes?attributes=name", 200),
    ] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    let whole = client.get("/Schemas").await.body;
    assert_eq!(
        client.get("/Schemas?startIndex=2&count=1&sortBy=name").await.body,
        whole,
        "paging is ignored"
    );
}
