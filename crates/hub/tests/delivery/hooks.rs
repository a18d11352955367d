//! Synchronous hooks: what each answer comes to, and who is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_domain::delivery::{EndpointKind, EndpointSettings, WhenDown};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::pipeline::HookAnswer;
use rollcall_domain::policy::decide::{Occasion, Outcome};
use rollcall_hub::hooks::HookClient;
use rollcall_service::hooks::{Asked, Hooks as _, Moment, Told};
use rollcall_service::system::{SystemClock, SystemIds};
use rollcall_service::vault::Vault;
use serde_json::json;
use uuid::Uuid;

use crate::receiver::{Answer, Receiver, status};
use crate::world::{World, poster};

fn client(world: &World) -> HookClient {
    HookClient::new(
        Arc::clone(&world.app.store),
        Arc::new(Vault::new([&[7; 32]])),
        poster(true),
        (Arc::new(SystemClock), Arc::new(SystemIds)),
        Duration::from_millis(200),
    )
}

fn profile(name: &str) -> Profile {
    Profile { user_name: Some(name.to_owned()), ..Profile::default() }
}

async fn hook(world: &World, kind: EndpointKind, url: &str, when_down: WhenDown) -> String {
    let settings = EndpointSettings { url: url.to_owned(), when_down, ..EndpointSettings::default() };
    world.endpoint(kind, settings).await.1.unwrap()
}

async fn ask(world: &World, client: &HookClient) -> HookAnswer {
    let source = world.app.record("okta").await;
    let profile = profile("ann");
    let (occasion, resource) = (Occasion::Pushed, Uuid::from_u128(7));
    let asked = Asked { source: &source, request_id: "r1", occasion, resource, profile: &profile };
    client.before_provision(asked).await
}

#[tokio::test]
async fn a_hook_goes_on_changes_or_refuses() {
    let answer = |status: u16, body: &str| -> Answer { (status, Vec::new(), body.to_owned()) };
    let down = |reason: &str| HookAnswer::Down { goes_on: false, reason: reason.to_owned() };
    for (said, expected) in [
        (status(204), HookAnswer::Unchanged),
        (answer(200, "{}"), HookAnswer::Unchanged),
        (answer(200, " \n"), HookAnswer::Unchanged),
        (answer(200, r#"{"profile":{"userName":"bob"}}"#), HookAnswer::Changed(Box::new(profile("bob")))),
        (answer(200, r#"{"refuse":"not ours"}"#), HookAnswer::Refused("not ours".to_owned())),
        (status(500), down("answered 500")),
        (status(403), down("answered 403")),
        (
            answer(200, r#"{"profil":{}}"#),
            down("its answer is not {\"profile\":…} or {\"refuse\":…}: line 1, column 9"),
        ),
        (
            answer(200, "<html>"),
            down("its answer is not {\"profile\":…} or {\"refuse\":…}: line 1, column 1"),
        ),
    ] {
        let world = World::without_workers().await;
        let receiver = Receiver::start().await;
        let secret = hook(&world, EndpointKind::BeforeProvision, &receiver.url, WhenDown::Refuse).await;
        receiver.script([said.clone()]);
        assert_eq!(ask(&world, &client(&world)).await, expected, "{said:?}");
        let got = &receiver.got()[0];
        assert!(standardwebhooks::Webhook::new(&secret).unwrap().verify(&got.bytes, &got.headers).is_ok());
        let data = got.json()["data"].clone();
        assert_eq!((&data["profile"]["userName"], &data["source"]), (&json!("ann"), &json!("okta")));
        assert_eq!((&data["request_id"], &data["occasion"]), (&json!("r1"), &json!("pushed")));
    }
}

#[tokio::test]
async fn a_hook_that_is_down_means_what_is_set_and_takes_no_longer_than_its_deadline() {
    for (when_down, goes_on) in [(WhenDown::Refuse, false), (WhenDown::Proceed, true)] {
        let world = World::without_workers().await;
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        hook(&world, EndpointKind::BeforeProvision, &url, when_down).await;
        let begun = Instant::now();
        let answer = ask(&world, &client(&world)).await;
        assert_eq!(answer, HookAnswer::Down { goes_on, reason: "no answer within 200 ms".to_owned() });
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn several_hooks_see_what_the_one_before_has_made() {
    let world = World::without_workers().await;
    let receiver = Receiver::start().await;
    for _ in 0..2 {
        hook(&world, EndpointKind::BeforeProvision, &receiver.url, WhenDown::Refuse).await;
    }
    let changed = (200, Vec::new(), json!({ "profile": { "userName": "bob" } }).to_string());
    receiver.script([changed, status(204)]);
    assert_eq!(ask(&world, &client(&world)).await, HookAnswer::Changed(Box::new(profile("bob"))));
    assert_eq!(receiver.got()[1].json()["data"]["profile"]["userName"], "bob");
}

#[tokio::test]
async fn a_source_without_hooks_is_not_held_up_and_a_new_hook_counts_at_once() {
    let world = World::without_workers().await;
    let client = client(&world);
    assert_eq!(ask(&world, &client).await, HookAnswer::None);
    let source = world.app.record("okta").await;
    assert!(!client.has(&source, Moment::Before) && !client.has(&source, Moment::After));
    let receiver = Receiver::start().await;
    let url = receiver.url.clone();
    let sources = vec!["other".to_owned()];
    world.app.source("other", "generic").await;
    let settings = EndpointSettings { url: url.clone(), sources, ..EndpointSettings::default() };
    world.endpoint(EndpointKind::BeforeProvision, settings).await;
    assert_eq!(ask(&world, &client).await, HookAnswer::None, "it is another source's");
    hook(&world, EndpointKind::BeforeProvision, &url, WhenDown::Refuse).await;
    assert!(client.has(&source, Moment::Before));
    assert_eq!(ask(&world, &client).await, HookAnswer::Unchanged);
    assert!(client.has(&source, Moment::Before) && !client.has(&source, Moment::After));
}

#[tokio::test]
async fn the_hook_after_is_told_what_came_of_it() {
    let world = World::without_workers().await;
    let receiver = Receiver::start().await;
    hook(&world, EndpointKind::AfterProvision, &receiver.url, WhenDown::Refuse).await;
    let source = world.app.record("okta").await;
    let profile = profile("ann");
    let (occasion, resource) = (Occasion::Pushed, Uuid::from_u128(7));
    let asked = Asked { source: &source, request_id: "r1", occasion, resource, profile: &profile };
    let difference = json!({ "status": { "after": "active" } });
    let identity = Some(Uuid::from_u128(9));
    let told = Told { asked, identity, outcome: &Outcome::Created, difference: &difference };
    client(&world).after_provision(told).await;
    let data = receiver.got()[0].json()["data"].clone();
    assert_eq!((&data["outcome"], &data["difference"]), (&json!("created"), &difference));
    assert_eq!(data["identity"], json!(Uuid::from_u128(9).to_string()));
}
