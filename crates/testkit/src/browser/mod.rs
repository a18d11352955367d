//! A real browser: headless Chromium, driven by `WebDriver`, on a server that listens.
//!
//! [`Browser::start`] begins a browser of its own for a test, and a server for the router. What a page must never do is
//! checked at the end by [`Browser::is_clean`]: ask another host, or have anything refused by its own policy.
//! `scripts/test` installs Chromium, its driver and axe-core.

mod axe;
mod cdp;
mod find;
mod log;
mod process;
mod serve;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use process::{Chromium, Driver};
use serve::Served;

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Browsers at once in one process: each takes a processor while it starts.
static TURNS: std::sync::LazyLock<Arc<Semaphore>> = std::sync::LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// A screen to be seen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 1280 × 800.
    Desktop,
    /// 390 × 844.
    Phone,
}

/// The colours that someone prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A browser on a server. Both end with it.
pub struct Browser {
    client: Client,
    base: String,
    // Fields are dropped in this order: the browser ends before the server does.
    _chromium: Chromium,
    _driver: Driver,
    _served: Served,
    _turn: OwnedSemaphorePermit,
}

impl Browser {
    /// Serves the router on a free port of 127.0.0.1, and starts a browser of 1280 × 800 that shows nothing yet.
    pub async fn start(router: Router) -> Self {
        let turn = Arc::clone(&TURNS).acquire_owned().await.expect("a turn");
        let served = Served::start(router).await;
        let driver = Driver::start();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let profile = tempfile::tempdir().expect("a temporary folder");
        builder.capabilities(process::capabilities(profile.path()));
        let client = builder.connect(&driver.url()).await.expect("a browser; scripts/test installs it");
        let chromium = Chromium::of(&client, profile);
        let base = served.url();
        let browser =
            Self { client, base, _chromium: chromium, _driver: driver, _served: served, _turn: turn };
        browser.screen(Screen::Desktop).await;
        browser
    }

    /// Where the server is: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Opens a path of the server and waits until it is loaded.
    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("a page");
    }

    /// The path, and the query, of what is shown.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Waits until the path is this one.
    pub async fn arrives_at(&self, path: &str) {
        let mut last = String::new();
        let arrived = async || {
            last = self.path().await;
            last == path
        };
        assert!(patiently(arrived).await, "{path} was not reached; the browser is at {last}");
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page");
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.client.title().await.expect("a title")
    }

    /// Waits until this text is shown.
    pub async fn sees(&self, text: &str) {
        let seen = patiently(async || self.shown().await.contains(text)).await;
        assert!(seen, "{text:?} is not shown at {}:\n{}", self.path().await, self.shown().await);
    }

    /// Waits until this text is not shown.
    pub async fn misses(&self, text: &str) {
        let missed = patiently(async || !self.shown().await.contains(text)).await;
        assert!(missed, "{text:?} is shown at {}:\n{}", self.path().await, self.shown().await);
    }

    /// All text that is shown.
    pub async fn shown(&self) -> String {
        // A page that is being left has no body.
        let text = self.evaluate("return document.body ? document.body.innerText : ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The text of the first element that this CSS selector finds.
    pub async fn text(&self, selector: &str) -> String {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        found.expect(selector).text().await.expect("its text")
    }

    /// Waits until the main part of the page says this; without a script too.
    pub async fn reads(&self, text: &str) {
        let mut last = String::new();
        let said = async || {
            // A page that is being left has none.
            if let Ok(main) = self.client.find(Locator::Css("main")).await {
                last = main.text().await.unwrap_or_default();
            }
            last.contains(text)
        };
        assert!(patiently(said).await, "{text:?} is not read at {}:\n{last}", self.path().await);
    }

    /// How many elements this CSS selector finds.
    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.expect("a count").len()
    }

    /// Runs the body of a function in the page, and returns what it returns.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_default()
    }

    /// Is another screen from now on.
    pub async fn screen(&self, screen: Screen) {
        let (width, height, mobile) = match screen {
            Screen::Desktop => (1280, 800, false),
            Screen::Phone => (390, 844, true),
        };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Prefers these colours from now on; nothing moves.
    pub async fn scheme(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([
            { "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Runs scripts of pages from now on, or does not.
    pub async fn scripting(&self, on: bool) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
    }

    /// Forgets who is signed in.
    pub async fn forgets_cookies(&self) {
        self.cdp("Network.clearBrowserCookies", json!({})).await;
    }

    /// Has this cookie from now on.
    pub async fn has_cookie(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": self.base, "httpOnly": true });
        self.cdp("Network.setCookie", cookie).await;
    }

    /// A picture of the screen, as PNG; of the whole page if it is longer.
    pub async fn screenshot(&self, whole: bool) -> Vec<u8> {
        self.evaluate(axe::PAINTED).await;
        let asked = json!({ "format": "png", "captureBeyondViewport": whole });
        let answer = self.cdp("Page.captureScreenshot", asked).await;
        STANDARD.decode(answer["data"].as_str().expect("a picture")).expect("a picture")
    }
}

/// Asks again and again until it is so, or patience ends: then false.
async fn patiently(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if is_so().await {
            return true;
        }
        if begun.elapsed() > PATIENCE {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
