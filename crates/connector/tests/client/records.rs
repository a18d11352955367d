//! Records: what the profile maps, and what becomes of what it cannot.

use std::sync::Arc;

use rollcall_connector::profile::{JsonPath, Profile, UserGroupPaths};
use rollcall_connector::read::{
    GroupRecord, MemberKind, Position, Read as _, ReadError, ReadOptions, Reader, UserRecord,
};
use rollcall_testkit::peer::{Failure, Peer, Roster};
use serde_json::{Value, json};

use crate::setup::{profile, reader, transport, whole};

async fn user_of(raw: Value) -> UserRecord {
    user_by(raw, |_| {}).await
}

async fn user_by(raw: Value, set: impl FnOnce(&mut Profile)) -> UserRecord {
    let peer = Peer::start(Roster::of(vec![raw], Vec::new())).await;
    let mut profile = profile(&peer);
    set(&mut profile);
    let users = whole(reader(profile).users(Position::default())).await.unwrap();
    assert_eq!(users.skipped, Vec::new());
    users.records.into_iter().next().unwrap()
}

async fn group_of(raw: Value) -> GroupRecord {
    let peer = Peer::start(Roster::of(Vec::new(), vec![raw])).await;
    let groups = whole(reader(profile(&peer)).groups(Position::default())).await.unwrap();
    groups.records.into_iter().next().unwrap()
}

/// baton-scim, defect 4 and 6: the wrong address was called primary, and a user without one ended the sync.
#[tokio::test]
async fn the_primary_address_is_the_one_that_is_marked() {
    let address = |value: &str, primary: Value| json!({"value": value, "primary": primary});
    for (emails, expected, all) in [
        (json!([address("a@x", json!(false)), address("b@x", json!(true))]), Some("b@x"), vec!["b@x", "a@x"]),
        (
            json!([address("a@x", json!(false)), address("b@x", json!("True"))]),
            Some("b@x"),
            vec!["b@x", "a@x"],
        ),
        (json!([{"value": "a@x"}, {"value": "b@x"}]), Some("a@x"), vec!["a@x", "b@x"]),
        (json!([{"value": ""}, {"value": "b@x", "primary": true}]), Some("b@x"), vec!["b@x"]),
        (json!(["a@x", "b@x"]), None, vec!["a@x", "b@x"]),
        (json!([]), None, vec![]),
        (json!(null), None, vec![]),
    ] {
        let user = user_of(json!({"id": "1", "userName": "u", "emails": emails})).await;
        assert_eq!(user.email.as_deref(), expected, "{emails}");
        assert_eq!(user.emails, all, "{emails}");
    }
}

/// baton-scim, defect 4: the Postman profile has a plain text where others have a list.
#[tokio::test]
async fn an_address_may_be_plain_text() {
    let user = user_by(json!({"id": "1", "userName": "ann@x"}), |profile| {
        profile.user.primary_email = Some(JsonPath::parse("userName").unwrap());
        profile.user.first_email = None;
    });
    assert_eq!(user.await.email.as_deref(), Some("ann@x"));
}

/// baton-scim, defect 18: numeric ids were rejected, and `"true"` meant inactive.
#[tokio::test]
async fn ids_may_be_numbers_and_booleans_may_be_text() {
    for (active, expected) in [
        (json!(true), true),
        (json!("true"), true),
        (json!("True"), true),
        (json!(1), true),
        (json!(null), true),
        (json!(false), false),
        (json!("False"), false),
        (json!("inactive"), false),
    ] {
        let user = user_of(json!({"id": 42, "active": active})).await;
        assert_eq!((user.id.as_str(), user.active), ("42", expected), "{active}");
    }
}

#[tokio::test]
async fn a_record_without_a_name_has_none() {
    let user = user_of(json!({"id": "1", "userName": "ann"})).await;
    assert_eq!((user.first_name.as_deref(), user.last_name.as_deref()), (None, None));
    assert_eq!(user.shown_name(), "ann");
    let user = user_of(json!({"id": "1", "name": {"givenName": "Ann"}, "displayName": "Ann L."})).await;
    assert_eq!(user.shown_name(), "Ann");
    assert_eq!(user_of(json!({"id": "1"})).await.shown_name(), "1");
}

/// baton-scim, defect 6: one malformed record ended the whole sync.
#[tokio::test]
async fn what_cannot_be_mapped_is_reported_and_skipped_or_ends_a_strict_reading() {
    let users = vec![
        json!({"id": "1", "userName": "a"}),
        json!({"userName": "without id"}),
        json!("not an object"),
        json!({"id": "4", "active": "perhaps"}),
        json!({"id": "5", "userName": "e"}),
    ];
    let peer = Peer::start(Roster::of(users, Vec::new())).await;
    let read = whole(reader(profile(&peer)).users(Position::default())).await.unwrap();
    let ids: Vec<&str> = read.records.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["1", "5"]);
    let skipped: Vec<(Option<&str>, &str)> =
        read.skipped.iter().map(|one| (one.id.as_deref(), one.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [
            (None, "there is no id at id"),
            (None, "it is not an object"),
            (Some("4"), "active is \"perhaps\", neither true nor false"),
        ]
    );
    let profile = profile(&peer);
    let strict = Reader::new(transport(&profile), Arc::new(profile), ReadOptions { strict: true });
    let error = whole(strict.users(Position::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "user without id cannot be mapped: there is no id at id");
}

#[tokio::test]
async fn roles_are_read_whatever_their_shape() {
    for (roles, expected) in [
        (json!([{"value": "a", "display": "A"}, {"value": "b"}]), vec![("a", Some("A")), ("b", None)]),
        (json!({"value": "a", "display": "A"}), vec![("a", Some("A"))]),
        (json!(["a", "b"]), vec![("a", None), ("b", None)]),
        (json!([{"display": "A"}]), vec![("A", Some("A"))]),
        (json!([{"value": "a"}, {"value": "a"}, {}]), vec![("a", None)]),
        (json!([]), vec![]),
        (json!(null), vec![]),
    ] {
        let user = user_of(json!({"id": "1", "roles": roles})).await;
        let found: Vec<(&str, Option<&str>)> =
            user.roles.iter().map(|role| (role.value.as_str(), role.display.as_deref())).collect();
        assert_eq!(found, expected, "{roles}");
    }
}

/// baton-scim, defect 16: a group in a group became a user that is nowhere.
#[tokio::test]
async fn a_member_that_is_a_group_is_known_as_one() {
    let group = group_of(json!({"id": "g", "displayName": "G", "members": [
        {"value": "1", "type": "User", "display": "Ann"},
        {"value": "2", "type": "group"},
        {"value": "3", "$ref": "https://app.example.com/scim/v2/Groups/3"},
        {"value": "4", "$ref": "Users/4"},
        {"value": "5"},
        {"value": "5"},
        {"display": "nobody"},
        {"value": 6},
    ]}))
    .await;
    let kinds: Vec<(&str, MemberKind)> =
        group.members.iter().map(|member| (member.id.as_str(), member.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("1", MemberKind::User),
            ("2", MemberKind::Group),
            ("3", MemberKind::Group),
            ("4", MemberKind::User),
            ("5", MemberKind::Unknown),
            ("6", MemberKind::Unknown),
        ]
    );
    assert_eq!(group.members.first().unwrap().display.as_deref(), Some("Ann"));
}

#[tokio::test]
async fn a_group_without_a_name_is_called_by_its_id() {
    assert_eq!(group_of(json!({"id": "g"})).await.display_name, "g");
}

#[tokio::test]
async fn groups_that_a_user_names_are_read_where_the_profile_says() {
    let raw = json!({"id": "1", "groups": [{"display": "A", "value": "g1"}, {"display": "B"}, {"x": 1}]});
    let user = user_by(raw.clone(), |profile| {
        let path = |text: &str| JsonPath::parse(text).unwrap();
        profile.user.has_groups_on_user = true;
        let id = Some(path("value"));
        profile.user.user_group = Some(UserGroupPaths { path: path("groups"), name: path("display"), id });
    })
    .await;
    let links: Vec<(Option<&str>, &str)> =
        user.groups.iter().map(|link| (link.id.as_deref(), link.name.as_str())).collect();
    assert_eq!(links, [(Some("g1"), "A"), (None, "B")]);
    assert_eq!(user_of(raw).await.groups, []);
}

/// baton-scim, defect 22: the filter's value was not escaped, and a group that is not there was a panic.
#[tokio::test]
async fn a_group_is_found_by_a_name_with_quotes_and_one_that_is_not_there_is_none() {
    let groups = vec![json!({"id": "g1", "displayName": "a\"b\\c"}), json!({"id": "g2", "displayName": "d"})];
    let peer = Peer::start(Roster::of(Vec::new(), groups)).await;
    let reader = reader(profile(&peer));
    assert_eq!(reader.group_named("a\"b\\c").await.unwrap().as_deref(), Some("g1"));
    assert_eq!(reader.group_named("nobody").await.unwrap(), None);
    assert_eq!(peer.lines()[0], r#"GET /Groups?filter=displayName eq "a\"b\\c""#);
    // An application that does not know the filter answers with all.
    peer.set(|faults| faults.ignores_filter = true);
    assert_eq!(reader.group_named("d").await.unwrap().as_deref(), Some("g2"));
    assert_eq!(reader.group_named("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn one_user_or_group_is_read_by_its_id_and_gone_is_not_an_error() {
    let peer = Peer::start(Roster::numbered(3, 2, 2)).await;
    let reader = reader(profile(&peer));
    assert_eq!(reader.user("u000001").await.unwrap().unwrap().user_name.as_deref(), Some("user1"));
    assert_eq!(reader.group("g00001").await.unwrap().unwrap().members.len(), 2);
    assert_eq!(reader.user("nobody").await.unwrap(), None);
    assert_eq!(reader.group("nothing").await.unwrap(), None);
    // A page for people says nothing about the user.
    peer.fail(1, "GET", "/Users/u000001", &Failure::Html(404));
    let error = reader.user("u000001").await.unwrap_err();
    assert!(matches!(error, ReadError::Peer(_)), "{error:?}");
}

/// baton-scim, defect 21: members came out of a cache that was an hour old.
#[tokio::test]
async fn nothing_that_was_read_is_kept() {
    let peer = Peer::start(Roster::numbered(3, 1, 2)).await;
    let reader = reader(profile(&peer));
    assert_eq!(reader.group("g00000").await.unwrap().unwrap().members.len(), 2);
    peer.roster(|roster| roster.groups[0]["members"] = json!([]));
    assert_eq!(reader.group("g00000").await.unwrap().unwrap().members.len(), 0);
}

/// A list of a million is never in memory: pages come and go.
#[tokio::test]
async fn a_large_list_is_read_page_by_page() {
    let peer = Peer::start(Roster::numbered(150_000, 0, 0)).await;
    let mut profile = profile(&peer);
    profile.pagination.page_size = 1000;
    let mut pages = reader(profile).users(Position::default());
    let (mut count, mut largest) = (0, 0);
    while let Some(page) = pages.next().await.unwrap() {
        count += page.records.len();
        largest = largest.max(page.records.len());
    }
    assert_eq!((count, largest), (150_000, 1000));
}
