//! Printing a filter back: `parse` of what is printed is the same filter.

use std::fmt;

use super::Filter;

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", "unwritten")
    }
}
