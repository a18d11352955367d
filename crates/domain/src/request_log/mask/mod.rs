//! Masking by schema: requests, answers, queries, paths and traces as the log may keep them.
//!
//! Secrets (`returned: never`, `mutability: writeOnly`, names like `token`) are never kept. Personal values are
//! kept as their shape (`a…@…`): those of the built-in schemas by a list of what is *not* personal, and so
//! everything of schemas that were added, and everything that no schema knows. What was masked once is looked
//! for in error texts too, which may quote it.

mod document;
mod message;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use rollcall_scim::schema::Registry;
use serde_json::Value;
use uuid::Uuid;

use super::personal::{Class, class_of_name, class_of_part};
use super::text::{self, REST, SECRET, shape};

/// Masked values that are remembered, for texts that quote them.
const MOST_KNOWN: usize = 2_000;
/// Subjects of one request, at most.
const MOST_SUBJECTS: usize = 200;
/// Shorter ones are not looked for in texts: they would be found everywhere.
const LEAST_KNOWN_CHARS: usize = 3;

/// Masks the parts of one request; what it learns from one it uses for those after it, so bodies come first.
pub struct Masker<'a> {
    registry: &'a Registry,
    shows_personal: bool,
    /// What was masked, and as what.
    known: BTreeMap<String, String>,
    subjects: BTreeSet<String>,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It was sent.
    Sent,
    /// It was sent to `.search`.
    Searched,
    /// It is the answer.
    Answered,
}

impl<'a> Masker<'a> {
    /// A masker by these schemas. With `shows_personal`, only secrets are masked.
    pub fn new(registry: &'a Registry, shows_personal: bool) -> Self {
        Self { registry, shows_personal, known: BTreeMap::new(), subjects: BTreeSet::new() }
    }

    /// Who the request was about: names, addresses and ids that it had, as they were.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().map(String::as_str)
    }

    /// A body of a request to this endpoint (`Users`, `Bulk`), or of its answer.
    pub fn body(&mut self, endpoint: &str, side: Side, mut body: Value) -> Value {
        let registry = self.registry;
        let endpoint = if endpoint == "Me" { "Users" } else { endpoint };
        self.message(&mut body, side, registry.type_at(endpoint).map(|kind| &**kind));
        body
    }

    /// A decoded path: ids of our own stay, what else is behind an endpoint is masked.
    pub fn path(&mut self, path: &str) -> String {
        let mut names = path.split('/').scan(0_u8, |after, part| {
            // 1: the version was here; 2: the endpoint was.
            let place = *after;
            *after += u8::from(*after > 0 || matches!(part, "v1" | "v2"));
            Some((place, part))
        });
        let mut masked = Vec::new();
        for (place, part) in names.by_ref() {
            let is_open = place < 2 || part == ".search" || part.starts_with("urn:");
            let is_type = self.registry.types().iter().any(|kind| kind.name() == part);
            masked.push(if is_open || is_type { text::mails(part) } else { self.subject(part) });
        }
        masked.join("/")
    }

    /// A query: names and decoded values.
    pub fn query(&mut self, pairs: &[(String, String)]) -> String {
        const PLAIN: &[&str] =
            &["attributes", "excludedAttributes", "count", "startIndex", "sortBy", "sortOrder", "cursor"];
        let mut parts = Vec::new();
        for (name, value) in pairs {
            let value = match name.as_str() {
                "filter" => self.literals(value),
                name if PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(name)) => self.text(value),
                name => match class_of_name(name) {
                    Class::Secret => SECRET.to_owned(),
                    _ => self.personal(value),
                },
            };
            parts.push(if value.is_empty() { name.clone() } else { format!("{name}={value}") });
        }
        parts.join("&")
    }

    /// A sentence, such as an error's detail: what was masked before is masked in it.
    pub fn text(&self, sentence: &str) -> String {
        // Longer ones first: one may be part of another.
        let mut known: Vec<(&String, &String)> = self.known.iter().collect();
        known.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let mut sentence = sentence.to_owned();
        for (value, masked) in known {
            for form in [value.clone(), value.to_lowercase()] {
                sentence = text::replace_word(sentence, &form, masked);
            }
        }
        if self.shows_personal { sentence } else { text::mails(&sentence) }
    }

    /// The value of a header. Names of people are not looked for in it: they would be found in names of hosts.
    pub fn header(&self, value: &str) -> String {
        if self.shows_personal { value.to_owned() } else { text::mails(value) }
    }

    /// A value with all that is in it.
    fn value(&mut self, value: &mut Value, class: Class) {
        match (value, class) {
            (Value::Null, _) => {}
            (value, Class::Secret) => {
                self.remember_secrets(value);
                *value = SECRET.into();
            }
            (Value::Array(values), class) => values.iter_mut().for_each(|value| self.value(value, class)),
            (Value::Object(object), class) => {
                for (name, value) in object {
                    self.value(value, class_of_part(class, name));
                }
            }
            (Value::String(text), Class::Personal) => *text = self.personal(text),
            (Value::String(text), Class::Plain) if !self.shows_personal => *text = text::mails(text),
            (value @ Value::Number(_), Class::Personal) if !self.shows_personal => *value = REST.into(),
            _ => {}
        }
    }

    /// A personal value, remembered.
    fn personal(&mut self, value: &str) -> String {
        if self.shows_personal {
            return value.to_owned();
        }
        let masked = shape(value);
        if masked != value {
            self.remember(value, &masked);
        }
        masked
    }

    fn remember(&mut self, value: &str, masked: &str) {
        if value.chars().count() >= LEAST_KNOWN_CHARS && self.known.len() < MOST_KNOWN {
            self.known.insert(value.to_owned(), masked.to_owned());
        }
    }

    fn remember_secrets(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.remember(text, SECRET),
            Value::Array(values) => values.iter().for_each(|value| self.remember_secrets(value)),
            Value::Object(object) => object.values().for_each(|value| self.remember_secrets(value)),
            _ => {}
        }
    }

    /// The literals of a filter or path.
    fn literals(&mut self, filter: &str) -> String {
        text::literals(filter, |literal| self.subject(literal))
    }

    /// What names someone: an id stays, anything else is personal.
    fn subject(&mut self, value: &str) -> String {
        if self.is_suggested(value) {
            return value.to_owned();
        }
        self.note_subject(value);
        if Uuid::try_parse(value).is_ok() { value.to_owned() } else { self.personal(value) }
    }

    /// Whether a schema itself suggests the value, as `work` of addresses.
    fn is_suggested(&self, value: &str) -> bool {
        let attributes = self.registry.schemas().flat_map(|schema| &schema.attributes);
        let mut all =
            attributes.flat_map(|attribute| std::iter::once(attribute).chain(&attribute.sub_attributes));
        all.any(|attribute| attribute.canonical_values.iter().any(|known| known == value))
    }

    fn note_subject(&mut self, value: &str) {
        if self.subjects.len() < MOST_SUBJECTS && !value.trim().is_empty() {
            self.subjects.insert(value.to_owned());
        }
    }

    /// Names, addresses and ids in the value of an attribute that has such.
    fn note_subjects(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.note_subject(text),
            Value::Array(values) => values.iter().for_each(|value| self.note_subjects(value)),
            Value::Object(object) => {
                object.get("value").into_iter().for_each(|value| self.note_subjects(value));
            }
            _ => {}
        }
    }
}
