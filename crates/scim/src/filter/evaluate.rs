//! Evaluating a bound filter.

use serde_json::Value;

use super::Bound;
use crate::Document;

impl Bound {
    /// Whether the document satisfies the filter. Names in the document are in schema case; what the
    /// filter [`mentions`](Bound::mentions) of `meta`, `members` and `groups` must be in it.
    pub fn matches(&self, document: &Document) -> bool {
        let _ = document;
        false
    }

    /// The same for one element of a multi-valued attribute, with targets relative to it.
    pub fn matches_element(&self, element: &Value) -> bool {
        let _ = element;
        false
    }
}
