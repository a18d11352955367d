//! An application's users and groups as resources.

use rollcall_connector::read::{GroupRecord, MemberKind, UserRecord};
use serde_json::{Map, Value};

use crate::model::{
    AccountType, Annotation, Email, GROUP, ProfileTrait, Resource, ResourceId, Status, USER, UserStatus,
    UserTrait,
};

/// Bytes that readers of the file take of an id and of a name to show.
const MAX_BYTES: usize = 1024;

/// A user. Its profile has the reference's keys: `login` is its address there, and in the trait what is typed to
/// sign in.
pub(super) fn user(record: &UserRecord) -> Resource {
    let email = record.email.as_deref();
    let profile = profile(&[
        ("user_id", Some(&record.id)),
        ("login", email.or(record.user_name.as_deref())),
        ("first_name", record.first_name.as_deref()),
        ("last_name", record.last_name.as_deref()),
        ("username", record.user_name.as_deref()),
    ]);
    let status = if record.active { Status::Enabled } else { Status::Disabled };
    let address =
        |address: &String| Email { is_primary: Some(address.as_str()) == email, address: address.clone() };
    Resource {
        id: ResourceId::new(USER, &record.id),
        display_name: shortened(record.shown_name()),
        annotations: vec![Annotation::User(UserTrait {
            emails: record.emails.iter().map(address).collect(),
            status: Some(UserStatus { status, details: String::new() }),
            profile,
            account_type: AccountType::Human,
            login: record.user_name.clone().unwrap_or_default(),
            login_aliases: Vec::new(),
        })],
        ..Resource::default()
    }
}

/// A group.
pub(super) fn group(record: &GroupRecord) -> Resource {
    let profile = profile(&[("group_id", Some(&record.id)), ("group_name", Some(&record.display_name))]);
    Resource {
        id: ResourceId::new(GROUP, &record.id),
        display_name: shortened(record.display_name.clone()),
        annotations: vec![Annotation::Group(ProfileTrait { profile })],
        ..Resource::default()
    }
}

/// The number that a member's kind is kept as.
pub(super) fn kind(kind: MemberKind) -> u8 {
    match kind {
        MemberKind::Unknown => 0,
        MemberKind::User => 1,
        MemberKind::Group => 2,
    }
}

/// Why an id cannot be kept, if it cannot.
pub(super) fn unfit(id: &str) -> Option<String> {
    match id.len() {
        0 => Some("its id is empty".to_owned()),
        bytes if bytes > MAX_BYTES => Some(format!("its id has {bytes} bytes; {MAX_BYTES} are the most")),
        _ => None,
    }
}

fn profile(attributes: &[(&str, Option<&str>)]) -> Map<String, Value> {
    let known = attributes.iter().filter_map(|(key, text)| Some((*key, (*text)?)));
    known.map(|(key, text)| (key.to_owned(), text.into())).collect()
}

fn shortened(mut name: String) -> String {
    let end = (0..=MAX_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    name.truncate(end.unwrap_or_default());
    name
}
