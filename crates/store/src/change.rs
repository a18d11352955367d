//! What a change record tells of a write, in JSON.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

/// Members that a change record lists; past that it tells how many there are.
const MAX_LISTED: usize = 1_000;

/// What became of a group's members: net, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Ids, or names of members that are pending.
    pub added: Vec<String>,
    /// The same of those that are gone.
    pub removed: Vec<String>,
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Leaves out what was added and removed again, or removed and added again.
    #[must_use]
    pub fn net(self) -> Self {
        if self.added.is_empty() || self.removed.is_empty() {
            return self;
        }
        let mut counts: HashMap<&str, i32> = HashMap::new();
        self.added.iter().for_each(|value| *counts.entry(value).or_default() += 1);
        self.removed.iter().for_each(|value| *counts.entry(value).or_default() -= 1);
        let left = |values: &Vec<String>, sign: i32| {
            let keep = |value: &&String| counts.get(value.as_str()).is_some_and(|count| count * sign > 0);
            let mut seen = HashSet::new();
            values.iter().filter(keep).filter(|value| seen.insert(value.as_str())).cloned().collect()
        };
        Self { added: left(&self.added, 1), removed: left(&self.removed, -1) }
    }
}

/// What [`Change::detail`](rollcall_domain::change::Change::detail) is made of.
#[derive(Debug, Default)]
pub struct Detail<'a> {
    /// What changed of the attributes: an object.
    pub difference: Option<&'a Value>,
    /// What changed of the members.
    pub members: Option<&'a Delta>,
    /// A body as it is stored.
    pub document: Option<&'a [u8]>,
    /// Whether the client replaced all that it could.
    pub replaced: bool,
}

impl Detail<'_> {
    /// The JSON text. Of more than a thousand members the first are listed, and `addedCount` or
    /// `removedCount` tells how many there are.
    pub fn json(&self) -> String {
        let mut detail = Map::new();
        let empty = |value: &&Value| value.as_object().is_none_or(Map::is_empty);
        if let Some(difference) = self.difference.filter(|value| !empty(value)) {
            detail.insert("attributes".to_owned(), difference.clone());
        }
        let mut parts = Map::new();
        let lists = self.members.map(|members| [("added", &members.added), ("removed", &members.removed)]);
        for (name, values) in lists.into_iter().flatten() {
            if !values.is_empty() {
                let listed: Vec<&String> = values.iter().take(MAX_LISTED).collect();
                parts.insert(name.to_owned(), json!(listed));
            }
            if values.len() > MAX_LISTED {
                parts.insert(format!("{name}Count"), json!(values.len()));
            }
        }
        if !parts.is_empty() {
            detail.insert("members".to_owned(), Value::Object(parts));
        }
        if self.replaced {
            detail.insert("replaced".to_owned(), true.into());
        }
        let mut text = if detail.is_empty() { "{}".to_owned() } else { Value::Object(detail).to_string() };
        if let Some(document) = self.document.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            text.pop();
            let comma = if text.len() > 1 { "," } else { "" };
            text.reserve(document.len() + 16);
            text.extend([comma, "\"document\":", document, "}"]);
        }
        text
    }
}
