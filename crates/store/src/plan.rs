//! What of a filter the index rows can answer.
