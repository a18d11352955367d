//! The document that operations are applied to, and where in it each of them goes.

use std::mem;

use serde_json::Value;

use super::many;
use super::scratch::Scratch;
use super::single;
use super::{MembersOperation, Operation, Patched, Verb, members};
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::filter::{Filter, parse_value_path};
use crate::path::{AttributePath, AttributeRef, Resolved, ValuePath};
use crate::rules::{ComplexReplace, Rules, UnknownAttributes};
use crate::schema::{Attribute, Mutability, ResolvedType, Schema};
use crate::validate::coerce::{self, is_unassigned};
use crate::validate::names::{self, Home};
use crate::validate::place::Place;
use crate::validate::{carry, whole};

/// Work in progress. Dropped when an operation fails.
pub(super) struct Target<'a> {
    kind: &'a ResolvedType,
    rules: &'a Rules,
    document: Document,
    members: Vec<MembersOperation>,
    /// Whether something may have become unassigned: a required attribute then missing was removed.
    removed: bool,
    scratch: Scratch,
}

/// What an operation does to one attribute.
#[derive(Clone, Copy)]
pub(super) struct Edit<'a> {
    pub(super) verb: Verb,
    /// `None` only with `Remove`.
    pub(super) value: Option<&'a Value>,
    pub(super) attribute: &'a Attribute,
    pub(super) filter: Option<&'a Filter>,
    pub(super) sub: Option<&'a Attribute>,
    pub(super) rules: &'a Rules,
}

impl<'a> Target<'a> {
    pub(super) fn new(current: &Document, kind: &'a ResolvedType, rules: &'a Rules) -> Self {
        let scratch = Scratch::default();
        Self { kind, rules, document: current.clone(), members: Vec::new(), removed: false, scratch }
    }

    /// Applies one operation.
    pub(super) fn operate(&mut self, operation: &Operation) -> Result<(), ScimError> {
        match (&operation.path, &operation.value) {
            (Some(path), value) => self.at_path(operation.verb, path, value.as_ref()),
            (None, Some(value)) => self.pathless(operation.verb, value),
            (None, None) => Err(ScimError::no_target("the operation has no path")),
        }
    }

    /// Checks the whole document and hands it over.
    pub(super) fn finish(mut self, current: &Document) -> Result<Patched, ScimError> {
        if self.document != *current {
            carry::restore(&mut self.document, current, self.kind)?;
        }
        if self.document == *current {
            return Ok(Patched { document: self.document, changed: false, members: self.members });
        }
        whole::set_schemas(&mut self.document, self.kind);
        whole::check(&self.document, self.kind, None).map_err(|fault| match fault {
            whole::Fault::Missing(error) if self.removed => {
                ScimError { kind: ErrorType::Mutability, ..error }
            }
            fault => fault.into(),
        })?;
        Ok(Patched { document: self.document, changed: true, members: self.members })
    }

    /// The value is an object whose keys say where its values go.
    fn pathless(&mut self, verb: Verb, value: &Value) -> Result<(), ScimError> {
        let Value::Object(object) = value else {
            return Err(coerce::mismatch("an object", value, &Place::Root));
        };
        for (key, value) in object {
            if let Some(schema) = self.kind.extension(key) {
                let schema = schema.clone();
                self.extension(verb, &schema, value)?;
                continue;
            }
            let is_word = !key.contains(['.', ':', '[']);
            let path = if is_word {
                Some(ValuePath { path: AttributePath::named(key), filter: None, sub: None })
            } else {
                Some(key).filter(|_| self.rules.path_keys).and_then(|key| parse_value_path(key).ok())
            };
            match path {
                // What the server sets is often sent back: not an attempt to change it.
                Some(path) if ["id", "meta", "schemas"].iter().any(|echo| path.path.is_word(echo)) => {}
                Some(path) => self.at_path(verb, &path, Some(value))?,
                None => self.unknown(verb, None, key, Some(value))?,
            }
        }
        Ok(())
    }

    fn at_path(&mut self, verb: Verb, path: &ValuePath, value: Option<&Value>) -> Result<(), ScimError> {
        let is_plain = path.filter.is_none() && path.sub.is_none();
        match path.path.resolve(self.kind) {
            Ok(Resolved::Attribute(found)) => self.attribute(verb, path, found, value),
            Ok(Resolved::Extension(schema)) if is_plain => {
                if verb == Verb::Replace && self.rules.complex_replace == ComplexReplace::Whole {
                    self.document.shift_remove(&schema.id);
                }
                if let Some(value) = value.filter(|_| verb != Verb::Remove) {
                    return self.extension(verb, schema, value);
                }
                self.removed = true;
                self.document.shift_remove(&schema.id);
                Ok(())
            }
            Err(_) if is_plain => {
                let text = path.path.to_string();
                if text.eq_ignore_ascii_case(&self.kind.core.id) && verb != Verb::Remove {
                    return self.pathless(verb, value.unwrap_or(&Value::Null));
                }
                self.unknown(verb, Some(&path.path), &text, value)
            }
            Ok(Resolved::Extension(_)) | Err(_) => Err(self.undefined(&path.to_string())),
        }
    }

    /// A whole extension: sets the attributes that the value has, and keeps the others.
    fn extension(&mut self, verb: Verb, schema: &Schema, value: &Value) -> Result<(), ScimError> {
        if is_unassigned(value, self.rules) {
            self.removed |= verb == Verb::Replace;
            if verb == Verb::Replace {
                self.document.shift_remove(&schema.id);
            }
            return Ok(());
        }
        let Value::Object(object) = value else {
            return Err(coerce::mismatch("an object", value, &Place::Extension(&schema.id)));
        };
        for (key, value) in object {
            let (name, sub) = match key.split_once('.') {
                Some((name, sub)) if self.rules.path_keys => (name, Some(sub.to_owned())),
                _ => (key.as_str(), None),
            };
            let path = AttributePath { urn: Some(schema.id.clone()), name: name.to_owned(), sub };
            self.at_path(verb, &ValuePath { path, filter: None, sub: None }, Some(value))?;
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        verb: Verb,
        path: &ValuePath,
        found: AttributeRef<'_>,
        value: Option<&Value>,
    ) -> Result<(), ScimError> {
        let sub = match &path.sub {
            Some(name) => Some(found.attribute.sub(name).ok_or_else(|| self.undefined(&path.to_string()))?),
            None => found.sub,
        };
        let found = AttributeRef { sub, ..found };
        let filter = path.filter.as_ref();
        let edit = Edit { verb, value, attribute: found.attribute, filter, sub, rules: self.rules };
        if found.attribute.name == "schemas" && found.extension.is_none() {
            return Ok(());
        }
        if self.is_members(found) {
            members::push(&mut self.members, members::operation(&edit)?);
            return Ok(());
        }
        let place = found.to_string();
        if is(found, Mutability::ReadOnly) {
            return self.read_only(&place);
        }
        if filter.is_some() && !found.attribute.multi_valued {
            let what = format!("{}: only a multi-valued attribute takes a filter", found.attribute.name);
            return Err(ScimError::invalid_path(what).at(place));
        }
        if is(found, Mutability::WriteOnly) {
            if let Some(value) = value.filter(|_| verb != Verb::Remove) {
                coerce::value(value.clone(), found.leaf(), self.rules, &Place::Root.name(&place))?;
            }
            return Ok(());
        }
        self.removed |= verb == Verb::Remove || value.is_some_and(|value| may_unassign(value, self.rules));
        self.update(found, &edit)
    }

    /// Changes the value where it is, so that attributes keep their order.
    fn update(&mut self, found: AttributeRef<'_>, edit: &Edit<'_>) -> Result<(), ScimError> {
        let root = found.extension.map_or(Place::Root, |schema| Place::Extension(&schema.id));
        let place = root.name(&found.attribute.name);
        let name = &found.attribute.name;
        let scratch = &mut self.scratch;
        let extension: Vec<&str> = found.extension.iter().map(|schema| schema.id.as_str()).collect();
        within(&mut self.document, &extension, &mut |container| {
            match container.get_mut(name) {
                Some(slot) => match change(edit, Some(mem::take(slot)), &place, scratch)? {
                    Some(value) => *slot = value,
                    None => drop(container.shift_remove(name)),
                },
                None => {
                    if let Some(value) = change(edit, None, &place, scratch)? {
                        container.insert(name.clone(), value);
                    }
                }
            }
            Ok(())
        })
    }

    /// Whether the attribute is the members of a group, which are not part of the document.
    fn is_members(&self, found: AttributeRef<'_>) -> bool {
        found.extension.is_none()
            && found.attribute.mutability != Mutability::ReadOnly
            && self.kind.is_detached(&found.attribute.name)
    }

    fn read_only(&self, path: &str) -> Result<(), ScimError> {
        if self.rules.ignore_read_only_patch {
            return Ok(());
        }
        Err(ScimError::mutability(format!("{path}: the attribute is read-only")).at(path))
    }

    /// An attribute that no schema defines: stored and removed as it is named. A part of an extension
    /// or of a complex attribute goes where it belongs, anything else to the top.
    fn unknown(
        &mut self,
        verb: Verb,
        path: Option<&AttributePath>,
        text: &str,
        value: Option<&Value>,
    ) -> Result<(), ScimError> {
        let is_defined = |path: &&AttributePath| {
            let whole = AttributePath { sub: None, ..(*path).clone() };
            whole.resolve(self.kind).is_ok()
        };
        let home = path.and_then(|path| names::home(path, self.kind));
        let is_misplaced = home.is_none() && path.as_ref().is_some_and(is_defined);
        if is_misplaced || self.rules.unknown_attributes == UnknownAttributes::Reject {
            return Err(self.undefined(text));
        }
        let Home { keys, name } = home.unwrap_or(Home { keys: Vec::new(), name: text });
        let value = value.filter(|value| verb != Verb::Remove && !is_unassigned(value, self.rules));
        let scratch = &mut self.scratch;
        within(&mut self.document, &keys, &mut |container| {
            scratch.spend(container.len())?;
            let known = container.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
            match (value, known) {
                (Some(value), known) => {
                    let key = known.unwrap_or_else(|| name.to_owned());
                    coerce::keep_raw(container, key, value.clone(), &Place::Root)?;
                }
                (None, Some(key)) if verb != Verb::Add => drop(container.shift_remove(&key)),
                (None, _) => {}
            }
            Ok(())
        })
    }

    fn undefined(&self, path: &str) -> ScimError {
        let what = format!("{path}: no schema of {} defines this attribute", self.kind.name());
        match self.rules.unknown_attributes {
            UnknownAttributes::Reject => ScimError::invalid_syntax(what),
            UnknownAttributes::Keep => ScimError::invalid_path(what),
        }
        .at(path)
    }
}

/// The new value of an attribute; `None` when it has none any more.
pub(super) fn change(
    edit: &Edit<'_>,
    old: Option<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<Option<Value>, ScimError> {
    if edit.attribute.multi_valued {
        return many::change(edit, old, place, scratch);
    }
    if edit.attribute.is_complex() {
        return single::complex(edit, old, place, scratch);
    }
    single::simple(edit, old, place)
}

fn is(found: AttributeRef<'_>, mutability: Mutability) -> bool {
    found.attribute.mutability == mutability || found.leaf().mutability == mutability
}

/// Whether setting this value may leave something without one.
fn may_unassign(value: &Value, rules: &Rules) -> bool {
    let is_object_with = |object: &Document| object.values().any(|value| may_unassign(value, rules));
    is_unassigned(value, rules) || value.as_object().is_some_and(is_object_with)
}

/// Runs `edit` in the object under these keys, which is made for it, and removed when it is left empty.
fn within(
    document: &mut Document,
    keys: &[&str],
    edit: &mut dyn FnMut(&mut Document) -> Result<(), ScimError>,
) -> Result<(), ScimError> {
    let Some((key, rest)) = keys.split_first() else { return edit(document) };
    let Value::Object(object) = document.entry(*key).or_insert_with(|| Value::Object(Document::new())) else {
        return Err(ScimError::invalid_path(format!("{key}: the value is not an object")).at(*key));
    };
    within(object, rest, edit)?;
    if object.is_empty() {
        document.shift_remove(*key);
    }
    Ok(())
}
