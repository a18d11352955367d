//! Signing in by an OpenID provider: what is not believed, and providers that do not work.

use std::time::Duration;

use rollcall_testkit::console::Visitor;
use rollcall_testkit::openid::{Behaviour, Fault, Signing};
use serde_json::{Value, json};

use crate::openid_world::World;

/// The seconds of the clock, which stands still.
const NOW: i64 = 1_767_225_600;

/// Something that a provider does otherwise.
type Change = fn(&mut Behaviour);

fn claim(behaviour: &mut Behaviour, name: &str, value: Value) {
    behaviour.claims.insert(name.to_owned(), value);
}

fn header(behaviour: &mut Behaviour, name: &str, value: Value) {
    behaviour.header.insert(name.to_owned(), value);
}

fn metadata(behaviour: &mut Behaviour, name: &str, value: Value) {
    behaviour.metadata.insert(name.to_owned(), value);
}

/// ID tokens that are not believed, and why.
const TOKENS: &[(&str, &str, Change)] = &[
    ("of another issuer", "another issuer", |to| claim(to, "iss", json!("https://evil.example"))),
    ("without an issuer", "lacks iss", |to| claim(to, "iss", Value::Null)),
    ("of several issuers", "another issuer", |to| {
        let issuer = to.person.get("iss").cloned();
        claim(to, "iss", json!([issuer, "https://evil.example"]));
    }),
    ("for another client", "another client", |to| claim(to, "aud", json!("other"))),
    ("for other clients", "another client", |to| claim(to, "aud", json!(["other", "another"]))),
    ("for nobody", "lacks iss, aud", |to| claim(to, "aud", Value::Null)),
    ("for several, without saying which", "does not say which", |to| {
        claim(to, "aud", json!(["rollcall", "other"]));
    }),
    ("for another of several", "another client", |to| {
        claim(to, "aud", json!(["rollcall", "other"]));
        claim(to, "azp", json!("other"));
    }),
    ("for us, but given to another", "another client", |to| claim(to, "azp", json!("other"))),
    ("of another sign-in", "another sign-in", |to| claim(to, "nonce", json!("other"))),
    ("of no sign-in", "another sign-in", |to| claim(to, "nonce", Value::Null)),
    ("of a nonce that is a number", "another sign-in", |to| claim(to, "nonce", json!(1))),
    ("that has expired", "expired", |to| claim(to, "exp", json!(NOW - 61))),
    ("that never expires", "lacks exp", |to| claim(to, "exp", Value::Null)),
    ("whose end is text", "expired", |to| claim(to, "exp", json!("never"))),
    ("of the future", "future", |to| claim(to, "iat", json!(NOW + 61))),
    ("that is valid later", "future", |to| claim(to, "nbf", json!(NOW + 61))),
    ("made long ago", "long ago", |to| claim(to, "iat", json!(NOW - 3601))),
    ("made at no time", "lacks exp or iat", |to| claim(to, "iat", Value::Null)),
    ("of nobody", "lacks iss, aud or sub", |to| claim(to, "sub", Value::Null)),
    ("of an empty sub", "its sub is none", |to| claim(to, "sub", json!(""))),
    ("of a sub that is a number", "lacks iss, aud or sub", |to| claim(to, "sub", json!(1))),
    ("of a sub that is too long", "its sub is none", |to| claim(to, "sub", json!("x".repeat(256)))),
    ("that nobody signed", "names no algorithm", |to| to.signing = Signing::Nothing),
    ("signed with the public key as a secret", "another algorithm", |to| to.signing = Signing::PublicSecret),
    ("signed by another key", "its signature", |to| to.signing = Signing::Stranger),
    ("signed by a key of another kind", "its signature", |to| to.signing = Signing::Confused),
    ("that names a key of another kind", "none of the provider's", |to| {
        to.signing = Signing::Es256;
        header(to, "alg", json!("RS256"));
    }),
    ("signed by a key that nobody knows", "none of the provider's", |to| header(to, "kid", json!("nobody"))),
    ("of another algorithm with the same key", "another algorithm", |to| header(to, "alg", json!("PS256"))),
    ("of an algorithm that nobody knows", "names no algorithm", |to| header(to, "alg", json!("XS256"))),
    ("without an algorithm", "names no algorithm", |to| header(to, "alg", Value::Null)),
    ("whose header has to be understood", "understood", |to| header(to, "crit", json!(["b64"]))),
    ("that brings a key along", "its signature", |to| {
        to.signing = Signing::Stranger;
        header(to, "jwk", json!({ "kty": "oct", "k": "AQAB" }));
    }),
];

#[tokio::test]
async fn an_id_token_is_believed_only_when_all_of_it_holds() {
    let world = World::open().await;
    let mut usual = None;
    world.provider.behave(|behaviour| usual = Some(behaviour.clone()));
    let usual = usual.expect("the usual behaviour");
    for (name, reason, change) in TOKENS {
        world.provider.behave(|behaviour| {
            *behaviour = usual.clone();
            behaviour.person.insert("iss".to_owned(), json!(world.provider.issuer()));
            change(behaviour);
        });
        let mut visitor = world.stranger();
        let shown = world.sign_in(&mut visitor).await;
        assert_eq!(shown.status, 502, "a token {name}: {}", shown.html);
        assert!(shown.says("nobody was signed in"), "{name}");
        assert!(world.reason().contains(reason), "a token {name}: {}", world.reason());
        assert_eq!(visitor.cookie("rollcall"), None, "{name}");
    }
    assert!(world.app.store.accounts().await.unwrap().is_empty());
    // The same without any of it.
    world.provider.behave(|behaviour| *behaviour = usual);
    world.stranger_signs_in().await.expect(303);
}

/// ID tokens that are believed, though they are not the usual ones.
const UNUSUAL: &[(&str, Change)] = &[
    ("signed by ES256", |to| to.signing = Signing::Es256),
    ("without the name of its key", |to| header(to, "kid", Value::Null)),
    ("for several clients, and given to us", |to| {
        claim(to, "aud", json!(["rollcall", "other"]));
        claim(to, "azp", json!("rollcall"));
    }),
    ("of a clock that is a little fast", |to| claim(to, "iat", json!(NOW + 59))),
    ("of a clock that is a little slow", |to| claim(to, "exp", json!(NOW - 59))),
    ("with fractions of seconds", |to| claim(to, "exp", json!(300.5 + 1_767_225_600.0))),
    ("with no more than it must have", |to| to.thin = true),
    ("for a client that shows its secret in the body", |to| {
        let methods = json!(["client_secret_post", "private_key_jwt"]);
        metadata(to, "token_endpoint_auth_methods_supported", methods);
    }),
];

#[tokio::test]
async fn what_a_provider_may_do_is_taken() {
    for (name, change) in UNUSUAL {
        let world = World::open().await;
        world.provider.behave(change);
        let shown = world.stranger_signs_in().await;
        assert_eq!(shown.status, 303, "{name}: {}", shown.html);
    }
}

#[tokio::test]
async fn new_keys_are_asked_for_when_they_are_needed_and_not_at_every_whim() {
    let world = World::open().await;
    world.provider.behave(|behaviour| behaviour.signing = Signing::Es256);
    for _ in 0..3 {
        world.stranger_signs_in().await.expect(303);
    }
    assert_eq!(world.provider.asked("/jwks"), 1);
    world.provider.rotate();
    world.app.clock.advance_ms(30_000);
    world.stranger_signs_in().await.expect(303);
    assert_eq!(world.provider.asked("/jwks"), 2);
    // Whoever names keys that are not there makes nobody ask for them again and again.
    world.provider.behave(|behaviour| header(behaviour, "kid", json!("nobody")));
    for _ in 0..5 {
        world.stranger_signs_in().await.expect(502);
    }
    assert_eq!(world.provider.asked("/jwks"), 2);
    world.app.clock.advance_ms(30_000);
    world.stranger_signs_in().await.expect(502);
    assert_eq!(world.provider.asked("/jwks"), 3);
    assert_eq!(world.provider.asked("/.well-known/openid-configuration"), 1);
    world.app.clock.advance_ms(3_600_000);
    world.stranger_signs_in().await.expect(502);
    assert_eq!(world.provider.asked("/.well-known/openid-configuration"), 2);
}

/// Where providers fail.
const PLACES: [&str; 4] = ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"];

#[tokio::test]
async fn a_provider_that_does_not_work_lets_nobody_in_and_says_what_to_do() {
    for place in PLACES {
        for (fault, status, text) in [
            (Fault::Down, 503, "The provider cannot be reached now."),
            (Fault::Huge(3 << 20), 502, "answered what cannot be used"),
            (Fault::Redirect, 502, "answered what cannot be used"),
            (Fault::Nonsense, 502, "answered what cannot be used"),
        ] {
            let world = World::open().await;
            world.provider.behave(|behaviour| {
                behaviour.thin = true;
                behaviour.faults.insert(place.to_owned(), fault);
            });
            let shown = attempt(&world, place).await;
            assert_eq!(shown.status, status, "{place} {fault:?}: {}", shown.html);
            assert!(shown.says(text), "{place} {fault:?}: {}", shown.html);
            // It works again, and so does signing in.
            world.provider.behave(|behaviour| behaviour.faults.clear());
            world.stranger_signs_in().await.expect(303);
        }
    }
}

#[tokio::test]
async fn a_slow_provider_is_not_waited_for_for_ever() {
    let wait = async |place: &str| {
        let world = World::within(Duration::from_secs(4), |_| {}).await;
        world.provider.behave(|behaviour| {
            behaviour.thin = true;
            behaviour.faults.insert(place.to_owned(), Fault::Slow(Duration::from_secs(3_600)));
        });
        let shown = attempt(&world, place).await.expect(503);
        assert!(shown.says("The provider cannot be reached now."), "{place}");
    };
    // All at once: each takes as long as it may.
    tokio::join!(wait(PLACES[0]), wait(PLACES[1]), wait(PLACES[2]), wait(PLACES[3]));
}

/// Goes as far as the provider lets one.
async fn attempt(world: &World, place: &str) -> rollcall_testkit::console::Shown {
    let mut visitor = world.stranger();
    if place.starts_with("/.well-known") {
        return visitor.get("/sign-in/openid").await;
    }
    world.sign_in(&mut visitor).await
}

#[tokio::test]
async fn a_provider_is_the_one_that_is_set() {
    let other: &[(&str, Change)] = &[
        ("calls itself otherwise", |to| {
            metadata(to, "issuer", json!("https://evil.example"));
        }),
        ("has a slash more", |to| {
            let issuer =
                json!(format!("{}/", to.person.get("iss").and_then(Value::as_str).unwrap_or_default()));
            metadata(to, "issuer", issuer);
        }),
        ("has an endpoint that is none", |to| {
            metadata(to, "token_endpoint", json!("javascript:0"));
        }),
        ("has no keys", |to| metadata(to, "jwks_uri", Value::Null)),
    ];
    for (name, change) in other {
        let world = World::open().await;
        world.provider.behave(|behaviour| {
            behaviour.person.insert("iss".to_owned(), json!(world.provider.issuer()));
            change(behaviour);
        });
        let shown = world.stranger().get("/sign-in/openid").await;
        assert_eq!(shown.status, 502, "a provider that {name}: {}", shown.html);
    }
}

#[tokio::test]
async fn only_the_browser_that_began_ends_it_once_and_in_time() {
    let world = World::open().await;
    let stale = async |visitor: &mut Visitor, path: &str, name: &str| {
        let shown = visitor.get(path).await;
        assert_eq!(shown.status, 400, "{name}: {}", shown.html);
        assert!(shown.says("in another browser"), "{name}: {}", shown.html);
        assert_eq!(visitor.cookie("rollcall"), None, "{name}");
    };
    let mut ann = world.stranger();
    let back = world.there(&mut ann).await;
    stale(&mut world.stranger(), &back, "a browser that began nothing").await;
    let mut eve = world.stranger();
    let eves = world.there(&mut eve).await;
    stale(&mut eve, &back, "a browser that began another").await;
    let (path, query) = back.split_once('?').unwrap();
    let code = query.split('&').next().unwrap();
    stale(&mut ann.clone(), &format!("{path}?{code}"), "without state").await;
    stale(&mut ann.clone(), &format!("{path}?{code}&state=x"), "another state").await;
    let mut forged = world.stranger();
    forged.set_cookie("rollcall-openid", Some("forged"));
    stale(&mut forged, &back, "a cookie that is not ours").await;
    // Ann's code with Eve's state: the proof is Ann's, who has it in her browser.
    let eves_state = eves.split("state=").nth(1).unwrap();
    let shown = eve.get(&format!("{path}?{code}&state={eves_state}")).await.expect(400);
    assert!(shown.says("does not know this sign-in any more"), "{}", shown.html);
    assert_eq!((eve.cookie("rollcall"), eve.cookie("rollcall-openid")), (None, None));

    let mut bob = world.stranger();
    let back = world.there(&mut bob).await;
    let kept = bob.clone();
    bob.get(&back).await.expect(303);
    assert_eq!(bob.cookie("rollcall-openid"), None, "it is good twice");
    let mut again = bob.clone();
    again.set_cookie("rollcall", None);
    stale(&mut again, &back, "the same answer again").await;
    // Whoever kept the cookie has still a code that was used.
    let shown = kept.clone().get(&back).await.expect(400);
    assert!(shown.says("does not know this sign-in any more"), "{}", shown.html);

    let mut late = world.stranger();
    let back = world.there(&mut late).await;
    world.app.clock.advance_ms(10 * 60_000);
    stale(&mut late, &back, "ten minutes later").await;
}

#[tokio::test]
async fn an_answer_of_another_provider_is_not_taken() {
    for (says, supported, expected) in [
        (None, false, 303),
        (None, true, 502),
        (Some("https://evil.example"), false, 502),
        (Some("https://evil.example"), true, 502),
        (Some("itself"), false, 303),
        (Some("itself"), true, 303),
    ] {
        let world = World::open().await;
        world.provider.behave(|behaviour| {
            let name = "authorization_response_iss_parameter_supported";
            metadata(behaviour, name, json!(supported));
        });
        let mut visitor = world.stranger();
        let mut back = world.there(&mut visitor).await;
        if let Some(says) = says {
            let issuer = if says == "itself" { world.provider.issuer() } else { says };
            back = format!("{back}&iss={issuer}");
        }
        assert_eq!(visitor.get(&back).await.status, expected, "{says:?} {supported}");
    }
}
