//! From a provider's requests to identities: the policy, key by key, and the defects that others have.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Identity, Owner, Status};
use rollcall_domain::source::SourceSettings;
use rollcall_domain::tenant::{DEFAULT_TENANT, TenantKey};
use rollcall_store::people::{IDENTITY, IdentityQuery};
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

async fn source(app: &TestApp, slug: &str, dialect: &str, policy: Value) -> Client {
    let settings =
        SourceSettings { requests_per_second: 0, policy: Some(policy), ..SourceSettings::default() };
    app.source_with(slug, dialect, settings).await
}

async fn tenant(app: &TestApp) -> TenantKey {
    app.store.tenant(DEFAULT_TENANT).await.unwrap().unwrap().key
}

async fn identities(app: &TestApp) -> Vec<Identity> {
    let query = IdentityQuery { limit: 1_000, ..IdentityQuery::default() };
    let all = app.store.identities(tenant(app).await, &query).await.unwrap();
    all.into_iter().map(|stored| stored.identity).collect()
}

/// `active [admin, member] Ann Bee <ann@acme.example>`: status, roles, name and address.
fn told(identity: &Identity) -> String {
    let roles: Vec<&str> = identity.roles().into_iter().collect();
    let (name, email) = (identity.text("name").unwrap_or("-"), identity.text("email").unwrap_or("-"));
    format!("{} [{}] {name} <{email}>", identity.status.as_str(), roles.join(", "))
}

fn ann() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann@acme.example", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "emails": [{ "value": "ann@acme.example", "primary": true }],
        "roles": [{ "value": "Lead" }],
    })
}

fn set(path: &str, value: &Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

/// What a provider does with its user.
enum Push {
    Post,
    Patch(Value),
    Delete,
}
use Push::{Delete, Patch, Post};

#[tokio::test]
async fn every_policy_key_does_what_it_says() {
    let off = || Patch(set("active", &json!(false)));
    let on = || Patch(set("active", &json!(true)));
    let name = || Patch(set("displayName", &json!("Ann C")));
    let mail = |to: &str| Patch(json!([{ "op": "replace", "path": "emails", "value": [{ "value": to }] }]));
    let deprovision = |mode: &str| json!({ "provisioning": { "deprovision": { "mode": mode } } });
    let user = |key: &str, value: &str| json!({ "provisioning": { "user": { (key): value } } });
    let acme = json!({ "identity": { "verifiedDomains": ["acme.example"] } });
    let protected = json!({ "identity": { "protected": ["ann@acme.example"] } });
    let grown = "active [] Ann Bee <ann@acme.example>";
    let gone = "disabled [] Ann Bee <ann@acme.example>";
    for (policy, pushes, expected) in [
        (json!({}), vec![Post], grown),
        (json!({}), vec![Post, name()], "active [] Ann C <ann@acme.example>"),
        (json!({}), vec![Post, off()], gone),
        (json!({}), vec![Post, off(), on()], grown),
        (json!({}), vec![Post, Delete], gone),
        (json!({}), vec![Post, Delete, Post], grown),
        (deprovision("disable"), vec![Post, off()], gone),
        (deprovision("soft"), vec![Post, off()], gone),
        (deprovision("keep"), vec![Post, off()], grown),
        (deprovision("hard"), vec![Post, off()], "deleted [] - <->"),
        (deprovision("hard"), vec![Post, Delete, Post], grown),
        (deprovision("delete-after-grace"), vec![Post, off()], gone),
        (deprovision("delete-after-grace"), vec![Post, off(), on()], grown),
        (deprovision("anonymize"), vec![Post, off(), on()], grown),
        (user("updateProfileFromScim", "never"), vec![Post, name()], grown),
        (user("updateProfileFromScim", "missing"), vec![Post, name()], grown),
        (user("updateProfileFromScim", "always"), vec![Post, name()], "active [] Ann C <ann@acme.example>"),
        (user("authority", "scim"), vec![Post, name()], "active [] Ann C <ann@acme.example>"),
        (acme.clone(), vec![Post, mail("ann@evil.example")], grown),
        (acme, vec![Post, mail("bee@acme.example")], "active [] Ann Bee <bee@acme.example>"),
        (protected.clone(), vec![Post, off()], grown),
        (protected, vec![Post, Delete], grown),
        (json!({ "provisioning": { "jit": { "mode": "off" } } }), vec![Post], ""),
        (
            json!({ "provisioning": { "jit": { "mode": "createUser", "defaultRoleIds": ["member"] } } }),
            vec![Post],
            grown,
        ),
        (
            json!({ "provisioning": { "jit": { "defaultRoleIds": ["member"] } } }),
            vec![Post],
            "active [member] Ann Bee <ann@acme.example>",
        ),
        (json!({ "provisioning": { "jit": { "defaultRoleIds": ["member"] } } }), vec![Post, off()], gone),
        (
            json!({ "provisioning": { "roles": { "mode": "map", "mapping": { "Lead": ["admin"] } } } }),
            vec![Post],
            "active [admin] Ann Bee <ann@acme.example>",
        ),
        (
            json!({ "provisioning": { "roles": { "mode": "ignore", "mapping": { "Lead": ["admin"] } } } }),
            vec![Post],
            grown,
        ),
        (
            json!({ "provisioning": { "roles": { "mode": "map", "mapping": { "Lead": ["admin"] } } } }),
            vec![Post, Patch(set("roles", &json!([])))],
            grown,
        ),
        (json!({ "provisioning": { "requiredGroups": ["staff"] } }), vec![Post], ""),
        (json!({ "provisioning": { "scimReuse": { "rehire": "new" } } }), vec![Post, Delete, Post], gone),
        (json!({ "extend": { "own": 1 } }), vec![Post], grown),
    ] {
        let app = TestApp::start().await;
        let okta = source(&app, "okta", "okta", policy.clone()).await;
        let mut id = String::new();
        let mut last = 0;
        for push in &pushes {
            let path = format!("/Users/{id}");
            let reply = match push {
                Post => okta.post("/Users", ann()).await,
                Patch(operations) => okta.patch(&path, operations.clone()).await,
                Delete => okta.delete(&path).await,
            };
            last = reply.status;
            assert!(last < 300, "{policy}: {last} {}", reply.body);
            if matches!(push, Post) {
                id = reply.id();
            }
        }
        let all = identities(&app).await;
        let first = all.first().map(told).unwrap_or_default();
        assert_eq!(first, expected, "{policy} after {} pushes, the last {last}", pushes.len());
    }
}

#[tokio::test]
async fn an_anonymised_person_says_nothing_until_they_come_back() {
    let app = TestApp::start().await;
    let policy = json!({ "provisioning": { "deprovision": { "mode": "anonymize" } } });
    let okta = source(&app, "okta", "okta", policy).await;
    let id = okta.post("/Users", ann()).await.expect(201).id();
    okta.delete(&format!("/Users/{id}")).await.expect(204);
    let anonymous = identities(&app).await.remove(0);
    assert_eq!(anonymous.status, Status::Anonymized);
    assert!(anonymous.text("email").unwrap().ends_with("@user.anon"));
    okta.post("/Users", ann()).await.expect(201);
    assert_eq!(told(&identities(&app).await[0]), "active [] Ann Bee <ann@acme.example>");
}

#[tokio::test]
async fn matching_is_as_policy_says_and_never_by_accident() {
    let by =
        |keys: Value| json!({ "identity": { "match": { "by": keys }, "verifiedDomains": ["acme.example"] } });
    let refuse = json!({ "identity": { "match": { "otherwise": "refuse" } } });
    let create = json!({ "identity": { "match": { "otherwise": "create" } } });
    for (policy, body, outcome, count, linked) in [
        (by(json!(["userName"])), ann(), "201 -", 1, true),
        (by(json!(["verifiedEmail"])), ann(), "201 -", 1, true),
        (by(json!(["externalId"])), ann(), "201 -", 1, true),
        // By nothing: it waits for someone's word.
        (json!({}), ann(), "201 -", 1, false),
        (by(json!([])), ann(), "201 -", 1, false),
        (refuse, ann(), "409 uniqueness", 1, false),
        (create, ann(), "201 -", 2, false),
        // The same address, in a domain that nobody verified.
        (json!({ "identity": { "match": { "by": ["verifiedEmail"] } } }), ann(), "201 -", 1, false),
    ] {
        let app = TestApp::start().await;
        source(&app, "okta", "okta", json!({})).await.post("/Users", ann()).await.expect(201);
        let entra = source(&app, "entra", "entra", policy.clone()).await;
        assert_eq!(entra.post("/Users", body).await.outcome(), outcome, "{policy}");
        let all = identities(&app).await;
        assert_eq!((all.len(), all[0].links.len() == 2), (count, linked), "{policy}");
        let waiting = app.store.waiting(app.record("entra").await.key, 0, 9).await.unwrap();
        assert_eq!(waiting.len() == 1, outcome == "201 -" && !linked && count == 1, "{policy}");
    }
}

#[tokio::test]
async fn someone_is_active_while_any_or_all_of_their_sources_say_so() {
    for (active_while, expected) in [("anySource", Status::Active), ("allSources", Status::Disabled)] {
        let app = TestApp::start().await;
        let policy = json!({ "identity": { "activeWhile": active_while, "match": { "by": ["userName"] } } });
        let okta = source(&app, "okta", "okta", policy.clone()).await;
        let entra = source(&app, "entra", "entra", policy).await;
        okta.post("/Users", ann()).await.expect(201);
        let id = entra.post("/Users", ann()).await.expect(201).id();
        entra.patch(&format!("/Users/{id}"), set("active", &json!("False"))).await.expect(200);
        assert_eq!(identities(&app).await[0].status, expected, "{active_while}");
    }
}

#[tokio::test]
async fn groups_give_roles_by_key_and_never_by_name() {
    let app = TestApp::start().await;
    let policy = json!({ "provisioning": {
        "groups": { "mode": "sync", "mapping": { "g1": ["admin"], "Admins": ["owner"] } },
        "requiredGroups": ["g1"],
    } });
    let okta = source(&app, "okta", "okta", policy).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    assert_eq!(identities(&app).await.len(), 0, "not in the group that is required");
    let group = json!({ "displayName": "Admins", "externalId": "g1", "members": [{ "value": user }] });
    let group = okta.post("/Groups", group).await.expect(201).id();
    assert_eq!(told(&identities(&app).await[0]), "active [admin] Ann Bee <ann@acme.example>");
    okta.patch(&format!("/Groups/{group}"), set("displayName", &json!("Others"))).await;
    assert_eq!(told(&identities(&app).await[0]), "active [admin] Ann Bee <ann@acme.example>");
    okta.delete(&format!("/Groups/{group}")).await.expect(204);
    assert_eq!(told(&identities(&app).await[0]), "disabled [] Ann Bee <ann@acme.example>");
}

#[tokio::test]
async fn a_bulk_request_makes_identities_as_single_ones_do() {
    let app = TestApp::start().await;
    let policy = json!({ "provisioning": { "groups": { "mode": "sync", "mapping": { "g1": ["admin"] } } } });
    let okta = source(&app, "okta", "okta", policy).await;
    let group = json!({ "displayName": "G", "externalId": "g1", "members": [{ "value": "bulkId:ann" }] });
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group },
            { "method": "POST", "path": "/Users", "bulkId": "ann", "data": ann() },
        ],
    });
    okta.post("/Bulk", body).await.expect(200);
    assert_eq!(told(&identities(&app).await[0]), "active [admin] Ann Bee <ann@acme.example>");
}

#[tokio::test]
async fn a_source_with_neither_has_no_identities() {
    let app = TestApp::start().await;
    let okta = app.source("okta", "okta").await;
    okta.post("/Users", ann()).await.expect(201);
    assert_eq!(identities(&app).await.len(), 0);
    let policy = json!({ "provisioning": { "jit": { "defaultRoleIds": ["member"] } } });
    app.store
        .set_tenant_policy(
            tenant(&app).await,
            Some(&policy),
            (&[], Timestamp(0)),
            &rollcall_store::conformance::world::draft(),
        )
        .await
        .unwrap();
    let entra = source(&app, "entra", "entra", json!({})).await;
    entra.post("/Users", ann()).await.expect(201);
    assert_eq!(
        told(&identities(&app).await[0]),
        "active [member] Ann Bee <ann@acme.example>",
        "the tenant's"
    );
}

/// A user with the role of a group and one of its own, beside another who stays.
async fn world(dialect: &str) -> (TestApp, Client, String, String) {
    let app = TestApp::start().await;
    let policy = json!({ "provisioning": {
        "jit": { "defaultRoleIds": ["member"] },
        "groups": { "mode": "sync", "mapping": { "g1": ["admin"] } },
        "roles": { "mode": "map", "mapping": { "Lead": ["lead"] } },
    } });
    let client = source(&app, "source", dialect, policy).await;
    let user = client.post("/Users", ann()).await.expect(201).id();
    let group = json!({ "displayName": "Admins", "externalId": "g1", "members": [{ "value": user }] });
    let group = client.post("/Groups", group).await.expect(201).id();
    (app, client, user, group)
}

const ALL_ROLES: &str = "active [admin, lead, member] Ann Bee <ann@acme.example>";

/// Defect 1: `active: "False"` was ignored, with 200 and `active: true`.
#[tokio::test]
async fn false_as_text_deactivates() {
    let (app, entra, user, _) = world("entra").await;
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let reply = entra.patch(&format!("/Users/{user}"), off).await.expect(200);
    assert_eq!(reply.body["active"], json!(false));
    assert_eq!(told(&identities(&app).await[0]), "disabled [] Ann Bee <ann@acme.example>");
}

/// Defect 2: any PATCH that does not touch `active` reactivated a member.
#[tokio::test]
async fn a_patch_of_something_else_reactivates_nobody() {
    let (app, okta, user, _) = world("okta").await;
    okta.patch(&format!("/Users/{user}"), set("active", &json!(false))).await.expect(200);
    okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    assert_eq!(identities(&app).await[0].status, Status::Disabled);
}

/// Defect 3: a PATCH computed the roles anew from its own body, and left the default ones.
#[tokio::test]
async fn a_patch_of_something_else_keeps_the_roles() {
    let (app, okta, user, _) = world("okta").await;
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
    okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    okta.patch(&format!("/Users/{user}"), set("displayName", &json!("Ann Bee"))).await.expect(200);
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
}

/// Defect 4: the answer to a PATCH had no `externalId`.
#[tokio::test]
async fn a_patch_answers_with_the_external_id() {
    let (app, okta, user, _) = world("okta").await;
    let reply = okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    assert_eq!(reply.body["externalId"], json!("00u1"));
    assert_eq!(identities(&app).await[0].links[0].external_id.as_deref(), Some("00u1"));
}

/// Defect 5: members of a PATCH without a path were passed over, with 200.
#[tokio::test]
async fn a_patch_without_a_path_changes_the_members() {
    let (app, okta, user, group) = world("okta").await;
    let none = json!([{ "op": "replace", "value": { "members": [] } }]);
    let status = okta.patch(&format!("/Groups/{group}"), none).await.status;
    assert!(status == 200 || status == 204, "{status}");
    assert_eq!(told(&identities(&app).await[0]), "active [lead, member] Ann Bee <ann@acme.example>");
    let one = json!([{ "op": "add", "value": { "members": [{ "value": user }] } }]);
    okta.patch(&format!("/Groups/{group}"), one).await;
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
}

/// Defect 6: `remove` of `members` with an array of values was 400.
#[tokio::test]
async fn members_are_removed_by_an_array_of_values() {
    let (app, entra, user, group) = world("entra").await;
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "value": user }] }]);
    let status = entra.patch(&format!("/Groups/{group}"), remove).await.status;
    assert!(status == 200 || status == 204, "{status}");
    assert_eq!(told(&identities(&app).await[0]), "active [lead, member] Ann Bee <ann@acme.example>");
}

/// Defect 7: every list made an event.
#[tokio::test]
async fn a_read_makes_no_event() {
    let (app, okta, user, group) = world("okta").await;
    let changes = async || app.store.changes(tenant(&app).await, 0, 1_000).await.unwrap();
    let before = changes().await;
    assert!(before.iter().any(|change| change.resource_type == IDENTITY));
    for path in ["/Users", "/Groups", &format!("/Users/{user}"), &format!("/Groups/{group}"), "/Schemas"] {
        okta.get(path).await.expect(200);
    }
    assert_eq!(changes().await, before);
}

/// A client of the admin API that may do everything about people.
async fn api(app: &TestApp) -> Client {
    use rollcall_domain::api::ApiScope;
    app.api(None, &ApiScope::all().collect::<Vec<_>>()).await
}

#[tokio::test]
async fn mapping_and_policy_are_set_by_the_api_and_what_cannot_be_is_told_at_once() {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    let api = api(&app).await;
    for (path, body, told) in [
        (
            "/sources/okta/policy",
            json!({ "provisioning": { "jit": { "mode": "maybe" } } }),
            "provisioning.jit.mode takes",
        ),
        ("/sources/okta/policy", json!({ "provision": {} }), "provision is not a key of a policy"),
        ("/policy", json!([]), "a policy is an object"),
        (
            "/sources/okta/mapping",
            json!({ "profile": { "mapping": { "mail": "emails" } } }),
            "mapping.mail is not a key",
        ),
        ("/sources/okta/mapping", json!({ "profile": { "mapping": { "name": "emails[" } } }), "mapping.name"),
        (
            "/sources/okta/mapping",
            json!({ "expressions": { "users": [{ "name": "a", "expression": "return {}" }] } }),
            "evaluates no expressions",
        ),
    ] {
        let reply = api.put(path, body).await.expect(400);
        assert!(reply.body["detail"].as_str().unwrap().contains(told), "{}", reply.body);
    }
    let mapping =
        json!({ "profile": { "mapping": { "name": "nickName" }, "extraFields": { "team": "title" } } });
    api.put("/sources/okta/mapping", mapping.clone()).await.expect(200);
    let kept = api.get("/sources/okta/mapping").await.expect(200);
    assert_eq!(kept.body["mapping"]["profile"], mapping["profile"]);
    assert!(app.record("okta").await.settings.has_identities());
    api.delete("/sources/okta/mapping").await.expect(204);
    assert!(!app.record("okta").await.settings.has_identities());
}

#[tokio::test]
async fn another_policy_is_shown_before_it_is_set_and_then_holds_for_everyone() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let api = api(&app).await;
    for number in 0..250 {
        let body = json!({ "userName": format!("u{number}"), "roles": [{ "value": "Lead" }] });
        okta.post("/Users", body).await.expect(201);
    }
    let policy = json!({ "provisioning": { "roles": { "mode": "map", "mapping": { "Lead": ["lead"] } } } });
    let preview = api.post("/sources/okta/preview", json!({ "policy": policy })).await.expect(200).body;
    assert_eq!((preview["seen"].clone(), preview["next"].clone()), (json!(250), Value::Null));
    assert_eq!(preview["changes"].as_array().unwrap().len(), 250);
    assert_eq!(preview["changes"][7]["gained"], json!(["lead"]));
    assert_eq!(identities(&app).await.iter().filter(|one| !one.grants.is_empty()).count(), 0, "a preview");
    api.put("/sources/okta/policy", policy).await.expect(200);
    let part = app.service.recompute().await.unwrap();
    assert!(part, "there is more to do after a hundred");
    let half = api.get("/sources/okta/recomputation").await.expect(200).body;
    assert_eq!(half["recomputation"]["seen"], json!(100));
    // Someone is pushed meanwhile, by the policy that holds now.
    let late = okta.post("/Users", json!({ "userName": "late", "roles": [{ "value": "Lead" }] })).await;
    late.expect(201);
    while app.service.recompute().await.unwrap() {}
    let done = api.get("/sources/okta/recomputation").await.expect(200).body["recomputation"].clone();
    assert_eq!((done["seen"].clone(), done["changed"].clone()), (json!(251), json!(250)));
    assert!(done["finished"].is_string());
    assert!(identities(&app).await.iter().all(|one| one.roles().contains("lead")));
    assert!(!app.service.recompute().await.unwrap());
}

#[tokio::test]
async fn what_was_there_before_a_policy_is_decided_about_when_it_is_set() {
    let app = TestApp::start().await;
    let okta = app.source("okta", "okta").await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let group = json!({ "displayName": "A", "externalId": "g1", "members": [{ "value": user }] });
    okta.post("/Groups", group).await.expect(201);
    let api = api(&app).await;
    let policy = json!({ "provisioning": { "groups": { "mode": "sync", "mapping": { "g1": ["admin"] } } } });
    api.put("/sources/okta/policy", policy).await.expect(200);
    while app.service.recompute().await.unwrap() {}
    assert_eq!(told(&identities(&app).await[0]), "active [admin] Ann Bee <ann@acme.example>");
}

#[tokio::test]
async fn a_mass_of_leavers_waits_for_approval_by_the_api() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({ "provisioning": { "breaker": { "count": 2 } } })).await;
    let api = api(&app).await;
    let mut users = Vec::new();
    for number in 0..6 {
        users.push(okta.post("/Users", json!({ "userName": format!("u{number}") })).await.expect(201).id());
    }
    for user in &users {
        okta.delete(&format!("/Users/{user}")).await.expect(204);
    }
    let active = async || identities(&app).await.iter().filter(|one| one.status == Status::Active).count();
    let state = api.get("/sources/okta/breaker").await.expect(200).body;
    assert_eq!((state["held"].clone(), state["active"].clone(), active().await), (json!(4), json!(4), 4));
    let held = api.get("/sources/okta/breaker/held?limit=3").await.expect(200).body;
    assert_eq!(
        (held["items"].as_array().unwrap().len(), held["items"][0]["removed"].clone()),
        (3, json!(true))
    );
    assert!(held["next_cursor"].is_string());
    let done = api.send("POST", "/sources/okta/breaker/approve", None).await.expect(200).body;
    assert_eq!((done, active().await), (json!({ "done": 4 }), 0));
}

#[tokio::test]
async fn who_waits_is_answered_by_the_api() {
    let app = TestApp::start().await;
    source(&app, "okta", "okta", json!({})).await.post("/Users", ann()).await.expect(201);
    let entra = source(&app, "entra", "entra", json!({})).await;
    let waiting = entra.post("/Users", ann()).await.expect(201).id();
    let api = api(&app).await;
    let queue = api.get("/sources/entra/matches").await.expect(200).body;
    assert_eq!(queue["items"][0]["resource"], json!(waiting));
    let who = queue["items"][0]["candidates"][0].clone();
    let path = format!("/sources/entra/matches/{waiting}");
    for (body, status) in [
        (json!({ "answer": "perhaps" }), 400),
        (json!({ "answer": "this" }), 400),
        (json!({ "answer": "this", "identity": "00000000-0000-7000-8000-000000000000" }), 404),
        (json!({ "answer": "this", "identity": who }), 200),
        (json!({ "answer": "new" }), 404),
    ] {
        api.post(&path, body).await.expect(status);
    }
    assert_eq!(identities(&app).await[0].links.len(), 2);
}

#[tokio::test]
async fn the_application_has_its_own_say_about_an_identity() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let api = api(&app).await;
    let found = api.get("/identities?name=ANN@acme.example").await.expect(200).body;
    let path = format!("/identities/{}", found["items"][0]["id"].as_str().unwrap());
    for (body, status) in [
        (json!({ "status": "gone" }), 400),
        (json!({ "attributes": { "colour": "red" } }), 400),
        (json!({ "attributes": { "phone": 7 } }), 400),
        (json!({ "status": "disabled", "roles": ["auditor"], "attributes": { "phone": "1" } }), 200),
    ] {
        api.send("PATCH", &path, Some(body)).await.expect(status);
    }
    // A push neither brings the person back nor takes what the application gave.
    okta.put(&format!("/Users/{user}"), ann()).await.expect(200);
    assert_eq!(told(&identities(&app).await[0]), "disabled [auditor] Ann Bee <ann@acme.example>");
    let shown = api.get(&path).await.expect(200).body;
    assert_eq!(shown["attributes"]["phone"]["origin"], json!("app"));
    assert_eq!(api.get("/identities?status=active").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn a_sample_is_tried_over_what_is_stored_and_touches_nothing() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let before = app.store.changes(tenant(&app).await, 0, 100).await.unwrap();
    let mut sample = ann();
    sample["displayName"] = json!("Ann C");
    let api = api(&app).await;
    let tried = api.post("/sources/okta/mapping/test", json!({ "payload": sample })).await.expect(200).body;
    assert_eq!(tried["decision"]["outcome"], json!("updated"));
    let steps = tried["trace"].as_array().unwrap();
    let change = steps.iter().find_map(|step| step.get("change")).unwrap();
    assert_eq!(change["difference"]["name"], json!({ "before": "Ann Bee", "after": "Ann C" }));
    assert_eq!(app.store.changes(tenant(&app).await, 0, 100).await.unwrap(), before);
    let refused = api.post("/sources/okta/mapping/test", json!({ "payload": { "id": user } })).await;
    refused.expect(400);
}

/// What a source granted goes with it; whom another source wants active stays so, with what that one granted.
#[tokio::test]
async fn a_deleted_source_leaves_no_links_and_no_roles() {
    let roles = |role: &str| json!({ "provisioning": { "jit": { "defaultRoleIds": [role] } } });
    let by_name = |role: &str| {
        let mut policy = roles(role);
        policy["identity"] = json!({ "match": { "by": ["userName"] } });
        policy
    };
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", roles("from-okta")).await;
    okta.post("/Users", ann()).await.expect(201);
    for number in 0..250 {
        okta.user(&format!("u{number}")).await;
    }
    let entra = source(&app, "entra", "entra", by_name("from-entra")).await;
    entra.post("/Users", ann()).await.expect(201);
    let find = async |name: &str| {
        let all = identities(&app).await;
        all.into_iter().find(|identity| identity.text("userName") == Some(name)).unwrap()
    };
    assert_eq!(
        told(&find("ann@acme.example").await),
        "active [from-entra, from-okta] Ann Bee <ann@acme.example>"
    );
    let gone = app.record("okta").await;
    app.service.delete_source(&app.admin(DEFAULT_TENANT).await, &gone).await.unwrap();
    let ann = find("ann@acme.example").await;
    assert_eq!(told(&ann), "active [from-entra] Ann Bee <ann@acme.example>");
    assert_eq!(ann.links.len(), 1);
    for identity in identities(&app).await.iter().filter(|identity| identity.id != ann.id) {
        assert_eq!((identity.status, identity.links.len()), (Status::Disabled, 0));
        assert!(identity.roles().is_empty());
    }
    assert!(app.store.source("okta").await.unwrap().is_none());
}

/// Who is protected or kept by policy stays as they are; what was granted is the application's then.
#[tokio::test]
async fn what_policy_keeps_of_a_deleted_source_becomes_the_application_s() {
    let kept = json!({ "deprovision": { "mode": "keep" } });
    for policy in
        [json!({ "identity": { "protected": ["ann@acme.example"] } }), json!({ "provisioning": kept })]
    {
        let app = TestApp::start().await;
        let mut policy = policy;
        policy["provisioning"]["jit"] = json!({ "defaultRoleIds": ["member"] });
        let okta = source(&app, "okta", "okta", policy.clone()).await;
        okta.post("/Users", ann()).await.expect(201);
        let gone = app.record("okta").await;
        app.service.delete_source(&app.admin(DEFAULT_TENANT).await, &gone).await.unwrap();
        let identity = identities(&app).await.remove(0);
        assert_eq!(told(&identity), "active [member] Ann Bee <ann@acme.example>", "{policy}");
        assert_eq!(identity.links.len(), 0);
        assert!(identity.grants.iter().all(|grant| grant.owner == Owner::App), "{policy}");
    }
}

/// Every key about signing in, with what it makes of someone whom the source provisioned under the same subject
/// (`same`), of someone with the same address (`address`), and of a stranger.
#[tokio::test]
async fn signing_in_is_as_policy_says() {
    let linking = |protocol: &str, value: &str| json!({ "identity": { "accountLinking": { (protocol): value }, "verifiedDomains": ["acme.example"] } });
    let user = |key: &str, value: Value| json!({ "provisioning": { "user": { (key): value } } });
    let jit = |value: Value| json!({ "provisioning": { "jit": value } });
    let member = || jit(json!({ "defaultRoleIds": ["member"] }));
    for (policy, protocol, who, outcome, then) in [
        (linking("oidc", "sameConnection"), "oidc", "same", "updated", "Ann Bee +1"),
        (linking("oidc", "sameConnection"), "oidc", "address", "created", "Annie +1"),
        (linking("oidc", "verifiedEmail"), "oidc", "address", "linked", "Ann Bee +1"),
        (linking("oidc", "verifiedEmail"), "saml", "address", "created", "Annie +1"),
        (linking("saml", "verifiedEmail"), "saml", "address", "linked", "Ann Bee +1"),
        (linking("oidc", "none"), "oidc", "same", "created", "Annie +1"),
        (
            json!({ "identity": { "accountLinking": { "oidc": "verifiedEmail" } } }),
            "oidc",
            "address",
            "created",
            "Annie +1",
        ),
        (json!({}), "oidc", "stranger", "created", "Annie +1"),
        (user("createOnSignIn", json!(false)), "oidc", "stranger", "ignored", "-"),
        (user("createOnSignIn", json!(false)), "oidc", "same", "updated", "Ann Bee +1"),
        (user("updateProfileOnLogin", json!("never")), "oidc", "same", "unchanged", "Ann Bee -"),
        (user("updateProfileOnLogin", json!("missing")), "oidc", "same", "updated", "Ann Bee +1"),
        (
            json!({ "provisioning": { "user": { "updateProfileOnLogin": "always", "authority": "sso" } } }),
            "oidc",
            "same",
            "updated",
            "Annie +1",
        ),
        (
            json!({ "provisioning": { "user": { "updateProfileOnLogin": "always", "authority": "scim" } } }),
            "oidc",
            "same",
            "updated",
            "Ann Bee +1",
        ),
        (jit(json!({ "mode": "off" })), "oidc", "stranger", "ignored", "-"),
        (member(), "oidc", "stranger", "created", "Annie +1 member"),
    ] {
        let app = TestApp::start().await;
        let okta = source(&app, "okta", "okta", policy.clone()).await;
        okta.post("/Users", ann()).await;
        let (subject, email) = match who {
            "same" => ("00u1", "other@acme.example"),
            "address" => ("s2", "ann@acme.example"),
            _ => ("s3", "new@acme.example"),
        };
        let profile = json!({ "subject": subject, "email": email, "name": "Annie", "phone": "+1" });
        let body = json!({ "protocol": protocol, "profile": profile });
        let api = api(&app).await;
        let said = api.post("/sources/okta/sign-ins", body.clone()).await.expect(200).body;
        let what = said["outcome"].as_str().map(str::to_owned);
        let what = what.or_else(|| Some(said["outcome"].as_object()?.keys().next()?.clone())).unwrap();
        assert_eq!(what, outcome, "{policy} {protocol} {who}");
        let all = identities(&app).await;
        let found = all.iter().find(|identity| said["identity"] == identity.id.to_string());
        let found = found.map_or_else(
            || "-".to_owned(),
            |one| {
                let text = |name: &str| one.text(name).unwrap_or("-").to_owned();
                let roles = one.roles().into_iter().flat_map(|role| [" ", role]).collect::<String>();
                format!("{} {}{roles}", text("name"), text("phone"))
            },
        );
        assert_eq!(found, then, "{policy} {protocol} {who}");
        if said["identity"] != Value::Null {
            // The next time it is the same one, whatever the policy says of linking.
            let again = api.post("/sources/okta/sign-ins", body).await.expect(200).body;
            assert_eq!((&again["identity"], &again["outcome"]), (&said["identity"], &json!("unchanged")));
        }
    }
}

#[tokio::test]
async fn nobody_comes_back_by_signing_in_and_a_sign_in_needs_a_subject() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    okta.patch(&format!("/Users/{user}"), set("active", &json!(false))).await;
    let api = api(&app).await;
    let sign_in = json!({ "protocol": "oidc", "profile": { "subject": "00u1" } });
    let said = api.post("/sources/okta/sign-ins", sign_in).await.expect(200).body;
    assert_eq!((&said["status"], &said["roles"]), (&json!("disabled"), &json!([])));
    for (body, part) in [
        (json!({ "protocol": "oidc", "profile": {} }), "subject"),
        (json!({ "protocol": "oidc", "profile": { "subject": "" } }), "subject"),
        (json!({ "protocol": "kerberos", "profile": { "subject": "s" } }), "give oidc or saml"),
        (json!({ "protocol": "oidc", "profile": { "subject": "s", "nonsense": 1 } }), "nonsense"),
    ] {
        let refused = api.post("/sources/okta/sign-ins", body).await.expect(400);
        assert!(refused.body["detail"].as_str().unwrap().contains(part), "{}", refused.body);
    }
}
