//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::credential::Token;
use rollcall_service::accounts::{Attempt, Door, Refusal, SignedIn};
use rollcall_service::admin::AdminError;

use crate::answer::{Answer, show_with};
use crate::cookie::Cookie;
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::{Anyone, Go, Visit};
use crate::place::{Asked, own_path};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::Field;
use crate::{CONSOLE_BASE, Console};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/sign-in", needs: Needs::Nothing, handler: || get(ask) },
    Route { method: "POST", path: "/sign-in", needs: Needs::Nothing, handler: || post(enter) },
    Route { method: "POST", path: "/sign-out", needs: Needs::Role(Role::Viewer), handler: || post(leave) },
    Route { method: "POST", path: "/tenant", needs: Needs::Role(Role::Viewer), handler: || post(switch) },
];

/// Who are you?
#[derive(Template)]
#[template(path = "account/sign_in.html")]
struct SignInPage {
    frame: Frame,
    email: Field,
    password: Field,
    /// Where to go on.
    next: String,
    first_run: bool,
    /// What the OpenID provider is called, where there is one.
    openid: Option<String>,
    problem: Option<String>,
}

async fn page(
    app: &Console,
    anyone: &Anyone,
    email: &str,
    next: &str,
) -> Result<SignInPage, crate::answer::Failure> {
    let none = Problems::none();
    Ok(SignInPage {
        frame: Frame::new(&anyone.context, Section::None, text::t("sign_in.title").to_owned()),
        email: Field::email("sign_in", "email")
            .value(email)
            .required()
            .autocomplete("username")
            .problems(&none),
        password: Field::password("sign_in", "password").required().autocomplete("current-password"),
        next: own_path(next).unwrap_or(CONSOLE_BASE).to_owned(),
        first_run: app.service.is_first_run().await?,
        openid: app.settings.openid.as_ref().map(|provider| provider.name().to_owned()),
        problem: None,
    })
}

/// `GET /console/sign-in`: 200.
async fn ask(State(app): State<Console>, anyone: Anyone, asked: Asked) -> Answer {
    show_with(StatusCode::OK, &page(&app, &anyone, "", asked.text("next")).await?)
}

/// `POST /console/sign-in`: 303, 401 or 429.
async fn enter(State(app): State<Console>, anyone: Anyone, headers: HeaderMap, sent: Sent) -> Answer {
    let before = before(&anyone, &headers).await?;
    let (email, password) = (sent.text("email"), sent.raw("password"));
    let attempt = Attempt { email, password, door: door(&anyone, before.as_ref()) };
    let (status, problem) = match app.service.sign_in_by_password(attempt).await {
        Ok((_, token)) => {
            let next = own_path(sent.text("next")).unwrap_or(CONSOLE_BASE);
            return Ok(signed_in(&anyone, &token, next.strip_prefix(CONSOLE_BASE).unwrap_or_default()).into());
        }
        Err(Refusal::Failed(error)) => return Err(error.into()),
        Err(Refusal::TooOften(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, text::fill("sign_in.too_often", &[&(seconds / 60)]))
        }
        Err(Refusal::Wrong) => (StatusCode::UNAUTHORIZED, text::t("sign_in.wrong").to_owned()),
    };
    let page = page(&app, &anyone, email, sent.text("next")).await?;
    show_with(status, &SignInPage { problem: Some(problem), ..page })
}

/// Who is signed in already: a new session takes the place of theirs.
pub(super) async fn before(anyone: &Anyone, headers: &HeaderMap) -> Result<Option<SignedIn>, AdminError> {
    let context = &anyone.context;
    let Some(token) = Cookie::Session.of(&context.console, headers) else { return Ok(None) };
    context.console.service.authenticate_session(&token, &context.request_id, true).await
}

/// Where someone tries to come in.
pub(super) fn door<'a>(anyone: &'a Anyone, instead: Option<&'a SignedIn>) -> Door<'a> {
    let context = &anyone.context;
    Door { address: &context.address, browser: &context.browser, instead, request_id: &context.request_id }
}

/// Goes on with a new session. What was known of the browser before is forgotten.
pub(super) fn signed_in(anyone: &Anyone, token: &Token, path: &str) -> Go {
    let console = &anyone.context.console;
    let longest = rollcall_service::accounts::LONGEST_MS / 1000;
    Go::to(&anyone.context, path)
        .with(Cookie::Session.set(console, token.reveal(), Some(longest)))
        .with(Cookie::Visitor.clear(console))
        .with(Cookie::Link.clear(console))
}

/// `POST /console/sign-out`: 303.
async fn leave(State(app): State<Console>, visit: Visit) -> Answer {
    app.service.sign_out(&visit.signed).await?;
    let go = visit.go("/sign-in").saying("sign_in.left");
    Ok(go.with(Cookie::Session.clear(&app)).into())
}

/// `POST /console/tenant`: 303 or 404.
async fn switch(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    app.service.look_at(&visit.signed, sent.text("tenant")).await?;
    Ok(visit.go("").into())
}
