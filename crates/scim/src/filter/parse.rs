//! Parsing filters and paths.

use super::{Filter, FilterError};
use crate::path::{PathError, ValuePath};

impl Filter {
    /// Parses a `filter` query value (already percent-decoded).
    pub fn parse(src: &str) -> Result<Self, FilterError> {
        let _ = src;
        Err(FilterError::TooDeep)
    }
}

/// Parses a PATCH `path` (RFC 7644 §3.5.2 figure 7).
pub fn parse_value_path(src: &str) -> Result<ValuePath, PathError> {
    Err(PathError::Undefined(src.to_owned(), String::new()))
}
