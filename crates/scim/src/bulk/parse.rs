//! From the JSON of a Bulk request to its operations.

use std::collections::HashSet;

use serde_json::Value;

use super::{BULK_REQUEST, BulkMethod, BulkOperation, BulkRequest};
use crate::Document;
use crate::error::ScimError;
use crate::validate::coerce::describe;

pub(super) fn body(body: Value, max_operations: usize) -> Result<BulkRequest, ScimError> {
    let Value::Object(body) = body else {
        return Err(syntax(format!("the body must be an object, found {}", describe(&body))));
    };
    let (mut schemas, mut fail_on_errors, mut operations) = (Value::Null, Value::Null, Value::Null);
    for (key, value) in body {
        match key.to_ascii_lowercase().as_str() {
            "schemas" => schemas = value,
            "failonerrors" => fail_on_errors = value,
            "operations" => operations = value,
            _ => {}
        }
    }
    check_schemas(&schemas)?;
    let fail_on_errors = count(&fail_on_errors)?;
    let items = match operations {
        Value::Array(items) if !items.is_empty() => items,
        _ => return Err(syntax("Operations: expected an array of one or more operations")),
    };
    if items.len() > max_operations {
        let many = format!("Operations: at most {max_operations} are taken, found {}", items.len());
        return Err(ScimError::too_large(many));
    }
    let mut bulk_ids = HashSet::new();
    let mut operations = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let fault = |what: String| syntax(format!("Operations[{at}]{what}"));
        let operation = operation(item).map_err(fault)?;
        if let Some(bulk_id) = &operation.bulk_id
            && operation.method == BulkMethod::Post
            && !bulk_ids.insert(bulk_id.clone())
        {
            return Err(fault(format!(".bulkId: {bulk_id} is there twice")));
        }
        operations.push(operation);
    }
    Ok(BulkRequest { fail_on_errors, operations })
}

/// One that names no schemas is taken as a Bulk request (ours).
fn check_schemas(sent: &Value) -> Result<(), ScimError> {
    let is_ours = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(BULK_REQUEST));
    match sent {
        Value::Null => Ok(()),
        Value::Array(items) if items.is_empty() || items.iter().any(is_ours) => Ok(()),
        _ => Err(syntax(format!("schemas: must contain {BULK_REQUEST}"))),
    }
}

fn count(sent: &Value) -> Result<Option<u32>, ScimError> {
    if sent.is_null() {
        return Ok(None);
    }
    let number = sent.as_u64().and_then(|number| u32::try_from(number).ok());
    number.map(Some).ok_or_else(|| syntax("failOnErrors: expected a whole number, zero or more"))
}

/// Reads one operation; what is wrong begins with the member, as in `.path: …`.
fn operation(item: Value) -> Result<BulkOperation, String> {
    let Value::Object(item) = item else {
        return Err(format!(": expected an object, found {}", describe(&item)));
    };
    let mut members = Document::new();
    for (key, value) in item {
        members.insert(key.to_ascii_lowercase(), value);
    }
    let mut text = |name: &str, shown: &str| match members.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!(".{shown}: expected a string, found {}", describe(&other))),
    };
    let method = text("method", "method")?;
    let path = text("path", "path")?.ok_or(".path: a path is required")?;
    let bulk_id = text("bulkid", "bulkId")?.filter(|bulk_id| !bulk_id.is_empty());
    let version = text("version", "version")?;
    let method = method
        .and_then(|method| self::method(&method))
        .ok_or(".method: expected POST, PUT, PATCH or DELETE")?;
    let (endpoint, id) = split(&path, method)?;
    if method == BulkMethod::Post && bulk_id.is_none() {
        return Err(".bulkId: POST needs a bulkId".to_owned());
    }
    let data = members.get_mut("data").map(Value::take).filter(Value::is_object);
    if method != BulkMethod::Delete && data.is_none() {
        return Err(".data: expected an object".to_owned());
    }
    let data = data.filter(|_| method != BulkMethod::Delete);
    Ok(BulkOperation { method, bulk_id, endpoint, id, version, data })
}

fn method(text: &str) -> Option<BulkMethod> {
    let names = [
        ("POST", BulkMethod::Post),
        ("PUT", BulkMethod::Put),
        ("PATCH", BulkMethod::Patch),
        ("DELETE", BulkMethod::Delete),
    ];
    names.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, method)| method)
}

/// Endpoint and id of `/Users` (POST) or `/Users/id` (all others).
fn split(path: &str, method: BulkMethod) -> Result<(String, Option<String>), String> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let base = segments.iter().rposition(|segment| is_version(segment)).map_or(0, |at| at + 1);
    match (segments.get(base..).unwrap_or_default(), method) {
        ([endpoint], BulkMethod::Post) => Ok(((*endpoint).to_owned(), None)),
        (_, BulkMethod::Post) => Err(format!(".path: expected an endpoint such as /Users, found {path}")),
        ([endpoint, id], _) => Ok(((*endpoint).to_owned(), Some((*id).to_owned()))),
        _ => Err(format!(".path: expected a resource such as /Users/id, found {path}")),
    }
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix(['v', 'V']).is_some_and(|number| matches!(number, "1" | "2"))
}

fn syntax(detail: impl Into<String>) -> ScimError {
    ScimError::invalid_syntax(detail)
}
