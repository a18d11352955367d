//! The schemas and resource types that one source has: built-in ones, and those added at run time.

use std::sync::Arc;

use super::{Attribute, AttributeType, Extension, GROUP_MEMBERSHIP, ResolvedType, ResourceType, Schema};

const USER_JSON: &str = include_str!("builtin/user.json");
const ENTERPRISE_USER_JSON: &str = include_str!("builtin/enterprise_user.json");
const GROUP_JSON: &str = include_str!("builtin/group.json");
const GROUP_MEMBERSHIP_JSON: &str = include_str!("builtin/group_membership.json");
const SERVICE_PROVIDER_CONFIG_JSON: &str = include_str!("builtin/service_provider_config.json");
const RESOURCE_TYPE_JSON: &str = include_str!("builtin/resource_type.json");
const SCHEMA_JSON: &str = include_str!("builtin/schema.json");
const RESOURCE_TYPES_JSON: &str = include_str!("builtin/resource_types.json");

/// Names that endpoints of run-time types may not take.
const RESERVED_ENDPOINTS: &[&str] = &[
    "/Users",
    "/Groups",
    "/Me",
    "/Bulk",
    "/Schemas",
    "/ResourceTypes",
    "/ServiceProviderConfig",
    "/.search",
    "/GroupMemberships",
];

/// Why a schema or resource type was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Not the JSON of RFC 7643 §6 or §7.
    #[error("{what} is not as RFC 7643 describes it: {reason}")]
    Malformed {
        /// `schema` or `resource type`, with its place in the file.
        what: String,
        /// The JSON parser's words.
        reason: String,
    },
    /// The definition contradicts itself, another or the RFC.
    #[error("{0}")]
    Invalid(String),
}

/// All schemas and resource types of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    schemas: Vec<Arc<Schema>>,
    types: Vec<Arc<ResolvedType>>,
    membership: Arc<ResolvedType>,
    /// Schemas of the discovery documents themselves, shown under `/Schemas`.
    discovery: Vec<Arc<Schema>>,
}

impl Registry {
    /// User, EnterpriseUser and Group, and memberships.
    ///
    /// # Errors
    ///
    /// Never for the files compiled in; a test reads them.
    pub fn builtin() -> Result<Self, RegistryError> {
        let membership = Arc::new(membership()?);
        let mut registry = Self { schemas: Vec::new(), types: Vec::new(), membership, discovery: Vec::new() };
        for text in [USER_JSON, ENTERPRISE_USER_JSON, GROUP_JSON] {
            registry.schemas.push(Arc::new(parse("built-in schema", text)?));
        }
        for text in [SERVICE_PROVIDER_CONFIG_JSON, RESOURCE_TYPE_JSON, SCHEMA_JSON] {
            registry.discovery.push(Arc::new(parse("built-in schema", text)?));
        }
        let types: Vec<ResourceType> = parse("built-in resource type", RESOURCE_TYPES_JSON)?;
        for resource_type in types {
            registry.push_type(resource_type)?;
        }
        Ok(registry)
    }

    /// This registry with `schemas` and `resource_types` added (RFC 7643 §6 and §7 JSON).
    ///
    /// A resource type named like one that is there (`User`) replaces its extensions; its schema and
    /// endpoint must be the same. A schema that is there may be given again only unchanged.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Malformed`] for JSON of another shape, [`RegistryError::Invalid`] for a
    /// definition that cannot be: duplicate names, sub-attributes of a simple attribute, unknown schemas.
    pub fn extended(
        &self,
        schemas: &[Schema],
        resource_types: &[ResourceType],
    ) -> Result<Self, RegistryError> {
        let mut registry = self.clone();
        for schema in schemas {
            registry.push_schema(schema.clone())?;
        }
        for resource_type in resource_types {
            registry.push_type(resource_type.clone())?;
        }
        Ok(registry)
    }

    /// Every schema: of resources, of memberships, then of the discovery documents.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.schemas.iter().chain([&self.membership.core]).chain(&self.discovery)
    }

    /// The schema of this URN, in any case.
    pub fn schema(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// `GroupMembership`, which is none of [`Registry::types`]: it is not stored, but shows what is.
    pub fn membership(&self) -> &Arc<ResolvedType> {
        &self.membership
    }

    /// Every resource type, in the order registered.
    pub fn types(&self) -> &[Arc<ResolvedType>] {
        &self.types
    }

    /// The type of this name, exactly (`User`).
    pub fn type_named(&self, name: &str) -> Option<&Arc<ResolvedType>> {
        self.types.iter().find(|kind| kind.name() == name)
    }

    /// The type at this endpoint, without its slash (`Users`).
    pub fn type_at(&self, endpoint: &str) -> Option<&Arc<ResolvedType>> {
        self.types.iter().find(|kind| kind.resource_type.endpoint.strip_prefix('/') == Some(endpoint))
    }

    fn push_schema(&mut self, schema: Schema) -> Result<(), RegistryError> {
        check_schema(&schema)?;
        match self.schema(&schema.id) {
            Some(known) if **known == schema => Ok(()),
            Some(_) => Err(invalid(format!("schema {} is defined already, and differently", schema.id))),
            None => {
                self.schemas.push(Arc::new(schema));
                Ok(())
            }
        }
    }

    fn push_type(&mut self, mut resource_type: ResourceType) -> Result<(), RegistryError> {
        resource_type.id.clone_from(&resource_type.name);
        check_endpoint(&resource_type)?;
        if resource_type.name == self.membership.name() {
            return Err(invalid(format!("the name {} is reserved", resource_type.name)));
        }
        let known = self.types.iter().position(|kind| kind.name() == resource_type.name);
        if known.is_none() && self.types.iter().any(|kind| clashes(&kind.resource_type, &resource_type)) {
            return Err(invalid(format!(
                "endpoint {} is taken by another resource type",
                resource_type.endpoint
            )));
        }
        let resolved = self.resolve(resource_type)?;
        match known.and_then(|at| self.types.get_mut(at)) {
            None if RESERVED_ENDPOINTS.iter().any(|name| is_reserved(name, &resolved.resource_type))
                && !matches!(resolved.name(), "User" | "Group") =>
            {
                Err(invalid(format!("endpoint {} is reserved", resolved.resource_type.endpoint)))
            }
            None => {
                self.types.push(Arc::new(resolved));
                Ok(())
            }
            Some(slot) if same_place(&slot.resource_type, &resolved.resource_type) => {
                *slot = Arc::new(resolved);
                Ok(())
            }
            Some(slot) => Err(invalid(format!(
                "resource type {} is defined already with schema {} at {}",
                slot.name(),
                slot.resource_type.schema,
                slot.resource_type.endpoint
            ))),
        }
    }

    fn resolve(&self, resource_type: ResourceType) -> Result<ResolvedType, RegistryError> {
        let find = |urn: &str| {
            let found = self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn)).cloned();
            found.ok_or_else(|| {
                invalid(format!(
                    "resource type {} names schema {urn}, which is not defined",
                    resource_type.name
                ))
            })
        };
        let core = find(&resource_type.schema)?;
        let extension = |extension: &Extension| Ok((find(&extension.schema)?, extension.required));
        let extensions = resource_type.schema_extensions.iter().map(extension).collect::<Result<_, _>>()?;
        check_extensions(&resource_type)?;
        Ok(ResolvedType { resource_type, core, extensions })
    }
}

fn membership() -> Result<ResolvedType, RegistryError> {
    let schema: Schema = parse("built-in schema", GROUP_MEMBERSHIP_JSON)?;
    let resource_type = ResourceType {
        id: schema.name.clone(),
        name: schema.name.clone(),
        endpoint: "/GroupMemberships".to_owned(),
        description: schema.description.clone(),
        schema: GROUP_MEMBERSHIP.to_owned(),
        schema_extensions: Vec::new(),
    };
    Ok(ResolvedType { resource_type, core: Arc::new(schema), extensions: Vec::new() })
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, RegistryError> {
    serde_json::from_str(text)
        .map_err(|error| RegistryError::Malformed { what: what.to_owned(), reason: error.to_string() })
}

fn invalid(message: String) -> RegistryError {
    RegistryError::Invalid(message)
}

fn clashes(one: &ResourceType, other: &ResourceType) -> bool {
    one.endpoint.eq_ignore_ascii_case(&other.endpoint)
}

fn is_reserved(name: &str, resource_type: &ResourceType) -> bool {
    name.eq_ignore_ascii_case(&resource_type.endpoint)
}

fn same_place(one: &ResourceType, other: &ResourceType) -> bool {
    one.endpoint == other.endpoint && one.schema == other.schema
}

fn check_extensions(resource_type: &ResourceType) -> Result<(), RegistryError> {
    let mut taken = vec![resource_type.schema.as_str()];
    for extension in &resource_type.schema_extensions {
        if taken.iter().any(|urn| urn.eq_ignore_ascii_case(&extension.schema)) {
            let name = &resource_type.name;
            return Err(invalid(format!("resource type {name} names schema {} twice", extension.schema)));
        }
        taken.push(&extension.schema);
    }
    Ok(())
}

fn check_endpoint(resource_type: &ResourceType) -> Result<(), RegistryError> {
    let name = resource_type.endpoint.strip_prefix('/').unwrap_or_default();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if name.is_empty() || !plain || name.len() > 64 {
        return Err(invalid(format!(
            "endpoint {:?} of resource type {} must be a slash and up to 64 letters, digits, - or _",
            resource_type.endpoint, resource_type.name
        )));
    }
    Ok(())
}

fn check_schema(schema: &Schema) -> Result<(), RegistryError> {
    if !schema.id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) || schema.id.len() > 256 {
        return Err(invalid(format!("schema id {:?} must be a URN of at most 256 bytes", schema.id)));
    }
    check_attributes(&schema.id, &schema.attributes, 0)
}

fn check_attributes(place: &str, attributes: &[Attribute], depth: usize) -> Result<(), RegistryError> {
    for (at, attribute) in attributes.iter().enumerate() {
        let name = &attribute.name;
        if !is_attribute_name(name) {
            return Err(invalid(format!(
                "{place}: {name:?} is not an attribute name (a letter, then letters, digits, - or _)"
            )));
        }
        if attributes.iter().take(at).any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Err(invalid(format!("{place}: attribute {name} is defined twice")));
        }
        match (attribute.kind == AttributeType::Complex, attribute.sub_attributes.is_empty()) {
            (true, true) => {
                return Err(invalid(format!("{place}: complex attribute {name} has no subAttributes")));
            }
            (false, false) => {
                return Err(invalid(format!("{place}: {name} has subAttributes but is not complex")));
            }
            (true, false) if depth > 0 => {
                return Err(invalid(format!(
                    "{place}: {name} is complex inside a complex attribute (RFC 7643 §2.3.8)"
                )));
            }
            _ => {}
        }
        check_attributes(&format!("{place}:{name}"), &attribute.sub_attributes, depth + 1)?;
    }
    Ok(())
}

/// `ATTRNAME` of RFC 7643 §2.1, and the `$ref` that the RFC's own schemas use.
fn is_attribute_name(name: &str) -> bool {
    let bare = name.strip_prefix('$').unwrap_or(name);
    bare.starts_with(|c: char| c.is_ascii_alphabetic())
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && name.len() <= 128
}
