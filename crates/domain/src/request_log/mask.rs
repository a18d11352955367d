//! Masking by schema: requests, answers, queries, paths and traces as the log may keep them.
//!
//! Secrets (`returned: never`, `mutability: writeOnly`, names like `token`) are never kept. Personal values are
//! kept as their shape (`a…@…`): those of the built-in schemas by a list of what is *not* personal, and so
//! everything of schemas that were added, and everything that no schema knows. What was masked once is looked
//! for in error texts too, which may quote it.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_scim::Document;
use rollcall_scim::error::ERROR_SCHEMA;
use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::schema::{Attribute, Registry, ResolvedType, Schema};
use rollcall_scim::v1::decode_urn;
use serde_json::Value;
use uuid::Uuid;

use super::personal::{Class, class, class_of_field, class_of_name, class_of_part};
use super::text::{self, REST, SECRET, shape};
use crate::pipeline::Trace;

/// Masked values that are remembered, for texts that quote them.
const MOST_KNOWN: usize = 2_000;
/// Subjects of one request, at most.
const MOST_SUBJECTS: usize = 200;
/// Shorter ones are not looked for in texts: they would be found everywhere.
const LEAST_KNOWN_CHARS: usize = 3;
/// What a PATCH may do.
const OPERATIONS: &[&str] = &["add", "remove", "replace"];
/// Attributes whose values name someone.
const SUBJECTS: &[&str] = &["userName", "externalId", "emails", "members", "id"];

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

    /// The steps of a decision about a resource of this type.
    pub fn trace(&mut self, trace: &Trace, kind: Option<&str>) -> Value {
        let registry = self.registry;
        let kind = kind.and_then(|kind| registry.type_named(kind)).map(|kind| &**kind);
        let mut steps = serde_json::to_value(trace).unwrap_or_default();
        for step in steps.as_array_mut().into_iter().flatten() {
            for (name, value) in step.as_object_mut().into_iter().flatten() {
                match name.as_str() {
                    "resource" => self.document(value, kind),
                    "extraction" => self.extraction(value),
                    _ => self.told(value),
                }
            }
        }
        steps
    }

    /// Fields with what was found: `[{"field":"email","value":…}]`.
    fn extraction(&mut self, fields: &mut Value) {
        for field in fields.as_array_mut().into_iter().flatten() {
            let name = field.get("field").and_then(Value::as_str).unwrap_or_default();
            let class = class_of_field(name);
            if let Some(value) = field.get_mut("value") {
                self.value(value, class);
            }
            if let Some(Value::String(note)) = field.get_mut("note") {
                *note = self.text(note);
            }
        }
    }

    /// Any other step: what is said is read for known values, what is named like a field of a profile is masked
    /// like one.
    fn told(&mut self, value: &mut Value) {
        match value {
            Value::String(said) => *said = self.text(said),
            Value::Array(values) => values.iter_mut().for_each(|value| self.told(value)),
            Value::Object(object) => {
                for (name, value) in object {
                    match name.as_str() {
                        "profile" | "groupProfile" | "changed" | "properties" | "difference" => {
                            self.fields(value);
                        }
                        "values" | "printed" => self.value(value, Class::Personal),
                        name if is_profile_field(name) => self.value(value, class_of_field(name)),
                        _ => self.told(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, profile: &mut Value) {
        for (name, value) in profile.as_object_mut().into_iter().flatten() {
            self.value(value, class_of_field(name));
        }
    }

    /// A message of the protocol, or a resource of this type. What has no business in a message is masked.
    fn message(&mut self, body: &mut Value, side: Side, kind: Option<&ResolvedType>) {
        let Value::Object(object) = body else { return self.value(body, Class::Personal) };
        if side == Side::Searched {
            return self.search(object);
        }
        if object.keys().any(|name| name.eq_ignore_ascii_case("operations")) {
            return self.operations(object, side, kind);
        }
        if side == Side::Answered && object.contains_key("Resources") {
            return self.list(object, kind);
        }
        if side == Side::Answered && (object.contains_key("Errors") || has_schema(object, ERROR_SCHEMA)) {
            return object.values_mut().for_each(|value| self.sentences(value));
        }
        let own = self.kind_of(body).or(kind);
        self.document(body, own);
    }

    fn search(&mut self, search: &mut Document) {
        for (name, value) in search {
            match (name.as_str(), value) {
                ("filter", Value::String(filter)) => *filter = self.literals(filter),
                (
                    "schemas" | "attributes" | "excludedAttributes" | "sortBy" | "sortOrder" | "cursor",
                    value,
                )
                | ("startIndex" | "count", value @ Value::Number(_)) => self.sentences(value),
                (name, value) => self.value(value, class_of_name(name)),
            }
        }
    }

    fn list(&mut self, list: &mut Document, kind: Option<&ResolvedType>) {
        for (name, value) in list {
            if name != "Resources" {
                self.sentences(value);
                continue;
            }
            for resource in value.as_array_mut().into_iter().flatten() {
                let own = self.kind_of(resource).or(kind);
                self.document(resource, own);
            }
        }
    }

    /// What we said ourselves.
    fn sentences(&mut self, value: &mut Value) {
        match value {
            Value::String(said) => *said = self.text(said),
            Value::Array(values) => values.iter_mut().for_each(|value| self.sentences(value)),
            Value::Object(object) => object.values_mut().for_each(|value| self.sentences(value)),
            _ => {}
        }
    }

    /// The `Operations` of a PATCH or a Bulk, and of the answer to one.
    fn operations(&mut self, message: &mut Document, side: Side, kind: Option<&ResolvedType>) {
        for (name, value) in message {
            if !name.eq_ignore_ascii_case("operations") {
                let class = if name == "schemas" { Class::Plain } else { class_of_name(name) };
                self.value(value, class);
                continue;
            }
            let Value::Array(operations) = value else {
                self.value(value, Class::Personal);
                continue;
            };
            for operation in operations {
                match operation {
                    Value::Object(operation)
                        if operation.keys().any(|name| name.eq_ignore_ascii_case("method")) =>
                    {
                        self.bulk_operation(operation, side);
                    }
                    Value::Object(operation) => self.patch_operation(operation, kind),
                    other => self.value(other, Class::Personal),
                }
            }
        }
    }

    fn patch_operation(&mut self, operation: &mut Document, kind: Option<&ResolvedType>) {
        let path = operation.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
        let path = path.and_then(|(_, path)| path.as_str()).map(str::to_owned);
        for (name, value) in operation {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("path", Value::String(path)) => *path = self.literals(path),
                ("op", Value::String(op))
                    if OPERATIONS.iter().any(|known| known.eq_ignore_ascii_case(op)) => {}
                ("value", value) => match path.as_deref().filter(|path| !path.is_empty()) {
                    Some(path) => self.at_path(path, value, kind),
                    None => self.document(value, kind),
                },
                (name, value) => self.value(value, class_of_name(name)),
            }
        }
    }

    fn bulk_operation(&mut self, operation: &mut Document, side: Side) {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        // `/Users/2819`, or a whole URL in an answer.
        let place = if text("path").is_empty() { text("location") } else { text("path") };
        let registry = self.registry;
        let kind = place.split('/').find_map(|part| registry.type_at(part)).map(|kind| &**kind);
        for (name, value) in operation {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("data" | "response", value) => self.message(value, side, kind),
                ("path" | "location", Value::String(path)) => *path = self.place(path),
                ("method" | "bulkid" | "version" | "status", value) => self.value(value, Class::Plain),
                (name, value) => self.value(value, class_of_name(name)),
            }
        }
    }

    /// A path or URL within a Bulk: its last part is an id, or something that stands for one.
    fn place(&mut self, path: &str) -> String {
        match path.trim_start_matches('/').split_once('/') {
            Some((_, id)) if !path.contains("://") && !id.starts_with("bulkId:") => {
                let masked = self.subject(id);
                path.replace(id, &masked)
            }
            _ => text::mails(path),
        }
    }

    /// The type that a resource says it is.
    fn kind_of(&self, resource: &Value) -> Option<&'a ResolvedType> {
        let schemas = resource.get("schemas").and_then(Value::as_array)?;
        let is_core = |urn: &Value, kind: &ResolvedType| {
            urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(&kind.core.id))
        };
        let mut types = self.registry.types().iter();
        types.find(|kind| schemas.iter().any(|urn| is_core(urn, kind))).map(|kind| &**kind)
    }

    /// A resource, or parts of one under any names that PATCH allows.
    fn document(&mut self, document: &mut Value, kind: Option<&ResolvedType>) {
        let Value::Object(object) = document else { return self.value(document, Class::Personal) };
        for (name, value) in object {
            self.at_path(name, value, kind);
        }
    }

    /// The value of what a path names: `emails[type eq "work"].value`, `urn:…:User:department`, a whole extension.
    fn at_path(&mut self, path: &str, value: &mut Value, kind: Option<&ResolvedType>) {
        let plain = without_filter(path);
        let name = decode_urn(&plain);
        let Some(kind) = kind else { return self.unknown(name, value) };
        if let Some(schema) = kind.extension(name) {
            return self.extension(value, schema);
        }
        if let Some(attribute) = kind.attribute(name) {
            return self.attribute(value, &kind.core, attribute, None);
        }
        let resolved = name.parse::<AttributePath>().ok();
        match resolved.as_ref().and_then(|path| path.resolve(kind).ok()) {
            Some(Resolved::Extension(schema)) => self.extension(value, schema),
            Some(Resolved::Attribute(found)) => {
                let schema = found.extension.unwrap_or(&kind.core);
                self.attribute(value, schema, found.attribute, found.sub);
            }
            None => self.unknown(name, value),
        }
    }

    fn unknown(&mut self, name: &str, value: &mut Value) {
        if SUBJECTS.contains(&name) {
            self.note_subjects(value);
        }
        // A resource of an unknown type still says which one it is.
        let class =
            if matches!(name, "schemas" | "id" | "meta") { Class::Plain } else { class_of_name(name) };
        self.value(value, class);
    }

    fn extension(&mut self, value: &mut Value, schema: &Schema) {
        let Value::Object(object) = value else { return self.value(value, Class::Personal) };
        for (name, value) in object {
            match schema.attribute(name) {
                Some(attribute) => self.attribute(value, schema, attribute, None),
                None => self.value(value, class_of_name(name)),
            }
        }
    }

    fn attribute(
        &mut self,
        value: &mut Value,
        schema: &Schema,
        attribute: &Attribute,
        sub: Option<&Attribute>,
    ) {
        if SUBJECTS.contains(&&*attribute.name) {
            self.note_subjects(value);
        }
        let elements = match value {
            Value::Array(elements) => elements.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for element in elements {
            match element {
                Value::Object(object) if sub.is_none() => {
                    for (name, value) in object {
                        let part = match attribute.sub(name) {
                            Some(sub) => class(&schema.id, attribute, Some(sub)),
                            None => class_of_part(class(&schema.id, attribute, None), name),
                        };
                        self.value(value, part);
                    }
                }
                element => self.value(element, class(&schema.id, attribute, sub)),
            }
        }
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

fn has_schema(message: &Document, schema: &str) -> bool {
    let schemas = message.get("schemas").and_then(Value::as_array).into_iter().flatten();
    schemas.filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(schema))
}

/// `emails[type eq "work"].value` is `emails.value`.
fn without_filter(path: &str) -> String {
    match (path.find('['), path.rfind(']')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (path.get(..open), path.get(close + 1..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (Some(open), _) => path.get(..open).unwrap_or_default().to_owned(),
        _ => path.to_owned(),
    }
}

/// Whether a key of a step is a field of a profile, wherever it is.
fn is_profile_field(name: &str) -> bool {
    const FIELDS: &[&str] = &["subject", "userName", "email", "firstName", "lastName", "phone", "attributes"];
    FIELDS.contains(&name)
}
