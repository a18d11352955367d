//! From stored rows to the JSON a client reads: bytes are spliced, not parsed, where nothing is left out.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, Stored};
use serde_json::{Value, json};
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

/// One resource's text in three parts, the middle one being its members.
pub(crate) struct Rendered {
    /// A JSON object without its closing brace.
    pub head: Bytes,
    /// Which fields of members are shown between the two; `None`: no members.
    pub members: Option<MemberFields>,
    /// What closes the object, `meta` first.
    pub tail: Bytes,
}

/// What a rendering is made from.
pub(crate) struct Source<'a> {
    pub kind: &'a ResolvedType,
    pub stored: &'a Stored,
    pub groups: &'a [GroupRef],
    pub base_url: &'a str,
}

impl Source<'_> {
    /// URL of the resource.
    pub(crate) fn location(&self) -> String {
        location(self.base_url, &self.kind.resource_type.endpoint, self.stored.id)
    }

    /// The default representation: stored bytes, groups and `meta` spliced together.
    pub(crate) fn default(&self) -> Result<Rendered, ScimError> {
        if !self.stored.plain {
            return self.projected(&Projection::default());
        }
        let open =
            self.stored.body.strip_suffix(b"}").ok_or_else(|| error::internal("a body is no object"))?;
        let mut head = BytesMut::with_capacity(open.len() + self.groups.len() * 256);
        head.extend_from_slice(open);
        if !self.groups.is_empty() {
            head.extend_from_slice(b",\"groups\":");
            head.extend_from_slice(self.groups_value().to_string().as_bytes());
        }
        let mut tail = String::with_capacity(320);
        // Writing to a string does not fail; names and URLs hold nothing that JSON escapes but what Value prints.
        let _ = write!(tail, ",\"meta\":{}}}", self.meta());
        let members = MemberFields::of(self.kind, &Projection::default());
        Ok(Rendered { head: head.freeze(), members, tail: tail.into() })
    }

    /// The representation that a query with `attributes` or `excludedAttributes` gets.
    pub(crate) fn projected(&self, projection: &Projection) -> Result<Rendered, ScimError> {
        let mut document = parse(&self.stored.body)?;
        if !self.groups.is_empty() && projection.wants(self.kind, "groups") {
            document.insert("groups".to_owned(), self.groups_value());
        }
        document.insert("meta".to_owned(), self.meta());
        projection.apply(self.kind, &mut document);
        let meta = document.shift_remove("meta");
        let mut head =
            serde_json::to_vec(&document).map_err(|_| error::internal("a body cannot be written"))?;
        head.pop();
        let tail = meta.map_or_else(|| "}".to_owned(), |meta| format!(",\"meta\":{meta}}}"));
        Ok(Rendered {
            head: head.into(),
            members: MemberFields::of(self.kind, projection),
            tail: tail.into(),
        })
    }

    /// Either of the two.
    pub(crate) fn render(&self, projection: &Projection) -> Result<Rendered, ScimError> {
        if projection.is_default() { self.default() } else { self.projected(projection) }
    }

    fn meta(&self) -> Value {
        json!({
            "resourceType": self.kind.name(),
            "created": self.stored.created.to_string(),
            "lastModified": self.stored.modified.to_string(),
            "version": etag(self.stored.version),
            "location": self.location(),
        })
    }

    fn groups_value(&self) -> Value {
        let one = |group: &GroupRef| {
            let mut value = Document::new();
            value.insert("value".to_owned(), group.id.to_string().into());
            value.insert("$ref".to_owned(), location(self.base_url, "/Groups", group.id).into());
            value.insert("type".to_owned(), if group.direct { "direct" } else { "indirect" }.into());
            if let Some(display) = &group.display {
                value.insert("display".to_owned(), display.as_str().into());
            }
            Value::Object(value)
        };
        self.groups.iter().map(one).collect()
    }
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

/// Head and tail of a text without members, for the cache.
pub(crate) fn joined(rendered: &Rendered) -> Bytes {
    let mut whole = BytesMut::with_capacity(rendered.head.len() + rendered.tail.len());
    whole.extend_from_slice(&rendered.head);
    whole.extend_from_slice(&rendered.tail);
    whole.freeze()
}

/// A base URL, shared.
pub(crate) type BaseUrl = Arc<str>;
