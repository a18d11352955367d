//! The roles that users have: few, so they are kept in memory.

use std::collections::{HashMap, HashSet};

use crate::sync::role;

/// Roles in the order in which they came first.
#[derive(Debug, Default)]
pub(super) struct Roles {
    numbers: HashMap<String, usize>,
    roles: Vec<Role>,
}

/// A role.
#[derive(Debug)]
pub(super) struct Role {
    /// What the application calls it.
    pub(super) value: String,
    /// The first name to show that was not empty.
    pub(super) display: String,
}

impl Roles {
    pub(super) fn add(&mut self, value: &str, display: &str) {
        if let Some(number) = self.numbers.get(value) {
            if let Some(role) = self.roles.get_mut(*number).filter(|role| role.display.is_empty()) {
                display.clone_into(&mut role.display);
            }
            return;
        }
        self.numbers.insert(value.to_owned(), self.roles.len());
        self.roles.push(Role { value: value.to_owned(), display: display.to_owned() });
    }

    pub(super) fn number(&self, value: &str) -> Option<usize> {
        self.numbers.get(value).copied()
    }

    /// Every role with its id, which is decided in the order of their values: it does not matter who came first.
    pub(super) fn named(&self) -> Vec<(String, &Role)> {
        let mut order: Vec<usize> = (0..self.roles.len()).collect();
        order.sort_by_key(|number| self.roles.get(*number).map(|role| &role.value));
        let (mut taken, mut ids) = (HashSet::new(), vec![String::new(); self.roles.len()]);
        for number in order {
            if let (Some(role), Some(place)) = (self.roles.get(number), ids.get_mut(number))
                && let Some(id) = role::ids(&role.value, &role.display).find(|id| !taken.contains(id))
            {
                taken.insert(id.clone());
                *place = id;
            }
        }
        ids.into_iter().zip(&self.roles).collect()
    }
}
