//! Synchronous hooks, as providers see them: who is asked when, and what an answer does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rollcall_domain::pipeline::HookAnswer;
use rollcall_domain::policy::decide::Occasion;
use rollcall_domain::source::{Source, SourceSettings};
use rollcall_service::hooks::{Asked, Hooks, Moment, Told};
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

/// A hook that answers as it is told to, and keeps what it is asked and told: `before removed ann`.
#[derive(Default)]
struct Script {
    answer: Mutex<Option<HookAnswer>>,
    heard: Mutex<Vec<String>>,
}

impl Script {
    fn answers(&self, answer: HookAnswer) {
        *self.answer.lock().unwrap() = Some(answer);
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    fn hear(&self, moment: &str, asked: &Asked<'_>, more: &str) {
        let occasion = if asked.occasion == Occasion::Removed { "removed" } else { "pushed" };
        let name = asked.profile.user_name.as_deref().unwrap_or("-");
        self.heard.lock().unwrap().push(format!("{moment} {occasion} {name}{more}"));
    }
}

#[async_trait]
impl Hooks for Script {
    fn has(&self, _: &Source, _: Moment) -> bool {
        true
    }

    async fn before_provision(&self, asked: Asked<'_>) -> HookAnswer {
        self.hear("before", &asked, "");
        self.answer.lock().unwrap().clone().unwrap_or(HookAnswer::Unchanged)
    }

    async fn after_provision(&self, told: Told<'_>) {
        let outcome = serde_json::to_value(told.outcome).unwrap();
        let outcome = outcome
            .as_object()
            .and_then(|outcome| outcome.keys().next().cloned())
            .unwrap_or_else(|| outcome.as_str().unwrap_or_default().to_owned());
        self.hear("after", &told.asked, &format!(" {outcome}"));
    }
}

async fn world() -> (TestApp, Client, Arc<Script>, String) {
    let script = Arc::new(Script::default());
    let app = TestApp::with_hooks(Some(Arc::<Script>::clone(&script))).await;
    let settings =
        SourceSettings { requests_per_second: 0, policy: Some(json!({})), ..SourceSettings::default() };
    let client = app.source_with("okta", "okta", settings).await;
    let ann = client.user("ann").await;
    assert_eq!(script.heard(), ["before pushed ann", "after pushed ann created"]);
    (app, client, script, format!("/Users/{ann}"))
}

fn bulk(at: &str) -> Value {
    json!({ "Operations": [{ "method": "DELETE", "path": at }] })
}

#[tokio::test]
async fn a_deletion_is_asked_about_and_told() {
    let (_app, client, script, ann) = world().await;
    client.delete(&ann).await.expect(204);
    assert_eq!(script.heard(), ["before removed ann", "after removed ann deprovisioned"]);
    let bob = format!("/Users/{}", client.user("bob").await);
    script.heard();
    let reply = client.post("/Bulk", bulk(&bob)).await.expect(200);
    assert_eq!(reply.body["Operations"][0]["status"], "204");
    assert_eq!(script.heard(), ["before removed bob", "after removed bob deprovisioned"]);
    // Whom there is nobody to ask about.
    client.delete(&ann).await.expect(404);
    let group = client.group("G", &[]).await;
    client.delete(&format!("/Groups/{group}")).await.expect(204);
    assert_eq!(script.heard(), [""; 0]);
}

#[tokio::test]
async fn a_hook_may_refuse_a_deletion_and_change_nothing_else_of_it() {
    let (_app, client, script, ann) = world().await;
    for (answer, status) in [
        (HookAnswer::Refused("she stays".to_owned()), 403),
        (HookAnswer::Down { goes_on: false, reason: "no answer".to_owned() }, 503),
    ] {
        script.answers(answer);
        let refused = client.delete(&ann).await.expect(status);
        assert!(status != 403 || refused.body["detail"].as_str().unwrap().contains("she stays"));
        let bulk = client.post("/Bulk", bulk(&ann)).await.expect(200);
        assert_eq!(bulk.body["Operations"][0]["status"], status.to_string());
        client.get(&ann).await.expect(200);
        assert!(script.heard().iter().all(|heard| heard == "before removed ann"));
    }
    script.answers(HookAnswer::Down { goes_on: true, reason: "no answer".to_owned() });
    client.delete(&ann).await.expect(204);
    client.get(&ann).await.expect(404);
}
