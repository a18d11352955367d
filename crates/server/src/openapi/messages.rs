//! The messages of the protocol that are no resources: errors, listings, PATCH, Bulk, searches.

use rollcall_scim::error::{DIAGNOSTICS_SCHEMA, ERROR_SCHEMA};
use rollcall_scim::list::{LIST_RESPONSE, SEARCH_REQUEST};
use serde_json::{Map, Value, json};

use super::{content, reference};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The component that describes the answers of this error status.
pub(super) fn response(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        429 | 503 => "Later",
        _ => "Error",
    }
}

pub(super) fn responses() -> Value {
    let error = content(&reference("schemas", "Error"));
    let request_id = reference("headers", "X-Request-Id");
    json!({
        "Error": {
            "description": "Refused, with the reason (RFC 7644 §3.12)",
            "headers": { "X-Request-Id": request_id },
            "content": error,
        },
        "Unauthorized": {
            "description": "No valid credential of this source, or no such source",
            "headers": {
                "WWW-Authenticate": reference("headers", "WWW-Authenticate"),
                "X-Request-Id": request_id,
            },
            "content": error,
        },
        "Later": {
            "description": "Not now: too many requests, a paused source, or a store that does not answer",
            "headers": { "Retry-After": reference("headers", "Retry-After"), "X-Request-Id": request_id },
            "content": error,
        },
    })
}

pub(super) fn headers() -> Value {
    let header =
        |description: &str, kind: &str| json!({ "description": description, "schema": { "type": kind } });
    json!({
        "ETag": header("The version, as a weak tag", "string"),
        "Location": header("URL of the resource", "string"),
        "Set-Txn": header("`txn` of the token that will tell the end", "string"),
        "Content-Location": header("URL of the resource", "string"),
        "Retry-After": header("Seconds to wait", "integer"),
        "X-Request-Id": header("Names the request in the server's log", "string"),
        "WWW-Authenticate": header("The schemes there are: Bearer and Basic", "string"),
    })
}

pub(super) fn schemas() -> Map<String, Value> {
    let all = [
        ("Error", error()),
        ("ListResponse", list_response()),
        ("SearchRequest", search_request()),
        ("PatchOp", patch_op()),
        ("BulkRequest", bulk_request()),
        ("BulkResponse", bulk_response()),
        ("AnyResource", any_resource()),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// `schemas` of a message: an array that has this URN.
fn urn(urn: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "contains": { "const": urn } })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["schemas", "status"],
        "properties": {
            "schemas": urn(ERROR_SCHEMA),
            "status": { "type": "string", "pattern": "^[1-5][0-9]{2}$" },
            "scimType": { "type": "string", "description": "RFC 7644 §3.12, RFC 9865 §2.4" },
            "detail": { "type": "string" },
            (DIAGNOSTICS_SCHEMA): {
                "type": "object",
                "description": "Of a conflict (409): what is in the way",
                "properties": {
                    "attribute": { "type": "string", "description": "The attribute concerned" },
                    "conflictingId": { "type": "string", "description": "The resource in the way" },
                },
            },
        },
    })
}

fn list_response() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object",
        "required": ["schemas", "itemsPerPage", "Resources"],
        "properties": {
            "schemas": urn(LIST_RESPONSE),
            "totalResults": count,
            "itemsPerPage": count,
            "startIndex": { "type": "integer", "minimum": 1 },
            "nextCursor": { "type": "string", "description": "RFC 9865 §2.1" },
            "Resources": { "type": "array", "items": { "type": "object" } },
        },
    })
}

fn search_request() -> Value {
    let names = json!({ "type": "array", "items": { "type": "string" } });
    json!({
        "type": "object",
        "required": ["schemas"],
        "properties": {
            "schemas": urn(SEARCH_REQUEST),
            "filter": { "type": "string" },
            "sortBy": { "type": "string" },
            "sortOrder": { "type": "string", "enum": ["ascending", "descending"] },
            "startIndex": { "type": "integer" },
            "count": { "type": "integer" },
            "cursor": { "type": "string" },
            "attributes": names,
            "excludedAttributes": names,
        },
    })
}

fn patch_op() -> Value {
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": urn(PATCH_OP),
            "Operations": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["op"],
                    "properties": {
                        "op": { "type": "string", "enum": ["add", "remove", "replace"] },
                        "path": { "type": "string" },
                        "value": {},
                    },
                },
            },
        },
    })
}

fn bulk_request() -> Value {
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": urn(BULK_REQUEST),
            "failOnErrors": { "type": "integer", "minimum": 0 },
            "Operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["method", "path"],
                    "properties": {
                        "method": { "type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"] },
                        "path": { "type": "string", "examples": ["/Users"] },
                        "bulkId": { "type": "string" },
                        "version": { "type": "string" },
                        "data": { "type": "object" },
                    },
                },
            },
        },
    })
}

fn bulk_response() -> Value {
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": urn(BULK_RESPONSE),
            "Operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["method", "status"],
                    "properties": {
                        "method": { "type": "string" },
                        "bulkId": { "type": "string" },
                        "version": { "type": "string" },
                        "location": { "type": "string", "format": "uri" },
                        "status": { "type": "string" },
                        "response": reference("schemas", "Error"),
                    },
                },
            },
        },
    })
}

fn any_resource() -> Value {
    json!({
        "type": "object",
        "required": ["schemas"],
        "properties": {
            "schemas": { "type": "array", "minItems": 1, "items": { "type": "string", "format": "uri" } },
            "id": { "type": "string", "readOnly": true },
        },
    })
}
