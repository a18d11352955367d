//! Bulk requests (RFC 7644 §3.7): parsing, and the order in which their references can be resolved.

mod order;
mod parse;
mod references;

#[cfg(test)]
mod tests;

pub use references::{references, substitute};

use serde_json::Value;

use crate::error::ScimError;

/// Schema URN of a Bulk request.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// What stands before a bulkId where a value refers to it.
const PREFIX: &str = "bulkId:";

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
    /// Reads a `BulkRequest` body of at most `max_operations`.
    ///
    /// Names of members and methods match in any case. A path may have the base URL's own path before
    /// it, up to a version: `/v2/Users` is `/Users`.
    ///
    /// # Errors
    ///
    /// - 413 for more operations than that.
    /// - `invalidSyntax`, naming the operation (`Operations[2].path: …`): anything that RFC 7644 §3.7
    ///   requires and is not there, an unknown method, one bulkId twice.
    ///
    /// ```
    /// use rollcall_scim::bulk::BulkRequest;
    /// use serde_json::json;
    ///
    /// let request = BulkRequest::parse(json!({"Operations": [
    ///     {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "G", "members": [{"value": "bulkId:u"}]}},
    ///     {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "ann"}},
    /// ]}), 100)?;
    /// assert_eq!(request.order(), [[1], [0]]);
    /// # Ok::<(), rollcall_scim::error::ScimError>(())
    /// ```
    pub fn parse(body: Value, max_operations: usize) -> Result<Self, ScimError> {
        parse::body(body, max_operations)
    }

    /// Operations in an order in which what an operation refers to comes before it; those that refer to
    /// each other in a circle stand together. Otherwise the client's order is kept.
    ///
    /// Takes time linear in the operations and their references.
    pub fn order(&self) -> Vec<Vec<usize>> {
        order::components(&order::dependencies(&self.operations))
    }
}
