//! The schema of an application's objects: built in, discovered, and as `customAttributesJSON` adds to it.

use std::sync::Arc;

use rollcall_scim::Document;
use rollcall_scim::schema::{Attribute, AttributeType, Mutability, Registry, ResolvedType, Returned, Schema};
use rollcall_scim::v1;
use serde_json::{Value, json};

use super::names::{ENABLE, NAME, Names, PASSWORD, Part, Place};

/// A class of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `User`, ConnId's `__ACCOUNT__`.
    User,
    /// `Group`, ConnId's `__GROUP__`.
    Group,
}

impl Class {
    /// The SCIM name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The ConnId name.
    pub const fn connid_name(self) -> &'static str {
        match self {
            Self::User => "__ACCOUNT__",
            Self::Group => "__GROUP__",
        }
    }

    /// The class of this name: `User`, `users`, `__ACCOUNT__` and kin, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is(&["User", "Users", "__ACCOUNT__", "Account"]) {
            return Some(Self::User);
        }
        is(&["Group", "Groups", "__GROUP__"]).then_some(Self::Group)
    }
}

/// The schemas of both classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Kinds {
    /// Of users.
    pub user: ResolvedType,
    /// Of groups.
    pub group: ResolvedType,
    /// Attributes of the user's core that are called by another URN: that URN, and the attribute.
    pub top_level: Vec<(String, String)>,
}

/// Why the given schemas cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not what RFC 7643 §7, or SCIM 1.1, calls a schema.
    #[error("customAttributesJSON: {0}")]
    Custom(String),
    /// The schemas compiled in cannot be read.
    #[error("the built-in schemas cannot be read: {0}")]
    Builtin(String),
}

impl Kinds {
    /// The schemas of RFC 7643.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Builtin`], never for the files compiled in.
    pub fn builtin() -> Result<Self, SchemaError> {
        let registry = Registry::builtin().map_err(|error| SchemaError::Builtin(error.to_string()))?;
        let kind = |name: &str| {
            let kind = registry.type_named(name).ok_or_else(|| SchemaError::Builtin(format!("no {name}")))?;
            Ok(ResolvedType::clone(kind))
        };
        Ok(Self { user: kind("User")?, group: kind("Group")?, top_level: Vec::new() })
    }

    /// The schema of a class.
    pub fn of(&self, class: Class) -> &ResolvedType {
        match class {
            Class::User => &self.user,
            Class::Group => &self.group,
        }
    }

    /// Adds what an application says of itself; what is no schema is left out.
    ///
    /// Attributes that a schema of RFC 7643 has stay as they are, since what applications leave out of their
    /// definitions is most often a default that they do not mean.
    pub fn discover(&mut self, schemas: &[Value], types: &[Value]) {
        let mut known: Vec<Schema> = Vec::new();
        for schema in schemas.iter().filter_map(Value::as_object) {
            match read(schema) {
                Ok(found) => known.extend(found),
                Err(reason) => tracing::warn!(schema = ?schema.get("id"), %reason, "a schema is left out"),
            }
        }
        for schema in &known {
            for class in [Class::User, Class::Group] {
                let own = self.of(class).core.id.eq_ignore_ascii_case(&schema.id);
                if own || extends(types, class, &schema.id) || self.of(class).extension(&schema.id).is_some()
                {
                    self.add(class, schema.clone());
                }
            }
        }
    }

    /// Adds the schemas of `customAttributesJSON`: one, or an array of them, of 2.0 or of 1.1.
    ///
    /// The endpoint says whose they are; users', when none is given. As in the reference, a schema whose URN
    /// has no `extension` in it is of the core: its attributes are sent at the top level.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Custom`], with the place.
    pub fn customize(&mut self, text: &str) -> Result<(), SchemaError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            SchemaError::Custom(format!("{error}; give a schema (RFC 7643 section 7), or several in [ ]"))
        })?;
        let schemas = match value {
            Value::Array(schemas) => schemas,
            single => vec![single],
        };
        for (at, schema) in schemas.iter().enumerate() {
            let fail = |reason: String| SchemaError::Custom(format!("schema {}: {reason}", at + 1));
            let object = schema.as_object().ok_or_else(|| fail("must be an object".to_owned()))?;
            let endpoint = object.get("endpoint").and_then(Value::as_str).unwrap_or("/Users");
            let class = Class::named(endpoint.trim_matches('/'))
                .ok_or_else(|| fail(format!("endpoint {endpoint} is neither /Users nor /Groups")))?;
            for schema in read(object).map_err(fail)? {
                self.add_custom(class, schema, object);
            }
        }
        Ok(())
    }

    fn add_custom(&mut self, class: Class, schema: Schema, given: &Document) {
        let core = self.of(class).core.id.clone();
        let is_own = schema.id.eq_ignore_ascii_case(&core);
        if !is_own && schema.id.to_ascii_lowercase().contains("extension") {
            self.add(class, schema);
            return;
        }
        // What the attributes are called by: 1.1 names the schema of each, 2.0 that of all.
        let urn = given.get("schema").or(given.get("id")).and_then(Value::as_str).unwrap_or(&schema.id);
        if !urn.eq_ignore_ascii_case(&core) {
            let named = schema.attributes.iter().map(|attribute| (urn.to_owned(), attribute.name.clone()));
            self.top_level.extend(named);
        }
        self.add(class, Schema { id: core, ..schema });
    }

    /// Adds a schema to a class; of one that is there, the attributes that are new.
    fn add(&mut self, class: Class, schema: Schema) {
        let kind = match class {
            Class::User => &mut self.user,
            Class::Group => &mut self.group,
        };
        let known = if kind.core.id.eq_ignore_ascii_case(&schema.id) {
            Some(&mut kind.core)
        } else {
            kind.extensions
                .iter_mut()
                .map(|(known, _)| known)
                .find(|known| known.id.eq_ignore_ascii_case(&schema.id))
        };
        let Some(known) = known else {
            kind.extensions.push((Arc::new(schema), false));
            return;
        };
        let known = Arc::make_mut(known);
        for attribute in schema.attributes {
            if known.attribute(&attribute.name).is_none() {
                known.attributes.push(attribute);
            }
        }
    }
}

/// Whether a resource type of this class names the extension.
fn extends(types: &[Value], class: Class, urn: &str) -> bool {
    let of_class = types.iter().filter(|kind| {
        let text = |name: &str| kind.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        text("name").eq_ignore_ascii_case(class.name())
            || Class::named(text("endpoint").trim_matches('/')) == Some(class)
    });
    let mut extensions =
        of_class.filter_map(|kind| kind.get("schemaExtensions").and_then(Value::as_array)).flatten();
    extensions.any(|extension| {
        extension.get("schema").and_then(Value::as_str).is_some_and(|schema| schema.eq_ignore_ascii_case(urn))
    })
}

/// Reads a schema of 2.0 or 1.1; the reason, where it is none.
fn read(schema: &Document) -> Result<Vec<Schema>, String> {
    let id = schema.get("id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        return Err("id is missing".to_owned());
    }
    let Some(Value::Array(attributes)) = schema.get("attributes") else {
        return Err(format!("{id}: attributes must be an array"));
    };
    if v1::is_core(id) || attributes.iter().any(|attribute| attribute.get("schema").is_some()) {
        let schemas = v1::discovery::decode_schema(schema);
        let found: usize = schemas.iter().map(|schema| schema.attributes.len()).sum();
        if found < attributes.len() {
            return Err(format!(
                "{id}: {} of its attributes have no name, or a type that is none",
                attributes.len() - found
            ));
        }
        return Ok(schemas);
    }
    // Nulls where a default is meant are common.
    let schema = without_nulls(&Value::Object(schema.clone()));
    serde_json::from_value(schema).map(|schema| vec![schema]).map_err(|error| format!("{id}: {error}"))
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// One flat attribute, as ConnId's `AttributeInfo` describes it.
#[expect(clippy::struct_excessive_bools, reason = "the characteristics that ConnId has")]
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlatAttribute {
    /// The name.
    pub name: String,
    /// `string`, `boolean`, `integer`, `decimal`, `dateTime`, `binary`, `reference`.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// Whether it has several values.
    pub multi_valued: bool,
    /// Whether an object must have it.
    pub required: bool,
    /// Whether it can be given when an object is made.
    pub creatable: bool,
    /// Whether it can be changed.
    pub updateable: bool,
    /// Whether it can be read.
    pub readable: bool,
}

/// All flat attributes of a class. Of lists of values, one name for each canonical `type` and one without.
pub fn flat_attributes(names: &Names<'_>) -> Vec<FlatAttribute> {
    let mut flat: Vec<FlatAttribute> = Vec::new();
    let definition = |name: &str| names.kind.attribute(name);
    let aliases = [(NAME, names.name_attribute()), (ENABLE, "active"), (PASSWORD, "password")];
    flat.extend(
        aliases.into_iter().filter_map(|(alias, name)| {
            Some(described(alias.to_owned(), definition(name)?, definition(name)?))
        }),
    );
    for attribute in names.kind.attributes().filter(|attribute| attribute.name != "password") {
        flat_attribute(names, None, attribute, &mut flat);
    }
    for (schema, _) in &names.kind.extensions {
        for attribute in &schema.attributes {
            flat_attribute(names, Some(&schema.id), attribute, &mut flat);
        }
    }
    flat
}

fn flat_attribute(
    names: &Names<'_>,
    urn: Option<&str>,
    attribute: &Attribute,
    flat: &mut Vec<FlatAttribute>,
) {
    let printed = |part: Part| {
        names.print(&Place { urn: urn.map(str::to_owned), attribute: attribute.name.clone(), part })
    };
    if names.is_id_list(urn, &attribute.name) {
        flat.push(described(printed(Part::Whole), attribute, attribute.sub("value").unwrap_or(attribute)));
        // A user's groups are changed by changing the groups.
        let mutable = flat.last_mut().filter(|_| attribute.name == "groups");
        if let Some(groups) = mutable {
            (groups.creatable, groups.updateable) = (true, true);
        }
        return;
    }
    if !attribute.is_complex() {
        flat.push(described(printed(Part::Whole), attribute, attribute));
        return;
    }
    let parts = attribute.sub_attributes.iter().filter(|sub| !(attribute.multi_valued && sub.name == "type"));
    if !attribute.multi_valued {
        flat.extend(parts.map(|sub| described(printed(Part::Sub(sub.name.clone())), attribute, sub)));
        return;
    }
    let types = attribute.sub("type").map(|sub| sub.canonical_values.clone()).unwrap_or_default();
    for kind in types.into_iter().map(Some).chain([None]) {
        let each = parts
            .clone()
            .map(|sub| described(printed(Part::Typed(kind.clone(), sub.name.clone())), attribute, sub));
        flat.extend(each);
    }
}

fn described(name: String, attribute: &Attribute, leaf: &Attribute) -> FlatAttribute {
    let is = |mutability| attribute.mutability == mutability || leaf.mutability == mutability;
    let is_read_only = is(Mutability::ReadOnly);
    FlatAttribute {
        name,
        kind: leaf.kind,
        multi_valued: attribute.multi_valued,
        required: attribute.required && (attribute == leaf || leaf.required),
        creatable: !is_read_only,
        updateable: !is_read_only && !is(Mutability::Immutable),
        readable: !is(Mutability::WriteOnly) && leaf.returned != Returned::Never,
    }
}

/// The schema of a class as JSON: SCIM's own form.
pub fn scim_schema(kind: &ResolvedType) -> Value {
    let extensions: Vec<&Schema> = kind.extensions.iter().map(|(schema, _)| &**schema).collect();
    json!({ "resourceType": kind.resource_type, "schema": *kind.core, "schemaExtensions": extensions })
}
