//! Signing in by an OpenID provider: who comes in, as whom, and what is kept of it.

use rollcall_domain::account::{Account, Role};
use rollcall_service::accounts::NewAccount;
use rollcall_service::admin::Manager;
use rollcall_store::administration::AuditQuery;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{PASSWORD, Visitor};
use serde_json::{Value, json};

use crate::openid_world::World;

/// An account that an owner has made for this address.
async fn invited(app: &TestApp, email: &str) -> Account {
    let owner = Visitor::owner(app).await.signed(app).await;
    let new = NewAccount { email, name: "Invited", role: Role::Operator, everywhere: false };
    app.service.invite(&owner, new).await.expect("an account").0
}

async fn named(world: &World, email: &str) -> Option<Account> {
    world.app.store.account_named(email).await.expect("an answer")
}

/// What the provider says of the person from now on.
fn says(world: &World, name: &str, value: Value) {
    world.provider.behave(|behaviour| drop(behaviour.person.insert(name.to_owned(), value)));
}

#[tokio::test]
async fn an_account_is_known_by_a_verified_address_once_and_then_by_the_person() {
    let world = World::start().await;
    let account = invited(&world.app, "ann@example.com").await;
    let mut ann = world.stranger();
    let shown = world.sign_in(&mut ann).await.expect(303);
    assert_eq!(shown.location(), Some("/console/account"), "where one wanted to go");
    assert_eq!(ann.signed(&world.app).await.account.id, account.id);
    assert!(ann.get("/account").await.expect(200).says("ann@example.com"));
    // The person is the same, whatever becomes of the address.
    says(&world, "email", json!("married@example.com"));
    says(&world, "email_verified", json!(false));
    let mut later = world.stranger();
    world.sign_in(&mut later).await.expect(303);
    assert_eq!(later.signed(&world.app).await.account.id, account.id);
}

#[tokio::test]
async fn an_address_that_passes_to_another_person_does_not_bring_the_account_along() {
    let world = World::open().await;
    invited(&world.app, "ann@example.com").await;
    world.stranger_signs_in().await.expect(303);
    says(&world, "sub", json!("person-2"));
    let shown = world.stranger_signs_in().await.expect(403);
    assert!(shown.says("belongs to another person of the provider"), "{}", shown.html);
    // Until whoever runs the server says so.
    world.app.service.unlink(&Manager::operator(), "ann@example.com").await.expect("the account");
    world.stranger_signs_in().await.expect(303);
    says(&world, "sub", json!("person-1"));
    world.stranger_signs_in().await.expect(403);
}

#[tokio::test]
async fn nobody_comes_in_who_is_not_to() {
    type Case<'a> = (&'a str, &'a [(&'a str, Value)], &'a str);
    let cases: [Case<'_>; 5] = [
        ("nobody@example.com", &[], "There is no account for you here."),
        ("ann@example.com", &[("email_verified", json!(false))], "has verified your mail address"),
        ("ann@example.com", &[("email_verified", Value::Null)], "has verified your mail address"),
        ("ann@example.com", &[("email", Value::Null)], "has verified your mail address"),
        ("ann@example.com", &[("email", json!("ann <ann@example.com>"))], "has verified your mail address"),
    ];
    for (account, claims, text) in cases {
        let world = World::start().await;
        invited(&world.app, account).await;
        for (name, value) in claims {
            says(&world, name, value.clone());
        }
        let mut visitor = world.stranger();
        let shown = world.sign_in(&mut visitor).await.expect(403);
        assert!(shown.says(text), "{claims:?}: {}", shown.html);
        assert_eq!(visitor.cookie("rollcall"), None, "{claims:?}");
        assert_eq!(world.app.store.accounts().await.unwrap().len(), 2, "{claims:?}");
    }
}

#[tokio::test]
async fn a_disabled_account_stays_closed() {
    for before in [true, false] {
        let world = World::open().await;
        let account = invited(&world.app, "ann@example.com").await;
        if before {
            world.stranger_signs_in().await.expect(303);
        }
        let owner = Visitor::owner(&world.app).await.signed(&world.app).await;
        world.app.service.set_disabled(&owner, account.id, true).await.expect("the account");
        let shown = world.stranger_signs_in().await.expect(403);
        assert!(shown.says("Your account is disabled."), "{}", shown.html);
    }
}

#[tokio::test]
async fn what_the_provider_says_makes_an_account_with_a_role() {
    for (groups, tenant, expected) in [
        (json!(["all", "admins"]), Some("default"), Some((Role::Owner, false))),
        (json!(["all", "ops"]), Some("default"), Some((Role::Operator, false))),
        (json!("all"), None, Some((Role::Viewer, true))),
        (json!(["others"]), None, None),
        (json!([]), None, None),
        (json!(["all"]), Some("nonsense"), None),
    ] {
        let world = World::with(|settings| {
            settings.roles = ["admins", "ops", "all"].map(|group| vec![group.to_owned()]);
            settings.tenant = tenant.map(str::to_owned);
        })
        .await;
        says(&world, "groups", groups.clone());
        let mut visitor = world.stranger();
        let shown = world.sign_in(&mut visitor).await;
        let made = named(&world, "ann@example.com").await;
        let Some((role, everywhere)) = expected else {
            shown.expect(403);
            assert_eq!(made, None, "{groups}");
            continue;
        };
        shown.expect(303);
        let made = made.expect("an account");
        let post = made.posts[0];
        assert_eq!((post.role, post.tenant.is_none(), made.posts.len()), (role, everywhere, 1), "{groups}");
        assert_eq!((made.name.as_str(), &made.password), ("Ann", &None));
        assert_eq!(visitor.signed(&world.app).await.role, role);
        // Owners decide about roles from then on.
        says(&world, "groups", json!(["admins"]));
        world.stranger_signs_in().await.expect(303);
        assert_eq!(named(&world, "ann@example.com").await.expect("the account").posts, made.posts);
    }
}

#[tokio::test]
async fn the_way_there_is_kept_by_this_browser_alone() {
    let world = World::open().await;
    let mut visitor = world.stranger();
    let shown = visitor.get("/sign-in/openid?next=https%3A%2F%2Fevil.example").await.expect(303);
    let url = shown.location().unwrap().to_owned();
    let callback = "http%3A%2F%2Frollcall.example.com%2Fconsole%2Fsign-in%2Fopenid%2Fcallback";
    for part in [
        format!("{}/authorize?response_type=code&client_id=rollcall&", world.provider.issuer()),
        format!("&redirect_uri={callback}&"),
        "&scope=openid%20email&".to_owned(),
        "&code_challenge_method=S256".to_owned(),
    ] {
        assert!(url.contains(&part), "{part} is not in {url}");
    }
    let cookie = shown.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("rollcall-openid="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
    for name in ["state", "nonce"] {
        let value = url.split(&format!("&{name}=")).nth(1).unwrap().split('&').next().unwrap();
        assert!(value.len() == 43 && !cookie.contains(value), "{name}={value}");
    }
    let back = world.provider.signs_in(&url);
    let shown = visitor.get(back.strip_prefix("/console").unwrap()).await.expect(303);
    assert_eq!(shown.location(), Some("/console"), "where someone else wanted");
    let again = visitor.get("/sign-in/openid").await.expect(303);
    assert_ne!(again.location(), Some(&*url), "state and nonce are made once");
    let long = visitor.get(&format!("/sign-in/openid?next=/console/{}", "x".repeat(5_000))).await.expect(303);
    let size = long.headers["set-cookie"].len();
    assert!(size < 4_096, "browsers do not keep a cookie of {size} bytes");
}

#[tokio::test]
async fn a_session_is_made_as_by_a_password() {
    let world = World::open().await;
    let mut visitor = world.stranger();
    world.sign_in(&mut visitor).await.expect(303);
    let before = visitor.cookie("rollcall").unwrap().to_owned();
    let shown = world.sign_in(&mut visitor).await.expect(303);
    let lines: Vec<&str> =
        shown.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let session = lines.iter().find(|line| line.starts_with("rollcall=")).unwrap();
    assert!(session.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"), "{session}");
    // The one before has ended.
    let mut old = world.stranger();
    old.set_cookie("rollcall", Some(&before));
    assert_eq!(old.get("/account").await.status, 303);
    visitor.get("/account").await.expect(200);
    visitor.submit("/sign-out", &[]).await.expect(200);
    assert_eq!(visitor.get("/account").await.status, 303);
}

#[tokio::test]
async fn the_button_is_there_where_a_provider_is_and_passwords_go_on() {
    let world = World::start().await;
    let owner = Visitor::owner(&world.app).await;
    let mut visitor = world.stranger();
    let shown = visitor.get("/sign-in?next=%2Fconsole%2Fusers%3Fa%3Db").await.expect(200);
    assert!(shown.says("Sign in with Example ID"), "{}", shown.html);
    assert!(shown.says("href=\"/console/sign-in/openid?next=/console/users%3Fa%3Db\""), "{}", shown.html);
    visitor.sign_in(owner.email(), PASSWORD).await.expect(303);
    let mut without = Visitor::new(&world.app);
    assert!(!without.get("/sign-in").await.expect(200).says("/sign-in/openid"));
    for path in ["/sign-in/openid", "/sign-in/openid/callback?code=1&state=2"] {
        without.get(path).await.expect(404);
    }
}

#[tokio::test]
async fn whom_the_provider_does_not_let_in_is_told_so_in_our_words() {
    let world = World::open().await;
    let mut visitor = world.stranger();
    let back = world.there(&mut visitor).await;
    let (_, state) = back.split_once("&state=").unwrap();
    let path =
        format!("/sign-in/openid/callback?error=access_denied&error_description=Call+me&state={state}");
    let shown = visitor.get(&path).await.expect(403);
    assert!(shown.says("The provider did not let you in."), "{}", shown.html);
    assert!(!shown.says("Call me") && !shown.says("access_denied"));
    assert_eq!(visitor.cookie("rollcall-openid"), None);
}

#[tokio::test]
async fn attempts_from_an_address_are_limited() {
    let world = World::open().await;
    let mut visitor = world.stranger();
    for _ in 0..100 {
        let back = world.there(&mut visitor).await;
        let (_, state) = back.split_once("&state=").unwrap();
        visitor.get(&format!("/sign-in/openid/callback?error=x&state={state}")).await.expect(403);
    }
    let shown = world.sign_in(&mut visitor).await.expect(429);
    assert!(shown.says("Try again in 15 minutes."), "{}", shown.html);
    assert_eq!(world.provider.asked("/token"), 0);
    world.app.clock.advance_ms(15 * 60_000);
    world.sign_in(&mut visitor).await.expect(303);
}

#[tokio::test]
async fn the_audit_says_who_came_in_by_openid_and_who_did_not() {
    let world = World::start().await;
    world.stranger_signs_in().await.expect(403);
    invited(&world.app, "ann@example.com").await;
    world.stranger_signs_in().await.expect(303);
    world.app.service.unlink(&Manager::operator(), "ann@example.com").await.expect("the account");
    let all = world.app.store.audit(&AuditQuery::default(), None, 50).await.unwrap();
    for (action, after) in [
        ("account.sign_in_failed", "\"openid: no account\""),
        ("account.link", world.provider.issuer()),
        ("account.sign_in", "\"openid\""),
        ("account.unlink", ""),
    ] {
        let found = all.iter().any(|entry| entry.event.action == action && entry.event.after.contains(after));
        assert!(found, "{action} {after}");
    }
    for entry in all {
        let text = format!("{} {} {}", entry.event.subject, entry.event.before, entry.event.after);
        assert!(!text.contains('@') && !text.contains("person-1"), "{text}");
    }
}
