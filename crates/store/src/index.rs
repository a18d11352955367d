//! Which attributes have index rows, and the rows of a resource (DESIGN decision 2).
//!
//! The rule is a function of schema data. An attribute may be indexed when it is `readWrite` or
//! `immutable`, not `returned: never`, and neither `boolean` nor `binary`. Of those are indexed:
//!
//! - `externalId`, unique in source and type (DESIGN decision 7);
//! - in the schemas of RFC 7643, what identity providers look up: see [`LOOKED_UP`];
//! - in any other schema: every single-valued attribute of type string, reference, integer, decimal
//!   or dateTime, every multi-valued string or reference, and `value` of every multi-valued complex one;
//! - in every schema, whatever has `uniqueness` `server` or `global`, as unique.

use std::fmt::Write as _;

use rollcall_scim::Document;
use rollcall_scim::filter::Target;
use rollcall_scim::path::AttributeRef;
use rollcall_scim::schema::{
    Attribute, AttributeType, ENTERPRISE_USER, GROUP, Mutability, ResolvedType, Returned, Schema, USER,
    Uniqueness,
};
use rollcall_scim::value::{Scalar, fold};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Attributes of the RFC's own schemas that have index rows: schema, attribute, sub-attribute.
pub const LOOKED_UP: &[(&str, &str, Option<&str>)] = &[
    (USER, "userName", None),
    (USER, "emails", Some("value")),
    (GROUP, "displayName", None),
    (ENTERPRISE_USER, "employeeNumber", None),
];

/// Bytes of text that are in an index row as they are; longer text is cut and its digest appended.
pub const MAX_PLAIN_BYTES: usize = 256;

/// Bytes of every text, short or long, that its index row begins with: a cut may fall so early.
pub const ORDERED_BYTES: usize = MAX_PLAIN_BYTES - 3;

/// One index row: a value that a resource has, normalised by the schema's case rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexEntry {
    /// Path of the attribute in schema case ([`Target`]'s `Display`): `emails.value`.
    pub attribute: String,
    /// The value as text: see [`encode`].
    pub value: String,
    /// Whether no other resource of the source and type may have it.
    pub unique: bool,
}

/// One attribute that has index rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedAttribute {
    /// Where it is.
    pub target: Target,
    /// Its path in schema case.
    pub path: String,
    /// Whether no other resource of the source and type may have an equal value.
    pub unique: bool,
    /// Whether a resource has at most one value, so that its row is also its sort key.
    pub single: bool,
}

/// The indexed attributes of one type, worked out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexer {
    attributes: Vec<IndexedAttribute>,
    has_members: bool,
    has_groups: bool,
}

impl IndexedAttribute {
    /// Empty text is nobody's own, so it never conflicts.
    fn entry(&self, value: &Scalar) -> IndexEntry {
        let value = encode(value, self.target.case_exact);
        IndexEntry { attribute: self.path.clone(), unique: self.unique && !value.is_empty(), value }
    }
}

impl Indexer {
    /// Reads the schemas of a type.
    pub fn new(kind: &ResolvedType) -> Self {
        let mut attributes = Vec::new();
        for attribute in kind.attributes().filter(|attribute| attribute.name == "externalId") {
            push(&mut attributes, None, attribute, None, true);
        }
        add_schema(&mut attributes, &kind.core, None, kind);
        for (schema, _) in &kind.extensions {
            add_schema(&mut attributes, schema, Some(schema), kind);
        }
        Self { attributes, has_members: kind.has_members(), has_groups: kind.has_groups() }
    }

    /// The same, with the values of this attribute unique too.
    #[must_use]
    pub fn unique(mut self, path: &str) -> Self {
        self.attributes
            .iter_mut()
            .filter(|indexed| indexed.path == path)
            .for_each(|indexed| indexed.unique = true);
        self
    }

    /// The attributes, in schema order.
    pub fn attributes(&self) -> &[IndexedAttribute] {
        &self.attributes
    }

    /// Whether `members` of this type are memberships.
    pub fn has_members(&self) -> bool {
        self.has_members
    }

    /// Whether `groups` of this type is computed from memberships.
    pub fn has_groups(&self) -> bool {
        self.has_groups
    }

    /// The attribute that this target names, when it is indexed.
    pub fn find(&self, target: &Target) -> Option<&IndexedAttribute> {
        self.attributes.iter().find(|indexed| {
            indexed.target.attribute == target.attribute
                && indexed.target.sub == target.sub
                && indexed.target.extension == target.extension
        })
    }

    /// All index rows of a document, sorted, each once.
    pub fn entries(&self, document: &Document) -> Vec<IndexEntry> {
        let mut entries = Vec::new();
        for indexed in &self.attributes {
            each_value(&indexed.target, document, |value| {
                let value = scalar(value, indexed.target.kind);
                entries.extend(value.map(|value| indexed.entry(&value)));
            });
        }
        entries.sort_unstable();
        entries.dedup();
        entries
    }
}

/// The attributes of a type that have index rows, and whether each is unique.
pub fn indexed(kind: &ResolvedType) -> Vec<(Target, bool)> {
    Indexer::new(kind).attributes.into_iter().map(|indexed| (indexed.target, indexed.unique)).collect()
}

/// All index rows of a document, sorted, each once. [`Indexer::entries`] for many.
pub fn entries(kind: &ResolvedType, document: &Document) -> Vec<IndexEntry> {
    Indexer::new(kind).entries(document)
}

/// The text of a value in an index row. Rows of one attribute sort as their values do.
///
/// Text is folded by the case rule; past [`MAX_PLAIN_BYTES`] it is cut at a character and U+0000 and
/// the SHA-256 of the whole in hex are appended, so that equal rows still mean equal values. Numbers
/// are hex digits of a fixed width.
pub fn encode(value: &Scalar, case_exact: bool) -> String {
    match value {
        Scalar::Text(text) => cut(&fold(text, case_exact)),
        Scalar::Boolean(value) => u8::from(*value).to_string(),
        Scalar::Integer(value) => format!("{:016x}", value.cast_unsigned() ^ (1 << 63)),
        Scalar::Decimal(value) => format!("{:016x}", order_bits(*value)),
        Scalar::Instant(value) => format!("{:032x}", value.cast_unsigned() ^ (1 << 127)),
    }
}

/// The value that a row holds of a JSON value; `None` for another type. An integer past 64 bits counts
/// as the greatest or least one.
pub fn scalar(value: &Value, kind: AttributeType) -> Option<Scalar> {
    match (Scalar::read(value, kind)?, kind) {
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as the doc says")]
        (Scalar::Decimal(number), AttributeType::Integer) => Some(Scalar::Integer(number as i64)),
        (value, _) => Some(value),
    }
}

/// Calls `visit` with each value that the target has in the document, in order.
pub fn each_value(target: &Target, document: &Document, mut visit: impl FnMut(&Value)) {
    let Some(holder) = holder(target, document) else { return };
    let Some(value) = holder.get(&target.attribute) else { return };
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for element in elements {
        match &target.sub {
            Some(sub) => element.get(sub).into_iter().for_each(&mut visit),
            None => visit(element),
        }
    }
}

/// The object that holds the target's attribute: the document, or an extension in it.
pub(crate) fn holder<'a>(target: &Target, document: &'a Document) -> Option<&'a Document> {
    match &target.extension {
        Some(urn) => document.get(urn)?.as_object(),
        None => Some(document),
    }
}

fn add_schema(
    attributes: &mut Vec<IndexedAttribute>,
    schema: &Schema,
    extension: Option<&Schema>,
    kind: &ResolvedType,
) {
    for attribute in &schema.attributes {
        if extension.is_none() && kind.is_detached(&attribute.name) {
            continue;
        }
        if !attribute.is_complex() && is_looked_up(schema, attribute, None) {
            push(attributes, extension, attribute, None, false);
        }
        for sub in &attribute.sub_attributes {
            if may_be_indexed(attribute) && is_looked_up(schema, attribute, Some(sub)) {
                push(attributes, extension, attribute, Some(sub), false);
            }
        }
    }
}

fn push(
    attributes: &mut Vec<IndexedAttribute>,
    extension: Option<&Schema>,
    attribute: &Attribute,
    sub: Option<&Attribute>,
    unique: bool,
) {
    let leaf = sub.unwrap_or(attribute);
    let target = Target::of(&AttributeRef { extension, attribute, sub });
    attributes.push(IndexedAttribute {
        path: target.to_string(),
        target,
        unique: unique || leaf.uniqueness != Uniqueness::None,
        single: !attribute.multi_valued && !leaf.multi_valued,
    });
}

/// The rule of this module for one attribute.
fn is_looked_up(schema: &Schema, attribute: &Attribute, sub: Option<&Attribute>) -> bool {
    use AttributeType::{DateTime, Decimal, Integer, Reference, String};
    let leaf = sub.unwrap_or(attribute);
    if !may_be_indexed(leaf) || matches!(leaf.kind, AttributeType::Boolean | AttributeType::Binary) {
        return false;
    }
    if leaf.uniqueness != Uniqueness::None {
        return true;
    }
    if [USER, GROUP, ENTERPRISE_USER].contains(&schema.id.as_str()) {
        let path = (schema.id.as_str(), attribute.name.as_str(), sub.map(|sub| sub.name.as_str()));
        return LOOKED_UP.contains(&path);
    }
    match sub {
        None if attribute.multi_valued => matches!(leaf.kind, String | Reference),
        None => matches!(leaf.kind, String | Reference | Integer | Decimal | DateTime),
        Some(sub) => attribute.multi_valued && sub.name == "value",
    }
}

fn may_be_indexed(attribute: &Attribute) -> bool {
    matches!(attribute.mutability, Mutability::ReadWrite | Mutability::Immutable)
        && attribute.returned != Returned::Never
}

fn cut(text: &str) -> String {
    if text.len() <= MAX_PLAIN_BYTES {
        return text.to_owned();
    }
    let mut row = start(text, MAX_PLAIN_BYTES).to_owned();
    row.push('\0');
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(row, "{byte:02x}");
    }
    row
}

/// The first characters of a text, at most so many bytes.
pub(crate) fn start(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// The bits of a float, changed so that they sort as the number does.
fn order_bits(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits(); // −0 becomes 0
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use rollcall_scim::schema::Registry;
    use serde_json::json;

    use super::*;

    fn paths(kind: &ResolvedType) -> String {
        let line = |indexed: &IndexedAttribute| {
            let notes = [(indexed.unique, " unique"), (!indexed.single, " many")];
            let notes: String = notes.iter().filter(|note| note.0).map(|note| note.1).collect();
            format!("{}{notes}\n", indexed.path)
        };
        Indexer::new(kind).attributes().iter().map(line).collect()
    }

    #[test]
    fn the_rfc_types_have_the_rows_that_providers_look_up() {
        let registry = Registry::builtin().unwrap();
        expect![[r"
            externalId unique
            userName unique
            emails.value many
            urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber
        "]]
        .assert_eq(&paths(registry.type_named("User").unwrap()));
        expect![[r"
            externalId unique
            displayName
        "]]
        .assert_eq(&paths(registry.type_named("Group").unwrap()));
    }

    #[test]
    fn a_run_time_type_has_rows_by_the_rule() {
        let schema = serde_json::from_value(json!({"id": "urn:x:Device", "name": "Device", "attributes": [
            {"name": "serial", "type": "string", "uniqueness": "server"},
            {"name": "floor", "type": "integer"},
            {"name": "bought", "type": "dateTime"},
            {"name": "lost", "type": "boolean"},
            {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {"name": "seen", "type": "dateTime", "mutability": "readOnly"},
            {"name": "labels", "type": "string", "multiValued": true},
            {"name": "marks", "type": "integer", "multiValued": true},
            {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string"}, {"name": "type", "type": "string"}]},
            {"name": "owner", "type": "complex", "subAttributes": [
                {"name": "value", "type": "string"}, {"name": "badge", "type": "string", "uniqueness": "global"}]},
        ]}))
        .unwrap();
        let kind = serde_json::from_value(
            json!({"name": "Device", "endpoint": "/Devices", "schema": "urn:x:Device"}),
        )
        .unwrap();
        let registry = Registry::builtin().unwrap().extended(&[schema], &[kind]).unwrap();
        expect![[r"
            externalId unique
            serial unique
            floor
            bought
            labels many
            ports.value many
            owner.badge unique
        "]]
        .assert_eq(&paths(registry.type_named("Device").unwrap()));
    }

    #[test]
    fn rows_are_folded_sorted_and_each_once() {
        let registry = Registry::builtin().unwrap();
        let document = json!({
            "externalId": "X1", "userName": "Ann",
            "emails": [{"value": "A@x"}, {"value": "a@X"}, {"value": ""}, {"type": "work"}],
            ENTERPRISE_USER: {"employeeNumber": "7"},
        });
        let entries = entries(registry.type_named("User").unwrap(), document.as_object().unwrap());
        let rows: Vec<_> =
            entries.iter().map(|e| (e.attribute.as_str(), e.value.as_str(), e.unique)).collect();
        let number = format!("{ENTERPRISE_USER}:employeeNumber");
        assert_eq!(
            rows,
            [
                ("emails.value", "", false),
                ("emails.value", "a@x", false),
                ("externalId", "X1", true),
                (number.as_str(), "7", false),
                ("userName", "ann", true),
            ]
        );
    }

    #[test]
    fn rows_sort_as_their_values_do() {
        let sorted = |values: &[Scalar]| {
            let rows: Vec<_> = values.iter().map(|value| encode(value, true)).collect();
            assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
        };
        sorted(&[i64::MIN, -1, 0, 1, i64::MAX].map(Scalar::Integer));
        sorted(&[-1e300, -1.5, -1e-300, 0.0, 1e-300, 2.0, 1e300].map(Scalar::Decimal));
        sorted(&[i128::MIN, -1, 0, 1, i128::MAX].map(Scalar::Instant));
        assert_eq!(encode(&Scalar::Decimal(-0.0), true), encode(&Scalar::Decimal(0.0), true));
    }

    #[test]
    fn long_text_is_cut_at_a_character_and_stays_distinct() {
        let long = |end: &str| encode(&Scalar::Text("é".repeat(200) + end), true);
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
        assert_eq!(long("a").len(), 256 + 1 + 64);
        let odd = encode(&Scalar::Text("x".to_owned() + &"é".repeat(200)), true);
        assert_eq!(odd.len(), 255 + 1 + 64);
    }
}
