//! One attribute definition (RFC 7643 §7).

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::value::is_case_exact;

/// Data type (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeType {
    /// Unicode text.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// An instant, `xsd:dateTime`.
    DateTime,
    /// Base64, standard or URL-safe.
    Binary,
    /// A URI, absolute or relative to the base.
    Reference,
    /// Sub-attributes.
    Complex,
}

/// When a value may change (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set by the server only.
    ReadOnly,
    /// Set and read at any time.
    #[default]
    ReadWrite,
    /// Set once.
    Immutable,
    /// Set, never shown.
    WriteOnly,
}

/// When a value is shown (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// In every response.
    Always,
    /// In none.
    Never,
    /// Unless left out by the query.
    #[default]
    Default,
    /// Only when the query names it.
    Request,
}

/// Where a value must be unique (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Nowhere.
    #[default]
    None,
    /// Among the resources of one type and source.
    Server,
    /// Everywhere; enforced as `Server`.
    Global,
}

/// One attribute, or sub-attribute, with its characteristics.
///
/// Serialises as `/Schemas` shows it: without the characteristics that its type does not have
/// (RFC 7643 §2.3, erratum 6004).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Name in schema case; compared in any case.
    pub name: String,
    /// Data type; `string` where a definition names none (RFC 7643 §2.2).
    #[serde(rename = "type", default)]
    pub kind: AttributeType,
    /// Whether the value is an array.
    #[serde(default)]
    pub multi_valued: bool,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have it.
    #[serde(default)]
    pub required: bool,
    /// Suggested values.
    #[serde(default)]
    pub canonical_values: Vec<String>,
    /// Whether case counts when values are compared. Has no meaning for other types than text.
    #[serde(default)]
    pub case_exact: bool,
    /// When it may change.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is shown.
    #[serde(default)]
    pub returned: Returned,
    /// Where it must be unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What a reference may name: resource types, `external` or `uri`.
    #[serde(default)]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(default)]
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// A single, optional, readable and writable attribute with the defaults of RFC 7643 §2.2.
    pub fn new(name: &str, kind: AttributeType) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            description: String::new(),
            required: false,
            canonical_values: Vec::new(),
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// Whether the value is an object or an array of objects.
    pub fn is_complex(&self) -> bool {
        self.kind == AttributeType::Complex
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use AttributeType::{Binary, Decimal, Integer, Reference, String};
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("multiValued", &self.multi_valued)?;
        map.serialize_entry("description", &self.description)?;
        map.serialize_entry("required", &self.required)?;
        if !self.canonical_values.is_empty() {
            map.serialize_entry("canonicalValues", &self.canonical_values)?;
        }
        if matches!(self.kind, String | Reference | Binary) {
            map.serialize_entry("caseExact", &is_case_exact(self))?;
        }
        map.serialize_entry("mutability", &self.mutability)?;
        map.serialize_entry("returned", &self.returned)?;
        if matches!(self.kind, String | Reference | Integer | Decimal) {
            map.serialize_entry("uniqueness", &self.uniqueness)?;
        }
        if !self.reference_types.is_empty() {
            map.serialize_entry("referenceTypes", &self.reference_types)?;
        }
        if !self.sub_attributes.is_empty() {
            map.serialize_entry("subAttributes", &self.sub_attributes)?;
        }
        map.end()
    }
}

/// The attribute of this name, in any case.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
