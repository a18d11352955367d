//! From stored rows to the JSON a client reads: bytes are spliced, not parsed, where nothing is left out.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, Stored};
use serde_json::Value;
use uuid::Uuid;

use crate::error;
use crate::members::MemberFields;

/// A stream of parts of one JSON text. An error ends it; what came before is then not a whole text.
pub(crate) type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, ScimError>> + Send>>;

/// A JSON text to be sent.
pub enum Body {
    /// Nothing.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// More than is kept in memory.
    Streamed(Parts),
}

/// What a use case answers with.
pub struct Representation {
    /// URL of the resource; `None` for listings.
    pub location: Option<String>,
    /// Its version; `None` for listings.
    pub version: Option<u64>,
    /// The text; [`Body::Empty`] when the client is not to be sent it.
    pub body: Body,
}

/// One resource's text, and where in it its members belong.
pub(crate) struct Rendered {
    /// A JSON object without members.
    pub text: Bytes,
    /// How many bytes come before the members: an object without its closing brace. What closes it follows.
    pub split: usize,
    /// Which fields of members are shown; `None`: no members.
    pub members: Option<MemberFields>,
}

/// What a rendering is made from.
pub(crate) struct Source<'a> {
    pub kind: &'a ResolvedType,
    pub stored: &'a Stored,
    pub groups: &'a [GroupRef],
    pub base_url: &'a str,
}

impl Source<'_> {
    /// The default representation: stored bytes, groups and `meta` spliced together.
    pub(crate) fn default(&self) -> Result<Rendered, ScimError> {
        if !self.stored.plain {
            return self.projected(&Projection::default());
        }
        let open =
            self.stored.body.strip_suffix(b"}").ok_or_else(|| error::internal("a body is no object"))?;
        let mut text = Vec::with_capacity(open.len() + 400 + self.groups.len() * 256);
        text.extend_from_slice(open);
        if !self.groups.is_empty() {
            text.extend_from_slice(b",\"groups\":");
            self.write_groups(&mut text)?;
        }
        let split = text.len();
        text.extend_from_slice(b",\"meta\":");
        self.write_meta(&mut text)?;
        text.push(b'}');
        let members = MemberFields::of(self.kind, &Projection::default());
        Ok(Rendered { text: text.into(), split, members })
    }

    /// The representation that a query with `attributes` or `excludedAttributes` gets.
    pub(crate) fn projected(&self, projection: &Projection) -> Result<Rendered, ScimError> {
        let mut document = parse(&self.stored.body)?;
        if !self.groups.is_empty() && projection.wants(self.kind, "groups") {
            document.insert("groups".to_owned(), tree(|text| self.write_groups(text))?);
        }
        document.insert("meta".to_owned(), tree(|text| self.write_meta(text))?);
        projection.apply(self.kind, &mut document);
        let meta = document.shift_remove("meta");
        let mut text = Vec::new();
        write(&mut text, &document)?;
        text.pop();
        let split = text.len();
        if let Some(meta) = meta {
            text.extend_from_slice(b",\"meta\":");
            write(&mut text, &meta)?;
        }
        text.push(b'}');
        Ok(Rendered { text: text.into(), split, members: MemberFields::of(self.kind, projection) })
    }

    /// Either of the two.
    pub(crate) fn render(&self, projection: &Projection) -> Result<Rendered, ScimError> {
        if projection.is_default() { self.default() } else { self.projected(projection) }
    }

    /// `meta` (RFC 7643 §3.1), written as text: a tree of values first would cost more than the rest of a read.
    fn write_meta(&self, text: &mut Vec<u8>) -> Result<(), ScimError> {
        text.extend_from_slice(b"{\"resourceType\":");
        write(text, self.kind.name())?;
        text.extend_from_slice(b",\"created\":\"");
        let created = text.len();
        text.extend_from_slice(self.stored.created.to_string().as_bytes());
        let until = text.len();
        text.extend_from_slice(b"\",\"lastModified\":\"");
        if self.stored.modified == self.stored.created {
            text.extend_from_within(created..until);
        } else {
            text.extend_from_slice(self.stored.modified.to_string().as_bytes());
        }
        text.extend_from_slice(b"\",\"version\":");
        write(text, &etag(self.stored.version))?;
        text.extend_from_slice(b",\"location\":");
        self.write_location(text, &self.kind.resource_type.endpoint, self.stored.id)?;
        text.push(b'}');
        Ok(())
    }

    /// `groups`, as text.
    fn write_groups(&self, text: &mut Vec<u8>) -> Result<(), ScimError> {
        for (at, group) in self.groups.iter().enumerate() {
            text.extend_from_slice(if at == 0 { b"[{\"value\":\"" } else { b",{\"value\":\"" });
            text.extend_from_slice(group.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
            text.extend_from_slice(b"\",\"$ref\":");
            self.write_location(text, "/Groups", group.id)?;
            let direct: &[u8] =
                if group.direct { b",\"type\":\"direct\"" } else { b",\"type\":\"indirect\"" };
            text.extend_from_slice(direct);
            if let Some(display) = &group.display {
                text.extend_from_slice(b",\"display\":");
                write(text, display)?;
            }
            text.push(b'}');
        }
        text.push(b']');
        Ok(())
    }

    /// A URL as a JSON string.
    fn write_location(&self, text: &mut Vec<u8>, endpoint: &str, id: Uuid) -> Result<(), ScimError> {
        write(text, self.base_url)?;
        text.pop();
        let quote = text.len();
        write(text, endpoint)?;
        text.pop();
        text.remove(quote);
        text.push(b'/');
        text.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
        text.push(b'"');
        Ok(())
    }
}

/// What is written as text, as a value.
fn tree(write: impl FnOnce(&mut Vec<u8>) -> Result<(), ScimError>) -> Result<Value, ScimError> {
    let mut text = Vec::new();
    write(&mut text)?;
    serde_json::from_slice(&text).map_err(|_| error::internal("a representation is not JSON"))
}

/// Adds a value as JSON.
fn write<T: serde::Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) -> Result<(), ScimError> {
    serde_json::to_writer(text, value).map_err(|_| error::internal("a body cannot be written"))
}

/// The weak entity tag of a version (RFC 7644 §3.14).
pub(crate) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// `BASE/Users/ID`.
pub(crate) fn location(base_url: &str, endpoint: &str, id: Uuid) -> String {
    format!("{base_url}{endpoint}/{id}")
}

/// A stored body as a document.
pub(crate) fn parse(body: &Bytes) -> Result<Document, ScimError> {
    serde_json::from_slice(body).map_err(|_| error::internal("a stored body is not JSON"))
}

/// A base URL, shared.
pub(crate) type BaseUrl = Arc<str>;
