//! Someone in front of the console, without a screen: cookies, form tokens, no script.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_console::CONSOLE_BASE;
use rollcall_domain::account::Role;
use rollcall_service::accounts::NewAccount;
use rollcall_service::admin::Manager;
use tower::ServiceExt as _;

use crate::TestApp;

/// Password of everyone here.
pub const PASSWORD: &str = "correct horse battery";
/// The host that everyone asks.
const HOST: &str = "rollcall.example.com";

/// A browser.
#[derive(Clone)]
pub struct Visitor {
    router: Router,
    cookies: BTreeMap<String, String>,
    form_token: String,
    headers: Vec<(String, String)>,
    email: String,
}

/// What was shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The page.
    pub html: String,
}

impl Visitor {
    /// Someone who was never here.
    pub fn new(app: &TestApp) -> Self {
        Self {
            router: app.router(),
            cookies: BTreeMap::new(),
            form_token: String::new(),
            headers: Vec::new(),
            email: String::new(),
        }
    }

    /// The same of another router.
    #[must_use]
    pub fn at(mut self, router: Router) -> Self {
        self.router = router;
        self
    }

    /// The first one: their account is made by the set-up link, and they are signed in.
    pub async fn owner(app: &TestApp) -> Self {
        let (_, token) = app.service.first_run_link(&Manager::operator()).await.expect("a link");
        let link = app.service.open_link(token.reveal()).await.expect("an answer").expect("the link");
        let email = format!("owner-{}@example.com", link.prefix.to_lowercase());
        let made = app.service.first_run(&link, ("Olga Owner", &email, PASSWORD), ("test", "")).await;
        made.expect("an account");
        let mut visitor = Self::new(app);
        visitor.sign_in(&email, PASSWORD).await.expect(303);
        visitor
    }

    /// Someone with this role in the default tenant, signed in.
    pub async fn with_role(app: &TestApp, role: Role) -> Self {
        let email = format!("{}-{}@example.com", role.name(), app.service.random_text().to_lowercase());
        let owner = Self::owner(app).await;
        let by = owner.signed(app).await;
        let new = NewAccount { email: &email, name: "Ron Role", role, everywhere: false };
        let (_, link) = app.service.invite(&by, new).await.expect("an account");
        let (_, token) = link.expect("a link");
        let link = app.service.open_link(token.reveal()).await.expect("an answer").expect("the link");
        app.service.choose_password(&link, PASSWORD, ("test", "")).await.expect("a password");
        let mut visitor = Self::new(app);
        visitor.sign_in(&email, PASSWORD).await.expect(303);
        visitor
    }

    /// Their account as the use cases see it.
    pub async fn signed(&self, app: &TestApp) -> rollcall_service::accounts::SignedIn {
        let token = self.cookie("rollcall").expect("a session");
        let signed = app.service.authenticate_session(token, "", true).await;
        signed.expect("an answer").expect("a session")
    }

    /// Their mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Their password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Signs in by the form.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Shown {
        email.clone_into(&mut self.email);
        self.get("/sign-in").await;
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    /// A cookie, by its name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Sets or takes away a cookie.
    pub fn set_cookie(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            None => drop(self.cookies.remove(name)),
        }
    }

    /// The token of the last form that was seen.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Sends another form token from now on.
    pub fn set_form_token(&mut self, token: &str) {
        token.clone_into(&mut self.form_token);
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Looks at a page; `path` is below the console.
    pub async fn get(&mut self, path: &str) -> Shown {
        self.send("GET", path, Body::empty()).await
    }

    /// Sends a form with the token of the last page that had one.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = self.form_token.clone();
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let fields = fields.iter().copied().chain([("form_token", &*token)]);
        let pairs: Vec<String> =
            fields.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.send("POST", path, Body::from(pairs.join("&"))).await
    }

    /// Sends a form, and looks at the page that it leads to.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let shown = self.post(path, fields).await.expect(303);
        self.follow(&shown).await
    }

    /// Looks at the page that an answer leads to.
    pub async fn follow(&mut self, shown: &Shown) -> Shown {
        let to = shown.location().expect("a redirect").to_owned();
        let path = to.strip_prefix(CONSOLE_BASE).expect("a page of the console").to_owned();
        self.get(&path).await
    }

    async fn send(&mut self, method: &str, path: &str, body: Body) -> Shown {
        let uri = format!("{CONSOLE_BASE}{path}");
        let mut request = Request::builder().method(method).uri(uri).header("host", HOST);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        if method != "GET" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
            if !self.headers.iter().any(|(name, _)| name == "origin") {
                request = request.header("origin", format!("http://{HOST}"));
            }
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("a response");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a whole body");
        let html = String::from_utf8_lossy(&bytes).into_owned();
        self.keep(&parts.headers);
        if let Some(token) = between(&html, "name=\"form_token\" value=\"", "\"") {
            token.clone_into(&mut self.form_token);
        }
        Shown { status: parts.status.as_u16(), headers: parts.headers, html }
    }

    /// Does what `Set-Cookie` says.
    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, rest) = line.split_once('=').expect("a pair");
            let value = rest.split(';').next().unwrap_or_default();
            self.set_cookie(name, Some(value).filter(|_| !line.contains("Max-Age=0")));
        }
    }
}

impl Shown {
    /// The same, if it has this status.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the check is all that is wanted")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.html);
        self
    }

    /// Whether the page says this.
    pub fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// Where it leads.
    pub fn location(&self) -> Option<&str> {
        self.headers.get("location").and_then(|value| value.to_str().ok())
    }

    /// The value of the field of this id or name.
    pub fn value(&self, field: &str) -> Option<&str> {
        let tags = self.html.split('<').filter(|tag| tag.starts_with("input"));
        let mut named = tags.filter(|tag| {
            tag.contains(&format!(" id=\"{field}\"")) || tag.contains(&format!(" name=\"{field}\""))
        });
        named.next().and_then(|tag| between(tag, " value=\"", "\""))
    }
}

/// What stands between two marks, the first time.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found)
}
