//! Bulk requests (RFC 7644 §3.7): parsing, and the order in which their references can be resolved.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::ScimError;

/// The method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// The method.
    pub method: BulkMethod,
    /// The client's temporary id; required with POST.
    pub bulk_id: Option<String>,
    /// Endpoint, without slashes: `Users`.
    pub endpoint: String,
    /// The id after the endpoint, which may be `bulkId:…`; `None` with POST only.
    pub id: Option<String>,
    /// `If-Match`.
    pub version: Option<String>,
    /// The body; `None` with DELETE.
    pub data: Option<Value>,
}

/// A parsed Bulk request.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// How many errors are borne before the rest is not tried.
    pub fail_on_errors: Option<u32>,
    /// In the client's order.
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// Reads a BulkRequest body of at most `max_operations`.
    pub fn parse(body: Value, max_operations: usize) -> Result<Self, ScimError> {
        let _ = (body, max_operations);
        Ok(Self { fail_on_errors: None, operations: Vec::new() })
    }

    /// Operations in an order in which what an operation refers to comes before it; those that refer to
    /// each other in a circle stand together. Otherwise the client's order is kept.
    pub fn order(&self) -> Vec<Vec<usize>> {
        Vec::new()
    }
}

/// The bulkIds that a value refers to (`"bulkId:qwerty"` anywhere as a whole string).
pub fn references(value: &Value) -> Vec<&str> {
    let _ = value;
    Vec::new()
}

/// Puts ids in the place of references. Those that `ids` does not have are returned, and stay.
pub fn substitute(value: &mut Value, ids: &HashMap<String, String>) -> Vec<String> {
    let _ = (value, ids);
    Vec::new()
}
