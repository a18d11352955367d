//! Bulk as 1.1 has it: the core URN over request and response, and a status with a description.

use serde_json::{Value, json};

use super::{CORE, is_core};
use crate::Document;
use crate::bulk::BULK_REQUEST;

/// Reads the envelope of a Bulk request as that of 2.0. The `data` of its operations stay as they are:
/// only who knows the types can read them.
///
/// ```
/// use rollcall_scim::v1;
/// use serde_json::json;
///
/// let body = json!({"schemas": ["urn:scim:schemas:core:1.0"], "Operations": []});
/// let read = v1::bulk::decode(body);
/// assert_eq!(read["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]));
/// ```
pub fn decode(mut body: Value) -> Value {
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        let urns = value.as_array().filter(|_| name.eq_ignore_ascii_case("schemas"));
        if urns.is_some_and(|urns| urns.iter().filter_map(Value::as_str).any(is_core)) {
            *value = json!([BULK_REQUEST]);
        }
    }
    body
}

/// Writes a `BulkResponse` as a 1.1 peer reads it: each status is `{"code", "description"}`, the description
/// that of the error where there was one.
pub fn encode(operations: Vec<Value>) -> Value {
    let operations: Vec<Value> = operations.into_iter().map(operation).collect();
    json!({ "schemas": [CORE], "Operations": operations })
}

fn operation(answer: Value) -> Value {
    let Value::Object(mut answer) = answer else { return answer };
    let response = answer.shift_remove("response");
    let detail = response.as_ref().and_then(|response| response.get("detail")).cloned();
    if let Some(code) = answer.shift_remove("status") {
        let mut status = Document::new();
        status.insert("code".to_owned(), code);
        status.extend(detail.map(|detail| ("description".to_owned(), detail)));
        answer.insert("status".to_owned(), Value::Object(status));
    }
    Value::Object(answer)
}
