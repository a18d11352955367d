//! The fake provider's endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use rollcall_domain::clock::Clock as _;
use serde_json::{Value, json};

use super::{CLIENT, Fault, Grant, Shared, replaced};

/// The access token of everybody.
const ACCESS_TOKEN: &str = "at-1";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route(
            "/jwks",
            get(async |State(shared): State<Arc<Shared>>| json_of(&shared.state.lock().keys.published())),
        )
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
        .layer(from_fn_with_state(Arc::clone(&shared), misbehave))
        .with_state(shared)
}

fn json_of(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Notes the path, and does what is to go wrong there.
async fn misbehave(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let fault = {
        let mut state = shared.state.lock();
        state.asked.push(path.clone());
        state.behaviour.faults.get(&path).copied()
    };
    match fault {
        None => next.run(request).await,
        Some(Fault::Down) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Some(Fault::Huge(bytes)) => json_of(&Value::String("x".repeat(bytes))),
        Some(Fault::Redirect) => {
            (StatusCode::FOUND, [(LOCATION, "https://elsewhere.example/")]).into_response()
        }
        Some(Fault::Nonsense) => "<html>".into_response(),
    }
}

async fn configuration(State(shared): State<Arc<Shared>>) -> Response {
    let issuer = &shared.issuer;
    let usual = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
    });
    json_of(&replaced(usual, &shared.state.lock().behaviour.metadata))
}

/// The page on which people sign in.
async fn authorize(State(shared): State<Arc<Shared>>, uri: Uri) -> Html<String> {
    let back = shared.authorize(&uri.to_string()).replace('&', "&amp;");
    Html(format!("<!doctype html><title>Provider</title><a href=\"{back}\">Continue as Ann</a>"))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let text = |name: &str| fields.get(name).map_or("", String::as_str);
    let pair: String = url::form_urlencoded::byte_serialize(CLIENT.1.as_bytes()).collect();
    // Spaces are written in one of two ways.
    let pairs = [pair.clone(), pair.replace('+', "%20")].map(|secret| format!("{}:{secret}", CLIENT.0));
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let by_header = pairs.iter().any(|pair| given == Some(&format!("Basic {}", STANDARD.encode(pair))));
    let by_body = given.is_none() && (text("client_id"), text("client_secret")) == CLIENT;
    let declined = |error: &str| {
        let body = json!({ "error": error, "error_description": "ann@example.com may not" });
        (StatusCode::BAD_REQUEST, json_of(&body)).into_response()
    };
    if !by_header && !by_body {
        return declined("invalid_client");
    }
    let mut state = shared.state.lock();
    // Good once, whatever comes of it.
    let Some(grant) = state.grants.remove(text("code")) else { return declined("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, text("code_verifier").as_bytes()));
    if grant.challenge != challenge || grant.redirect_uri != text("redirect_uri") {
        return declined("invalid_grant");
    }
    let behaviour = &state.behaviour;
    let claims = claims(&shared, &grant, behaviour.thin, &behaviour.person);
    let claims = replaced(claims, &behaviour.claims);
    let id_token = state.keys.token(behaviour.signing, &behaviour.header, &claims);
    json_of(&json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    }))
}

fn claims(shared: &Shared, grant: &Grant, thin: bool, person: &serde_json::Map<String, Value>) -> Value {
    let now = shared.clock.now().0 / 1000;
    let must = json!({
        "iss": shared.issuer,
        "aud": CLIENT.0,
        "sub": person.get("sub"),
        "nonce": grant.nonce,
        "iat": now,
        "exp": now + 300,
    });
    if thin { must } else { replaced(must, person) }
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(&format!("Bearer {ACCESS_TOKEN}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    json_of(&Value::Object(shared.state.lock().behaviour.person.clone()))
}
