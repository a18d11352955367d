//! Operations on the members of a group, which are not part of its document.

use serde_json::Value;

use super::target::Edit;
use super::{MembersOperation, Verb};
use crate::error::ScimError;
use crate::filter::{CompareOp, Filter, Literal};
use crate::schema::Mutability;
use crate::validate::members::values;
use crate::validate::place::Place;

/// What the operation does to the members; `None` when nothing.
pub(super) fn operation(edit: &Edit<'_>) -> Result<Option<MembersOperation>, ScimError> {
    if let Some(sub) = edit.sub {
        let path = format!("{}.{}", edit.attribute.name, sub.name);
        if sub.mutability == Mutability::ReadOnly && edit.rules.ignore_read_only_patch {
            return Ok(None);
        }
        let what = format!("{path}: a member is added and removed as a whole");
        return Err(ScimError::mutability(what).at(path));
    }
    match edit.filter {
        Some(filter) => filtered(edit, filter),
        None => unfiltered(edit),
    }
}

/// Adds the operation to the list, joining it with the last one where that is of the same kind.
pub(super) fn push(operations: &mut Vec<MembersOperation>, operation: Option<MembersOperation>) {
    match (operations.last_mut(), operation) {
        (_, None) => {}
        (Some(MembersOperation::Add(last)), Some(MembersOperation::Add(values)))
        | (Some(MembersOperation::Remove(last)), Some(MembersOperation::Remove(values))) => {
            last.extend(values);
        }
        (_, Some(operation)) => operations.push(operation),
    }
}

fn unfiltered(edit: &Edit<'_>) -> Result<Option<MembersOperation>, ScimError> {
    let place = Place::Root.name(&edit.attribute.name);
    let sent = edit.value.unwrap_or(&Value::Null);
    if edit.verb == Verb::Remove && sent.is_null() {
        return Ok(Some(MembersOperation::Clear));
    }
    let values = values(sent, edit.attribute, edit.rules, &place)?;
    Ok(match edit.verb {
        Verb::Replace => Some(MembersOperation::Replace(values)),
        // An empty list names no member: it never empties the group.
        _ if values.is_empty() => None,
        Verb::Add => Some(MembersOperation::Add(values)),
        Verb::Remove => Some(MembersOperation::Remove(values)),
    })
}

fn filtered(edit: &Edit<'_>, filter: &Filter) -> Result<Option<MembersOperation>, ScimError> {
    let named = named(filter);
    match (edit.verb, named) {
        (Verb::Remove, Some(values)) => Ok(Some(MembersOperation::Remove(values))),
        (Verb::Remove, None) => Ok(Some(MembersOperation::RemoveWhere(filter.bind_element(edit.attribute)?))),
        (Verb::Add, Some(values)) if !edit.rules.value_path_needs_sub_attribute => {
            Ok(Some(MembersOperation::Add(values)))
        }
        _ => {
            let what = "members: a member is added and removed as a whole";
            Err(ScimError::mutability(what).at("members"))
        }
    }
}

/// The values that the filter names, when it only does that: `value eq "a" or value eq "b"`.
fn named(filter: &Filter) -> Option<Vec<String>> {
    let terms = match filter {
        Filter::Or(terms) => terms.as_slice(),
        term => std::slice::from_ref(term),
    };
    let name = |term: &Filter| match term {
        Filter::Compare(path, CompareOp::Eq, Literal::String(value)) if path.is_word("value") => {
            Some(value.clone())
        }
        _ => None,
    };
    terms.iter().map(name).collect()
}
