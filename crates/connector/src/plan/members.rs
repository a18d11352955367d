//! Members of a group: who comes, who goes, in requests no larger than the application takes.

use rollcall_scim::Document;
use rollcall_scim::filter::{CompareOp, Filter, Literal};
use rollcall_scim::path::{AttributePath, ValuePath};
use rollcall_scim::schema::ResolvedType;
use serde_json::{Value, json};

use super::{How, PlanError, Wanted, patch, patch1, patch2};
use crate::profile::{MemberRemoval, MemberShape, ScimVersion};
use crate::transport::Request;

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Its id.
    pub value: String,
    /// `User` or `Group`; `User` is meant when it is not given.
    pub kind: Option<String>,
    /// Its name, for the applications that ask for it.
    pub display: Option<String>,
}

impl Member {
    /// A user of this id.
    pub fn user(id: impl Into<String>) -> Self {
        Self { value: id.into(), kind: None, display: None }
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match value {
            Value::String(id) => Some(Self::user(id)),
            _ => Some(Self { value: text("value")?, kind: text("type"), display: text("display") }),
        }
    }
}

/// Who comes and who goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Changes {
    added: Vec<Member>,
    removed: Vec<Member>,
}

/// The changes of one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch<'a> {
    pub(super) added: &'a [Member],
    pub(super) removed: &'a [Member],
}

/// The requests that add members to a group and remove members from it, without reading the others.
///
/// Adding who is there and removing who is not is left to the application, which takes both for done.
pub fn change(
    kind: &ResolvedType,
    group: &str,
    added: &[Member],
    removed: &[Member],
    how: &How,
) -> Vec<Request> {
    let changes = Changes { added: added.to_vec(), removed: removed.to_vec() };
    let bodies = match how.version {
        ScimVersion::V2 => patch2::bodies(&[], &changes, how),
        ScimVersion::V1 => patch1::bodies(&[], &changes, kind, how),
    };
    bodies.into_iter().map(|body| patch(kind, group, body)).collect()
}

/// Takes the members out of what is wanted of a group.
pub(super) fn split(
    wanted: &mut Wanted,
    kind: &ResolvedType,
    current: Option<&Document>,
) -> Result<Changes, PlanError> {
    if !kind.has_members() {
        return Ok(Changes::default());
    }
    let take = |part: &mut Document| {
        let key = part.keys().find(|key| key.eq_ignore_ascii_case("members")).cloned()?;
        part.shift_remove(&key).map(|value| list(&value))
    };
    let replaced = take(&mut wanted.replace);
    let added = take(&mut wanted.add).unwrap_or_default();
    let removed = take(&mut wanted.remove).unwrap_or_default();
    let known = current.map(|current| current.get("members").map(list).unwrap_or_default());
    let mut changes = Changes { added, removed };
    if let Some(wanted) = replaced {
        let known = known.as_ref().ok_or_else(|| PlanError::NeedsCurrent("members".to_owned()))?;
        changes.removed.extend(without(known, &wanted));
        changes.added.extend(wanted);
    }
    if let Some(known) = &known {
        changes.added = without(&changes.added, known);
        changes.removed.retain(|member| has(known, member));
    }
    Ok(changes)
}

fn list(value: &Value) -> Vec<Member> {
    match value {
        Value::Array(values) => values.iter().filter_map(Member::read).collect(),
        single => Member::read(single).into_iter().collect(),
    }
}

fn has(members: &[Member], member: &Member) -> bool {
    members.iter().any(|other| other.value == member.value)
}

/// Those that are not among the others; a set, as both may be large.
fn without(members: &[Member], others: &[Member]) -> Vec<Member> {
    let others: std::collections::HashSet<&str> = others.iter().map(|member| member.value.as_str()).collect();
    members.iter().filter(|member| !others.contains(member.value.as_str())).cloned().collect()
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Makes the changes in the group, for a PUT.
    pub(super) fn apply(&self, group: &mut Document) {
        if self.is_empty() {
            return;
        }
        let mut members = match group.get("members") {
            Some(Value::Array(members)) => members.clone(),
            _ => Vec::new(),
        };
        let is_removed =
            |member: &Value| Member::read(member).is_some_and(|member| has(&self.removed, &member));
        members.retain(|member| !is_removed(member));
        members.extend(self.added.iter().map(element));
        group.insert("members".to_owned(), Value::Array(members));
    }

    /// The changes in requests of at most [`How::membership_changes`]: all who come, then all who go.
    pub(super) fn batches(&self, how: &How) -> Vec<Batch<'_>> {
        let most = how.membership_changes.unwrap_or(usize::MAX).max(1);
        let mut batches: Vec<Batch<'_>> =
            self.added.chunks(most).map(|added| Batch { added, removed: &[] }).collect();
        let room = match batches.last() {
            Some(last) => most - last.added.len(),
            None => 0,
        };
        let (with_last, rest) = self.removed.split_at(room.min(self.removed.len()));
        if let Some(last) = batches.last_mut() {
            last.removed = with_last;
        }
        batches.extend(rest.chunks(most).map(|removed| Batch { added: &[], removed }));
        batches
    }
}

/// The operations of one request, in the shape that the application takes.
pub(super) fn operations(batch: &Batch<'_>, how: &How) -> Vec<Value> {
    let mut operations = Vec::new();
    if !batch.added.is_empty() {
        let members: Vec<Value> = batch.added.iter().map(|member| shaped(member, how)).collect();
        operations.push(match how.member {
            MemberShape::Standard | MemberShape::Detailed => {
                json!({ "op": "add", "path": "members", "value": members })
            }
            MemberShape::Wrapped => {
                json!({ "op": "add", "path": "members", "value": { "members": members } })
            }
            MemberShape::Pathless => json!({ "op": "add", "value": { "members": members } }),
        });
    }
    match how.removal {
        MemberRemoval::ByFilter => {
            operations.extend(batch.removed.iter().map(|member| by_filter(member, how)));
        }
        MemberRemoval::ByValue if batch.removed.is_empty() => {}
        MemberRemoval::ByValue => {
            let members: Vec<Value> = batch.removed.iter().map(|member| shaped(member, how)).collect();
            let value = if is_wrapped(how) { json!({ "members": members }) } else { json!(members) };
            operations.push(json!({ "op": "remove", "path": "members", "value": value }));
        }
    }
    operations
}

fn by_filter(member: &Member, how: &How) -> Value {
    let equal =
        Filter::Compare(AttributePath::named("value"), CompareOp::Eq, Literal::String(member.value.clone()));
    let path = ValuePath { path: AttributePath::named("members"), filter: Some(equal), sub: None };
    if is_wrapped(how) {
        let value = json!({ "members": [shaped(member, how)] });
        return json!({ "op": "remove", "path": path.to_string(), "value": value });
    }
    json!({ "op": "remove", "path": path.to_string() })
}

const fn is_wrapped(how: &How) -> bool {
    matches!(how.member, MemberShape::Wrapped | MemberShape::Pathless)
}

/// A member as an element of `members`.
pub(super) fn element(member: &Member) -> Value {
    Value::Object(parts(member))
}

fn parts(member: &Member) -> Document {
    let mut parts = Document::new();
    parts.insert("value".to_owned(), member.value.as_str().into());
    if let Some(kind) = &member.kind {
        parts.insert("type".to_owned(), kind.as_str().into());
    }
    parts
}

/// A member with what the application asks for beside its id.
fn shaped(member: &Member, how: &How) -> Value {
    let mut parts = parts(member);
    let wants_display = matches!(how.member, MemberShape::Pathless | MemberShape::Detailed);
    if let Some(display) = member.display.as_ref().filter(|_| wants_display) {
        parts.insert("display".to_owned(), display.as_str().into());
    }
    if how.member == MemberShape::Detailed {
        let endpoint = if member.kind.as_deref() == Some("Group") { "Groups" } else { "Users" };
        let reference = format!("{}/{endpoint}/{}", how.base_url, member.value);
        parts.insert("$ref".to_owned(), reference.into());
    }
    Value::Object(parts)
}
