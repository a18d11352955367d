//! Changes: one member, one role, one account; call in, HTTP exchange out.

use std::sync::Arc;

use rollcall_connector::profile::{MemberRemoval, MemberShape, Profile, ScimVersion, UpdateMethod};
use rollcall_connector::provision::{Account, Kind, Outcome, Provisioner, Write as _, WriteError};
use rollcall_connector::read::RoleRecord;
use rollcall_connector::transport::PeerError;
use rollcall_testkit::peer::{Failure, Peer, RetryAfter, Roster, Version};
use serde_json::{Value, json};

use crate::setup::{profile, transport};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn peer() -> Peer {
    Peer::start(Roster::numbered(10, 2, 4)).await
}

fn writer(profile: Profile) -> Provisioner {
    Provisioner::new(transport(&profile), Arc::new(profile))
}

fn role(value: &str) -> RoleRecord {
    RoleRecord { value: value.to_owned(), display: None }
}

/// The changes that were sent: line and body.
fn changes(peer: &Peer) -> Vec<(String, Value)> {
    let seen = peer.requests().into_iter().filter(|seen| seen.method != "GET");
    seen.map(|seen| (seen.line(), seen.body.clone().unwrap_or_default())).collect()
}

fn patch(operation: impl Into<Value>) -> Value {
    let operation = operation.into();
    json!({"schemas": [PATCH_OP], "Operations": [operation]})
}

#[tokio::test]
async fn a_member_is_added_in_the_shape_that_the_application_wants() {
    let value = json!([{"value": "u000009"}]);
    for (shape, operation) in [
        (MemberShape::Standard, json!({"op": "add", "path": "members", "value": value})),
        (MemberShape::Wrapped, json!({"op": "add", "path": "members", "value": {"members": value}})),
        (
            MemberShape::Pathless,
            json!({"op": "add", "value": {"members": [{"value": "u000009", "display": "User 9"}]}}),
        ),
    ] {
        let peer = peer().await;
        peer.set(|faults| {
            faults.wants_wrapped = shape == MemberShape::Wrapped;
            faults.wants_pathless = shape == MemberShape::Pathless;
        });
        let mut profile = profile(&peer);
        profile.shapes.member = shape;
        let outcome = writer(profile).add_member("g00000", "u000009").await.unwrap();
        assert_eq!(outcome, Outcome::Done, "{shape:?}");
        assert_eq!(changes(&peer), [("PATCH /Groups/g00000".to_owned(), patch(operation))], "{shape:?}");
        let members = peer.roster(|roster| roster.members("g00000"));
        assert_eq!(members, ["u000000", "u000001", "u000002", "u000003", "u000009"], "{shape:?}");
    }
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.shapes.member = MemberShape::Detailed;
    writer(profile).add_member("g00000", "u000009").await.unwrap();
    let reference = format!("{}/Users/u000009", peer.url());
    let member = json!([{"value": "u000009", "$ref": reference, "display": "User 9"}]);
    assert_eq!(changes(&peer)[0].1, patch(json!({"op": "add", "path": "members", "value": member})));
}

/// baton-scim, defect 12: a revocation read the group and wrote all other members back.
#[tokio::test]
async fn one_member_is_removed_without_reading_or_writing_the_others() {
    for op in ["remove", "replace", "Replace"] {
        let peer = peer().await;
        let mut profile = profile(&peer);
        profile.provisioning.remove_user_from_group.as_mut().unwrap().op = op.to_owned();
        assert_eq!(writer(profile).remove_member("g00000", "u000002").await.unwrap(), Outcome::Done);
        let operation = json!({"op": "remove", "path": "members[value eq \"u000002\"]"});
        assert_eq!(changes(&peer), [("PATCH /Groups/g00000".to_owned(), patch(operation))], "{op}");
        assert!(!peer.lines().iter().any(|line| line.starts_with("GET /Groups")), "{op}: {:?}", peer.lines());
        assert_eq!(peer.roster(|roster| roster.members("g00000")), ["u000000", "u000001", "u000003"], "{op}");
    }
}

/// baton-scim, defect 12: the last member was removed with `"value": null`, which empties or breaks the group.
#[tokio::test]
async fn the_last_member_is_removed_like_any_other() {
    let peer = Peer::start(Roster::numbered(1, 1, 1)).await;
    assert_eq!(writer(profile(&peer)).remove_member("g00000", "u000000").await.unwrap(), Outcome::Done);
    assert!(!changes(&peer)[0].1.to_string().contains("null"));
    assert_eq!(peer.roster(|roster| roster.members("g00000")), Vec::<String>::new());
}

#[tokio::test]
async fn an_application_that_wants_it_so_gets_the_value_of_who_goes() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.shapes.removal = MemberRemoval::ByValue;
    writer(profile).remove_member("g00000", "u000002").await.unwrap();
    let operation = json!({"op": "remove", "path": "members", "value": [{"value": "u000002"}]});
    assert_eq!(changes(&peer)[0].1, patch(operation));
    assert_eq!(peer.roster(|roster| roster.members("g00000")), ["u000000", "u000001", "u000003"]);
}

/// baton-scim, defect 12: an id with quotes does not become another filter.
#[tokio::test]
async fn an_id_with_quotes_is_escaped() {
    let peer = peer().await;
    let request =
        writer(profile(&peer)).plan_remove_member("g/1", "a\" or value pr or value eq \"b").unwrap();
    assert_eq!(request.path, "Groups/g%2F1");
    let path = request.body.unwrap()["Operations"][0]["path"].clone();
    assert_eq!(path, r#"members[value eq "a\" or value pr or value eq \"b"]"#);
}

/// baton-scim, defect 11 (annotations): what is so already is a success, and said.
#[tokio::test]
async fn what_is_so_already_is_a_success_and_said() {
    let peer = peer().await;
    let writer = writer(profile(&peer));
    assert_eq!(writer.add_member("g00000", "u000001").await.unwrap(), Outcome::Already);
    assert_eq!(changes(&peer), []);
    assert_eq!(writer.remove_member("g00000", "u000008").await.unwrap(), Outcome::Already);
    assert_eq!(writer.remove_member("nothing", "u000008").await.unwrap(), Outcome::Already);
    assert_eq!(writer.grant_role("u000000", &role("admin")).await.unwrap(), Outcome::Already);
    assert_eq!(writer.revoke_role("u000000", &role("member")).await.unwrap(), Outcome::Already);
    assert_eq!(writer.revoke_role("nobody", &role("member")).await.unwrap(), Outcome::Already);
    assert_eq!(writer.delete(Kind::User, "nobody").await.unwrap(), Outcome::Already);
    peer.fail(1, "PATCH", "/Groups", &Failure::Scim(409, "uniqueness"));
    assert_eq!(writer.add_member("g00000", "u000009").await.unwrap(), Outcome::Already);
}

/// Most applications do not say in a user which groups it is in.
#[tokio::test]
async fn who_was_no_member_is_known_by_a_filter_where_users_do_not_name_their_groups() {
    let peer = peer().await;
    peer.set(|faults| faults.groups_of_user = false);
    let writer = writer(profile(&peer));
    assert_eq!(writer.remove_member("g00000", "u000001").await.unwrap(), Outcome::Done);
    assert_eq!(
        peer.lines()[1],
        r#"GET /Groups?filter=id eq "g00000" and members.value eq "u000001"&count=1&attributes=displayName"#
    );
    // Also where an application says nothing when there is no one to remove.
    peer.set(|faults| faults.no_target_is_fine = true);
    assert_eq!(writer.remove_member("g00000", "u000001").await.unwrap(), Outcome::Already);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_an_error_when_someone_is_added() {
    let peer = peer().await;
    let error = writer(profile(&peer)).add_member("nothing", "u000001").await.unwrap_err();
    assert!(matches!(error, WriteError::Peer(PeerError::Gone(_))), "{error:?}");
}

/// A proxy's page is not the application's word (DESIGN decision 13).
#[tokio::test]
async fn a_page_for_people_deletes_no_one() {
    let peer = peer().await;
    let writer = writer(profile(&peer));
    peer.fail(1, "DELETE", "/Users", &Failure::Html(404));
    let error = writer.delete(Kind::User, "u000001").await.unwrap_err();
    assert!(matches!(error, WriteError::Peer(PeerError::NotFound(_))), "{error:?}");
    peer.fail(1, "PATCH", "/Groups", &Failure::Html(404));
    assert!(writer.remove_member("g00000", "u000001").await.is_err());
    assert_eq!(writer.delete(Kind::User, "u000001").await.unwrap(), Outcome::Done);
    assert_eq!(peer.roster(|roster| roster.members("g00000")), ["u000000", "u000002", "u000003"]);
}

/// baton-scim, defect 13: the display name was granted, and a revocation took all roles.
#[tokio::test]
async fn one_role_is_granted_by_its_value_and_revoked_alone() {
    let peer = peer().await;
    let granted = RoleRecord { value: "super_admin".to_owned(), display: Some("Super Admin".to_owned()) };
    let writer = writer(profile(&peer));
    assert_eq!(writer.grant_role("u000000", &granted).await.unwrap(), Outcome::Done);
    assert_eq!(peer.roster(|roster| roster.roles("u000000")), ["admin", "super_admin"]);
    assert_eq!(writer.revoke_role("u000000", &role("admin")).await.unwrap(), Outcome::Done);
    assert_eq!(peer.roster(|roster| roster.roles("u000000")), ["super_admin"]);
    let line = "PATCH /Users/u000000".to_owned();
    assert_eq!(
        changes(&peer),
        [
            (line.clone(), patch(json!({"op": "add", "path": "roles", "value": [{"value": "super_admin"}]}))),
            (line, patch(json!({"op": "remove", "path": "roles[value eq \"admin\"]"}))),
        ]
    );
}

/// Miro: a user has one role, and granting another takes its place.
#[tokio::test]
async fn replace_grants_the_only_role_where_the_profile_says_so() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.provisioning.add_user_role.as_mut().unwrap().op = "Replace".to_owned();
    writer(profile).grant_role("u000000", &role("member")).await.unwrap();
    assert_eq!(peer.roster(|roster| roster.roles("u000000")), ["member"]);
}

/// baton-scim, defect 13: Zoom was sent roles under the key `Operations`, and nothing else of the user.
#[tokio::test]
async fn by_put_the_whole_user_is_sent_with_one_role_more_or_less() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.shapes.update_roles = UpdateMethod::Put;
    let writer = writer(profile);
    writer.grant_role("u000000", &role("member")).await.unwrap();
    let (line, body) = changes(&peer)[0].clone();
    assert_eq!(line, "PUT /Users/u000000");
    assert_eq!(body["userName"], "user0");
    assert_eq!(body["emails"].as_array().unwrap().len(), 2);
    assert_eq!(body["roles"], json!([{"value": "admin", "display": "Admin"}, {"value": "member"}]));
    assert!(body.get("meta").is_none() && body.get("groups").is_none() && body.get("Operations").is_none());
    assert_eq!(
        peer.requests().iter().find(|seen| seen.method == "PUT").unwrap().header("if-match"),
        Some("W/\"1\"")
    );
    writer.revoke_role("u000000", &role("admin")).await.unwrap();
    assert_eq!(peer.roster(|roster| roster.roles("u000000")), ["member"]);
}

#[tokio::test]
async fn a_put_that_comes_late_is_read_and_tried_again() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.shapes.update_roles = UpdateMethod::Put;
    let writer = writer(profile);
    peer.fail(2, "PUT", "/Users", &Failure::Status(412));
    assert_eq!(writer.grant_role("u000000", &role("member")).await.unwrap(), Outcome::Done);
    assert_eq!(peer.lines().len(), 6);
    peer.fail(9, "PUT", "/Users", &Failure::Status(412));
    let error = writer.grant_role("u000000", &role("x")).await.unwrap_err();
    assert!(matches!(error, WriteError::Contended { .. }), "{error:?}");
}

/// baton-scim, defect 15: without a provisioning block junk was sent, and called a success.
#[tokio::test]
async fn what_is_not_configured_is_said_and_nothing_is_sent() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.provisioning = rollcall_connector::profile::Provisioning::default();
    let writer = writer(profile);
    let errors = [
        writer.add_member("g00000", "u000009").await.unwrap_err(),
        writer.remove_member("g00000", "u000000").await.unwrap_err(),
        writer.grant_role("u000000", &role("x")).await.unwrap_err(),
        writer.revoke_role("u000000", &role("admin")).await.unwrap_err(),
    ];
    let keys = ["addUserToGroup", "removeUserFromGroup", "addUserRole", "removeUserRole"];
    for (error, key) in errors.iter().zip(keys) {
        assert!(error.to_string().contains(&format!("provisioning.{key}")), "{error}");
    }
    assert_eq!(peer.count(), 0);
}

/// baton-scim, defect 11: changes were never tried again.
#[tokio::test]
async fn a_change_that_does_the_same_twice_is_tried_again() {
    let peer = peer().await;
    let writer = writer(profile(&peer));
    peer.fail(2, "PATCH", "/Groups", &Failure::Status(502));
    assert_eq!(writer.add_member("g00000", "u000009").await.unwrap(), Outcome::Done);
    peer.fail(1, "PATCH", "/Groups", &Failure::DoAndDrop);
    assert_eq!(writer.remove_member("g00000", "u000009").await.unwrap(), Outcome::Already);
    assert_eq!(peer.roster(|roster| roster.members("g00000")).len(), 4);
}

#[tokio::test]
async fn scim_1_1_has_its_own_form() {
    let peer = peer().await;
    peer.set(|faults| faults.version = Version::V1);
    let mut profile = profile(&peer);
    profile.scim_version = ScimVersion::V1;
    let writer = writer(profile);
    let core = "urn:scim:schemas:core:1.0";
    writer.add_member("g00000", "u000009").await.unwrap();
    writer.remove_member("g00000", "u000001").await.unwrap();
    writer.grant_role("u000000", &role("x")).await.unwrap();
    writer.revoke_role("u000000", &role("admin")).await.unwrap();
    let bodies: Vec<Value> = changes(&peer).into_iter().map(|(_, body)| body).collect();
    assert_eq!(
        bodies,
        [
            json!({"schemas": [core], "members": [{"value": "u000009"}]}),
            json!({"schemas": [core], "members": [{"value": "u000001", "operation": "delete"}]}),
            json!({"schemas": [core], "roles": [{"value": "x"}]}),
            json!({"schemas": [core], "roles": [{"value": "admin", "operation": "delete"}]}),
        ]
    );
    assert_eq!(peer.roster(|roster| roster.members("g00000")), ["u000000", "u000002", "u000003", "u000009"]);
    assert_eq!(peer.roster(|roster| roster.roles("u000000")), ["x"]);
    assert_eq!(writer.delete(Kind::User, "nobody").await.unwrap(), Outcome::Already);
}

fn account(login: &str) -> Account {
    Account { login: login.to_owned(), email: Some(format!("{login}@example.com")), ..Account::default() }
}

/// baton-scim, defect 19: there were no accounts.
#[tokio::test]
async fn an_account_is_created_with_what_is_given_and_nothing_invented() {
    let peer = peer().await;
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let profile_of = json!({
        "first_name": "Ann", "last_name": "Lee", "name": {"honorificPrefix": "Dr."},
        "title": "CTO", (urn): {"department": "R&D"}, "schemas": ["ignored"],
    });
    let account = Account { profile: profile_of.as_object().unwrap().clone(), ..account("ann") };
    let created = writer(profile(&peer)).create_account(&account).await.unwrap();
    assert_eq!((created.id.as_str(), created.already), ("new1", false));
    assert_eq!(
        changes(&peer),
        [(
            "POST /Users".to_owned(),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", urn],
                "userName": "ann",
                "emails": [{"value": "ann@example.com", "type": "work", "primary": true}],
                "name": {"givenName": "Ann", "familyName": "Lee", "honorificPrefix": "Dr."},
                "title": "CTO",
                (urn): {"department": "R&D"},
            })
        )]
    );
}

/// DESIGN decision 13: after a creation without an answer, the user is looked up first.
#[tokio::test]
async fn an_account_is_created_once_whatever_becomes_of_the_answers() {
    for (failures, posts, already) in [
        (vec![Failure::DoAndDrop], 1, false),
        (vec![Failure::Drop], 2, false),
        (vec![Failure::Status(500)], 2, false),
        (vec![Failure::Drop, Failure::DoAndDrop], 2, false),
        (vec![Failure::Wait(429, RetryAfter::Seconds(0))], 2, false),
        (vec![Failure::Html(201)], 1, false),
    ] {
        let peer = peer().await;
        for failure in &failures {
            // A success that does not say what it did still did it.
            let failure = if matches!(failure, Failure::Html(201)) { &Failure::HalfJson } else { failure };
            peer.fail(1, "POST", "/Users", failure);
        }
        let created = writer(profile(&peer)).create_account(&account("ann")).await.unwrap();
        assert_eq!((created.already, changes(&peer).len()), (already, posts), "{failures:?}");
        let named =
            peer.roster(|roster| roster.users.iter().filter(|user| user["userName"] == "ann").count());
        assert_eq!(named, 1, "{failures:?}");
    }
}

#[tokio::test]
async fn an_account_that_is_there_already_is_said_and_left_alone() {
    let peer = peer().await;
    let writer = writer(profile(&peer));
    let created = writer.create_account(&account("User3")).await.unwrap();
    assert_eq!((created.id.as_str(), created.already), ("u000003", true));
    let user = peer.roster(|roster| roster.find("Users", "u000003")).unwrap();
    assert_eq!(user["userName"], "user3");
    // A conflict that is not about this name is one.
    peer.fail(1, "POST", "/Users", &Failure::Scim(409, "uniqueness"));
    let error = writer.create_account(&account("nobody")).await.unwrap_err();
    assert!(matches!(error, WriteError::Peer(PeerError::Conflict(_))), "{error:?}");
}
