//! The catalogue: every word that a page says, by its key. `text/*.toml` are its parts.
//!
//! Templates say `{{ "users.title"|t }}`; `|t1(a)` and `|t2(a, b)` fill `{0}` and `{1}`; `|rich` shows `` `code` `` and
//! `**strong**` as such.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// The parts. A key is in one of them only.
pub(crate) const PARTS: &[(&str, &str)] = &[
    ("frame", include_str!("../text/frame.toml")),
    ("account", include_str!("../text/account.toml")),
    ("sources", include_str!("../text/sources.toml")),
];

static TEXTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut texts = BTreeMap::new();
    for (_, part) in PARTS {
        // A test reads every part; what is damaged shows its keys.
        if let Ok(table) = part.parse::<toml::Table>() {
            flatten("", &table, &mut texts);
        }
    }
    texts
});

fn flatten(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(table) => flatten(&key, table, texts),
            toml::Value::String(text) => drop(texts.insert(key, text.clone())),
            _ => {}
        }
    }
}

/// The text of a key, or nothing.
pub(crate) fn find(key: &str) -> Option<&'static str> {
    TEXTS.get(key).map(String::as_str)
}

/// The text of a key. One that is missing shows itself; a test finds those.
pub(crate) fn t(key: &str) -> &str {
    find(key).unwrap_or(key)
}

/// The text of a key with values for `{0}`, `{1}`…
pub(crate) fn fill(key: &str, values: &[&dyn Display]) -> String {
    let numbered = values.iter().enumerate();
    numbered
        .fold(t(key).to_owned(), |text, (at, value)| text.replace(&format!("{{{at}}}"), &value.to_string()))
}

/// HTML of a text: `` `code` `` and `**strong**`, all else escaped.
pub(crate) fn rich(text: &str) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    let marked = |text: &str, mark: &str, tag: &str, plain: &dyn Fn(&str) -> String| -> String {
        let parts = text.split(mark).enumerate();
        parts
            .map(|(at, part)| {
                if at % 2 == 1 { [tag, &escape(part), &tag.replace('<', "</")].concat() } else { plain(part) }
            })
            .collect()
    };
    marked(text, "`", "<code>", &|text| marked(text, "**", "<strong>", &escape))
}

/// What templates call.
#[allow(
    unreachable_pub,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "askama's macro makes methods of these"
)]
pub(crate) mod filters {
    use std::fmt::Display;

    use askama::Values;
    use askama::filters::Safe;

    /// The text of a key.
    #[askama::filter_fn]
    pub(crate) fn t(key: impl Display, _: &dyn Values) -> askama::Result<String> {
        Ok(super::t(&key.to_string()).to_owned())
    }

    /// With a value for `{0}`.
    #[askama::filter_fn]
    pub(crate) fn t1<A: Display>(key: impl Display, _: &dyn Values, first: A) -> askama::Result<String> {
        Ok(super::fill(&key.to_string(), &[&first]))
    }

    /// With values for `{0}` and `{1}`.
    #[askama::filter_fn]
    pub(crate) fn t2<A: Display, B: Display>(
        key: impl Display,
        _: &dyn Values,
        first: A,
        second: B,
    ) -> askama::Result<String> {
        Ok(super::fill(&key.to_string(), &[&first, &second]))
    }

    /// The text of a key with its marks.
    #[askama::filter_fn]
    pub(crate) fn rich(key: impl Display, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(super::rich(super::t(&key.to_string()))))
    }

    /// The same with a value for `{0}`.
    #[askama::filter_fn]
    pub(crate) fn rich1<A: Display>(
        key: impl Display,
        _: &dyn Values,
        first: A,
    ) -> askama::Result<Safe<String>> {
        Ok(Safe(super::rich(&super::fill(&key.to_string(), &[&first]))))
    }
}
