//! `attributes` and `excludedAttributes` (RFC 7644 §3.9), and `returned` of the schema.

mod written;

use serde_json::Value;

use crate::Document;
use crate::error::ScimError;
use crate::limits::MAX_PROJECTION_PATHS;
use crate::path::{AttributePath, Resolved};
use crate::schema::{Attribute, Mutability, ResolvedType, Returned};

/// Which attributes a response shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    mode: Mode,
    selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// The query named nothing. What is selected, the request itself specified: see [`Projection::answering`].
    #[default]
    Default,
    /// `attributes`: what is selected, and what is always returned.
    Only,
    /// `excludedAttributes`: the default without what is selected.
    Without,
}

/// The selection of all there is.
const WHOLE: &Selection = &Selection { whole: true, parts: Vec::new() };

/// Named attributes of a resource or an extension, or sub-attributes of an attribute.
#[derive(Debug, Clone, PartialEq, Default)]
struct Selection {
    /// Whether it was named itself, not only parts of it.
    whole: bool,
    /// Names in schema case, extensions by URN; of what no schema defines, as written.
    parts: Vec<(String, Selection)>,
}

impl Selection {
    /// The part of this name; names of undefined attributes match in any case.
    fn part(&self, name: &str) -> Option<&Selection> {
        self.parts.iter().find(|(part, _)| part.eq_ignore_ascii_case(name)).map(|(_, selection)| selection)
    }

    fn add(&mut self, names: &[&str]) {
        let Some((first, rest)) = names.split_first() else {
            self.whole = true;
            return;
        };
        let at = self.parts.iter().position(|(part, _)| part == first).unwrap_or(self.parts.len());
        if at == self.parts.len() {
            self.parts.push(((*first).to_owned(), Selection::default()));
        }
        if let Some((_, part)) = self.parts.get_mut(at) {
            part.add(rest);
        }
    }
}

impl Projection {
    /// Reads both parameters, each a list of paths (already split at commas).
    ///
    /// Names match in any case; one that no schema defines selects only an attribute kept under that
    /// name. When both parameters are there, `attributes` wins (ours: RFC 7644 calls them mutually
    /// exclusive and does not say what follows).
    ///
    /// # Errors
    ///
    /// `invalidValue` for more than [`MAX_PROJECTION_PATHS`] paths.
    ///
    /// ```
    /// use rollcall_scim::{projection::Projection, schema::Registry};
    /// use serde_json::json;
    ///
    /// let registry = Registry::builtin()?;
    /// let users = registry.type_named("User").unwrap();
    /// let projection = Projection::parse(&["Name.GivenName".to_owned()], &[], users).unwrap();
    /// let mut user = json!({"schemas": [], "id": "1", "userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}});
    /// projection.apply(users, user.as_object_mut().unwrap());
    /// assert_eq!(user, json!({"schemas": [], "id": "1", "name": {"givenName": "Ann"}}));
    /// # Ok::<(), rollcall_scim::schema::RegistryError>(())
    /// ```
    pub fn parse(attributes: &[String], excluded: &[String], kind: &ResolvedType) -> Result<Self, ScimError> {
        let (mode, paths, parameter) = match (attributes, excluded) {
            ([], []) => return Ok(Self::default()),
            ([], excluded) => (Mode::Without, excluded, "excludedAttributes"),
            (attributes, _) => (Mode::Only, attributes, "attributes"),
        };
        if paths.len() > MAX_PROJECTION_PATHS {
            return Err(ScimError::invalid_value(format!(
                "{parameter}: expected at most {MAX_PROJECTION_PATHS} paths, found {}",
                paths.len()
            )));
        }
        let mut selection = Selection::default();
        for path in paths {
            select(&mut selection, path.trim(), kind);
        }
        Ok(Self { mode, selection })
    }

    /// Whether it shows what any client is shown who names nothing.
    pub fn is_default(&self) -> bool {
        self.mode == Mode::Default && self.selection.parts.is_empty()
    }

    /// Whether any part of this core attribute (schema case) may be shown: `members`, `groups`, `meta`.
    pub fn wants(&self, kind: &ResolvedType, attribute: &str) -> bool {
        let Some(definition) = kind.attribute(attribute) else { return true };
        let selected = self.selection.part(&definition.name);
        shown(definition, self.mode, selected).is_some()
    }

    /// Removes from the document (schema case) what is not shown.
    ///
    /// A sub-attribute that is always returned is shown whenever its attribute is; who names an attribute
    /// or extension asks for all its parts, also those that are `returned: request` (ours). A value of
    /// which nothing is left is removed.
    pub fn apply(&self, kind: &ResolvedType, document: &mut Document) {
        document.retain(|name, value| {
            let selected = self.selection.part(name);
            if let Some(schema) = kind.extension(name) {
                return self.extension(&schema.attributes, selected, value);
            }
            match kind.attribute(name) {
                Some(definition) => keep(definition, self.mode, selected, value),
                None => keeps_unknown(self.mode, selected),
            }
        });
    }

    fn extension(&self, attributes: &[Attribute], selected: Option<&Selection>, value: &mut Value) -> bool {
        let Value::Object(object) = value else { return self.mode != Mode::Only };
        let is_whole = selected.is_some_and(|selection| selection.whole);
        retain(object, attributes, self.mode, selected, is_whole);
        !object.is_empty()
    }
}

/// Whether the document has no attribute that is `returned: request` or `never`, so that the default
/// projection shows all of it.
pub fn is_plain(kind: &ResolvedType, document: &Document) -> bool {
    let core = are_plain(&kind.core.attributes, document);
    core && kind.extensions.iter().all(|(schema, _)| match document.get(&schema.id) {
        Some(Value::Object(extension)) => are_plain(&schema.attributes, extension),
        _ => true,
    })
}

fn are_plain(attributes: &[Attribute], object: &Document) -> bool {
    attributes.iter().all(|attribute| {
        let has_hidden_parts = attribute.sub_attributes.iter().any(is_hidden);
        if !is_hidden(attribute) && !has_hidden_parts {
            return true;
        }
        match object.get(&attribute.name) {
            None => true,
            Some(_) if is_hidden(attribute) => false,
            Some(Value::Array(elements)) => {
                elements.iter().all(|element| has_plain_parts(attribute, element))
            }
            Some(value) => has_plain_parts(attribute, value),
        }
    })
}

fn has_plain_parts(attribute: &Attribute, value: &Value) -> bool {
    value.as_object().is_none_or(|object| are_plain(&attribute.sub_attributes, object))
}

fn is_hidden(attribute: &Attribute) -> bool {
    is_never(attribute) || attribute.returned == Returned::Request
}

fn is_never(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly
}

fn select(selection: &mut Selection, path: &str, kind: &ResolvedType) {
    if path.is_empty() {
        return;
    }
    let found = AttributePath::from_word(path).ok();
    match found.as_ref().and_then(|path| path.resolve(kind).ok()) {
        Some(Resolved::Extension(schema)) => selection.add(&[&schema.id]),
        Some(Resolved::Attribute(found)) => {
            let extension = found.extension.map(|schema| schema.id.as_str());
            let names = [extension, Some(&found.attribute.name), found.sub.map(|sub| sub.name.as_str())];
            selection.add(&names.into_iter().flatten().collect::<Vec<_>>());
        }
        None => selection.add(&[path]),
    }
}

/// How much of an attribute is shown: `None` nothing, otherwise whether it was asked for as a whole.
fn shown(definition: &Attribute, mode: Mode, selected: Option<&Selection>) -> Option<bool> {
    let is_whole = selected.is_some_and(|selection| selection.whole);
    let is_shown = match (definition.returned, mode) {
        _ if is_never(definition) => false,
        (Returned::Never, _) | (Returned::Request, Mode::Without) => false,
        (Returned::Always, _) | (Returned::Default, Mode::Default) => true,
        (Returned::Request, Mode::Default | Mode::Only) | (Returned::Default, Mode::Only) => {
            selected.is_some()
        }
        (Returned::Default, Mode::Without) => !is_whole,
    };
    is_shown.then_some(is_whole)
}

/// Reduces the value to what is shown; `false` when that is nothing.
fn keep(definition: &Attribute, mode: Mode, selected: Option<&Selection>, value: &mut Value) -> bool {
    let Some(is_whole) = shown(definition, mode, selected) else { return false };
    if !definition.is_complex() {
        return true;
    }
    // Asked for nothing in particular, an attribute that is always returned shows its default parts.
    let mode = if selected.is_none() && mode == Mode::Only { Mode::Default } else { mode };
    match value {
        Value::Object(object) => {
            retain(object, &definition.sub_attributes, mode, selected, is_whole);
            !object.is_empty()
        }
        Value::Array(elements) => {
            elements.retain_mut(|element| match element {
                Value::Object(object) => {
                    retain(object, &definition.sub_attributes, mode, selected, is_whole);
                    !object.is_empty()
                }
                _ => true,
            });
            !elements.is_empty()
        }
        _ => true,
    }
}

/// Reduces an object to what is shown of it. `is_whole`: it was named itself.
fn retain(
    object: &mut Document,
    definitions: &[Attribute],
    mode: Mode,
    selected: Option<&Selection>,
    is_whole: bool,
) {
    object.retain(|name, value| {
        let part = selected.and_then(|selection| selection.part(name));
        let definition = definitions.iter().find(|definition| definition.name == *name);
        match (definition, mode) {
            (Some(definition), Mode::Only) if is_whole && part.is_none() => {
                keep(definition, mode, Some(WHOLE), value)
            }
            (Some(definition), Mode::Without) if is_whole => keep(definition, Mode::Only, None, value),
            (Some(definition), mode) => keep(definition, mode, part, value),
            (None, Mode::Only) => is_whole || part.is_some(),
            (None, Mode::Without) if is_whole => false,
            (None, mode) => keeps_unknown(mode, part),
        }
    });
}

fn keeps_unknown(mode: Mode, selected: Option<&Selection>) -> bool {
    match mode {
        Mode::Default => true,
        Mode::Only => selected.is_some(),
        Mode::Without => selected.is_none_or(|selection| !selection.whole),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;
    use crate::schema::{ENTERPRISE_USER, Registry};

    fn user() -> Value {
        json!({
            "schemas": ["core"], "id": "1", "userName": "ann", "password": "x", "custom": 1,
            "name": {"givenName": "Ann", "familyName": "Lee"},
            "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x"}],
            ENTERPRISE_USER: {"department": "D", "manager": {"value": "2", "displayName": "Bo"}},
            "meta": {"location": "/Users/1", "version": "v"},
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
    fn check(attributes: &str, excluded: &str, expected: Expect) {
        let registry = Registry::builtin().unwrap();
        let kind = registry.type_named("User").unwrap();
        let list = |text: &str| -> Vec<String> {
            text.split(' ').filter(|path| !path.is_empty()).map(str::to_owned).collect()
        };
        let projection = Projection::parse(&list(attributes), &list(excluded), kind).unwrap();
        let mut user = user();
        projection.apply(kind, user.as_object_mut().unwrap());
        expected.assert_eq(&user.to_string().replace(ENTERPRISE_USER, "E").replace('"', ""));
    }

    #[test]
    fn attributes_show_what_they_name_and_what_is_always_shown() {
        check("userName", "", expect!["{schemas:[core],id:1,userName:ann}"]);
        check("USERNAME", "", expect!["{schemas:[core],id:1,userName:ann}"]);
        check("name.givenName", "", expect!["{schemas:[core],id:1,name:{givenName:Ann}}"]);
        check("emails.type", "", expect!["{schemas:[core],id:1,emails:[{type:work}]}"]);
        check(
            "name name.givenName",
            "",
            expect!["{schemas:[core],id:1,name:{givenName:Ann,familyName:Lee}}"],
        );
        check("meta.location", "", expect!["{schemas:[core],id:1,meta:{location:/Users/1}}"]);
        check(
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "",
            expect!["{schemas:[core],id:1,userName:ann}"],
        );
        check(
            ENTERPRISE_USER,
            "",
            expect!["{schemas:[core],id:1,E:{department:D,manager:{value:2,displayName:Bo}}}"],
        );
        check(
            &format!("{ENTERPRISE_USER}:manager.value"),
            "",
            expect!["{schemas:[core],id:1,E:{manager:{value:2}}}"],
        );
        check("Custom", "", expect!["{schemas:[core],id:1,custom:1}"]);
        check("password", "", expect!["{schemas:[core],id:1}"]);
        check("nothing urn:x:y", "", expect!["{schemas:[core],id:1}"]);
        check("userName", "userName", expect!["{schemas:[core],id:1,userName:ann}"]);
    }

    #[test]
    fn excluded_attributes_go_unless_they_are_always_shown() {
        check(
            "",
            "",
            expect![
                "{schemas:[core],id:1,userName:ann,custom:1,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],E:{department:D,manager:{value:2,displayName:Bo}},meta:{location:/Users/1,version:v}}"
            ],
        );
        check(
            "",
            "userName",
            expect![
                "{schemas:[core],id:1,custom:1,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],E:{department:D,manager:{value:2,displayName:Bo}},meta:{location:/Users/1,version:v}}"
            ],
        );
        check(
            "",
            "id schemas meta",
            expect![
                "{schemas:[core],id:1,userName:ann,custom:1,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],E:{department:D,manager:{value:2,displayName:Bo}}}"
            ],
        );
        check(
            "",
            "emails.type name.givenName name.familyName",
            expect![
                "{schemas:[core],id:1,userName:ann,custom:1,emails:[{value:a@x},{value:b@x}],E:{department:D,manager:{value:2,displayName:Bo}},meta:{location:/Users/1,version:v}}"
            ],
        );
        check(
            "",
            ENTERPRISE_USER,
            expect![
                "{schemas:[core],id:1,userName:ann,custom:1,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],meta:{location:/Users/1,version:v}}"
            ],
        );
        check(
            "",
            &format!("{ENTERPRISE_USER}:manager"),
            expect![
                "{schemas:[core],id:1,userName:ann,custom:1,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],E:{department:D},meta:{location:/Users/1,version:v}}"
            ],
        );
        check(
            "",
            "custom",
            expect![
                "{schemas:[core],id:1,userName:ann,name:{givenName:Ann,familyName:Lee},emails:[{value:a@x,type:work},{value:b@x}],E:{department:D,manager:{value:2,displayName:Bo}},meta:{location:/Users/1,version:v}}"
            ],
        );
    }

    #[test]
    fn detached_attributes_are_wanted_when_any_part_is() {
        let registry = Registry::builtin().unwrap();
        let kind = registry.type_named("Group").unwrap();
        let wants = |attributes: &[&str], excluded: &[&str]| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            Projection::parse(&list(attributes), &list(excluded), kind).unwrap().wants(kind, "members")
        };
        assert!(wants(&[], &[]));
        assert!(!wants(&["displayName"], &[]));
        assert!(wants(&["Members.value"], &[]));
        assert!(!wants(&[], &["members"]));
        assert!(wants(&[], &["members.display"]));
    }

    #[test]
    fn a_document_with_a_hidden_attribute_is_not_plain() {
        let registry = Registry::builtin().unwrap();
        let kind = registry.type_named("User").unwrap();
        let mut user = user();
        assert!(!is_plain(kind, user.as_object().unwrap()));
        user.as_object_mut().unwrap().remove("password");
        assert!(is_plain(kind, user.as_object().unwrap()));
    }

    #[test]
    fn too_many_paths_are_refused() {
        let registry = Registry::builtin().unwrap();
        let paths = vec!["userName".to_owned(); MAX_PROJECTION_PATHS + 1];
        assert!(Projection::parse(&paths, &[], registry.type_named("User").unwrap()).is_err());
    }
}
