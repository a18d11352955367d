//! What each key of a policy does, seen from outside.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::Status;
use rollcall_testkit::TestApp;
use serde_json::{Value, json};

use super::world::{ann, identities, set, source, tenant, told};

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
