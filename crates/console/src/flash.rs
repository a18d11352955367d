//! What the next page says once: in a sealed cookie, so that it is in no URL, log or history.

use serde::{Deserialize, Serialize};

use crate::text;

/// Seconds after which nobody waits for it any more.
pub(crate) const FLASH_SECONDS: i64 = 120;

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// It was done.
    Good,
    /// It was not done.
    Bad,
    /// It was done, with something to see to.
    Warn,
}

impl Tone {
    /// Its CSS class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// What the next page has besides itself.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Flash {
    pub(crate) notices: Vec<Notice>,
    /// A secret that is shown once, with what it is, as the page that shows it names it.
    pub(crate) secret: Option<(String, String)>,
}

impl Flash {
    pub(crate) fn is_empty(&self) -> bool {
        self.notices.is_empty() && self.secret.is_none()
    }

    /// With the text of this key.
    pub(crate) fn say(&mut self, tone: Tone, key: &str) {
        self.notices.push(Notice { tone, text: text::t(key).to_owned() });
    }

    /// The secret of this name.
    pub(crate) fn secret(&self, name: &str) -> Option<&str> {
        self.secret.as_ref().filter(|(of, _)| of == name).map(|(_, secret)| secret.as_str())
    }
}

impl std::fmt::Debug for Flash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flash({} notices)", self.notices.len())
    }
}
