//! Resource types (RFC 7643 §6), and one resolved against its schemas.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::{Attribute, AttributeType, GROUP, Mutability, Returned, Schema, USER, Uniqueness};

/// An extension that a resource type has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// URN of the schema.
    pub schema: String,
    /// Whether every resource must have a value in it.
    #[serde(default)]
    pub required: bool,
}

/// One resource type. Serialises as `/ResourceTypes` shows it, without `meta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceType {
    /// Equal to `name` (interoperability profile §5.1).
    #[serde(default)]
    pub id: String,
    /// The name, as in `meta.resourceType`.
    pub name: String,
    /// Path below the base URL, with its slash: `/Users`.
    pub endpoint: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// URN of the core schema.
    pub schema: String,
    /// Extensions, in the order shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_extensions: Vec<Extension>,
}

/// A resource type with its schemas at hand: what every other module reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedType {
    /// The definition.
    pub resource_type: ResourceType,
    /// The core schema.
    pub core: Arc<Schema>,
    /// The extensions and whether each is required, in order.
    pub extensions: Vec<(Arc<Schema>, bool)>,
}

/// The attributes that every resource has (RFC 7643 §3.1): `schemas`, `id`, `externalId`, `meta`.
pub(super) static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(common);

impl ResolvedType {
    /// The name, as in `meta.resourceType`.
    pub fn name(&self) -> &str {
        &self.resource_type.name
    }

    /// The core or common attribute of this name, in any case.
    ///
    /// A schema that lists a common attribute itself does not redefine it (RFC 7643 §3.1).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        super::attribute::find(&COMMON, name).or_else(|| self.core.attribute(name))
    }

    /// The extension schema of this URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.extensions.iter().map(|(schema, _)| schema).find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Core and common attributes: `schemas`, `id`, `externalId`, the core schema's, `meta`.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let (meta, head): (Vec<_>, Vec<_>) = COMMON.iter().partition(|attribute| attribute.name == "meta");
        let is_own = |attribute: &&Attribute| super::attribute::find(&COMMON, &attribute.name).is_none();
        head.into_iter().chain(self.core.attributes.iter().filter(is_own)).chain(meta)
    }

    /// Whether `members` of this type are memberships, kept apart from the body: true of Group.
    pub fn has_members(&self) -> bool {
        self.core.id == GROUP
    }

    /// Whether `groups` of this type is computed from memberships: true of User.
    pub fn has_groups(&self) -> bool {
        self.core.id == USER
    }

    /// Whether a top-level core attribute of this name is kept apart from the stored body
    /// (`members` of Group, `groups` of User). `name` is in schema case.
    pub fn is_detached(&self, name: &str) -> bool {
        (self.has_members() && name == "members") || (self.has_groups() && name == "groups")
    }
}

fn common() -> Vec<Attribute> {
    use AttributeType::{Complex, DateTime, Reference, String};
    let read_only = |name, kind| Attribute { mutability: Mutability::ReadOnly, ..Attribute::new(name, kind) };
    vec![
        Attribute {
            multi_valued: true,
            required: true,
            case_exact: true,
            returned: Returned::Always,
            reference_types: vec!["uri".to_owned()],
            ..Attribute::new("schemas", Reference)
        },
        Attribute {
            case_exact: true,
            returned: Returned::Always,
            uniqueness: Uniqueness::Server,
            ..read_only("id", String)
        },
        // Unique within (source, type): DESIGN decision 7.
        Attribute { case_exact: true, ..Attribute::new("externalId", String) },
        Attribute {
            sub_attributes: vec![
                Attribute { case_exact: true, ..read_only("resourceType", String) },
                read_only("created", DateTime),
                read_only("lastModified", DateTime),
                Attribute {
                    case_exact: true,
                    reference_types: vec!["uri".to_owned()],
                    ..read_only("location", Reference)
                },
                Attribute { case_exact: true, ..read_only("version", String) },
            ],
            ..read_only("meta", Complex)
        },
    ]
}
