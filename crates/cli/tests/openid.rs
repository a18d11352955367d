//! Signing in to the console by an OpenID provider, from the settings to the page.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

#[path = "common/browser.rs"]
#[expect(dead_code, reason = "no form is sent here")]
mod browser;
#[expect(dead_code, reason = "a browser has no token and no source")]
mod common;

use std::sync::Arc;

use browser::Browser;
use common::{Server, rollcall};
use rollcall_domain::clock::Clock as _;
use rollcall_service::system::SystemClock;
use rollcall_testkit::FrozenClock;
use rollcall_testkit::openid::{CLIENT, FakeProvider};

#[tokio::test(flavor = "multi_thread")]
async fn someone_signs_in_by_the_provider_of_the_settings() {
    let clock = Arc::new(FrozenClock::default());
    clock.advance_ms(SystemClock.now().0 - clock.now().0);
    let provider = FakeProvider::start(&clock).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secret = folder.join("client-secret");
    std::fs::write(&secret, format!("{}\n", CLIENT.1)).unwrap();
    let settings = format!(
        "public_url = \"http://rollcall.example.com\"\nopenid_issuer = \"{}\"\nopenid_client_id = \"{}\"\n\
         openid_client_secret_file = \"{}\"\nopenid_name = \"Example ID\"\nopenid_viewers = \"everyone\"\n\
         private_addresses = true\n",
        provider.issuer(),
        CLIENT.0,
        secret.display()
    );
    std::fs::write(folder.join("rollcall.toml"), settings).unwrap();
    let server = Server::start(folder, &[]);
    let mut ann = Browser::new(&server.address);
    assert!(ann.get("/console/sign-in").1.contains("Sign in with Example ID"));
    let (_, there) = ann.get("/console/sign-in/openid");
    let back = provider.signs_in(&there);
    assert_eq!(ann.get(&back), (303, "/console".to_owned()));
    assert!(ann.get("/console/account").1.contains("ann@example.com"));
    // Without the browser that began it is told to begin again, and nobody learns more.
    assert_eq!(Browser::new(&server.address).get(&back).0, 400);
    let session = &ann.cookies["rollcall"];
    let unlinked = rollcall(folder).args(["console", "unlink", "ann@example.com"]).output().unwrap();
    let words = String::from_utf8_lossy(&unlinked.stdout).into_owned();
    assert!(words.contains("nobody of an OpenID provider"), "{words}");
    let log = std::fs::read_to_string(&server.log).unwrap();
    let (_, code) = back.split_once("code=").unwrap();
    for secret in [CLIENT.1, "ann@example.com", "person-1", code, session, "eyJ"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}

#[test]
fn a_provider_that_cannot_be_is_told_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (variables, expected) in [
        (
            &[("ROLLCALL_OPENID_ISSUER", "https://id.example.com")][..],
            "public_url: is needed with openid_issuer",
        ),
        (&[("ROLLCALL_OPENID_ISSUER", "id.example.com")][..], "openid_issuer: begins with https://"),
        (
            &[
                ("ROLLCALL_OPENID_ISSUER", "https://id.example.com"),
                ("ROLLCALL_PUBLIC_URL", "https://rollcall.example.com"),
            ][..],
            "openid_client_id: is needed with openid_issuer",
        ),
    ] {
        let mut command = rollcall(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(variables.iter().copied());
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains(expected), "{expected}: {words}");
    }
}
