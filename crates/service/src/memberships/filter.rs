//! Which memberships a filter asks for: one index each, and no other filter is taken.

use rollcall_scim::error::ScimError;
use rollcall_scim::filter::{Bound, CompareOp, Filter};
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::value::Scalar;
use rollcall_store::plan::parse_id;
use uuid::Uuid;

use super::parse;

/// Memberships of this group, this member, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub group: Option<Uuid>,
    pub member: Option<Uuid>,
    /// Whether there can be no such.
    pub nothing: bool,
}

/// Reads a filter; none wants all.
pub(super) fn wanted(filter: Option<&str>, kind: &ResolvedType) -> Result<Wanted, ScimError> {
    let mut wanted = Wanted::default();
    if let Some(filter) = filter {
        narrow(&mut wanted, &Filter::parse(filter)?.bind(kind)?, None)?;
    }
    Ok(wanted)
}

fn narrow(wanted: &mut Wanted, filter: &Bound, within: Option<&str>) -> Result<(), ScimError> {
    let (target, value) = match filter {
        Bound::And(terms) => return terms.iter().try_for_each(|term| narrow(wanted, term, within)),
        Bound::Element(target, inner) if within.is_none() => {
            return narrow(wanted, inner, Some(&target.attribute));
        }
        Bound::Compare(target, CompareOp::Eq, Some(Scalar::Text(value))) => (target, value),
        _ => return Err(unfilterable()),
    };
    let path = match within {
        Some(attribute) => (attribute, Some(target.attribute.as_str())),
        None => (target.attribute.as_str(), target.sub.as_deref()),
    };
    // They are caseExact: as they are printed, or nobody's.
    let printed = |id: &Uuid| value.contains(&id.to_string());
    let one = parse_id(value).filter(printed);
    let found = match path {
        ("group", Some("value")) => one.map(|group| (Some(group), None)),
        ("member", Some("value")) => one.map(|member| (None, Some(member))),
        ("id", None) => parse(value)
            .filter(|(group, member)| printed(group) && printed(member))
            .map(|(group, member)| (Some(group), Some(member))),
        _ => return Err(unfilterable()),
    };
    match found {
        Some((group, member)) => {
            wanted.nothing |= differ(&mut wanted.group, group) | differ(&mut wanted.member, member);
        }
        None => wanted.nothing = true,
    }
    Ok(())
}

/// Takes what is wanted; true when something else was wanted before.
fn differ(slot: &mut Option<Uuid>, wanted: Option<Uuid>) -> bool {
    wanted.is_some_and(|wanted| slot.replace(wanted).is_some_and(|before| before != wanted))
}

fn unfilterable() -> ScimError {
    ScimError::invalid_filter(
        "filter: memberships are found by id, group.value and member.value, with eq and and",
    )
}
