//! What a list says that has nothing.

use askama::Template;

use crate::text;

/// A list that has nothing: what would be in it, and what to do so that there is.
#[derive(Debug, Clone, Template)]
#[template(path = "ui/empty.html")]
pub(crate) struct Empty {
    title: String,
    about: String,
    action: Option<(String, String)>,
}
super::part!(Empty);

impl Empty {
    /// The texts of `KEY.title` and `KEY.about`.
    pub(crate) fn new(key: &str) -> Self {
        let text = |name: &str| text::t(&format!("{key}.{name}")).to_owned();
        Self { title: text("title"), about: text("about"), action: None }
    }

    /// With a button to this path below the console, with the text of this key.
    pub(crate) fn with(mut self, key: &str, path: &str) -> Self {
        self.action = Some((text::t(key).to_owned(), format!("{}{path}", crate::CONSOLE_BASE)));
        self
    }
}
