//! From one page of a list to the next.

use askama::Template;

use crate::text::filters;

/// Links to the first and the next page; nothing when there is one page only.
#[derive(Debug, Clone, Template)]
#[template(path = "ui/pager.html")]
pub(crate) struct Pager {
    first: Option<String>,
    next: Option<String>,
    /// What it is called: a page may have two.
    label: &'static str,
}
super::part!(Pager);

impl Pager {
    /// `url` is the list's with all of its query but `cursor`; `next` is the cursor of the next page, `later` whether
    /// this is not the first one.
    pub(crate) fn new(url: &str, next: Option<&str>, later: bool) -> Self {
        let mark = if url.contains('?') { '&' } else { '?' };
        Self {
            first: later.then(|| url.to_owned()),
            next: next.map(|cursor| format!("{url}{mark}cursor={cursor}")),
            label: "frame.pages",
        }
    }

    /// To these pages: of a list that goes back in time.
    pub(crate) const fn between(first: Option<String>, next: Option<String>) -> Self {
        Self { first, next, label: "frame.older" }
    }
}
