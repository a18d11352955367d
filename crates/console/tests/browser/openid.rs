//! Signing in by an OpenID provider, in a browser.

use rollcall_testkit::browser::{Browser, Scheme, Screen};

use crate::openid_world::World;

#[tokio::test(flavor = "multi_thread")]
async fn someone_signs_in_by_the_provider_and_is_led_on() {
    let world = World::open().await;
    let browser = Browser::start(world.router.clone()).await;
    browser.open("/console/accounts").await;
    browser.sees("Sign in with Example ID").await;
    browser.is_accessible().await;
    browser.screen(Screen::Phone).await;
    browser.scheme(Scheme::Dark).await;
    browser.is_accessible().await;
    // Whoever is not let in reads why.
    world
        .provider
        .behave(|behaviour| drop(behaviour.person.insert("email_verified".to_owned(), false.into())));
    browser.clicks("link", "Sign in with Example ID").await;
    browser.clicks("link", "Continue as Ann").await;
    browser.sees("You are not signed in").await;
    browser.sees("Ask whoever runs the provider").await;
    browser.is_accessible().await;
    world
        .provider
        .behave(|behaviour| drop(behaviour.person.insert("email_verified".to_owned(), true.into())));
    browser.open("/console/accounts").await;
    browser.clicks("link", "Sign in with Example ID").await;
    browser.clicks("link", "Continue as Ann").await;
    browser.arrives_at("/console/accounts").await;
    browser.sees("ann@example.com").await;
    browser.clicks("button", "Sign out").await;
    browser.sees("You have signed out.").await;
}
