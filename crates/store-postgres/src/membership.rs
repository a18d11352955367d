//! Memberships: adding and removing members, each a single statement whatever the size of the group.

use std::collections::{HashMap, HashSet};

/// What became of a group's members: net, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Leaves out what was added and removed again, or removed and added again.
    pub(crate) fn net(self) -> Self {
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
