//! Evaluating a filter in process: the document it looks at, made from a row.

use rollcall_domain::source::SourceKey;
use rollcall_scim::Document;
use rollcall_scim::filter::Bound;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::query::{GroupRef, Stored};
use serde_json::{Map, Value, json};

use crate::connection::Connection;
use crate::error::corrupt;
use crate::{groups, members, membership};

const MEMBERS: u32 = 10_000;

/// What of a document is not in the body but has to be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    meta: bool,
    members: bool,
    groups: bool,
}

impl Needs {
    pub(crate) fn of(filter: &Bound, kind: &ResolvedType) -> Self {
        Self {
            meta: filter.mentions("meta"),
            members: kind.has_members() && filter.mentions("members"),
            groups: kind.has_groups() && filter.mentions("groups"),
        }
    }
}

/// The document of a row, with what is needed. The version is the entity tag `W/"…"`.
pub(crate) async fn document(
    connection: &Connection,
    source: SourceKey,
    kind: &ResolvedType,
    stored: &Stored,
    needs: Needs,
) -> Result<Document, StoreError> {
    let mut document = parse(&stored.body)?;
    if needs.meta {
        let meta = json!({
            "resourceType": kind.name(),
            "created": stored.created.to_string(),
            "lastModified": stored.modified.to_string(),
            "version": format!("W/\"{}\"", stored.version),
        });
        document.insert("meta".to_owned(), meta);
    }
    if needs.members {
        document.insert("members".to_owned(), all_members(connection, stored.key).await?);
    }
    if needs.groups {
        let found = groups::of(connection, source, &[stored.id]).await?.pop().unwrap_or_default();
        let objects = found.iter().map(group_object).collect();
        document.insert("groups".to_owned(), Value::Array(objects));
    }
    Ok(document)
}

/// A body as a document.
pub(crate) fn parse(body: &[u8]) -> Result<Document, StoreError> {
    serde_json::from_slice(body).map_err(|error| corrupt("resource", "body", error))
}

async fn all_members(connection: &Connection, group: i64) -> Result<Value, StoreError> {
    let (mut objects, mut after) = (Vec::new(), 0);
    loop {
        let page = members::page(connection, group, after, MEMBERS).await?;
        let Some(last) = page.last() else { return Ok(Value::Array(objects)) };
        after = last.key;
        objects.extend(page.iter().map(membership::object));
    }
}

fn group_object(group: &GroupRef) -> Value {
    let mut object = Map::new();
    object.insert("value".to_owned(), json!(group.id.to_string()));
    if let Some(display) = &group.display {
        object.insert("display".to_owned(), json!(display));
    }
    object.insert("type".to_owned(), json!(if group.direct { "direct" } else { "indirect" }));
    Value::Object(object)
}
