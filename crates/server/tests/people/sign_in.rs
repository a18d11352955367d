//! Signing in, as policy says.

use rollcall_testkit::TestApp;
use serde_json::{Value, json};

use super::api::api;
use super::world::{ann, identities, set, source};

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
