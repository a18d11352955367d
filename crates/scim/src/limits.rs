//! How much of anything a parser takes before it answers with an error.

/// Bytes of a filter or path expression.
pub const MAX_EXPRESSION_BYTES: usize = 64 * 1024;
/// How deep brackets, parentheses and `not` may nest in a filter.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Comparisons and presence tests in one filter.
pub const MAX_FILTER_TERMS: usize = 1_000;
/// How deep a JSON body may nest (also the recursion limit of the JSON parser).
pub const MAX_JSON_DEPTH: usize = 64;
/// Operations in one PATCH request.
pub const MAX_PATCH_OPERATIONS: usize = 10_000;
/// Values in one multi-valued attribute other than `members`.
pub const MAX_VALUES: usize = 10_000;
/// Bytes of one string value.
pub const MAX_STRING_BYTES: usize = 1024 * 1024;
/// Paths in `attributes` or `excludedAttributes`.
pub const MAX_PROJECTION_PATHS: usize = 500;
/// Bytes of one attribute path, URN included.
pub const MAX_PATH_BYTES: usize = 1024;
