//! Rollcall's own server as the application: what one side of this project writes, the other reads.

use std::sync::Arc;

use rollcall_connector::discovery::Discovery;
use rollcall_connector::profile::{Paging, Profile};
use rollcall_connector::provision::{Account, Kind, Outcome, Provisioner, Write as _};
use rollcall_connector::read::{End, Position, Read as _, ReadOptions, Reader};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Request, Transport};
use rollcall_domain::source::SourceSettings;
use rollcall_service::admin::{NewCredential, NewSource};
use rollcall_testkit::TestApp;
use serde_json::json;

use crate::setup::{options, whole};

/// A server over TCP, and a profile and transport for one of its sources.
async fn served() -> (TestApp, Profile, Transport) {
    let app = TestApp::start().await;
    let admin = app.admin(rollcall_domain::tenant::DEFAULT_TENANT).await;
    let settings = SourceSettings { requests_per_second: 0, ..SourceSettings::default() };
    let new = NewSource { slug: "own".to_owned(), dialect: "generic".to_owned(), settings };
    let (_, _, token) = app.service.create_source(&admin, new, NewCredential::default()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/scim/own/v2", listener.local_addr().unwrap());
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let profile = Profile::builtin("standard", &|_| Some(base.clone())).unwrap();
    let credentials = Credentials { token: Some(Secret::new(token.reveal())), ..Credentials::default() };
    let transport = Transport::new(&profile, credentials, options()).unwrap();
    (app, profile, transport)
}

#[tokio::test]
async fn accounts_members_and_roles_go_in_and_come_out_again() {
    let (_app, profile, transport) = served().await;
    let profile = Arc::new(profile);
    let writer = Provisioner::new(transport.clone(), Arc::clone(&profile));
    let mut ids = Vec::new();
    for at in 0..25 {
        let email = Some(format!("user{at}@example.com"));
        let names = json!({"first_name": "User", "last_name": at.to_string(), "active": at % 5 != 0});
        let account =
            Account { login: format!("user{at}"), email, profile: names.as_object().unwrap().clone() };
        ids.push(writer.create_account(&account).await.unwrap().id);
        assert!(writer.create_account(&account).await.unwrap().already);
    }
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G"});
    let made = transport.send(&Request::post(["Groups"], group)).await.unwrap();
    let group = made.json().unwrap()["id"].as_str().unwrap().to_owned();
    for id in &ids[..3] {
        assert_eq!(writer.add_member(&group, id).await.unwrap(), Outcome::Done);
        assert_eq!(writer.add_member(&group, id).await.unwrap(), Outcome::Already);
    }
    assert_eq!(writer.remove_member(&group, &ids[1]).await.unwrap(), Outcome::Done);
    assert_eq!(writer.remove_member(&group, &ids[1]).await.unwrap(), Outcome::Already);
    let role = |value: &str| rollcall_connector::read::RoleRecord { value: value.to_owned(), display: None };
    for value in ["admin", "auditor"] {
        assert_eq!(writer.grant_role(&ids[0], &role(value)).await.unwrap(), Outcome::Done);
    }
    assert_eq!(writer.revoke_role(&ids[0], &role("admin")).await.unwrap(), Outcome::Done);
    assert_eq!(writer.delete(Kind::User, &ids[24]).await.unwrap(), Outcome::Done);
    assert_eq!(writer.delete(Kind::User, &ids[24]).await.unwrap(), Outcome::Already);

    for style in [Paging::Auto, Paging::Index, Paging::Cursor] {
        let mut profile = Profile::clone(&profile);
        profile.pagination.style = style;
        profile.pagination.page_size = 7;
        let reader = Reader::new(transport.clone(), Arc::new(profile), ReadOptions { strict: true });
        let users = whole(reader.users(Position::default())).await.unwrap();
        assert_eq!((users.records.len(), users.end), (24, Some(End::Complete)), "{style:?}");
        let first = users.records.iter().find(|user| user.id == ids[0]).unwrap();
        assert_eq!((first.email.as_deref(), first.active), (Some("user0@example.com"), false));
        assert_eq!(first.roles, [role("auditor")]);
        let groups = whole(reader.groups(Position::default())).await.unwrap();
        let mut members: Vec<&str> = groups.records[0].members.iter().map(|one| one.id.as_str()).collect();
        members.sort_unstable();
        let mut expected = [ids[0].as_str(), ids[2].as_str()];
        expected.sort_unstable();
        assert_eq!(members, expected, "{style:?}");
        assert_eq!(reader.group_named("G").await.unwrap().as_deref(), Some(group.as_str()));
    }
}

#[tokio::test]
async fn it_describes_itself_to_the_client() {
    let (_app, profile, transport) = served().await;
    let discovery = Discovery::new(transport, &profile);
    assert_eq!(discovery.service_provider_config().await.unwrap()["patch"]["supported"], true);
    assert!(discovery.resource_types().await.unwrap().len() >= 2);
    assert!(discovery.schemas().await.unwrap().len() >= 3);
}
