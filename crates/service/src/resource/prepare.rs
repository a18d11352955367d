//! From a request's body to a write: validated, compared with what is there, indexed.

use std::sync::Arc;

use rollcall_domain::change;
use rollcall_scim::error::ScimError;
use rollcall_scim::filter::Bound;
use rollcall_scim::patch::{MembersOperation, Patch};
use rollcall_scim::projection;
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::{Document, validate};
use rollcall_store::index::Indexer;
use rollcall_store::write::{Content, Create, MemberChange, Update, Write};
use serde_json::Value;
use uuid::Uuid;

use super::Precondition;
use crate::cache::Entry;
use crate::people::Said;
use crate::{Caller, error, render};

/// A write, and what the response will need.
pub(crate) struct Prepared {
    /// The resource's type.
    pub kind: Arc<ResolvedType>,
    /// The resource; of a membership its group.
    pub id: Uuid,
    /// Of a membership, its member.
    pub member: Option<Uuid>,
    /// The write.
    pub write: Write,
    /// Whether trying again after `Stale` makes sense.
    pub read_first: bool,
    /// The resource after it, with its id; `None` where its body stays.
    pub document: Option<Document>,
    /// What it says of a person.
    pub said: Option<Box<Said>>,
}

/// What every preparation needs.
pub(crate) struct Ground<'a> {
    pub caller: &'a Caller,
    pub kind: &'a Arc<ResolvedType>,
    pub indexer: &'a Indexer,
}

impl Ground<'_> {
    /// A POST.
    pub(crate) fn create(&self, body: Value, id: Uuid) -> Result<Prepared, ScimError> {
        let accepted = validate::resource(body, self.kind, self.caller.rules(), None)?;
        let (content, document) = self.content(id, accepted.document)?;
        let members = accepted.members.unwrap_or_default();
        let write = Write::Create(Create { id, kind: self.kind.name().to_owned(), content, members });
        let (kind, document) = (Arc::clone(self.kind), Some(document));
        Ok(Prepared { kind, id, member: None, write, read_first: false, document, said: None })
    }

    /// A PUT. `members` that the body does not name stay as they are (ours; RFC 7644 §3.5.1 leaves it open).
    pub(crate) fn replace(
        &self,
        body: Value,
        entry: &Entry,
        precondition: &Precondition,
    ) -> Result<Prepared, ScimError> {
        let current = current(entry)?;
        let accepted = validate::resource(body, self.kind, self.caller.rules(), Some(&current))?;
        let members = accepted.members.map(MemberChange::Replace).into_iter().collect();
        let changed = accepted.document != current;
        let document = changed.then_some(accepted.document);
        let mut prepared = self.update(entry, &current, document, members, precondition)?;
        if let Write::Update(update) = &mut prepared.write {
            update.replaced = true;
        }
        Ok(prepared)
    }

    /// A PATCH.
    pub(crate) fn patch(
        &self,
        patch: &Patch,
        entry: &Entry,
        precondition: &Precondition,
    ) -> Result<Prepared, ScimError> {
        let current = current(entry)?;
        let patched = patch.apply(&current, self.kind, self.caller.rules())?;
        let members = patched.members.into_iter().map(member_change).collect();
        self.update(entry, &current, patched.changed.then_some(patched.document), members, precondition)
    }

    fn update(
        &self,
        entry: &Entry,
        before: &Document,
        after: Option<Document>,
        members: Vec<MemberChange>,
        precondition: &Precondition,
    ) -> Result<Prepared, ScimError> {
        let id = entry.row.id;
        // Who reads changes is shown no more than who reads the resource (RFC 7643 §2.4, `returned`).
        let difference = match &after {
            Some(after) if entry.row.plain && projection::is_plain(self.kind, after) => {
                change::difference(before, after)
            }
            Some(after) => change::difference(&self.shown(before), &self.shown(after)),
            None => Value::Null,
        };
        let (content, document) = match after {
            Some(after) => {
                let (content, document) = self.content(id, after)?;
                (Some((entry.row.revision, content)), Some(document))
            }
            None => (None, None),
        };
        let read_first = content.is_some();
        let index = content.as_ref().map(|(_, content)| &content.index);
        let same_index = index.is_some_and(|index| *index == self.indexer.entries(before));
        let write = Write::Update(Update {
            id,
            kind: self.kind.name().to_owned(),
            if_version: precondition.versions(),
            content,
            same_index,
            members,
            replaced: false,
            difference,
        });
        let kind = Arc::clone(self.kind);
        Ok(Prepared { kind, id, member: None, write, read_first, document, said: None })
    }

    /// What a reader is shown who asks for nothing in particular.
    fn shown(&self, document: &Document) -> Document {
        let mut shown = document.clone();
        projection::Projection::default().apply(self.kind, &mut shown);
        shown
    }

    /// What is stored of a document, and the document with its id.
    fn content(&self, id: Uuid, mut document: Document) -> Result<(Content, Document), ScimError> {
        let mut whole = Document::with_capacity(document.len() + 1);
        if let Some(schemas) = document.shift_remove("schemas") {
            whole.insert("schemas".to_owned(), schemas);
        }
        whole.insert("id".to_owned(), id.to_string().into());
        whole.extend(document);
        let text = |name: &str| whole.get(name).and_then(Value::as_str).map(str::to_owned);
        let body = serde_json::to_vec(&whole).map_err(|_| error::internal("a body cannot be written"))?;
        let content = Content {
            body: body.into(),
            plain: projection::is_plain(self.kind, &whole),
            display: text("displayName").or_else(|| text("userName")),
            index: self.indexer.entries(&whole),
        };
        Ok((content, whole))
    }
}

/// The stored document as validation and PATCH want it: without `id`.
fn current(entry: &Entry) -> Result<Document, ScimError> {
    let mut document = render::parse(&entry.row.body)?;
    document.shift_remove("id");
    Ok(document)
}

fn member_change(operation: MembersOperation) -> MemberChange {
    match operation {
        MembersOperation::Add(values) => MemberChange::Add(values),
        MembersOperation::Remove(values) => MemberChange::Remove(values),
        MembersOperation::RemoveWhere(filter) => MemberChange::RemoveWhere(filter),
        MembersOperation::Replace(values) => MemberChange::Replace(values),
        MembersOperation::Clear => MemberChange::RemoveWhere(Bound::And(Vec::new())),
    }
}
