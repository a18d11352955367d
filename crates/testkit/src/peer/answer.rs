//! Answers: resources and errors in the version that is spoken.

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::faults::{Faults, Version};
use super::roster::Roster;

/// An answer before it is put on the wire.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let kind = ("content-type".to_owned(), "application/scim+json".to_owned());
        Self { status, headers: vec![kind], body: body.to_string().into() }
    }

    pub(super) fn html(status: u16) -> Self {
        let kind = ("content-type".to_owned(), "text/html".to_owned());
        Self {
            status,
            headers: vec![kind],
            body: format!("<html><body><h1>{status}</h1></body></html>").into(),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An error in the version that is spoken.
pub(super) fn error(faults: &Faults, status: u16, kind: Option<&str>, detail: &str) -> Answer {
    let body = match faults.version {
        Version::V1 => json!({"Errors": [{"description": detail, "code": status.to_string()}]}),
        Version::V2 => {
            let mut body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "status": status.to_string(), "detail": detail,
            });
            if let Some(kind) = kind {
                body["scimType"] = kind.into();
            }
            body
        }
    };
    Answer::json(status, &body)
}

/// A resource as a client sees it. Tests that bring their own `schemas` or `meta` keep them.
pub(super) fn shown(
    roster: &Roster,
    faults: &Faults,
    endpoint: &str,
    mut resource: Value,
    in_list: bool,
) -> Value {
    let Some(members) = resource.as_object_mut() else { return resource };
    let id = members.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = endpoint.trim_end_matches('s');
    if !members.contains_key("schemas") {
        let urn = match faults.version {
            Version::V1 => "urn:scim:schemas:core:1.0".to_owned(),
            Version::V2 => format!("urn:ietf:params:scim:schemas:core:2.0:{kind}"),
        };
        members.insert("schemas".to_owned(), json!([urn]));
    }
    if !members.contains_key("meta") {
        let mut meta = json!({"location": format!("/scim/v2/{endpoint}/{id}")});
        if faults.version == Version::V2 {
            meta["resourceType"] = kind.into();
        }
        members.insert("meta".to_owned(), meta);
    }
    if let Some(meta) = members.get_mut("meta").filter(|meta| faults.versions && meta.is_object()) {
        let version = meta.get("version").cloned().unwrap_or_else(|| json!("W/\"1\""));
        meta["version"] = version;
    }
    if endpoint == "Groups" && in_list && !faults.members_in_list {
        members.remove("members");
    }
    if endpoint == "Users" && !in_list && faults.groups_of_user && !members.contains_key("groups") {
        members.insert("groups".to_owned(), roster.groups_of(&id));
    }
    resource
}

/// `ServiceProviderConfig`, `ResourceTypes`, `Schemas`, as far as clients ask for them.
pub(super) fn discovery(faults: &Faults, path: &str) -> Option<Value> {
    let supported = |supported: bool| json!({"supported": supported});
    let config = || {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": supported(faults.no_patch.is_none()),
            "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": !faults.ignores_filter, "maxResults": faults.page_cap.unwrap_or(1000)},
            "changePassword": supported(false), "sort": supported(false), "etag": supported(faults.versions),
            "pagination": {"cursor": faults.cursor, "index": !faults.cursor},
            "authenticationSchemes": [],
        })
    };
    let list = |of: Vec<Value>| json!({"totalResults": of.len(), "Resources": of});
    let kind = |name: &str| {
        let schema = format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
        json!({"id": name, "name": name, "endpoint": format!("/{name}s"), "schema": schema})
    };
    match (faults.version, path) {
        (Version::V2, "/ServiceProviderConfig") | (Version::V1, "/ServiceProviderConfigs") => Some(config()),
        (Version::V2, "/ResourceTypes") => Some(list(vec![kind("User"), kind("Group")])),
        (_, "/Schemas") => {
            let name =
                json!({"name": "userName", "type": "string", "required": true, "uniqueness": "server"});
            let id = match faults.version {
                Version::V1 => "urn:scim:schemas:core:1.0:User",
                Version::V2 => "urn:ietf:params:scim:schemas:core:2.0:User",
            };
            Some(list(vec![json!({"id": id, "name": "User", "attributes": [name]})]))
        }
        _ => None,
    }
}
