//! A tenant in which everything that a page shows is there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper for tests may stop a test")]

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryState, Endpoint, EndpointKind, EndpointSettings, Feed,
};
use rollcall_domain::request_log::{Kept, RequestLogSettings};
use rollcall_domain::source::SourceSettings;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::NewEndpoint;
use rollcall_store::delivery::Checkpoint;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};
use uuid::Uuid;

/// What there is.
pub(crate) struct Sample {
    /// A user of `okta`, whose breaker holds two others.
    pub(crate) user: String,
    /// A group of `okta` with that user.
    pub(crate) group: String,
    /// A logged request that created the user.
    pub(crate) request: String,
    /// A user of `entra` of whom nobody knows who it is.
    pub(crate) waiting: String,
    /// A webhook with a delivery that Rollcall has given up.
    pub(crate) webhook: Endpoint,
}

/// A user.
pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": format!("{name}@example.com"), "externalId": format!("x-{name}"), "displayName": name,
        "name": { "givenName": name, "familyName": "Example" },
        "emails": [{ "value": format!("{name}@example.com"), "type": "work", "primary": true }],
        "active": true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
    })
}

/// A source that keeps all of its requests, with this policy.
pub(crate) async fn source(app: &TestApp, slug: &str, policy: Option<Value>) -> Client {
    let settings = SourceSettings {
        requests_per_second: 0,
        policy,
        request_log: RequestLogSettings { keep: Kept::All, ..RequestLogSettings::default() },
        ..SourceSettings::default()
    };
    app.source_with(slug, slug, settings).await
}

/// Fills a tenant.
pub(crate) async fn fill(app: &TestApp) -> Sample {
    let policy = json!({ "provisioning": { "breaker": { "count": 1 } } });
    let okta = source(app, "okta", Some(policy)).await;
    let created = okta.post("/Users", user("ann")).await.expect(201);
    let request = created.header("x-request-id").unwrap().to_owned();
    let ann = created.id();
    let mut leavers = Vec::new();
    for name in ["bea", "cem", "dan"] {
        leavers.push(okta.post("/Users", user(name)).await.expect(201).id());
    }
    let group = json!({ "displayName": "Sales", "members": [{ "value": ann }, { "value": leavers[0] }] });
    let group = okta.post("/Groups", group).await.expect(201).id();
    let title = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    okta.patch(&format!("/Users/{ann}"), title).await.expect(200);
    for leaver in &leavers {
        let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
        okta.patch(&format!("/Users/{leaver}"), inactive).await.expect(200);
    }
    okta.post("/Users", user("ann")).await.expect(409);
    let entra = source(app, "entra", Some(json!({}))).await;
    let waiting = entra.post("/Users", user("ann")).await.expect(201).id();
    let webhook = webhook(app, &ann).await;
    app.service.note_sizes().await.unwrap();
    Sample { user: ann, group, request, waiting, webhook }
}

/// A webhook with a delivery that is given up, and one that is tried again.
async fn webhook(app: &TestApp, resource: &str) -> Endpoint {
    let admin = app.admin(DEFAULT_TENANT).await;
    let settings = EndpointSettings {
        url: "https://hooks.example.com/in".to_owned(),
        description: "Payroll".to_owned(),
        ..EndpointSettings::default()
    };
    let new = NewEndpoint { kind: EndpointKind::Webhook, settings, authorization: None, after: None };
    let (endpoint, _) = app.service.create_endpoint(&admin, new).await.unwrap();
    let delivery = |sequence, state| Delivery {
        sequence,
        resource: Uuid::parse_str(resource).unwrap(),
        state,
        attempts: 9,
        not_before: Timestamp(0),
        error: "the answer was 500".to_owned(),
    };
    let attempt = |sequence, outcome| Attempt {
        key: 0,
        sequence,
        at: Timestamp(0),
        attempt: 9,
        status: Some(500),
        millis: 12,
        outcome,
        error: "the answer was 500".to_owned(),
    };
    let checkpoint = Checkpoint {
        cursor: 5,
        put: vec![delivery(2, DeliveryState::Parked), delivery(3, DeliveryState::Waiting)],
        attempts: vec![attempt(2, AttemptOutcome::Parked), attempt(3, AttemptOutcome::Retry)],
        log_rows: 100,
        ..Checkpoint::default()
    };
    let key = endpoint.key;
    assert!(app.store.checkpoint(key, endpoint.generation, Feed::Changes, &checkpoint).await.unwrap());
    endpoint
}

impl Sample {
    /// A path of the table with what is there in the place of its names.
    pub(crate) fn path(&self, pattern: &str) -> String {
        let id = match pattern.split('/').nth(1) {
            Some("users") => &self.user,
            Some("groups") => &self.group,
            Some("requests") => &self.request,
            _ => &self.webhook.id.to_string(),
        };
        let path = pattern.replace("{source}", "okta").replace("{id}", id);
        let path = path.replace("{resource}", &self.waiting);
        assert!(
            !path.contains('{'),
            "{pattern}: the sample has nothing for a name of this path; add it here"
        );
        path
    }
}
