//! Attributes that are `returned: request`, in the answer to the write that specified them (RFC 7643 §7).

use serde_json::Value;

use super::{Mode, Projection, Selection};
use crate::filter::parse_value_path;
use crate::path::{AttributePath, AttributeRef, Resolved, ValuePath};
use crate::schema::{Attribute, ResolvedType, Returned};

impl Projection {
    /// The projection of the answer to a POST or PUT with this body (as sent, names in any case).
    ///
    /// The default projection then also shows the `returned: request` attributes that the body has; one
    /// from `attributes` or `excludedAttributes` stays as it is. For PATCH see
    /// [`Patch::answer`](crate::patch::Patch::answer).
    ///
    /// ```
    /// use rollcall_scim::{projection::Projection, schema::Registry};
    /// use serde_json::json;
    ///
    /// let registry = Registry::builtin()?;
    /// let groups = registry.type_named("Group").unwrap();
    /// let sent = json!({"members": [{"value": "1", "display": "Ann"}]});
    /// assert!(!Projection::default().answering(groups, &sent).is_default());
    /// let sent = json!({"members": [{"value": "1"}]});
    /// assert!(Projection::default().answering(groups, &sent).is_default());
    /// # Ok::<(), rollcall_scim::schema::RegistryError>(())
    /// ```
    #[must_use]
    pub fn answering(self, kind: &ResolvedType, body: &Value) -> Self {
        self.answering_operations(kind, std::iter::once((None, Some(body))))
    }

    /// As [`Projection::answering`], for operations: each the attribute at its path, or those that its value names.
    pub(crate) fn answering_operations<'a>(
        mut self,
        kind: &ResolvedType,
        operations: impl Iterator<Item = (Option<&'a ValuePath>, Option<&'a Value>)>,
    ) -> Self {
        if self.mode == Mode::Default && has_requestable(kind) {
            let mut specified = Specified { kind, selection: &mut self.selection };
            for (path, value) in operations {
                match path {
                    Some(path) => specified.at_path(path, value),
                    None => specified.object(value),
                }
            }
        }
        self
    }
}

fn has_requestable(kind: &ResolvedType) -> bool {
    let extensions = kind.extensions.iter().flat_map(|(schema, _)| &schema.attributes);
    kind.core
        .attributes
        .iter()
        .chain(extensions)
        .any(|attribute| is_requestable(attribute) || attribute.sub_attributes.iter().any(is_requestable))
}

fn is_requestable(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Request
}

/// Gathers what a request specifies. What no schema defines is passed over.
struct Specified<'a> {
    kind: &'a ResolvedType,
    selection: &'a mut Selection,
}

impl Specified<'_> {
    /// An object whose keys are names or, in a PATCH, paths.
    fn object(&mut self, value: Option<&Value>) {
        for (key, value) in members(value) {
            if let Ok(path) = parse_value_path(key) {
                self.at_path(&path, Some(value));
            }
        }
    }

    fn at_path(&mut self, path: &ValuePath, value: Option<&Value>) {
        match path.path.resolve(self.kind) {
            Ok(Resolved::Attribute(mut found)) => {
                let behind_filter = path.sub.as_ref().and_then(|sub| found.attribute.sub(sub));
                found.sub = found.sub.or(behind_filter);
                self.attribute(&found, value);
            }
            Ok(Resolved::Extension(schema)) => {
                for (key, value) in members(value) {
                    let (name, sub) =
                        key.split_once('.').map_or((key.as_str(), None), |(name, sub)| (name, Some(sub)));
                    let urn = Some(schema.id.clone());
                    let path = AttributePath { urn, name: name.to_owned(), sub: sub.map(str::to_owned) };
                    if let Ok(Resolved::Attribute(found)) = path.resolve(self.kind) {
                        self.attribute(&found, Some(value));
                    }
                }
            }
            Err(_) if path.path.to_string().eq_ignore_ascii_case(&self.kind.core.id) => self.object(value),
            Err(_) => {}
        }
    }

    fn attribute(&mut self, found: &AttributeRef<'_>, value: Option<&Value>) {
        let AttributeRef { extension, attribute, sub } = *found;
        let names = [extension.map(|schema| schema.id.as_str()), Some(&attribute.name)];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        if is_requestable(attribute) {
            self.selection.add(&names);
        }
        for part in attribute.sub_attributes.iter().filter(|part| is_requestable(part)) {
            if sub.map_or_else(|| has_part(value, part), |sub| sub.name == part.name) {
                self.selection.add(&[&names[..], &[&part.name]].concat());
            }
        }
    }
}

/// Whether the value, or an element of it, has this sub-attribute.
fn has_part(value: Option<&Value>, part: &Attribute) -> bool {
    match value {
        Some(Value::Array(elements)) => elements.iter().any(|element| has_part(Some(element), part)),
        value => members(value).any(|(key, _)| key.eq_ignore_ascii_case(&part.name)),
    }
}

/// The members of a JSON object; none of anything else.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::{Map, json};

    use super::*;
    use crate::patch::Patch;
    use crate::rules::Rules;
    use crate::schema::{Registry, ResourceType, Schema};

    const CORE: &str = "urn:example:T";
    const EXTENSION: &str = "urn:example:2.0:E";

    /// A type with attributes that are `returned: request` in every place.
    fn registry() -> Registry {
        let secret = json!({ "name": "secret", "type": "string", "returned": "request" });
        let complex = |name: &str, many: bool| {
            json!({
                "name": name, "type": "complex", "multiValued": many,
                "subAttributes": [{ "name": "value", "type": "string" }, secret],
            })
        };
        let schema = |id: &str| -> Schema {
            let attributes = json!([
                { "name": "name", "type": "string" }, secret, complex("one", false), complex("many", true),
            ]);
            serde_json::from_value(json!({ "id": id, "name": "T", "attributes": attributes })).unwrap()
        };
        let kind: ResourceType = serde_json::from_value(json!({
            "name": "T", "endpoint": "/Ts", "schema": CORE,
            "schemaExtensions": [{ "schema": EXTENSION, "required": false }],
        }))
        .unwrap();
        Registry::builtin().unwrap().extended(&[schema(CORE), schema(EXTENSION)], &[kind]).unwrap()
    }

    fn full() -> Map<String, Value> {
        let part = json!({ "value": "v", "secret": "s" });
        let attributes = json!({ "name": "n", "secret": "s", "one": part, "many": [part] });
        let mut document = attributes.as_object().unwrap().clone();
        document.insert(EXTENSION.to_owned(), attributes);
        document
    }

    #[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
    fn check_shown(answer: impl FnOnce(&ResolvedType) -> Projection, expected: Expect) {
        let registry = registry();
        let kind = registry.type_named("T").unwrap();
        let mut document = full();
        answer(kind).apply(kind, &mut document);
        let text = Value::Object(document).to_string();
        expected.assert_eq(&text.replace(EXTENSION, "E").replace('"', ""));
    }

    #[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
    fn check(body: Value, expected: Expect) {
        check_shown(|kind| Projection::default().answering(kind, &body), expected);
    }

    #[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
    fn check_patch(operations: Value, expected: Expect) {
        let body = json!({ "Operations": operations });
        let patch = Patch::parse(body, &Rules::default()).unwrap();
        check_shown(|kind| patch.answer(Projection::default(), kind), expected);
    }

    #[test]
    fn the_answer_shows_what_the_body_named() {
        check(
            json!({}),
            expect!["{name:n,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"],
        );
        check(
            json!({ "name": "n" }),
            expect!["{name:n,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"],
        );
        check(
            json!({ "SECRET": "s" }),
            expect![
                "{name:n,secret:s,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check(
            json!({ "one": { "value": "v", "Secret": "s" } }),
            expect![
                "{name:n,one:{value:v,secret:s},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check(
            json!({ "many": [{ "value": "v" }, { "secret": "s" }] }),
            expect![
                "{name:n,one:{value:v},many:[{value:v,secret:s}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check(
            json!({ EXTENSION: { "secret": "s", "one": { "secret": "s" } } }),
            expect![
                "{name:n,one:{value:v},many:[{value:v}],E:{name:n,secret:s,one:{value:v,secret:s},many:[{value:v}]}}"
            ],
        );
        check(
            json!({ "secret": null, "unknown": { "secret": "s" }, "a b": 1 }),
            expect![
                "{name:n,secret:s,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
    }

    #[test]
    fn the_answer_shows_what_an_operation_named() {
        let one = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
        check_patch(
            one("add", "name", json!("n")),
            expect!["{name:n,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"],
        );
        check_patch(
            one("add", "secret", json!("s")),
            expect![
                "{name:n,secret:s,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check_patch(
            one("add", "one.secret", json!("s")),
            expect![
                "{name:n,one:{value:v,secret:s},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check_patch(
            one("replace", "many[value eq \"v\"].secret", json!("s")),
            expect![
                "{name:n,one:{value:v},many:[{value:v,secret:s}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check_patch(
            one("replace", "many[secret eq \"s\"].value", json!("s")),
            expect!["{name:n,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"],
        );
        check_patch(
            one("replace", &format!("{EXTENSION}:secret"), json!("s")),
            expect![
                "{name:n,one:{value:v},many:[{value:v}],E:{name:n,secret:s,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check_patch(
            one("add", EXTENSION, json!({ "one.secret": "s" })),
            expect![
                "{name:n,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v,secret:s},many:[{value:v}]}}"
            ],
        );
        check_patch(
            json!([{ "op": "add", "value": { "secret": "s" } }]),
            expect![
                "{name:n,secret:s,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
        check_patch(
            json!([{ "op": "add", "value": { CORE: { "secret": "s" } } }]),
            expect![
                "{name:n,secret:s,one:{value:v},many:[{value:v}],E:{name:n,one:{value:v},many:[{value:v}]}}"
            ],
        );
    }

    #[test]
    fn a_query_with_attributes_decides_alone() {
        let projection = |attributes: &[&str], excluded: &[&str], kind: &ResolvedType| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let projection = Projection::parse(&list(attributes), &list(excluded), kind).unwrap();
            projection.answering(kind, &json!({ "secret": "s" }))
        };
        check_shown(|kind| projection(&["name"], &[], kind), expect!["{name:n}"]);
        check_shown(|kind| projection(&[], &["one", "many", EXTENSION], kind), expect!["{name:n}"]);
        // Who names the whole asks for every part.
        check_shown(
            |kind| projection(&["one", "many.value"], &[], kind),
            expect!["{one:{value:v,secret:s},many:[{value:v}]}"],
        );
        check_shown(
            |kind| projection(&[EXTENSION], &[], kind),
            expect!["{E:{name:n,secret:s,one:{value:v,secret:s},many:[{value:v,secret:s}]}}"],
        );
    }
}
