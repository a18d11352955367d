//! Every built-in profile reads and changes an application of its kind. (baton-scim, defect 4: two of four could not
//! sync at all, and the others took the wrong address for the primary one.)

use std::sync::Arc;

use rollcall_connector::profile::{Profile, builtins};
use rollcall_connector::provision::{Outcome, Provisioner, Write as _};
use rollcall_connector::read::{End, Position, Read as _, ReadOptions, Reader, RoleRecord};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::Transport;
use rollcall_testkit::peer::{Faults, Peer, Roster, Version};
use serde_json::json;

use crate::setup::{options, whole};

/// How an application of this profile is.
fn peculiar(name: &str, faults: &mut Faults) {
    faults.wants_user_agent = true;
    faults.no_get_body = true;
    match name {
        "aws" => {
            faults.cursor = true;
            faults.page_cap = Some(50);
            faults.max_members = Some(100);
        }
        "google" => {
            faults.no_paging = true;
            faults.no_put = Some(404);
        }
        "salesforce" => faults.wants_wrapped = true,
        "wso2" => faults.wants_pathless = true,
        "slack" => faults.version = Version::V1,
        "zoom" => {
            faults.no_patch = None;
            faults.needs_last_token = true;
        }
        "sap-success-factors" => faults.needs_last_token = true,
        _ => {}
    }
}

/// The profile with the peer's addresses, and a transport with every credential.
fn connect(name: &str, peer: &Peer) -> (Profile, Transport) {
    let variable = |name: &str| Some(if name.ends_with("URL") { peer.url() } else { "x".to_owned() });
    let mut profile = Profile::builtin(name, &variable).unwrap();
    profile.api_endpoint = peer.url();
    profile.auth.auth_url = profile.auth.auth_url.map(|_| peer.token_url());
    profile.http.retry.backoff_ms = 1;
    let secret = |text: &str| Some(Secret::new(text));
    let given = profile.auth.auth_url.is_none();
    let credentials = Credentials {
        api_key: secret("key").filter(|_| given),
        username: Some("ann".to_owned()),
        password: secret("pass"),
        client_id: Some("cid".to_owned()),
        client_secret: secret("secret"),
        account_id: Some("ACC".to_owned()),
        ..Credentials::default()
    };
    let transport = Transport::new(&profile, credentials, options()).unwrap();
    (profile, transport)
}

#[tokio::test]
async fn every_built_in_profile_reads_its_application() {
    for builtin in builtins() {
        let name = builtin.name;
        let peer = Peer::with(Roster::numbered(250, 5, 20), |faults| peculiar(name, faults)).await;
        let (profile, transport) = connect(name, &peer);
        let profile = Arc::new(profile);
        let reader = Reader::new(transport, Arc::clone(&profile), ReadOptions { strict: true });
        let users = whole(reader.users(Position::default())).await.unwrap();
        assert_eq!((users.records.len(), users.end), (250, Some(End::Complete)), "{name}");
        let ann = &users.records[1];
        let email = match name {
            "postman" => Some("user1"),
            "sap-success-factors" => None,
            _ => Some("user1@example.com"),
        };
        assert_eq!(ann.email.as_deref(), email, "{name}");
        assert_eq!(ann.user_name.as_deref(), Some("user1"), "{name}");
        let role = ann.roles.first().map(|role| role.value.as_str());
        assert_eq!(role, profile.user.roles.as_ref().map(|_| "member"), "{name}");
        let groups = whole(reader.groups(Position::default())).await.unwrap();
        assert_eq!(groups.records.len(), if profile.group.is_some() { 5 } else { 0 }, "{name}");
        let has_members = profile.group.as_ref().is_some_and(|group| group.members.is_some());
        assert!(
            groups.records.iter().all(|group| group.members.len() == if has_members { 20 } else { 0 }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_built_in_profile_changes_one_member_and_one_role_and_no_other() {
    for builtin in builtins() {
        let name = builtin.name;
        let peer = Peer::with(Roster::numbered(10, 2, 4), |faults| peculiar(name, faults)).await;
        let (profile, transport) = connect(name, &peer);
        let provisioning = profile.provisioning.clone();
        let single = provisioning.add_user_role.as_ref().is_some_and(|one| one.op == "replace");
        let writer = Provisioner::new(transport, Arc::new(profile));
        if provisioning.add_user_to_group.is_some() {
            assert_eq!(writer.add_member("g00000", "u000009").await.unwrap(), Outcome::Done, "{name}");
            assert_eq!(writer.remove_member("g00000", "u000001").await.unwrap(), Outcome::Done, "{name}");
            let members = peer.roster(|roster| roster.members("g00000"));
            assert_eq!(members, ["u000000", "u000002", "u000003", "u000009"], "{name}");
        }
        if provisioning.add_user_role.is_some() {
            let role = |value: &str| RoleRecord { value: value.to_owned(), display: None };
            assert_eq!(writer.grant_role("u000000", &role("x")).await.unwrap(), Outcome::Done, "{name}");
            let expected: &[&str] = if single { &["x"] } else { &["admin", "x"] };
            assert_eq!(peer.roster(|roster| roster.roles("u000000")), expected, "{name}");
            assert_eq!(writer.revoke_role("u000000", &role("x")).await.unwrap(), Outcome::Done, "{name}");
            assert_eq!(
                peer.roster(|roster| roster.roles("u000000")),
                expected[..expected.len() - 1],
                "{name}"
            );
        }
    }
}

/// baton-scim, defect 4 and 7: the token went out without `Bearer`, and the request for it was JSON.
#[tokio::test]
async fn zoom_signs_in_with_the_account_and_presents_a_bearer_token() {
    let mut roster = Roster::numbered(2, 0, 0);
    roster.users[0]["groups"] = json!([{"display": "G", "value": "g1"}]);
    let peer = Peer::start(roster).await;
    let (profile, transport) = connect("zoom", &peer);
    let reader = Reader::new(transport, Arc::new(profile), ReadOptions { strict: true });
    let users = whole(reader.users(Position::default())).await.unwrap();
    assert_eq!(users.records[0].groups[0].id.as_deref(), Some("g1"));
    let seen = peer.requests();
    assert_eq!(
        (seen[0].line().as_str(), seen[0].text.as_str()),
        ("POST /oauth/token", "account_id=ACC&grant_type=account_credentials")
    );
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-1"));
}
