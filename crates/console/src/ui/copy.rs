//! A value to be copied, with a button where there is a script.

use askama::Template;

use crate::text::filters;

/// A labelled value that can be copied.
#[derive(Clone, Template)]
#[template(path = "ui/copy.html")]
pub(crate) struct Copy {
    id: String,
    label: String,
    value: String,
}
super::part!(Copy);

impl Copy {
    /// `id` is the element's, unique in the page; `label` is the key of what it is.
    pub(crate) fn new(id: &str, label: &str, value: &str) -> Self {
        Self { id: id.to_owned(), label: crate::text::t(label).to_owned(), value: value.to_owned() }
    }
}
