//! The functions that expressions have beside Starlark's own.

// The macro makes functions of its own shape from these.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the shape that the macro wants"
)]

use std::cell::RefCell;
use std::fmt;
use std::num::NonZeroUsize;

use regex::{Regex, RegexBuilder};
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::list::ListRef;
use starlark::values::none::NoneType;

/// Bytes that a compiled regular expression may take.
const REGEX_BYTES: usize = 256 * 1024;
/// Regular expressions that are kept.
const REGEXES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// `skip()` was called.
#[derive(Debug)]
pub(crate) struct Skip(pub(crate) String);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// What is there to call.
pub(crate) fn globals() -> Globals {
    let extensions = [
        LibraryExtension::Filter,
        LibraryExtension::Json,
        LibraryExtension::Map,
        LibraryExtension::Print,
        LibraryExtension::SetType,
        LibraryExtension::Typing,
    ];
    GlobalsBuilder::extended_by(&extensions).with(helpers).build()
}

#[starlark_module]
fn helpers(builder: &mut GlobalsBuilder) {
    /// Whether the regular expression is found in the text, at any place; `False` for `None`.
    fn regex_match(value: Value<'_>, regex: &str) -> anyhow::Result<bool> {
        let Some(text) = text(value)? else { return Ok(false) };
        with_regex(regex, |regex| regex.is_match(text))
    }

    /// The text with every match of the regular expression replaced; `\1` is its first group.
    fn regex_replace(value: Value<'_>, regex: &str, repl: &str) -> anyhow::Result<String> {
        let Some(text) = text(value)? else { return Ok(String::new()) };
        let replacement = replacement(repl);
        with_regex(regex, |regex| regex.replace_all(text, &*replacement).into_owned())
    }

    /// The first element of a list, `None` of an empty one, and anything else as it is.
    fn list_flatten<'v>(value: Value<'v>) -> anyhow::Result<Value<'v>> {
        Ok(match ListRef::from_value(value) {
            Some(list) => list.content().first().copied().unwrap_or_else(Value::new_none),
            None => value,
        })
    }

    /// The text in lower case, with `-` for everything but letters, digits and `_`.
    fn slugify(value: Value<'_>) -> anyhow::Result<String> {
        Ok(text(value)?.map(slug).unwrap_or_default())
    }

    /// Ends here: the resource is none of ours.
    fn skip(#[starlark(default = "")] reason: &str) -> anyhow::Result<NoneType> {
        Err(anyhow::Error::new(Skip(reason.to_owned())))
    }
}

fn text(value: Value<'_>) -> anyhow::Result<Option<&str>> {
    if value.is_none() {
        return Ok(None);
    }
    match value.unpack_str() {
        Some(text) => Ok(Some(text)),
        None => Err(anyhow::anyhow!("wants text, not a value of type {}", value.get_type())),
    }
}

thread_local! {
    /// Compiled regular expressions, the last used at the end.
    static COMPILED: RefCell<Vec<Regex>> = const { RefCell::new(Vec::new()) };
}

fn with_regex<R>(pattern: &str, run: impl FnOnce(&Regex) -> R) -> anyhow::Result<R> {
    COMPILED.with_borrow_mut(|compiled| {
        let regex = match compiled.iter().position(|regex| regex.as_str() == pattern) {
            Some(at) => compiled.remove(at),
            None => RegexBuilder::new(pattern)
                .size_limit(REGEX_BYTES)
                .dfa_size_limit(REGEX_BYTES)
                .nest_limit(32)
                .build()
                .map_err(|error| anyhow::anyhow!("{error}"))?,
        };
        let result = run(&regex);
        if compiled.len() >= REGEXES.get() {
            compiled.remove(0);
        }
        compiled.push(regex);
        Ok(result)
    })
}

/// A replacement as Python writes it, as the regex crate reads it.
fn replacement(python: &str) -> String {
    let mut result = String::new();
    let mut rest = python.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '$' => result.push_str("$$"),
            '\\' => match rest.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    result.push_str("${");
                    result.push(digit);
                    result.push('}');
                }
                Some('g') if rest.peek() == Some(&'<') => {
                    let name: String = rest.by_ref().skip(1).take_while(|c| *c != '>').collect();
                    result.push_str("${");
                    result.push_str(&name);
                    result.push('}');
                }
                Some('n') => result.push('\n'),
                Some(other) => result.push(other),
                None => result.push('\\'),
            },
            c => result.push(c),
        }
    }
    result
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}
