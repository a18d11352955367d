//! Sorting: the sort key of a resource, and the first few of many.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rollcall_scim::Document;
use rollcall_scim::filter::Target;
use rollcall_scim::value::Scalar;
use serde_json::Value;

use crate::index::{encode, scalar};
use crate::query::{Position, Sort, Stored};

const NANOS_PER_MILLI: i128 = 1_000_000;

/// A resource's place in an ordered listing. Less is earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// What it is sorted by, as an index row has it; `None` without a value.
    pub sort: Option<String>,
    /// The backend's key of the resource, which decides among equals.
    pub key: i64,
    descending: bool,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without a value: last when ascending, so first when descending (RFC 7644 §3.4.2.3).
        let by_value = match (&self.sort, &other.sort) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let by_value = if self.descending { by_value.reverse() } else { by_value };
        by_value.then(self.key.cmp(&other.key))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first so many of what it was given, after a place; memory does not grow beyond them.
pub struct First {
    heap: BinaryHeap<Ranked>,
    most: usize,
    after: Option<Ranked>,
    descending: bool,
}

impl First {
    /// Of those after a place, if any, at most so many.
    pub fn new(sort: &Sort, after: Option<&Position>, most: usize) -> Self {
        let descending = sort.descending;
        let place = |at: &Position| Ranked { sort: at.sort.clone(), key: at.key, descending };
        Self { heap: BinaryHeap::new(), most, after: after.map(place), descending }
    }

    /// Keeps a resource if it is among the first.
    pub fn offer(&mut self, sort: Option<String>, key: i64) {
        let ranked = Ranked { sort, key, descending: self.descending };
        if self.after.as_ref().is_some_and(|after| ranked <= *after) {
            return;
        }
        if self.heap.len() < self.most {
            self.heap.push(ranked);
        } else if let Some(mut last) = self.heap.peek_mut()
            && ranked < *last
        {
            *last = ranked;
        }
    }

    /// What was kept, in order.
    pub fn into_sorted(self) -> Vec<Ranked> {
        self.heap.into_sorted_vec()
    }
}

/// The sort key of a resource that columns answer; `None` when the body has to be looked at.
pub fn from_columns(by: &Target, stored: &Stored) -> Option<String> {
    let instant = |millis: i64| encode(&Scalar::Instant(i128::from(millis) * NANOS_PER_MILLI), true);
    match (by.extension.as_deref(), by.attribute.as_str(), by.sub.as_deref()) {
        (None, "id", None) => Some(stored.id.to_string()),
        (None, "meta", Some("created")) => Some(instant(stored.created.0)),
        (None, "meta", Some("lastModified")) => Some(instant(stored.modified.0)),
        _ => None,
    }
}

/// The sort key in a document: of many values the primary, or the first.
pub fn from_document(by: &Target, document: &Document) -> Option<String> {
    let holder = match &by.extension {
        Some(urn) => document.get(urn)?.as_object()?,
        None => document,
    };
    let value = holder.get(&by.attribute)?;
    let leaf = |element: &Value| {
        let value = by.sub.as_ref().map_or(Some(element), |sub| element.get(sub))?;
        scalar(value, by.kind).map(|value| encode(&value, by.case_exact))
    };
    let Some(elements) = value.as_array() else { return leaf(value) };
    let is_primary = |element: &&Value| element.get("primary").and_then(Value::as_bool) == Some(true);
    elements.iter().find(is_primary).and_then(leaf).or_else(|| elements.iter().find_map(leaf))
}
