//! An application's users and groups as resources.

use rollcall_connector::read::{GroupRecord, MemberKind, UserRecord};

use crate::c1z::encode::Proto;
use crate::model::{GROUP, USER};

/// Bytes that readers of the file take of an id and of a name to show.
pub(super) const MAX_BYTES: usize = 1024;
/// What the protocol calls an account that can be used, one that cannot, a person's, and a listed resource.
const ENABLED: u8 = 1;
const DISABLED: u8 = 2;
const HUMAN: u8 = 1;
const LISTED: u8 = 1;

/// Appends the message of a user. Its profile has the reference's keys: `login` is its address there, and in the
/// trait what is typed to sign in.
pub(super) fn user(record: &UserRecord, out: &mut Vec<u8>) {
    let (email, user_name) = (record.email.as_deref(), record.user_name.as_deref());
    let profile = [
        ("first_name", record.first_name.as_deref()),
        ("last_name", record.last_name.as_deref()),
        ("login", email.or(user_name)),
        ("user_id", Some(record.id.as_str())),
        ("username", user_name),
    ];
    let mut resource = begin(USER, &record.id, &record.shown_name(), out);
    resource.any(4, "UserTrait", |user| {
        for address in &record.emails {
            let is_primary = Some(address.as_str()) == email;
            user.message(1, |email| {
                email.text(1, address).number(2, is_primary.into());
            });
        }
        user.message(2, |status| {
            status.number(1, if record.active { ENABLED } else { DISABLED });
        });
        user.structure(3, &profile).number(5, HUMAN).text(6, user_name.unwrap_or_default());
    });
    resource.number(8, LISTED);
}

/// Appends the message of a group.
pub(super) fn group(record: &GroupRecord, out: &mut Vec<u8>) {
    let profile = [("group_id", Some(record.id.as_str())), ("group_name", Some(&record.display_name))];
    let mut resource = begin(GROUP, &record.id, &record.display_name, out);
    resource.any(4, "GroupTrait", |group| {
        group.structure(2, &profile);
    });
    resource.number(8, LISTED);
}

fn begin<'o>(kind: &str, id: &str, name: &str, out: &'o mut Vec<u8>) -> Proto<'o> {
    let mut resource = Proto::new(out);
    resource.message(1, |of| {
        of.text(1, kind).text(2, id);
    });
    resource.text(3, shortened(name));
    resource
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

/// A name to show, as far as readers take it.
pub(super) fn shortened(name: &str) -> &str {
    within(name, MAX_BYTES)
}

/// As much of a text as has at most so many bytes.
pub(super) fn within(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::c1z::wire::Wire as _;
    use crate::model::{
        AccountType, Annotation, Email, ProfileTrait, Resource, ResourceId, Status, UserStatus, UserTrait,
    };

    fn object(value: &serde_json::Value) -> Map<String, serde_json::Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_user_is_the_message_that_the_model_makes() {
        let mut record = UserRecord {
            id: "u1".to_owned(),
            user_name: Some("ann".to_owned()),
            first_name: Some("Ann".to_owned()),
            last_name: Some("Lee".to_owned()),
            display_name: None,
            email: Some("ann@example.com".to_owned()),
            emails: vec!["ann@example.com".to_owned(), "a@example.com".to_owned()],
            active: true,
            roles: Vec::new(),
            groups: Vec::new(),
        };
        let email = |address: &str, is_primary| Email { address: address.to_owned(), is_primary };
        let mut expected = UserTrait {
            emails: vec![email("ann@example.com", true), email("a@example.com", false)],
            status: Some(UserStatus { status: Status::Enabled, details: String::new() }),
            profile: object(&json!({
                "first_name": "Ann", "last_name": "Lee", "login": "ann@example.com", "user_id": "u1", "username": "ann",
            })),
            account_type: AccountType::Human,
            login: "ann".to_owned(),
            login_aliases: Vec::new(),
        };
        let check = |record: &UserRecord, name: &str, user: &UserTrait| {
            let mut bytes = Vec::new();
            super::user(record, &mut bytes);
            let resource = Resource {
                id: ResourceId::new(USER, &record.id),
                display_name: name.to_owned(),
                annotations: vec![Annotation::User(user.clone())],
                ..Resource::default()
            };
            assert_eq!(Resource::decode(&bytes).unwrap(), resource);
            assert_eq!(bytes, resource.encode());
        };
        check(&record, "Ann Lee", &expected);
        record.id = "long".repeat(100);
        record.active = false;
        (record.user_name, record.email, record.first_name) = (None, None, None);
        record.last_name = Some("é".repeat(600));
        record.emails.clear();
        expected = UserTrait {
            emails: Vec::new(),
            status: Some(UserStatus { status: Status::Disabled, details: String::new() }),
            profile: object(&json!({ "last_name": "é".repeat(600), "user_id": record.id })),
            login: String::new(),
            ..expected
        };
        check(&record, &"é".repeat(512), &expected);
    }

    #[test]
    fn a_group_is_the_message_that_the_model_makes() {
        let record =
            GroupRecord { id: "g1".to_owned(), display_name: "Staff".to_owned(), members: Vec::new() };
        let profile = object(&json!({ "group_id": "g1", "group_name": "Staff" }));
        let resource = Resource {
            id: ResourceId::new(GROUP, "g1"),
            display_name: "Staff".to_owned(),
            annotations: vec![Annotation::Group(ProfileTrait { profile })],
            ..Resource::default()
        };
        let mut bytes = Vec::new();
        super::group(&record, &mut bytes);
        assert_eq!(bytes, resource.encode());
    }
}
