//! Signing in by an OpenID provider: the way there, and back.
//!
//! Both are plain links: nothing here is changed before the provider has vouched for someone in the browser that began,
//! which alone has the sealed cookie with state, nonce and verifier.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rollcall_service::accounts::openid::{BEGUN_MS, Begun, NotAdmitted, OpenId, OpenIdError, Returned};

use super::enter::{before, door, signed_in};
use crate::answer::{Answer, Failure, see};
use crate::cookie::Cookie;
use crate::guard::Anyone;
use crate::place::{Asked, own_path};
use crate::route::{Needs, Route};
use crate::{CONSOLE_BASE, Console, text};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/sign-in/openid", needs: Needs::Nothing, handler: || get(begin) },
    Route { method: "GET", path: RETURN, needs: Needs::Nothing, handler: || get(finish) },
];

/// Where the provider sends people back to, below the console.
const RETURN: &str = "/sign-in/openid/callback";
/// Characters of a path that is gone on with: browsers keep 4 KiB of a cookie.
const MAX_NEXT: usize = 1_000;
/// What a sign-in that was begun is sealed for.
const PLACE: &[u8] = b"console openid";

fn provider(app: &Console) -> Result<&Arc<dyn OpenId>, Failure> {
    app.settings.openid.as_ref().ok_or_else(Failure::not_found)
}

fn redirect_uri(anyone: &Anyone) -> String {
    format!("{}{CONSOLE_BASE}{RETURN}", anyone.context.origin)
}

/// `GET /console/sign-in/openid`: 303 to the provider, 404 without one, 502 or 503.
async fn begin(State(app): State<Console>, anyone: Anyone, asked: Asked) -> Answer {
    let provider = provider(&app)?;
    let next = own_path(asked.text("next")).filter(|path| path.len() <= MAX_NEXT);
    let begun = app.service.begin_openid(next.unwrap_or(CONSOLE_BASE));
    let url = provider.authorization_url(&begun, &redirect_uri(&anyone)).await;
    let url = url.map_err(|error| told(&error))?;
    let sealed = serde_json::to_string(&begun).map(|text| app.service.seal_text(&text, PLACE));
    let sealed = sealed.map_err(|error| Failure::internal(&error.to_string()))?;
    let mut response = see(&url);
    let cookie = Cookie::OpenId.set(&app, &sealed, Some(BEGUN_MS / 1000));
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// `GET /console/sign-in/openid/callback`: 303 with a session, 400, 403, 404, 429, 502 or 503.
async fn finish(State(app): State<Console>, anyone: Anyone, headers: HeaderMap, asked: Asked) -> Answer {
    let provider = provider(&app)?;
    // Whoever has not begun here, ends nothing here.
    let begun = begun(&app, &headers, asked.raw("state"))
        .ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "openid.title", text::t("openid.stale")))?;
    let mut response = match enter(&app, provider, &anyone, &headers, &asked, &begun).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    // It was good once, whatever came of it.
    let cleared = Cookie::OpenId.clear(&app).map(|cookie| (SET_COOKIE, cookie));
    if let Some((name, cookie)) = cleared {
        response.headers_mut().append(name, cookie);
    }
    Ok(response)
}

/// What this browser has begun, when it is this that comes back, and not too late.
fn begun(app: &Console, headers: &HeaderMap, state: &str) -> Option<Begun> {
    let sealed = Cookie::OpenId.of(app, headers)?;
    let begun: Begun = serde_json::from_str(&app.service.open_text(&sealed, PLACE)?).ok()?;
    (begun.state == state && begun.is_open(app.service.now())).then_some(begun)
}

async fn enter(
    app: &Console,
    provider: &Arc<dyn OpenId>,
    anyone: &Anyone,
    headers: &HeaderMap,
    asked: &Asked,
    begun: &Begun,
) -> Result<Response, Failure> {
    let instead = before(anyone, headers).await?;
    let door = door(anyone, instead.as_ref());
    app.service.admit_openid(door).await.map_err(refused)?;
    let Some(code) = asked.given("code") else {
        // `error=access_denied` and others (RFC 6749 §4.1.2.1).
        app.service.note_openid_failure(door).await?;
        return Err(Failure::new(StatusCode::FORBIDDEN, "openid.title", text::t("openid.declined")));
    };
    let returned = Returned { code, issuer: asked.given("iss") };
    let vouched = match provider.exchange(begun, &redirect_uri(anyone), returned).await {
        Ok(vouched) => vouched,
        Err(error) => {
            app.service.note_openid_failure(door).await?;
            return Err(told(&error));
        }
    };
    let (_, token) = app.service.sign_in_by_openid(door, &vouched).await.map_err(refused)?;
    let next = begun.next.strip_prefix(CONSOLE_BASE).unwrap_or_default();
    Ok(signed_in(anyone, &token, next).into())
}

/// What a person can do about it. The reason is in the log.
fn told(error: &OpenIdError) -> Failure {
    tracing::warn!(%error, "nobody was signed in by OpenID");
    let (status, key) = match error {
        OpenIdError::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "openid.unreachable"),
        OpenIdError::Unusable(_) | OpenIdError::Untrusted(_) => (StatusCode::BAD_GATEWAY, "openid.unusable"),
        OpenIdError::Refused(_) => (StatusCode::BAD_REQUEST, "openid.refused"),
    };
    Failure::new(status, "openid.title", text::t(key))
}

/// Why someone whom the provider knows does not come in.
fn refused(refusal: NotAdmitted) -> Failure {
    let (status, detail) = match refusal {
        NotAdmitted::Failed(error) => return error.into(),
        NotAdmitted::TooOften(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, text::fill("openid.too_often", &[&(seconds / 60)]))
        }
        NotAdmitted::Unknown => (StatusCode::FORBIDDEN, text::t("openid.unknown").to_owned()),
        NotAdmitted::Unverified => (StatusCode::FORBIDDEN, text::t("openid.unverified").to_owned()),
        NotAdmitted::Taken => (StatusCode::FORBIDDEN, text::t("openid.taken").to_owned()),
        NotAdmitted::Disabled => (StatusCode::FORBIDDEN, text::t("openid.disabled").to_owned()),
    };
    Failure::new(status, "openid.title", detail)
}
