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
    ("accounts", include_str!("../text/accounts.toml")),
    ("sources", include_str!("../text/sources.toml")),
    ("look", include_str!("../text/look.toml")),
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

/// The text of a key with values, in the singular (the key with `_one`) where the count is 1.
pub(crate) fn count(key: &str, count: u64, values: &[&dyn Display]) -> String {
    if count == 1 { fill(&format!("{key}_one"), values) } else { fill(key, values) }
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

    /// With a number for `{0}`, in the singular for one.
    #[askama::filter_fn]
    pub(crate) fn count<A: Display>(key: impl Display, _: &dyn Values, number: A) -> askama::Result<String> {
        let count = number.to_string().parse().unwrap_or(0);
        Ok(super::count(&key.to_string(), count, &[&count]))
    }

    /// The text of a key with its marks.
    #[askama::filter_fn]
    pub(crate) fn rich(key: impl Display, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(super::rich(super::t(&key.to_string()))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Keys that are made of parts: what they begin with, and where.
    const MADE: &[(&str, &str)] = &[
        ("guide.", "pages/sources/guide.rs"),
        ("check.", "pages/sources/show.rs"),
        ("sources.tab.", "pages/sources/mod.rs"),
        ("sources.empty.", "ui/empty.rs"),
        ("look.no_source.", "ui/empty.rs"),
        ("users.empty.", "ui/empty.rs"),
        ("users.none.", "ui/empty.rs"),
        ("groups.empty.", "ui/empty.rs"),
        ("groups.none.", "ui/empty.rs"),
        ("requests.empty.", "ui/empty.rs"),
        ("requests.none.", "ui/empty.rs"),
        ("changes.empty.", "ui/empty.rs"),
        ("webhooks.empty.", "ui/empty.rs"),
        ("approvals.empty.", "ui/empty.rs"),
        ("settings.", "pages/sources/settings.rs"),
        ("role.", "pages/accounts.rs"),
    ];

    fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|known| known == extension) {
                    found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        found
    }

    /// The text without what stands between two marks.
    fn without(text: &str, open: &str, close: &str) -> String {
        let mut parts = text.split(open);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + " " + part.split_once(close).map_or("", |(_, rest)| rest))
    }

    /// The template without what is filled in.
    fn fixed(template: &str) -> String {
        let text = without(&without(template, "{{", "}}"), "{%", "%}");
        without(&text, "{#", "#}")
    }

    #[test]
    fn every_part_is_read_and_no_key_is_in_two() {
        let mut seen = BTreeSet::new();
        for (name, part) in PARTS {
            let mut texts = BTreeMap::new();
            flatten("", &part.parse::<toml::Table>().unwrap(), &mut texts);
            assert!(!texts.is_empty(), "{name}");
            for key in texts.into_keys() {
                assert!(seen.insert(key.clone()), "{key} is in {name} and in a part before it");
            }
        }
    }

    #[test]
    fn no_template_has_words_of_its_own() {
        for (path, template) in files("templates", "html") {
            let words = without(&fixed(&template), "<", ">");
            assert!(!words.chars().any(char::is_alphabetic), "{path}: {}", words.trim());
        }
    }

    #[test]
    fn no_template_has_a_word_in_an_attribute() {
        for (path, template) in files("templates", "html") {
            for attribute in ["aria-label", "title", "alt", "placeholder", "data-copied"] {
                for part in fixed(&template).split(&format!(" {attribute}=\"")).skip(1) {
                    let value = part.split('"').next().unwrap_or_default();
                    assert!(value.trim().is_empty(), "{path}: {attribute}={value:?}");
                }
            }
        }
    }

    #[test]
    fn no_template_has_a_style_or_script_of_its_own() {
        for (path, template) in files("templates", "html") {
            let lower = fixed(&template).to_lowercase();
            for mark in
                [" style=", "<style", " onclick", " onload", " onsubmit", "javascript:", "http:", "https:"]
            {
                assert!(!lower.contains(mark), "{path}: {mark}");
            }
            let scripts = lower.matches("<script").count();
            assert_eq!(scripts, lower.matches("<script src=").count(), "{path}");
        }
    }

    #[test]
    fn every_key_that_is_asked_for_is_there_and_every_one_there_is_asked_for() {
        let (templates, sources) = (files("templates", "html"), files("src", "rs"));
        for (path, template) in &templates {
            for (before, _) in template.match_indices("\"|").map(|(at, _)| template.split_at(at)) {
                let key = before.rsplit('"').next().unwrap_or_default();
                assert!(find(key).is_some(), "{path}: {key} is not in the catalogue");
            }
        }
        let all: String = templates.iter().chain(&sources).map(|(_, text)| text.as_str()).collect();
        let is_used = |key: &str| {
            let (prefix, name) = key.rsplit_once('.').unwrap_or_default();
            let field = format!("\"{prefix}\", \"{}\"", name.trim_end_matches("_hint"));
            let key = key.strip_suffix("_one").filter(|key| find(key).is_some()).unwrap_or(key);
            let made = MADE.iter().any(|(start, _)| key.starts_with(start));
            made || all.contains(&format!("\"{key}\"")) || all.contains(&field)
        };
        let idle: Vec<&String> = TEXTS.keys().filter(|key| !is_used(key)).collect();
        assert!(idle.is_empty(), "nothing asks for {idle:?}");
        for (_, place) in MADE {
            assert!(sources.iter().any(|(path, _)| path.ends_with(place)), "{place}");
        }
    }

    #[test]
    fn marks_are_shown_and_all_else_is_escaped() {
        assert_eq!(rich("a `b<` **c&** d"), "a <code>b&lt;</code> <strong>c&amp;</strong> d");
        assert_eq!(fill("when.ago", &[&"3 <b>"]), "3 <b> ago");
        let users = |number: u64| count("overview.count_users", number, &[&number]);
        assert_eq!([users(0), users(1), users(2)], ["0 users", "1 user", "2 users"]);
    }
}
