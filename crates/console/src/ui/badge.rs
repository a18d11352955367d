//! A word that says how something stands.

use askama::Template;

/// A word with a tone; the word says it too, not only the colour.
#[derive(Debug, Clone, Template)]
#[template(source = "<span class=\"badge {{ tone }}\">{{ text }}</span>", ext = "html")]
pub(crate) struct Badge {
    tone: &'static str,
    text: String,
}
super::part!(Badge);

impl Badge {
    fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }

    /// As it should be.
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self::new("good", text)
    }

    /// Not as it should be.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new("bad", text)
    }

    /// To be seen to.
    pub(crate) fn warn(text: impl Into<String>) -> Self {
        Self::new("warn", text)
    }

    /// To be known.
    pub(crate) fn info(text: impl Into<String>) -> Self {
        Self::new("info", text)
    }

    /// Neither.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new("plain", text)
    }
}
