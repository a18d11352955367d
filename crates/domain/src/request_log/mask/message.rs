//! Messages of the protocol, masked: lists, errors, searches, PATCH, Bulk.

use rollcall_scim::Document;
use rollcall_scim::error::ERROR_SCHEMA;
use rollcall_scim::schema::ResolvedType;
use serde_json::Value;

use super::super::personal::{Class, class_of_name};
use super::super::text;
use super::{Masker, Side};

/// What a PATCH may do.
const OPERATIONS: &[&str] = &["add", "remove", "replace"];

impl<'a> Masker<'a> {
    /// A message of the protocol, or a resource of this type. What has no business in a message is masked.
    pub(super) fn message(&mut self, body: &mut Value, side: Side, kind: Option<&ResolvedType>) {
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
}

fn has_schema(message: &Document, schema: &str) -> bool {
    let schemas = message.get("schemas").and_then(Value::as_array).into_iter().flatten();
    schemas.filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(schema))
}
