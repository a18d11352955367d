//! Members in a response: read page by page and written as they come, never collected.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use rollcall_domain::source::SourceKey;
use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::AnyStore;
use rollcall_store::query::MemberRow;
use serde_json::json;
use uuid::Uuid;

use crate::capped::{Cap, group_at_front, with_schema};
use crate::error;
use crate::render::{BaseUrl, Body, Parts, Rendered};

/// Members read at once.
const PAGE: u32 = 1_000;
/// A text up to this size is sent whole, with its length.
const WHOLE_BYTES: usize = 256 * 1024;

/// Which fields of a member a response shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four fields, each shown or not")]
pub(crate) struct MemberFields {
    value: bool,
    reference: bool,
    display: bool,
    kind: bool,
}

impl MemberFields {
    /// The same, but `$ref`.
    pub(crate) fn without_references(self) -> Self {
        Self { reference: false, ..self }
    }

    /// What a projection leaves of a member; `None` when it leaves nothing, or the type has no members.
    pub(crate) fn of(kind: &ResolvedType, projection: &Projection) -> Option<Self> {
        if !kind.has_members() || !projection.wants(kind, "members") {
            return None;
        }
        let sample = json!({ "members": [{ "value": "v", "$ref": "r", "display": "d", "type": "t" }] });
        let serde_json::Value::Object(mut document) = sample else { return None };
        projection.apply(kind, &mut document);
        let member = document.get("members")?.get(0)?;
        let has = |name| member.get(name).is_some();
        Some(Self { value: has("value"), reference: has("$ref"), display: has("display"), kind: has("type") })
    }
}

/// A piece of a response.
pub(crate) enum Piece {
    /// As it is.
    Text(Bytes),
    /// `"members":[…]` of a group with a comma before it; nothing when there are none.
    Members { group: Uuid, fields: MemberFields },
}

/// Where members come from, and what their `$ref`s begin with.
#[derive(Clone)]
pub(crate) struct MemberSource {
    pub store: AnyStore,
    pub source: SourceKey,
    pub base_url: BaseUrl,
    /// Name and endpoint of each resource type.
    pub endpoints: Vec<(String, String)>,
    /// How many members are shown of a group at most.
    pub cap: Option<Cap>,
}

/// Adds the pieces of one resource.
pub(crate) fn push(pieces: &mut VecDeque<Piece>, id: Uuid, rendered: Rendered) {
    let Some(fields) = rendered.members else { return pieces.push_back(Piece::Text(rendered.text)) };
    pieces.push_back(Piece::Text(rendered.text.slice(..rendered.split)));
    pieces.push_back(Piece::Members { group: id, fields });
    pieces.push_back(Piece::Text(rendered.text.slice(rendered.split..)));
}

/// The text of these pieces: whole when it is small or has no members, streamed otherwise.
pub(crate) async fn body(source: MemberSource, pieces: VecDeque<Piece>) -> Result<Body, ScimError> {
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        let size =
            pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum();
        let mut whole = BytesMut::with_capacity(size);
        for piece in pieces {
            if let Piece::Text(text) = piece {
                whole.extend_from_slice(&text);
            }
        }
        return Ok(Body::Whole(whole.freeze()));
    }
    let mut parts = stream(source, pieces);
    let mut begun = BytesMut::new();
    while begun.len() < WHOLE_BYTES {
        match parts.next().await {
            Some(part) => begun.extend_from_slice(&part?),
            None => return Ok(Body::Whole(begun.freeze())),
        }
    }
    let begun = begun.freeze();
    Ok(Body::Streamed(Box::pin(stream::once(async move { Ok(begun) }).chain(parts))))
}

/// What is left to send.
struct State {
    source: MemberSource,
    pieces: VecDeque<Piece>,
    /// The last member sent of the piece at the front: its key, once one was sent.
    after: Option<i64>,
    /// How many members were sent of that piece.
    sent: u32,
}

fn stream(source: MemberSource, pieces: VecDeque<Piece>) -> Parts {
    let state = State { source, pieces, after: None, sent: 0 };
    Box::pin(stream::try_unfold(state, |mut state| async move {
        let Some(text) = state.next().await? else { return Ok(None) };
        Ok(Some((text, state)))
    }))
}

impl State {
    async fn next(&mut self) -> Result<Option<Bytes>, ScimError> {
        let Some(Piece::Members { group, fields }) = self.pieces.front() else { return self.text().await };
        let (group, fields) = (*group, *fields);
        let after = self.after.unwrap_or(0);
        let most = self.source.cap.as_ref().map_or(PAGE, |cap| PAGE.min(cap.max - self.sent.min(cap.max)));
        let rows = self.source.store.members(self.source.source, group, after, most).await;
        let rows = rows.map_err(error::from_store)?;
        self.sent += u32::try_from(rows.len()).unwrap_or(most);
        let full = self.source.cap.as_ref().filter(|cap| cap.max == self.sent);
        let last = full.is_some() || rows.len() < most as usize;
        let mut text = self.page(&rows, fields, last);
        if let Some(cap) = full
            && let Some(total) = cap.exceeded(&self.source.store, self.source.source, group).await?
        {
            text.push_str(&cap.notice(&self.source.base_url, group, total));
        }
        self.after = rows.last().map(|row| row.key);
        if last {
            (self.after, self.sent) = (None, 0);
            self.pieces.pop_front();
        }
        Ok(Some(text.into()))
    }

    /// What stands before members, or behind them.
    async fn text(&mut self) -> Result<Option<Bytes>, ScimError> {
        let group = self.source.cap.as_ref().and_then(|_| group_at_front(&self.pieces));
        let Some(Piece::Text(text)) = self.pieces.pop_front() else { return Ok(None) };
        if let (Some(cap), Some(group)) = (&self.source.cap, group)
            && cap.exceeded(&self.source.store, self.source.source, group).await?.is_some()
        {
            return Ok(Some(with_schema(&text)));
        }
        Ok(Some(text))
    }

    fn page(&self, rows: &[MemberRow], fields: MemberFields, last: bool) -> String {
        let first = self.after.is_none();
        if first && rows.is_empty() {
            return String::new();
        }
        let mut text = String::with_capacity(rows.len() * 180 + 16);
        if first {
            text.push_str(",\"members\":[");
        }
        for (at, row) in rows.iter().enumerate() {
            if !(first && at == 0) {
                text.push(',');
            }
            self.member(&mut text, row, fields);
        }
        if last {
            text.push(']');
        }
        text
    }

    fn member(&self, text: &mut String, row: &MemberRow, fields: MemberFields) {
        let mut separator = '{';
        let mut field = |name: &str, value: &str| {
            text.push(separator);
            separator = ',';
            text.push_str(name);
            text.push_str(&serde_json::Value::from(value).to_string());
        };
        if fields.value {
            field("\"value\":", &row.value);
        }
        let endpoint = |kind: &String| self.source.endpoints.iter().find(|(name, _)| name == kind);
        if let Some((_, endpoint)) = row.kind.as_ref().filter(|_| fields.reference).and_then(endpoint) {
            field("\"$ref\":", &format!("{}{endpoint}/{}", self.source.base_url, row.value));
        }
        if let Some(kind) = row.kind.as_deref().filter(|_| fields.kind) {
            field("\"type\":", kind);
        }
        if let Some(display) = row.display.as_deref().filter(|_| fields.display) {
            field("\"display\":", display);
        }
        text.push_str(if separator == '{' { "{}" } else { "}" });
    }
}
