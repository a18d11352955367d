//! Validation and coercion: from what a client sent to what is stored.
//!
//! The same rules serve POST, PUT and the values of PATCH: [`resource`] reads a whole body, the parts
//! below it one value each.

pub(crate) mod carry;
pub(crate) mod coerce;
pub(crate) mod members;
pub(crate) mod merge;
pub(crate) mod names;
pub(crate) mod place;
pub(crate) mod whole;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::coerce::Seen;
use self::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::rules::{Rules, UnknownAttributes};
use crate::schema::{Attribute, Mutability, ResolvedType, Schema};

/// A resource that may be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Schema case, `schemas` recomputed, no `id`, no `meta`, no detached and no write-only attributes.
    pub document: Document,
    /// Values of `members`; `None` when the body has no such attribute.
    pub members: Option<Vec<String>>,
}

/// Checks the body of a POST (`current` is `None`) or PUT (`current` as stored, without `id`).
///
/// Names match in any case. `null`, `[]` and `{}` are unassigned and left out; read-only attributes
/// are ignored; write-only ones are checked and left out (ours: no password is kept). Values of one
/// multi-valued attribute with the same `type` and `value` become one. On PUT an immutable attribute
/// that is left out stays.
///
/// # Errors
///
/// - `invalidSyntax`: not an object, an attribute twice, no usable `schemas`, or, where
///   [`Rules::unknown_attributes`] says reject, an attribute or schema that is not defined.
/// - `invalidValue`: a value of the wrong type, over a limit, or missing though required.
/// - `mutability`: an immutable value other than the current one.
///
/// ```
/// use rollcall_scim::{rules::Rules, schema::Registry, validate};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let body = json!({"USERNAME": "ann", "active": "True", "emails": [{"value": "ann@example.com"}], "title": null});
/// let accepted = validate::resource(body, users, &Rules::default(), None).unwrap();
/// assert_eq!(accepted.document["userName"], "ann");
/// assert_eq!(accepted.document["active"], true);
/// assert!(!accepted.document.contains_key("title"));
///
/// let error = validate::resource(json!({"userName": "ann", "emails": [{"value": 1}]}), users, &Rules::default(), None);
/// assert_eq!(error.unwrap_err().to_string(), "emails[0].value: expected a string, found a number");
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn resource(
    body: Value,
    kind: &ResolvedType,
    rules: &Rules,
    current: Option<&Document>,
) -> Result<Accepted, ScimError> {
    let Value::Object(body) = body else {
        let found = coerce::describe(&body);
        return Err(ScimError::invalid_syntax(format!("the body must be an object, found {found}")));
    };
    let body = if rules.path_keys { names::unfold(body, kind)? } else { body };
    let mut reader = Reader {
        kind,
        rules,
        seen: Seen::default(),
        document: Document::with_capacity(body.len() + 1),
        members: None,
    };
    reader.document.insert("schemas".to_owned(), Value::Null);
    let mut schemas = None;
    for (key, sent) in body {
        if key.eq_ignore_ascii_case("schemas") {
            if schemas.replace(sent).is_some() {
                return Err(ScimError::invalid_syntax("schemas: the attribute is there twice").at("schemas"));
            }
        } else {
            reader.read(key, sent)?;
        }
    }
    check_schemas(schemas.as_ref(), kind, rules)?;
    let Reader { seen, mut document, members, .. } = reader;
    if let Some(current) = current {
        carry::over(&mut document, current, kind)?;
    }
    whole::set_schemas(&mut document, kind);
    whole::check(&document, kind, Some(&|attribute| current.is_some() || seen.has(attribute)))?;
    Ok(Accepted { document, members })
}

/// What is known of a body while its attributes are read one by one.
struct Reader<'a> {
    kind: &'a ResolvedType,
    rules: &'a Rules,
    seen: Seen<'a>,
    document: Document,
    members: Option<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, key: String, sent: Value) -> Result<(), ScimError> {
        if let Some(attribute) = self.kind.attribute(&key) {
            return self.attribute(key, attribute, sent);
        }
        if let Some(schema) = self.kind.extension(&key) {
            return self.extension(schema, sent);
        }
        self.seen.unknown(&key, self.rules, &Place::Root)?;
        coerce::keep_raw(&mut self.document, key, sent, &Place::Root)
    }

    fn attribute(&mut self, key: String, attribute: &'a Attribute, sent: Value) -> Result<(), ScimError> {
        self.seen.known(attribute, &Place::Root)?;
        if attribute.mutability != Mutability::ReadOnly && self.kind.is_detached(&attribute.name) {
            let place = Place::Root.name(&attribute.name);
            self.members = Some(members::values(&sent, attribute, self.rules, &place)?);
        } else if let Some(value) = coerce::writable(sent, attribute, self.rules, &Place::Root)? {
            coerce::insert(&mut self.document, key, attribute, value);
        }
        Ok(())
    }

    fn extension(&mut self, schema: &Schema, sent: Value) -> Result<(), ScimError> {
        let place = Place::Extension(&schema.id);
        let object = match sent {
            Value::Object(object) => object,
            Value::Null => return Ok(()),
            other => return Err(coerce::mismatch("an object", &other, &place)),
        };
        if self.document.contains_key(&schema.id) {
            return Err(place.error(ErrorType::InvalidSyntax, "the extension is there twice"));
        }
        let object = coerce::fields(object, &schema.attributes, self.rules, &place)?;
        if !object.is_empty() {
            self.document.insert(schema.id.clone(), Value::Object(object));
        }
        Ok(())
    }
}

/// Checks the `schemas` that were sent; those stored are computed.
fn check_schemas(sent: Option<&Value>, kind: &ResolvedType, rules: &Rules) -> Result<(), ScimError> {
    let fault = |what: String| Err(ScimError::invalid_syntax(format!("schemas: {what}")).at("schemas"));
    let items = match sent {
        Some(Value::Array(items)) => items.as_slice(),
        Some(Value::Null) | None => &[],
        Some(text @ Value::String(_)) if rules.missing_schemas => std::slice::from_ref(text),
        Some(other) => return fault(format!("expected an array, found {}", coerce::describe(other))),
    };
    if items.is_empty() {
        return if rules.missing_schemas { Ok(()) } else { fault(format!("must contain {}", kind.core.id)) };
    }
    let mut has_core = false;
    for item in items {
        let Value::String(urn) = item else {
            return fault(format!("expected a string, found {}", coerce::describe(item)));
        };
        has_core |= urn.eq_ignore_ascii_case(&kind.core.id);
        let is_known = urn.eq_ignore_ascii_case(&kind.core.id) || kind.extension(urn).is_some();
        if !is_known && rules.unknown_attributes == UnknownAttributes::Reject {
            return fault(format!("{urn} is not a schema of {}", kind.name()));
        }
    }
    if !has_core && rules.unknown_attributes == UnknownAttributes::Reject {
        return fault(format!("must contain {}", kind.core.id));
    }
    Ok(())
}
