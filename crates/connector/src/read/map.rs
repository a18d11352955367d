//! From the application's JSON to records, by the paths of the profile.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::Hash;

use super::Skipped;
use super::record::{GroupLink, GroupRecord, MemberKind, MemberRecord, RoleRecord, UserRecord};
use crate::json::{Json, View};
use crate::profile::{GroupPaths, JsonPath, MemberPaths, Profile, RolePaths, UserGroupPaths};

/// An id: text, or a number as its digits.
pub(crate) fn id(path: &JsonPath, raw: &impl Json) -> Option<String> {
    path.first(raw).and_then(text)
}

/// Text that is not empty; a number is its digits.
fn text(value: &impl Json) -> Option<String> {
    match value.view() {
        View::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        View::Number(number) => Some(number.to_owned()),
        View::Null | View::Bool(_) | View::List(_) | View::Object => None,
    }
}

fn at(path: Option<&JsonPath>, raw: &impl Json) -> Option<String> {
    path?.first(raw).and_then(text)
}

/// Maps a user.
///
/// # Errors
///
/// What cannot be mapped: it is no object, has no id, or nobody can tell whether it is active.
pub(super) fn user(profile: &Profile, raw: &impl Json) -> Result<UserRecord, Skipped> {
    let paths = &profile.user;
    let id = required_id(&paths.id, raw)?;
    let active = active(&paths.active, raw).map_err(|reason| Skipped { id: Some(id.clone()), reason })?;
    let email = email(profile, raw);
    let groups = paths.user_group.as_ref().filter(|_| paths.has_groups_on_user);
    Ok(UserRecord {
        id,
        user_name: at(paths.user_name.as_ref(), raw),
        first_name: at(Some(&paths.first_name), raw),
        last_name: at(Some(&paths.last_name), raw),
        display_name: at(paths.display_name.as_ref(), raw),
        emails: emails(email.as_ref(), raw),
        email,
        active,
        roles: paths.roles.as_ref().map(|paths| roles(paths, raw)).unwrap_or_default(),
        groups: groups.map(|paths| links(paths, raw)).unwrap_or_default(),
    })
}

/// Maps a group.
///
/// # Errors
///
/// What cannot be mapped: it is no object, or has no id.
pub(super) fn group(paths: &GroupPaths, raw: &impl Json) -> Result<GroupRecord, Skipped> {
    let id = required_id(&paths.id, raw)?;
    Ok(GroupRecord {
        display_name: at(Some(&paths.display_name), raw).unwrap_or_else(|| id.clone()),
        members: paths.members.as_ref().map(|paths| members(paths, raw)).unwrap_or_default(),
        id,
    })
}

fn required_id(path: &JsonPath, raw: &impl Json) -> Result<String, Skipped> {
    id(path, raw).ok_or_else(|| {
        let reason = match raw.view() {
            View::Object => format!("there is no id at {}", path.as_str()),
            _ => "it is not an object".to_owned(),
        };
        Skipped { id: None, reason }
    })
}

/// Whether the user is active: a boolean, or what some applications write instead. Missing is active.
fn active(path: &JsonPath, raw: &impl Json) -> Result<bool, String> {
    let Some(found) = path.first(raw) else { return Ok(true) };
    let word = match found.view() {
        View::Bool(active) => return Ok(active),
        View::Text(text) => Cow::Owned(text.trim().to_ascii_lowercase()),
        View::Number(number) => Cow::Borrowed(number),
        View::Null | View::List(_) | View::Object => Cow::Borrowed(""),
    };
    match &*word {
        "true" | "1" | "yes" | "active" | "enabled" => Ok(true),
        "false" | "0" | "no" | "inactive" | "disabled" => Ok(false),
        _ => Err(format!("{} is {}, neither true nor false", path.as_str(), found.to_value())),
    }
}

/// The primary address, else the first.
fn email(profile: &Profile, raw: &impl Json) -> Option<String> {
    let paths = &profile.user;
    let primary = paths.primary_email.as_ref().and_then(|path| path.elements(raw).into_iter().find_map(text));
    let marked = || {
        // `"primary": "True"` is not what the path asks for, and yet is meant.
        let marked = raw.member("emails")?.list().iter().find(|email| {
            let primary = email.member("primary").and_then(Json::text);
            primary.is_some_and(|text| text.eq_ignore_ascii_case("true"))
        });
        marked?.member("value").and_then(text)
    };
    primary
        .or_else(marked)
        .or_else(|| paths.first_email.as_ref().and_then(|path| path.elements(raw).into_iter().find_map(text)))
}

fn emails(first: Option<&String>, raw: &impl Json) -> Vec<String> {
    let all = raw.member("emails").map_or(&[][..], Json::list).iter();
    // SCIM 1.1 has plain text as shorthand for a value.
    let rest = all.filter_map(|email| email.member("value").and_then(text).or_else(|| text(email)));
    once(first.cloned().into_iter().chain(rest), Clone::clone)
}

fn roles(paths: &RolePaths, raw: &impl Json) -> Vec<RoleRecord> {
    let found = paths.path.elements(raw).into_iter().filter_map(|role| {
        let display = at(paths.display.as_ref(), role);
        // A role that is plain text is its own value.
        let value = at(Some(&paths.name), role).or_else(|| text(role)).or_else(|| display.clone())?;
        Some(RoleRecord { value, display })
    });
    once(found, |role| role.value.clone())
}

fn links(paths: &UserGroupPaths, raw: &impl Json) -> Vec<GroupLink> {
    let found = paths.path.elements(raw).into_iter().filter_map(|group| {
        let id = at(paths.id.as_ref(), group);
        let name = at(Some(&paths.name), group).or_else(|| id.clone())?;
        Some(GroupLink { id, name })
    });
    once(found, |link| (link.id.clone(), link.name.clone()))
}

fn members(paths: &MemberPaths, raw: &impl Json) -> Vec<MemberRecord> {
    let found = paths.path.elements(raw).into_iter().filter_map(|member| {
        let id = at(Some(&paths.id), member).or_else(|| text(member))?;
        Some(MemberRecord { id, display: at(paths.display_name.as_ref(), member), kind: kind(paths, member) })
    });
    once(found, |member| member.id.clone())
}

/// By `type`, else by where `$ref` leads.
fn kind(paths: &MemberPaths, member: &impl Json) -> MemberKind {
    let named = match &paths.kind {
        Some(path) => at(Some(path), member),
        None => member.member("type").and_then(text),
    };
    let reference = member.member("$ref").and_then(Json::text).unwrap_or_default();
    match named {
        Some(name) if name.eq_ignore_ascii_case("group") => MemberKind::Group,
        Some(name) if name.eq_ignore_ascii_case("user") => MemberKind::User,
        _ if reference.contains("/Groups/") || reference.starts_with("Groups/") => MemberKind::Group,
        _ if reference.contains("/Users/") || reference.starts_with("Users/") => MemberKind::User,
        _ => MemberKind::Unknown,
    }
}

/// Each of its kind once, the first.
fn once<T, K: Hash + Eq>(all: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    if all.len() > 1 {
        let mut seen = HashSet::with_capacity(all.len());
        all.retain(|one| seen.insert(key(one)));
    }
    all
}
