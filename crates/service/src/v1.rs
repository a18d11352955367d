//! Callers of SCIM 1.1: what they send is read in the words of 2.0, and what they are shown is written in those of 1.1.
//!
//! Everything between knows 2.0 only. For callers of 2.0 each of these functions is one comparison.

use std::borrow::Cow;

use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::filter::{CompareOp, Filter, Literal};
use rollcall_scim::list::{LIST_RESPONSE, ListRequest};
use rollcall_scim::patch::Patch;
use rollcall_scim::path::AttributePath;
use rollcall_scim::projection::Projection;
use rollcall_scim::rules::Rules;
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::v1;
use serde_json::{Value, json};

use crate::render::{self, Rendered};
use crate::resource::Shape;
use crate::{Caller, error};

/// The version of the protocol that a request is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SCIM 1.1.
    One,
    /// SCIM 2.0.
    Two,
}

/// A dialect's switches for callers of 1.1: what was read from their words is taken whatever the dialect says
/// of the forms of 2.0, and what they may not change is ignored, as 1.1 has no error for it.
pub(crate) fn rules(dialect: &Rules) -> Rules {
    Rules { value_path_needs_sub_attribute: false, ignore_read_only_patch: true, ..dialect.clone() }
}

impl Caller {
    pub(crate) fn speaks_v1(&self) -> bool {
        self.protocol == Protocol::One
    }

    /// The switches that its requests are read by.
    pub(crate) fn rules(&self) -> &Rules {
        if self.speaks_v1() { &self.runtime.v1_rules } else { &self.runtime.dialect.rules }
    }

    /// The body of a POST or PUT.
    pub(crate) fn resource(&self, kind: &ResolvedType, body: Value) -> Value {
        let body = match body {
            Value::Object(body) if self.speaks_v1() => Value::Object(v1::decode(&body, kind)),
            body => body,
        };
        self.unnoticed(kind, body)
    }

    /// The body of a PATCH.
    pub(crate) fn patch(&self, kind: &ResolvedType, body: Value) -> Result<Patch, ScimError> {
        let body = if self.speaks_v1() { v1::patch::decode(&body, kind)? } else { body };
        Patch::parse(body, self.rules())
    }

    /// `attributes` and `excludedAttributes`.
    pub(crate) fn projection(&self, shape: &Shape, kind: &ResolvedType) -> Result<Projection, ScimError> {
        if !self.speaks_v1() {
            return shape.projection(kind);
        }
        let decoded = |paths: &[String]| paths.iter().map(|path| decoded(path)).collect();
        let (attributes, excluded_attributes) =
            (decoded(&shape.attributes), decoded(&shape.excluded_attributes));
        Shape { attributes, excluded_attributes }.projection(kind)
    }

    /// The query of a listing. 1.1 knows no cursors.
    pub(crate) fn asks<'a>(&self, request: &'a ListRequest) -> Cow<'a, ListRequest> {
        if !self.speaks_v1() {
            return Cow::Borrowed(request);
        }
        // What does not parse stays, and is told to be what it is later.
        let filter = |text: &str| {
            Filter::parse(text)
                .map_or_else(|_| text.to_owned(), |filter| v1::filter::decode(&filter).to_string())
        };
        let paths = |paths: &[String]| paths.iter().map(|path| decoded(path)).collect();
        Cow::Owned(ListRequest {
            filter: request.filter.as_deref().map(filter),
            sort_by: request.sort_by.as_deref().map(decoded),
            cursor: None,
            attributes: paths(&request.attributes),
            excluded_attributes: paths(&request.excluded_attributes),
            ..request.clone()
        })
    }

    /// The URN over a listing.
    pub(crate) fn list_schema(&self) -> &'static str {
        if self.speaks_v1() { v1::CORE } else { LIST_RESPONSE }
    }

    /// A resource's text.
    pub(crate) fn shown(&self, kind: &ResolvedType, rendered: Rendered) -> Result<Rendered, ScimError> {
        if !self.speaks_v1() {
            return Ok(rendered);
        }
        let document = v1::encode(&render::parse(&rendered.text)?, kind);
        let text = Value::Object(document).to_string();
        let members = rendered.members.map(crate::members::MemberFields::without_references);
        // Members come last, before the closing brace.
        Ok(Rendered { split: text.len() - 1, text: text.into(), members })
    }

    /// The answer to a Bulk request, from the answers to its operations.
    pub(crate) fn bulk_response(&self, operations: Vec<Value>, schema: &str) -> Value {
        if self.speaks_v1() {
            return v1::bulk::encode(operations);
        }
        json!({ "schemas": [schema], "Operations": operations })
    }

    /// `/Schemas` of 1.1: a schema a resource type, with its endpoint; those that `filter` asks for.
    pub(crate) fn v1_schemas(&self, filter: Option<&str>) -> Result<Value, ScimError> {
        let filter = filter.map(Filter::parse).transpose()?;
        let mut found = Vec::new();
        for kind in self.runtime.registry.types() {
            let schema = v1::discovery::encode_schema(kind);
            if filter.as_ref().map_or(Ok(true), |filter| has(&schema, filter))? {
                found.push(schema);
            }
        }
        let count = found.len();
        Ok(json!({
            "schemas": [v1::CORE],
            "totalResults": count,
            "itemsPerPage": count,
            "startIndex": 1,
            "Resources": found,
        }))
    }

    /// `/Schemas/{id}` of 1.1: the schema of this id or name.
    pub(crate) fn v1_schema(&self, id: &str) -> Result<Value, ScimError> {
        let named = |schema: &Value| ["id", "name"].iter().any(|name| is(schema, name, id));
        let mut schemas = self.runtime.registry.types().iter().map(|kind| v1::discovery::encode_schema(kind));
        schemas.find(named).ok_or_else(error::not_found)
    }

    /// `/ServiceProviderConfigs`, from what 2.0 says.
    pub(crate) fn v1_config(config: &Document) -> Value {
        Value::Object(v1::discovery::encode_config(config))
    }
}

/// A path in the words of 2.0; what is none stays as it is.
fn decoded(path: &str) -> String {
    path.parse::<AttributePath>().map_or_else(|_| path.to_owned(), |path| v1::path::decode(&path).to_string())
}

/// Whether a schema is one that a filter asks for, of the form that clients of 1.1 find schemas by:
/// `name eq "User" and schema eq "urn:scim:schemas:core:1.0"`.
fn has(schema: &Value, filter: &Filter) -> Result<bool, ScimError> {
    match filter {
        Filter::And(terms) => terms.iter().try_fold(true, |found, term| Ok(has(schema, term)? && found)),
        Filter::Compare(
            AttributePath { urn: None, name, sub: None },
            CompareOp::Eq,
            Literal::String(value),
        ) => {
            let name = ["id", "name", "schema", "endpoint"]
                .into_iter()
                .find(|known| name.eq_ignore_ascii_case(known));
            name.map(|name| is(schema, name, value)).ok_or_else(unsupported)
        }
        _ => Err(unsupported()),
    }
}

fn is(schema: &Value, name: &str, value: &str) -> bool {
    schema.get(name).and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(value))
}

fn unsupported() -> ScimError {
    ScimError::invalid_filter("schemas are found by id, name, schema and endpoint, with eq and and")
}
