//! Webhooks: what arrives, what an answer does, and what survives.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rollcall_domain::delivery::{DeliveryState, EndpointKind, EndpointSettings, EndpointStatus, OfParked};
use rollcall_hub::HubSettings;
use rollcall_service::admin::{EndpointChange, Paging};
use rollcall_service::feed::Retention;
use serde_json::json;

use crate::receiver::{Got, Receiver, status};
use crate::world::{World, settings, wait_until};

/// Whether the reference library verifies a message with this secret.
fn verifies(got: &Got, secret: &str) -> bool {
    standardwebhooks::Webhook::new(secret).unwrap().verify(&got.bytes, &got.headers).is_ok()
}

#[tokio::test]
async fn a_change_arrives_signed_with_what_changed() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, secret) = world.webhook(&receiver.url).await;
    let ann = world.user("ann").await;
    world.title(&ann, "Lead").await;
    world.client.delete(&format!("/Users/{ann}")).await.expect(204);
    let got = receiver.wait_for(3).await;
    assert!(got.iter().all(|got| verifies(got, &secret)));
    let told: Vec<_> = got.iter().map(|got| (got.json()["type"].clone(), got.sequence())).collect();
    assert_eq!(told, [(json!("user.created"), 1), (json!("user.updated"), 2), (json!("user.deleted"), 3)]);
    let updated = got[1].json();
    assert_eq!(updated["data"]["attributes"], json!({ "title": { "after": "Lead" } }));
    assert_eq!((&updated["data"]["source"], &updated["data"]["resource"]), (&json!("okta"), &json!(ann)));
    assert_eq!(got[0].json()["data"]["attributes"]["userName"], json!({ "after": "ann" }));
    assert_eq!(got[2].json()["data"]["attributes"]["userName"], json!({ "before": "ann" }));
    assert_eq!(got[1].header("webhook-id"), format!("msg_{}_2", endpoint.id.simple()));
    assert_eq!(got[1].header("content-type"), "application/json");
}

#[tokio::test]
async fn only_what_is_asked_for_arrives_and_the_cursor_goes_on() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let events = vec!["group.*".to_owned()];
    let settings = EndpointSettings { url: receiver.url.clone(), events, ..EndpointSettings::default() };
    let (endpoint, _) = world.endpoint(EndpointKind::Webhook, settings).await;
    world.user("ann").await;
    world.client.post("/Groups", json!({ "displayName": "G" })).await.expect(201);
    world.user("bob").await;
    assert_eq!(receiver.wait_for(1).await[0].json()["type"], "group.created");
    wait_until(async || world.progress(&endpoint).await.0 == 3).await;
    assert_eq!(receiver.got().len(), 1);
}

/// Each row: what the receiver answers first, how often it is asked, and what becomes of the delivery.
#[tokio::test]
async fn what_a_receiver_answers_decides() {
    let location = || vec![("location", "http://127.0.0.1:1/elsewhere".to_owned())];
    let redirect = |status| (status, location(), String::new());
    for (answers, asked, parked) in [
        (vec![status(200)], 1, false),
        (vec![status(202)], 1, false),
        (vec![status(500), status(204)], 2, false),
        (vec![status(503), status(408), status(204)], 3, false),
        (vec![(429, vec![("retry-after", "0".to_owned())], String::new()), status(204)], 2, false),
        (vec![status(502), status(502), status(502)], 3, true),
        (vec![status(400)], 1, true),
        (vec![status(404)], 1, true),
        (vec![redirect(302)], 1, true),
        (vec![redirect(307)], 1, true),
    ] {
        let world = World::start().await;
        let receiver = Receiver::start().await;
        let (endpoint, _) = world.webhook(&receiver.url).await;
        receiver.script(answers.clone());
        world.user("ann").await;
        wait_until(async || world.progress(&endpoint).await.0 == 1).await;
        wait_until(async || world.progress(&endpoint).await.3 == u64::from(parked)).await;
        assert_eq!(receiver.got().len(), asked, "{answers:?}");
        let ids: Vec<String> = receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "another id when sent again: {ids:?}");
    }
}

#[tokio::test]
async fn who_does_not_answer_is_asked_again() {
    let world = World::start().await;
    // It accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let timeout_ms = 30;
    let settings = EndpointSettings { url, timeout_ms, ..EndpointSettings::default() };
    let (endpoint, _) = world.endpoint(EndpointKind::Webhook, settings).await;
    world.user("ann").await;
    wait_until(async || world.progress(&endpoint).await.3 == 1).await;
    let log = world.app.service.attempts(&world.admin, &endpoint, &Paging::all()).await.unwrap().items;
    let told: Vec<_> = log.iter().map(|one| (one.attempt, one.outcome.as_str(), one.status)).collect();
    assert_eq!(told, [(3, "parked", None), (2, "retry", None), (1, "retry", None)]);
    assert!(log[0].error.contains("30 ms"), "{}", log[0].error);
}

#[tokio::test]
async fn gone_disables_and_what_happens_meanwhile_is_kept() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    receiver.script([status(410)]);
    let ann = world.user("ann").await;
    wait_until(async || matches!(world.again(&endpoint).await.status, EndpointStatus::Disabled(_))).await;
    world.title(&ann, "Lead").await;
    let endpoint = world.again(&endpoint).await;
    let change = EndpointChange { active: Some(true), ..EndpointChange::default() };
    world.app.service.update_endpoint(&world.admin, &endpoint, change).await.unwrap();
    let got = receiver.wait_for(3).await;
    assert_eq!(got.iter().map(Got::sequence).collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn a_parked_delivery_holds_up_its_resource_only_until_it_is_released() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    receiver.script([status(400)]);
    let ann = world.user("ann").await;
    receiver.wait_for(1).await;
    world.title(&ann, "Lead").await;
    world.user("bob").await;
    receiver.wait_for(2).await;
    wait_until(async || world.progress(&endpoint).await == (3, 3, 1, 1)).await;
    assert_eq!(receiver.got()[1].sequence(), 3, "others go on, and what is ann's waits");
    let service = &world.app.service;
    let parked = service.deliveries(&world.admin, &endpoint, DeliveryState::Parked, &Paging::all()).await;
    let parked = parked.unwrap().items;
    assert_eq!((parked[0].sequence, parked[0].error.as_str()), (1, "answered 400"));
    assert_eq!(service.settle_parked(&world.admin, &endpoint, OfParked::Release, None).await.unwrap(), 1);
    let got = receiver.wait_for(4).await;
    assert_eq!(got.iter().map(Got::sequence).collect::<Vec<_>>(), [1, 3, 1, 2]);
    wait_until(async || world.progress(&endpoint).await == (3, 3, 0, 0)).await;
}

#[tokio::test]
async fn a_discarded_delivery_lets_the_next_ones_go() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    receiver.script([status(400)]);
    let ann = world.user("ann").await;
    world.title(&ann, "Lead").await;
    wait_until(async || world.progress(&endpoint).await == (2, 2, 1, 1)).await;
    assert_eq!(
        world
            .app
            .service
            .settle_parked(&world.admin, &endpoint, OfParked::Discard, Some(&[1]))
            .await
            .unwrap(),
        1
    );
    assert_eq!(receiver.wait_for(2).await[1].sequence(), 2);
}

#[tokio::test]
async fn a_replay_tells_again_what_comes_after_a_change() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    for name in ["ann", "bob", "cyd"] {
        world.user(name).await;
    }
    let first = receiver.wait_for(3).await;
    world.app.service.replay(&world.admin, &endpoint, 1).await.unwrap();
    let mut again: Vec<u64> = receiver.wait_for(5).await[3..].iter().map(Got::sequence).collect();
    again.sort_unstable();
    assert_eq!(again, [2, 3]);
    assert_eq!(first.len(), 3);
    let refused = world.app.service.replay(&world.admin, &endpoint, 9).await.unwrap_err();
    assert!(refused.to_string().contains("give 0 to 3"), "{refused}");
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one_for_a_while() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, old) = world.webhook(&receiver.url).await;
    let service = &world.app.service;
    // The service's clock stands still in 2026; the workers' does not.
    let (endpoint, new) = service.rotate_secret(&world.admin, &endpoint, i64::MAX / 4).await.unwrap();
    world.user("ann").await;
    let got = receiver.wait_for(1).await;
    assert!(verifies(&got[0], &old) && verifies(&got[0], &new));
    assert_eq!(got[0].header("webhook-signature").split(' ').count(), 2);
    let (_, newest) = service.rotate_secret(&world.admin, &endpoint, 0).await.unwrap();
    world.user("bob").await;
    let got = receiver.wait_for(2).await;
    assert!(verifies(&got[1], &newest) && !verifies(&got[1], &old) && !verifies(&got[1], &new));
}

#[tokio::test]
async fn private_addresses_are_refused_at_connect_time() {
    for host in ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"] {
        let mut world = World::without_workers().await;
        world.run(settings(), false);
        let (endpoint, _) = world.webhook(&format!("https://{host}:9/")).await;
        world.user("ann").await;
        wait_until(async || world.progress(&endpoint).await.3 == 1).await;
        let log = world.app.service.attempts(&world.admin, &endpoint, &Paging::all()).await.unwrap().items;
        assert!(log[0].error.contains("not a public address"), "{host}: {}", log[0].error);
    }
}

#[tokio::test]
async fn without_tls_nothing_goes_out() {
    let mut world = World::without_workers().await;
    world.run(settings(), false);
    let (endpoint, _) = world.webhook("http://scim.example.com/").await;
    world.user("ann").await;
    wait_until(async || world.progress(&endpoint).await.3 == 1).await;
    let log = world.app.service.attempts(&world.admin, &endpoint, &Paging::all()).await.unwrap().items;
    assert!(log[0].error.contains("https://"), "{}", log[0].error);
}

#[tokio::test]
async fn what_was_not_told_when_the_workers_were_killed_is_told_after() {
    let mut world = World::without_workers().await;
    // None gives up on a delivery: one in twenty-seven would be parked after three attempts.
    let patient = || HubSettings { attempts: 1_000, ..settings() };
    world.run(patient(), true);
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    let (taken, count) = (Arc::new(Mutex::new(Vec::new())), 60);
    let (taking, requests) = (Arc::clone(&taken), AtomicU64::new(0));
    // One in three fails, in no pattern.
    receiver.rule(move |got| {
        let number = requests.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        if number.is_multiple_of(3) {
            return Some(status(503));
        }
        taking.lock().push((got.json()["data"]["resource"].to_string(), got.sequence()));
        None
    });
    let mut ids = Vec::new();
    for number in 0..count {
        let id = world.user(&format!("u{number}")).await;
        world.title(&id, "A").await;
        ids.push(id);
        if number % 20 == 10 {
            world.kill().await;
            world.run(patient(), true);
        }
    }
    wait_until(async || world.progress(&endpoint).await == (2 * count, 2 * count, 0, 0)).await;
    let (mut told, mut seen) = (BTreeMap::<String, Vec<u64>>::new(), HashSet::new());
    for (resource, sequence) in taken.lock().iter() {
        if seen.insert(*sequence) {
            told.entry(resource.clone()).or_default().push(*sequence);
        }
    }
    assert_eq!(told.len(), ids.len());
    for (resource, sequences) in told {
        assert_eq!(sequences.len(), 2, "{resource}");
        assert!(sequences.is_sorted(), "{resource}: {sequences:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_missed_what_is_not_kept_says_so() {
    let mut world = World::without_workers().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    for name in ["ann", "bob", "cyd"] {
        world.user(name).await;
    }
    let kept = Retention { age_ms: 0, count: 1 };
    let tenant = world.admin.tenant().key;
    while world.app.service.prune_changes(tenant, kept).await.unwrap() > 0 {}
    world.run(settings(), true);
    wait_until(async || matches!(world.again(&endpoint).await.status, EndpointStatus::Disabled(_))).await;
    let EndpointStatus::Disabled(reason) = world.again(&endpoint).await.status else { panic!() };
    assert!(reason.contains("oldest is 3") && reason.contains("up to change 0"), "{reason}");
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn old_changes_go_and_the_workers_do_it() {
    let mut world = World::without_workers().await;
    for number in 0..30 {
        world.user(&format!("u{number}")).await;
    }
    let retention = Retention { age_ms: 0, count: 10 };
    world.run(HubSettings { retention, ..settings() }, true);
    let tenant = world.admin.tenant().key;
    wait_until(async || world.app.service.kept_changes(tenant).await.unwrap().oldest == 21).await;
    world.stop().await;
}

#[tokio::test]
async fn age_decides_too() {
    let world = World::without_workers().await;
    for number in 0..3 {
        world.user(&format!("u{number}")).await;
        world.app.clock.advance_ms(1_000);
    }
    let tenant = world.admin.tenant().key;
    let service = &world.app.service;
    for (age_ms, oldest) in [(0, 1), (10_000, 1), (2_500, 2), (1_500, 3), (1, 3)] {
        while service.prune_changes(tenant, Retention { age_ms, count: 0 }).await.unwrap() > 0 {}
        assert_eq!(service.kept_changes(tenant).await.unwrap().oldest, oldest, "{age_ms}");
    }
}

#[tokio::test]
async fn the_log_is_bounded() {
    let mut world = World::without_workers().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    world.run(HubSettings { log_rows: 5, ..settings() }, true);
    for number in 0..12 {
        world.user(&format!("u{number}")).await;
    }
    wait_until(async || world.progress(&endpoint).await.0 == 12).await;
    let paging = Paging { limit: 3, after: None };
    let page = world.app.service.attempts(&world.admin, &endpoint, &paging).await.unwrap();
    assert_eq!(page.items.len(), 3);
    let paging = Paging { limit: 3, after: page.next };
    let rest = world.app.service.attempts(&world.admin, &endpoint, &paging).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (2, None));
}

#[tokio::test]
async fn a_paused_webhook_is_told_later() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.webhook(&receiver.url).await;
    let change = |active| EndpointChange { active: Some(active), ..EndpointChange::default() };
    let paused = world.app.service.update_endpoint(&world.admin, &endpoint, change(false)).await.unwrap();
    world.user("ann").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(receiver.got().is_empty());
    world.app.service.update_endpoint(&world.admin, &paused, change(true)).await.unwrap();
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn no_secret_is_in_the_database_and_a_new_key_takes_over() {
    let world = World::without_workers().await;
    let (endpoint, secret) = world.webhook("https://a.example/").await;
    let stored = world.app.store.endpoints(None).await.unwrap();
    let text = format!("{:?} {}", stored, serde_json::to_string(&stored[0].secrets).unwrap());
    assert!(!text.contains(secret.trim_start_matches("whsec_")), "{text}");
    assert_eq!(
        world.app.service.vault().open(&endpoint.secrets[0].sealed, endpoint.id.as_bytes()),
        Ok(secret)
    );
    assert_eq!(world.app.service.reseal_secrets().await, Ok(0), "nothing is old");
}
