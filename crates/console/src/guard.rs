//! What is checked before a handler runs, from the row of the table: session and role, or link; form token and origin.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_domain::account::{Link, Role};
use rollcall_service::Notes;
use rollcall_service::accounts::SignedIn;
use rollcall_service::admin::{Admin, AdminError};

use crate::answer::{self, ErrorPage, Failure, see, show_with};
use crate::cookie::Cookie;
use crate::flash::{FLASH_SECONDS, Flash, Tone};
use crate::form::Sent;
use crate::frame::{FORM_TOKEN, Frame, Section};
use crate::place::{self, Asked};
use crate::route::{Needs, Route};
use crate::{CONSOLE_BASE, Console, text};

/// Bytes of a form.
const MAX_FORM_BYTES: usize = 2 * 1024 * 1024;
/// What a request of the script has that only looks whether a part of a page has changed.
pub(crate) const LIVE: &str = "rollcall-live";
/// What sealed messages are sealed for.
const FLASH_PLACE: &[u8] = b"console flash";

/// What is known of a request.
pub(crate) struct Context {
    pub(crate) console: Console,
    pub(crate) request_id: String,
    /// Scheme and authority under which we are reached.
    pub(crate) origin: String,
    /// Where the request comes from.
    pub(crate) address: String,
    /// Which browser, in its own words.
    pub(crate) browser: String,
    /// What is to be shown once.
    pub(crate) flash: Flash,
    /// Who is signed in, where that is needed.
    pub(crate) signed: Option<Arc<SignedIn>>,
    /// The link that was opened, where that is needed.
    pub(crate) link: Option<Link>,
    /// What form tokens are bound to.
    anchor: String,
}

impl Context {
    /// A new token for the forms of a page.
    pub(crate) fn form_token(&self) -> String {
        self.console.service.seal_text("form", self.anchor.as_bytes())
    }

    fn is_form_token(&self, token: &str) -> bool {
        self.console.service.open_text(token, self.anchor.as_bytes()).as_deref() == Some("form")
    }
}

/// Someone who is signed in.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) context: Arc<Context>,
    pub(crate) signed: Arc<SignedIn>,
}

/// Someone who has opened a link.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) context: Arc<Context>,
    pub(crate) link: Link,
}

/// Anyone.
#[derive(Clone)]
pub(crate) struct Anyone {
    pub(crate) context: Arc<Context>,
}

impl Visit {
    /// The use cases' view of them.
    pub(crate) fn admin(&self) -> &Admin {
        &self.signed.admin
    }

    /// Whether their role is this at least.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.signed.role >= role
    }

    /// The frame of a page whose title has this key.
    pub(crate) fn frame(&self, section: Section, title: &str) -> Frame {
        self.titled(section, text::t(title))
    }

    /// The frame of a page with this title.
    pub(crate) fn titled(&self, section: Section, title: &str) -> Frame {
        Frame::new(&self.context, section, title.to_owned())
    }

    /// Goes on with a page; `path` is below the console.
    pub(crate) fn go(&self, path: &str) -> Go {
        Go::to(&self.context, path)
    }
}

/// A redirect that takes messages along.
pub(crate) struct Go {
    context: Arc<Context>,
    path: String,
    flash: Flash,
    cookies: Vec<Option<HeaderValue>>,
}

impl Go {
    /// To this path below the console.
    pub(crate) fn to(context: &Arc<Context>, path: &str) -> Self {
        let path = format!("{CONSOLE_BASE}{path}");
        Self { context: Arc::clone(context), path, flash: Flash::default(), cookies: Vec::new() }
    }

    /// Says that it was done; `key` is of the catalogue.
    pub(crate) fn saying(mut self, key: &str) -> Self {
        self.flash.say(Tone::Good, key);
        self
    }

    /// Takes a secret along, which the page that knows its name shows once.
    pub(crate) fn with_secret(mut self, name: &str, secret: &str) -> Self {
        self.flash.secret = Some((name.to_owned(), secret.to_owned()));
        self
    }

    /// Sets a cookie.
    pub(crate) fn with(mut self, cookie: Option<HeaderValue>) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl From<Go> for Response {
    fn from(go: Go) -> Self {
        let mut response = see(&go.path);
        let console = &go.context.console;
        let sealed = (!go.flash.is_empty()).then(|| serde_json::to_string(&go.flash).unwrap_or_default());
        let sealed = sealed.map(|text| console.service.seal_text(&text, FLASH_PLACE));
        let flash = sealed.map(|text| Cookie::Flash.set(console, &text, Some(FLASH_SECONDS)));
        for cookie in flash.into_iter().chain(go.cookies).flatten() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

pub(crate) async fn guard(
    State((console, route)): State<(Console, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    let is_live = request.headers().contains_key(LIVE);
    let (mut parts, body) = request.into_parts();
    let known = match recognise(&console, route, &parts, is_live).await {
        Ok(known) => known,
        Err(error) => return failed(&anybody(&console, &parts), &error.into()),
    };
    let context = match known {
        Some(context) => Arc::new(context),
        None if route.needs == Needs::Link => {
            let gone = Failure::new(StatusCode::GONE, "error.link", text::t("error.link_detail"));
            return failed(&anybody(&console, &parts), &gone);
        }
        None => return nobody(&console, &parts, is_live),
    };
    let admitted = admit(&context, route, &mut parts, body).await;
    let mut response = match admitted {
        Err(failure) => failed(&context, &failure),
        Ok(body) => {
            insert(&mut parts, &context);
            let response = next.run(Request::from_parts(parts, body)).await;
            match response.extensions().get::<Failure>().cloned() {
                Some(failure) => with_cookies_of(&response, failed(&context, &failure)),
                None => response,
            }
        }
    };
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("900"));
    }
    if let (true, false) = (answer::is_page(&response), is_live || context.flash.is_empty()) {
        append(&mut response, Cookie::Flash.clear(&console));
    }
    if let Some(visitor) =
        context.anchor.strip_prefix(VISITOR).filter(|_| response.status() != StatusCode::SEE_OTHER)
    {
        append(&mut response, Cookie::Visitor.set(&console, visitor, None));
    }
    response
}

fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The page of an error takes the cookies along that its handler set.
fn with_cookies_of(response: &Response, mut page: Response) -> Response {
    for cookie in response.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}

/// What the anchor of a stranger begins with.
const VISITOR: &str = "visitor/";

/// Whom the request comes from, as far as the row needs it; `None` without a session or link where one is needed.
async fn recognise(
    console: &Console,
    route: &'static Route,
    parts: &Parts,
    is_live: bool,
) -> Result<Option<Context>, AdminError> {
    let mut context = anybody(console, parts);
    let (service, headers) = (&console.service, &parts.headers);
    match route.needs {
        Needs::Nothing => {}
        Needs::Role(_) => {
            let Some(token) = Cookie::Session.of(console, headers) else { return Ok(None) };
            let found = service.authenticate_session(&token, &context.request_id, is_live).await?;
            let Some(signed) = found else { return Ok(None) };
            // With the tenant: a form of one tenant does nothing in another.
            context.anchor = format!("session/{}/{}", signed.session.id, signed.admin.tenant().id);
            context.signed = Some(Arc::new(signed));
        }
        Needs::Link => {
            let Some(token) = Cookie::Link.of(console, headers) else { return Ok(None) };
            let Some(link) = service.open_link(&token).await? else { return Ok(None) };
            context.anchor = format!("link/{}", link.id);
            context.link = Some(link);
        }
    }
    Ok(Some(context))
}

/// A request before it is known whom it comes from.
fn anybody(console: &Console, parts: &Parts) -> Context {
    let headers = &parts.headers;
    let notes = parts.extensions.get::<Arc<Notes>>();
    let sealed = Cookie::Flash.of(console, headers);
    let flash = sealed.and_then(|sealed| console.service.open_text(&sealed, FLASH_PLACE));
    let visitor = Cookie::Visitor.of(console, headers).filter(|id| id.len() == 43 && is_plain(id));
    Context {
        console: console.clone(),
        request_id: notes.map_or_else(String::new, |notes| notes.id().to_owned()),
        origin: place::origin(console, headers, &parts.uri),
        address: place::address(console, parts),
        browser: place::browser(headers),
        flash: flash.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        signed: None,
        link: None,
        anchor: format!("{VISITOR}{}", visitor.unwrap_or_else(|| console.service.random_text())),
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// To the sign-in page, and back; what cannot be repeated says so.
fn nobody(console: &Console, parts: &Parts, is_live: bool) -> Response {
    let context = Arc::new(anybody(console, parts));
    if is_live {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let path = parts.uri.path_and_query().map_or(CONSOLE_BASE, |path| path.as_str());
    let next = if parts.method == Method::GET { path } else { CONSOLE_BASE };
    let next = utf8_percent_encode(next, NON_ALPHANUMERIC);
    Go::to(&context, &format!("/sign-in?next={next}")).into()
}

/// Role, origin and form token. Returns the body that the handler gets.
async fn admit(context: &Context, route: &Route, parts: &mut Parts, body: Body) -> Result<Body, Failure> {
    if let (Needs::Role(role), Some(signed)) = (route.needs, &context.signed)
        && signed.role < role
    {
        return Err(Failure::forbidden());
    }
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(body);
    }
    if !place::is_same_origin(&context.console, &parts.headers, &parts.uri) {
        return Err(Failure::foreign_form());
    }
    let too_large =
        || Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "error.invalid", text::t("error.too_large_detail"));
    let read = Limited::new(body, MAX_FORM_BYTES).collect();
    let read = tokio::time::timeout(std::time::Duration::from_secs(30), read).await;
    let bytes = read.map_err(|_| too_large())?.map_err(|_| too_large())?.to_bytes();
    let sent = Asked::read(&String::from_utf8_lossy(&bytes));
    if !context.is_form_token(sent.raw(FORM_TOKEN)) {
        return Err(Failure::foreign_form());
    }
    parts.extensions.insert(Sent(sent));
    Ok(Body::empty())
}

fn insert(parts: &mut Parts, context: &Arc<Context>) {
    if let Some(signed) = &context.signed {
        parts.extensions.insert(Visit { context: Arc::clone(context), signed: Arc::clone(signed) });
    }
    if let Some(link) = &context.link {
        parts.extensions.insert(Opened { context: Arc::clone(context), link: link.clone() });
    }
    parts.extensions.insert(Anyone { context: Arc::clone(context) });
}

/// The page of an error.
fn failed(context: &Context, failure: &Failure) -> Response {
    let page = ErrorPage {
        frame: Frame::new(context, Section::None, text::t(failure.title).to_owned()),
        detail: &failure.detail,
        request_id: &context.request_id,
    };
    show_with(failure.status, &page).unwrap_or_else(|_| failure.status.into_response())
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visit = parts.extensions.get().cloned();
        visit.ok_or_else(|| Failure::internal("a route without a role has a visit"))
    }
}

impl<S: Sync> FromRequestParts<S> for Opened {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let opened = parts.extensions.get().cloned();
        opened.ok_or_else(|| Failure::internal("a route without a link has one opened"))
    }
}

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let anyone = parts.extensions.get().cloned();
        anyone.ok_or_else(|| Failure::internal("a route without a guard"))
    }
}
