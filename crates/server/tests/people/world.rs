//! A source with a policy, a user, and what became of them.

use rollcall_domain::identity::Identity;
use rollcall_domain::source::SourceSettings;
use rollcall_domain::tenant::{DEFAULT_TENANT, TenantKey};
use rollcall_store::people::IdentityQuery;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

pub(crate) async fn source(app: &TestApp, slug: &str, dialect: &str, policy: Value) -> Client {
    let settings =
        SourceSettings { requests_per_second: 0, policy: Some(policy), ..SourceSettings::default() };
    app.source_with(slug, dialect, settings).await
}

pub(crate) async fn tenant(app: &TestApp) -> TenantKey {
    app.store.tenant(DEFAULT_TENANT).await.unwrap().unwrap().key
}

pub(crate) async fn identities(app: &TestApp) -> Vec<Identity> {
    let query = IdentityQuery { limit: 1_000, ..IdentityQuery::default() };
    let all = app.store.identities(tenant(app).await, &query).await.unwrap();
    all.into_iter().map(|stored| stored.identity).collect()
}

/// `active [admin, member] Ann Bee <ann@acme.example>`: status, roles, name and address.
pub(crate) fn told(identity: &Identity) -> String {
    let roles: Vec<&str> = identity.roles().into_iter().collect();
    let (name, email) = (identity.text("name").unwrap_or("-"), identity.text("email").unwrap_or("-"));
    format!("{} [{}] {name} <{email}>", identity.status.as_str(), roles.join(", "))
}

pub(crate) fn ann() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann@acme.example", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "emails": [{ "value": "ann@acme.example", "primary": true }],
        "roles": [{ "value": "Lead" }],
    })
}

pub(crate) fn set(path: &str, value: &Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}
