//! What changes in a resource, attribute by attribute, before any protocol has its say.

use rollcall_scim::Document;
use rollcall_scim::filter::Filter;
use rollcall_scim::path::AttributePath;
use serde_json::Value;

/// One attribute that changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    /// A singular attribute, a part of one, or all values of a multi-valued one.
    Set(AttributePath, Value),
    /// The attribute has no value any more.
    Clear(AttributePath),
    /// Some values of a multi-valued attribute.
    Values(Values),
}

/// Which values of a multi-valued attribute go, change and come.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    pub(super) path: AttributePath,
    pub(super) removed: Vec<Removed>,
    pub(super) changed: Vec<Changed>,
    pub(super) added: Vec<Value>,
    /// All values before; `None` when they are not known.
    pub(super) before: Option<Vec<Value>>,
    /// All values after; `None` when those before are not known.
    pub(super) after: Option<Vec<Value>>,
}

/// A value that goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Removed {
    pub(super) element: Value,
    /// Selects it and no other; `None` when nothing does.
    pub(super) select: Option<Filter>,
}

/// A value of which parts change.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changed {
    /// As it was.
    pub(super) before: Document,
    /// Selects it and no other, by parts that stay.
    pub(super) select: Option<Filter>,
    pub(super) set: Document,
    pub(super) cleared: Vec<String>,
}

impl Values {
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.changed.is_empty() && self.added.is_empty()
    }

    /// Whether each value that goes or changes can be told from all others.
    pub(super) fn is_selectable(&self) -> bool {
        self.removed.iter().all(|removed| removed.select.is_some())
            && self.changed.iter().all(|changed| changed.select.is_some())
    }
}
