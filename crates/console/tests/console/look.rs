//! Users, groups, requests, mapping, changes, webhooks, approvals, overview: what they say, and what they refuse.

use rollcall_domain::account::Role;
use rollcall_domain::identity::Status;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::Paging;
use rollcall_service::people::IdentityFilter;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::Visitor;
use serde_json::json;

use crate::sample::{fill, source, user};

#[tokio::test]
async fn each_page_says_what_there_is() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let mut owner = Visitor::owner(&app).await;
    for (path, expected) in [
        (
            "",
            &["2 people would lose access", "Payroll: 1 delivery was given up", "1 user waits", "4 users"][..],
        ),
        ("/users?source=okta", &["ann@example.com", "4 in all", "Inactive"]),
        ("/users?source=okta&filter=bea", &["bea@example.com"]),
        ("/users?source=okta&filter=active+eq+false", &["cem@example.com"]),
        ("/users?source=okta&filter=nobody", &["No user matches"]),
        (
            &*sample.path("/users/{source}/{id}"),
            &[
                "name.givenName",
                "Sales",
                "department",
                "title",
                "Lead",
                "The request that caused it",
                "no. 1",
            ],
        ),
        ("/groups?source=okta", &["Sales"]),
        (&sample.path("/groups/{source}/{id}"), &["ann", "bea", "Members that came:"]),
        ("/requests?source=okta", &["POST", "/scim/okta/v2/Users", "409"]),
        ("/requests?source=okta&status=4xx", &["409"]),
        ("/requests?source=okta&user=ann%40example.com", &["201", "200"]),
        (
            &sample.path("/requests/{source}/{id}"),
            &[
                "Where each field came from",
                "Rules of the policy",
                "content-type",
                "application/scim+json",
                "not kept",
                "Replay as dry run",
            ],
        ),
        (
            &format!("{}?replay=1", sample.path("/requests/{source}/{id}")),
            &["Would come to:", "About the resource as it is stored now"],
        ),
        ("/mapping/okta", &["firstName", "The last user that was pushed", "The same profile."]),
        ("/changes", &["user.created", "group.created", "identity.created", "Kept: from no. 1"]),
        ("/changes?before=2", &["no. 1"]),
        ("/webhooks", &["Payroll", "Webhook"]),
        (
            &sample.path("/webhooks/{id}"),
            &["hooks.example.com", "the answer was 500", "Release those chosen"],
        ),
        ("/approvals", &["Holding", "okta", "entra"]),
        (
            "/approvals/okta",
            &["2 of 3 active people would lose access.", "cem", "Write the name of the source"],
        ),
        ("/approvals/entra", &["ann@example.com", "Someone new"]),
    ] {
        let shown = owner.get(path).await.expect(200);
        for text in expected {
            assert!(shown.says(text), "{path} does not say {text:?}:\n{}", shown.html);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_where_it_was_typed() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let mut owner = Visitor::owner(&app).await;
    for (path, status, expected) in [
        ("/users?source=okta&filter=userName+eq", 400, "filter-problem"),
        ("/users?source=okta&filter=shoeSize+eq+%2243%22", 400, "shoeSize"),
        ("/groups?source=okta&filter=%28", 400, "aria-invalid"),
        ("/users?source=okta&cursor=x", 400, "cursor"),
        ("/users?source=nobody", 404, "no source"),
        ("/users/okta/00000000-0000-0000-0000-000000000000", 404, "no such User"),
        ("/groups/okta/x", 404, "no such Group"),
        ("/requests?source=okta&status=often", 400, "is no status"),
        ("/requests/okta/none", 404, "in its log"),
        ("/changes?before=soon", 400, "Write the number of a change"),
        ("/webhooks/x", 404, "no such endpoint"),
        ("/approvals/nobody", 404, "no source"),
    ] {
        let shown = owner.get(path).await.expect(status);
        assert!(shown.says(expected), "{path} does not say {expected:?}:\n{}", shown.html);
    }
    let webhook = sample.path("/webhooks/{id}");
    for (path, fields, status, expected) in [
        (
            "/approvals/okta/breaker",
            vec![("answer", "approve"), ("confirm", "otka")],
            400,
            "Write okta to approve.",
        ),
        ("/approvals/okta/breaker", vec![("answer", "perhaps")], 400, "nothing was changed"),
        (&*sample.path("/approvals/entra/matches/{resource}"), vec![], 400, "Choose who it is first."),
        (
            &sample.path("/approvals/entra/matches/{resource}"),
            vec![("answer", "00000000-0000-0000-0000-000000000000")],
            404,
            "waits",
        ),
        (&format!("{webhook}/parked"), vec![("answer", "release")], 400, "Choose at least one delivery"),
        (&format!("{webhook}/replay"), vec![("after", "soon")], 400, "Write the number of a change"),
        (&format!("{webhook}/replay"), vec![("after", "999")], 400, "999"),
        (
            "/mapping/okta/try",
            vec![("mapping", "{\n  \"a\": 1\n}"), ("sample", "{}")],
            400,
            "line 2, column 5",
        ),
        ("/mapping/okta/try", vec![("mapping", "{}"), ("sample", "{")], 400, "Sample: line 1, column 1"),
        (
            "/mapping/okta",
            vec![("mapping", "{}"), ("sample", "{}"), ("generation", "99")],
            409,
            "Someone else",
        ),
    ] {
        owner.get("/approvals").await;
        owner.get("/account").await;
        let shown = owner.post(path, &fields).await.expect(status);
        assert!(shown.says(expected), "{path} {fields:?} does not say {expected:?}:\n{}", shown.html);
    }
}

#[tokio::test]
async fn the_breaker_is_dropped_or_approved_and_a_match_answered() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let mut owner = Visitor::with_role(&app, Role::Operator).await;
    let admin = app.admin(DEFAULT_TENANT).await;
    let active = async || {
        let filter = IdentityFilter { status: Some(Status::Active), name: None };
        app.service.identities(&admin, &filter, &Paging::all()).await.unwrap().items.len()
    };
    assert_eq!(active().await, 3, "one has left, two are held");
    owner.get("/approvals/okta").await;
    let shown = owner.submit("/approvals/okta/breaker", &[("answer", "approve"), ("confirm", "okta")]).await;
    assert!(shown.says("Approved:") && shown.says("Nobody is held."), "{}", shown.html);
    assert_eq!(active().await, 1);
    let path = sample.path("/approvals/entra/matches/{resource}");
    owner.get("/approvals/entra").await;
    let shown = owner.submit(&path, &[("answer", "new")]).await;
    assert!(shown.says("Nobody waits."), "{}", shown.html);
    assert_eq!(active().await, 2);
    owner.post(&path, &[("answer", "new")]).await.expect(404);
}

#[tokio::test]
async fn deliveries_are_released_discarded_and_told_again() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let mut operator = Visitor::with_role(&app, Role::Operator).await;
    let url = sample.path("/webhooks/{id}");
    operator.get(&url).await;
    let shown = operator.submit(&format!("{url}/parked"), &[("answer", "discard"), ("sequence", "2")]).await;
    assert!(shown.says("Nothing is given up."), "{}", shown.html);
    let shown = operator.submit(&format!("{url}/replay"), &[("after", "1")]).await;
    assert!(shown.says("told up to change no. 1 of"), "{}", shown.html);
    let shown = operator.submit(&format!("{url}/status"), &[("active", "off")]).await;
    assert!(shown.says("Paused") && shown.says("It is told everything since it stopped."), "{}", shown.html);
    let shown = operator.submit(&format!("{url}/status"), &[("active", "on")]).await;
    assert!(shown.says("The endpoint is told changes again."), "{}", shown.html);
}

#[tokio::test]
async fn a_viewer_sees_everything_and_is_offered_nothing_to_change() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let mut viewer = Visitor::with_role(&app, Role::Viewer).await;
    for (path, refused) in [
        ("/approvals/okta", "approvals/okta/breaker"),
        ("/approvals/entra", "/matches/"),
        (&*sample.path("/webhooks/{id}"), "/parked"),
        ("/mapping/okta", "Save and decide anew"),
    ] {
        let shown = viewer.get(path).await.expect(200);
        assert!(!shown.says(refused), "{path} offers {refused}");
    }
    viewer.get("/mapping/okta").await;
    let mapping = [("mapping", "{}"), ("sample", r#"{"userName":"a"}"#), ("kind", "User")];
    viewer.post("/mapping/okta/try", &mapping).await.expect(200);
    viewer.post("/mapping/okta", &mapping).await.expect(403);
    viewer.post("/approvals/okta/breaker", &[("answer", "drop")]).await.expect(403);
}

#[tokio::test]
async fn a_mapping_is_tried_and_saved() {
    let app = TestApp::start().await;
    fill(&app).await;
    let mut operator = Visitor::with_role(&app, Role::Operator).await;
    let shown = operator.get("/mapping/okta").await.expect(200);
    let generation = shown.value("generation").unwrap().to_owned();
    let mapping = json!({ "profile": { "mapping": { "name": "userName" } } }).to_string();
    let sample = user("zoe").to_string();
    let fields =
        [("mapping", &*mapping), ("sample", &*sample), ("kind", "User"), ("generation", &*generation)];
    let shown = operator.post("/mapping/okta/try", &fields).await.expect(200);
    assert!(shown.says("Would come to: created"), "{}", shown.html);
    assert!(shown.says("<ins>") && shown.says("zoe@example.com"), "{}", shown.html);
    assert!(app.record("okta").await.settings.mapping.is_none(), "trying has written");
    let shown = operator.submit("/mapping/okta", &fields).await;
    assert!(shown.says("The mapping is saved."), "{}", shown.html);
    assert_eq!(app.record("okta").await.settings.mapping.unwrap().profile.mapping["name"], "userName");
    let shown = operator.post("/mapping/okta", &fields).await.expect(409);
    assert!(shown.says("Someone else has changed"), "{}", shown.html);
}

/// Both are made from the same settings: one is saved, and the other is told.
#[tokio::test]
async fn of_two_mappings_saved_at_one_instant_one_is_told_so() {
    let app = TestApp::start().await;
    fill(&app).await;
    let mut ann = Visitor::with_role(&app, Role::Operator).await;
    let mut bob = Visitor::with_role(&app, Role::Operator).await;
    for round in 0..10 {
        let generation = ann.get("/mapping/okta").await.value("generation").unwrap().to_owned();
        bob.get("/mapping/okta").await.expect(200);
        let mapping = |path: String| json!({ "profile": { "mapping": { "name": path } } }).to_string();
        // Neither is what is there: that would be no change.
        let (first, second) = (mapping(format!("userName{round}")), mapping(format!("displayName{round}")));
        let fields = |mapping| [("mapping", mapping), ("sample", "{}"), ("generation", &*generation)];
        let (first, second) = (fields(&*first), fields(&*second));
        let both = tokio::join!(ann.post("/mapping/okta", &first), bob.post("/mapping/okta", &second));
        let mut statuses = [both.0.status, both.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        let refused = if both.0.status == 409 { both.0 } else { both.1 };
        assert!(refused.says("Someone else has changed"), "{}", refused.html);
    }
}

/// What was read before someone else's change is not written over it, whatever was changed.
#[tokio::test]
async fn a_mapping_made_from_old_settings_is_not_saved() {
    let app = TestApp::start().await;
    source(&app, "okta", Some(json!({}))).await;
    let admin = app.admin(DEFAULT_TENANT).await;
    let read = app.record("okta").await;
    let mapping =
        |path: &str| serde_json::from_value(json!({ "profile": { "mapping": { "name": path } } })).unwrap();
    app.service.set_mapping(&admin, &read, Some(mapping("userName"))).await.unwrap();
    let late = app.service.set_mapping(&admin, &read, Some(mapping("displayName"))).await.unwrap_err();
    assert!(late.is_superseded(), "{late}");
    let late = app.service.set_policy(&admin, &read, None).await.unwrap_err();
    assert!(late.is_superseded(), "{late}");
    assert_eq!(app.record("okta").await.settings.mapping.unwrap().profile.mapping["name"], "userName");
}

#[tokio::test]
async fn lists_go_from_page_to_page() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", None).await;
    let mut members = Vec::new();
    for number in 0..60 {
        let name = json!({ "userName": format!("u{number:02}") });
        members.push(json!({ "value": okta.post("/Users", name).await.expect(201).id() }));
    }
    let group = json!({ "displayName": "All", "members": members });
    let group = okta.post("/Groups", group).await.expect(201).id();
    let mut owner = Visitor::owner(&app).await;
    for (path, first, second) in [
        ("/users?source=okta".to_owned(), "u49", "u50"),
        (format!("/groups/okta/{group}"), "u49", "u50"),
        ("/users?source=okta&filter=u".to_owned(), "u49", "u50"),
        ("/changes".to_owned(), "no. 61<", "no. 36<"),
    ] {
        let shown = owner.get(&path).await.expect(200);
        assert!(shown.says(first) && !shown.says(second), "{path}");
        let next = rollcall_testkit::console::between(&shown.html, "<nav class=\"pager\"", "</nav>").unwrap();
        let next = next.rsplit("href=\"/console").next().unwrap().split('"').next().unwrap();
        let next = next.replace("&amp;", "&").replace("&#38;", "&");
        let shown = owner.get(&next).await.expect(200);
        assert!(!shown.says(first) && shown.says(second), "{next}:\n{}", shown.html);
    }
}
