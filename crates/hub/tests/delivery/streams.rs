//! Streams of Security Event Tokens: pushed and polled, and verified by another library than signs them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use rollcall_domain::api::ApiScope;
use rollcall_domain::delivery::{EndpointKind, EndpointSettings};
use rollcall_domain::signing::PUBLISHED_MS;
use rollcall_service::admin::{NewEndpoint, Paging};
use rollcall_testkit::Client;
use serde_json::{Value, json};

use crate::receiver::{Receiver, status};
use crate::world::{World, wait_until};

const PROV: &str = "urn:ietf:params:scim:event:prov:";

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// The claims of a token, if a published key verifies it.
async fn verified(world: &World, token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let header = part(parts[0]);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("secevent+jwt")));
    let jwks =
        world.client.clone().at("").authorized(None).get("/.well-known/jwks.json").await.expect(200).body;
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"])?;
    assert!(key.get("d").is_none(), "a private key is published");
    let mut point = vec![4];
    for name in ["x", "y"] {
        point.extend(URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap());
    }
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(parts[2]).unwrap()).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    key.verify(signed.as_bytes(), &signature).ok()?;
    Some(part(parts[1]))
}

fn events(claims: &Value) -> Vec<String> {
    let events = claims["events"].as_object().unwrap().keys();
    events.map(|name| name.strip_prefix(PROV).unwrap_or(name).to_owned()).collect()
}

async fn push(world: &World, url: &str, full: bool) -> rollcall_domain::delivery::Endpoint {
    let settings = EndpointSettings { url: url.to_owned(), full, ..EndpointSettings::default() };
    let authorization = Some("Bearer receiver".to_owned());
    let new = NewEndpoint { kind: EndpointKind::SetPush, settings, authorization, after: None };
    world.app.service.create_endpoint(&world.admin, new).await.unwrap().0
}

#[tokio::test]
async fn changes_are_pushed_as_tokens_that_verify() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let stream = push(&world, &receiver.url, false).await;
    let user = json!({ "userName": "ann", "externalId": "x1", "active": true });
    let ann = world.client.post("/Users", user).await.expect(201).id();
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    world.client.patch(&format!("/Users/{ann}"), off).await.expect(200);
    let put = json!({ "userName": "ann", "externalId": "x1", "active": true, "title": "Lead" });
    world.client.put(&format!("/Users/{ann}"), put).await.expect(200);
    world.client.delete(&format!("/Users/{ann}")).await.expect(204);
    let got = receiver.wait_for(4).await;
    let mut told = Vec::new();
    for got in &got {
        assert_eq!(got.header("content-type"), "application/secevent+jwt");
        assert_eq!(
            (got.header("accept"), got.header("authorization")),
            ("application/json", "Bearer receiver")
        );
        let claims = verified(&world, std::str::from_utf8(&got.bytes).unwrap()).await.unwrap();
        assert_eq!(claims["iss"], "https://scim.example.com");
        assert_eq!(claims["aud"], json!([stream.id.to_string()]));
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none(), "{claims}");
        assert_eq!(claims["sub_id"]["uri"], format!("/Users/{ann}"));
        assert_eq!(claims["sub_id"]["format"], "scim");
        told.push((events(&claims).join(" "), claims["jti"].clone(), claims["txn"].clone()));
    }
    let names: Vec<&str> = told.iter().map(|(names, ..)| names.as_str()).collect();
    assert_eq!(names, ["create:notice", "patch:notice deactivate", "put:notice activate", "delete"]);
    let first = verified(&world, std::str::from_utf8(&got[0].bytes).unwrap()).await.unwrap();
    assert_eq!(first["sub_id"]["externalId"], "x1");
    let attributes =
        first["events"][format!("{PROV}create:notice")]["attributes"].as_array().unwrap().clone();
    assert!(attributes.contains(&json!("userName")) && attributes.contains(&json!("externalId")));
    told.dedup_by(|one, other| one.1 == other.1 || one.2 == other.2);
    assert_eq!(told.len(), 4, "jti or txn is not of its own");
}

#[tokio::test]
async fn a_full_stream_carries_the_data() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    push(&world, &receiver.url, true).await;
    let ann = world.user("ann").await;
    let group = json!({ "displayName": "G", "members": [{ "value": ann }] });
    world.client.post("/Groups", group).await.expect(201);
    let mut all = Vec::new();
    for got in receiver.wait_for(2).await {
        all.push(verified(&world, std::str::from_utf8(&got.bytes).unwrap()).await.unwrap());
    }
    all.sort_by_key(|claims| claims["sub_id"]["uri"].to_string());
    let group = &all[0]["events"][format!("{PROV}create:full")]["data"];
    assert_eq!((&group["displayName"], &group["members"][0]["value"]), (&json!("G"), &json!(ann)));
    let user = &all[1]["events"][format!("{PROV}create:full")];
    assert_eq!((&user["data"]["userName"], &user["version"]), (&json!("ann"), &json!("W/\"1\"")));
    assert!(user.get("attributes").is_none(), "both data and attributes");
}

#[tokio::test]
async fn what_a_recipient_refuses_is_parked_with_its_reason() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let stream = push(&world, &receiver.url, false).await;
    let body = json!({ "err": "invalid_audience", "description": "not me" }).to_string();
    receiver.script([(400, Vec::new(), body), status(503), status(202)]);
    world.user("ann").await;
    receiver.wait_for(1).await;
    world.user("bob").await;
    wait_until(async || world.progress(&stream).await == (2, 2, 0, 1)).await;
    let log = world.app.service.attempts(&world.admin, &stream, &Paging::all()).await.unwrap().items;
    assert!(log.iter().any(|one| one.error == "answered 400: invalid_audience not me"), "{log:?}");
}

async fn polled(world: &World) -> (Client, String) {
    let (stream, secret) = world.endpoint(EndpointKind::SetPoll, EndpointSettings::default()).await;
    assert_eq!(secret, None);
    let client = world.app.api(Some("default"), &[ApiScope::StreamsPoll, ApiScope::StreamsRead]).await;
    (client, format!("/streams/{}/poll", stream.id))
}

fn jtis(body: &Value) -> Vec<String> {
    body["sets"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again() {
    let world = World::without_workers().await;
    let (client, path) = polled(&world).await;
    let poll = async |body: Value| client.post(&path, body).await.expect(200).body;
    let now = json!({ "returnImmediately": true });
    assert_eq!(poll(now.clone()).await, json!({ "sets": {}, "moreAvailable": false }));
    for name in ["ann", "bob", "cyd", "dan"] {
        world.user(name).await;
    }
    let two = poll(json!({ "returnImmediately": true, "maxEvents": 2 })).await;
    assert_eq!((jtis(&two).len(), &two["moreAvailable"]), (2, &json!(true)));
    let all = poll(now.clone()).await;
    let ids = jtis(&all);
    assert_eq!((ids.len(), &all["moreAvailable"]), (4, &json!(false)));
    assert_eq!(jtis(&two), ids[..2], "the same change has another jti");
    let token = all["sets"][&ids[0]].as_str().unwrap();
    assert_eq!(verified(&world, token).await.unwrap()["jti"], json!(ids[0]));
    // Out of order: the first is still to come.
    let rest = poll(json!({ "returnImmediately": true, "ack": [ids[1], ids[3], "of another stream"] })).await;
    assert_eq!(jtis(&rest), [ids[0].clone(), ids[2].clone()]);
    let none = poll(json!({ "maxEvents": 0, "ack": [ids[0]] })).await;
    assert_eq!(none["sets"], json!({}));
    assert_eq!(jtis(&poll(now.clone()).await), [ids[2].clone()]);
    let refused = json!({ ids[2].as_str(): { "err": "invalid_request", "description": "no" } });
    let rest = poll(json!({ "returnImmediately": true, "setErrs": refused })).await;
    assert_eq!(rest["sets"], json!({}), "what the receiver cannot use does not come again");
    let parked = client.get(&path.replace("poll", "deliveries")).await.expect(200).body;
    assert_eq!(parked["items"][0]["error"], "invalid_request no");
    world.user("eve").await;
    assert_eq!(jtis(&poll(now).await).len(), 1);
}

#[tokio::test]
async fn a_poll_waits_for_the_next_change() {
    let world = World::without_workers().await;
    let (client, path) = polled(&world).await;
    let waiting = tokio::spawn(async move { client.post(&path, json!({})).await.expect(200).body });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    world.user("ann").await;
    assert_eq!(jtis(&waiting.await.unwrap()).len(), 1);
}

#[tokio::test]
async fn a_rotated_key_signs_and_the_old_one_still_verifies() {
    let world = World::without_workers().await;
    let (client, path) = polled(&world).await;
    world.user("ann").await;
    let first = client.post(&path, json!({ "returnImmediately": true })).await.expect(200).body;
    let token = |body: &Value| {
        body["sets"].as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    };
    let old = token(&first);
    let manager = world.app.api(None, &[ApiScope::StreamsWrite]).await;
    manager.post("/signing-keys/rotate", json!({})).await.expect(200);
    let again = client.post(&path, json!({ "returnImmediately": true })).await.expect(200).body;
    let new = token(&again);
    assert_ne!(part(old.split('.').next().unwrap())["kid"], part(new.split('.').next().unwrap())["kid"]);
    assert!(verified(&world, &old).await.is_some() && verified(&world, &new).await.is_some());
    world.app.clock.advance_ms(PUBLISHED_MS + 1);
    assert!(verified(&world, &old).await.is_none() && verified(&world, &new).await.is_some());
    let bound = world.app.api(Some("default"), &[ApiScope::StreamsWrite]).await;
    bound.post("/signing-keys/rotate", json!({})).await.expect(403);
}

#[tokio::test]
async fn the_service_provider_says_what_it_tells_once_there_is_a_stream() {
    let world = World::without_workers().await;
    let config = world.client.get("/ServiceProviderConfig").await.expect(200).body;
    assert_eq!(config.get("securityEvents"), None);
    push(&world, "https://receiver.example.com/", false).await;
    let config = world.client.get("/ServiceProviderConfig").await.expect(200).body;
    let uris = config["securityEvents"]["eventUris"].as_array().unwrap();
    assert!(uris.contains(&json!("urn:ietf:params:scim:event:prov:create:notice")), "{config}");
}
