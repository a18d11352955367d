//! What operations remember for the next one, and how much they may do together.

use std::collections::HashMap;
use std::ptr;

use serde_json::Value;

use crate::error::ScimError;
use crate::schema::Attribute;
use crate::validate::merge::identity;

/// How many values all operations of one request may look at together. Bounds the time of a hostile one.
const MAX_LOOKS: usize = 2_000_000;

/// What operations remember for the next one, so that thousands of them stay linear.
#[derive(Default)]
pub(super) struct Scratch {
    looks: usize,
    /// Where each value is, by identity, of the attribute that the last operation appended to.
    index: Option<(*const Attribute, HashMap<String, usize>)>,
}

impl Scratch {
    /// Counts work; 413 when the request asks for too much.
    pub(super) fn spend(&mut self, looks: usize) -> Result<(), ScimError> {
        self.looks = self.looks.saturating_add(looks);
        if self.looks > MAX_LOOKS {
            return Err(ScimError::too_large("the operations together look at too many values"));
        }
        Ok(())
    }

    /// Forgets the index: values were changed by other means.
    pub(super) fn forget(&mut self) {
        self.index = None;
    }

    /// Where each of `values` is, by identity.
    pub(super) fn index(
        &mut self,
        attribute: &Attribute,
        values: &[Value],
    ) -> Result<&mut HashMap<String, usize>, ScimError> {
        let is_fresh = self
            .index
            .as_ref()
            .is_some_and(|(of, index)| ptr::eq(*of, attribute) && index.len() == values.len());
        if !is_fresh {
            self.spend(values.len())?;
            self.index = None;
        }
        let build = || {
            let entries = values.iter().enumerate();
            (ptr::from_ref(attribute), entries.map(|(at, value)| (identity(value, attribute), at)).collect())
        };
        Ok(&mut self.index.get_or_insert_with(build).1)
    }
}
