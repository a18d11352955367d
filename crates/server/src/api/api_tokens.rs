//! `/api-tokens`.

use axum::extract::State;
use axum::routing::{delete, get, post};
use rollcall_domain::api::{ApiScope, ApiToken};
use rollcall_domain::credential::Token;
use rollcall_service::admin::NewApiToken;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::body::{At, Sent, created, shown};
use super::guard::{Asked, By};
use super::page::page;
use super::parameter::{CURSOR, LIMIT, ONLY_TENANT};
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/api-tokens",
        needs: Needs::Either(ApiScope::ApiTokensRead),
        operation: "list_api_tokens",
        summary: "API tokens by age, without their secrets",
        parameters: &[ONLY_TENANT, LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<ApiTokenView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "POST",
        path: "/api-tokens",
        needs: Needs::Either(ApiScope::ApiTokensWrite),
        operation: "issue_api_token",
        summary: "Issues an API token, which is shown once, with no scope that this one has not",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Wanted>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<Issued>))],
        handler: || post(issue),
    },
    ApiRoute {
        method: "GET",
        path: "/api-tokens/{token}",
        needs: Needs::Either(ApiScope::ApiTokensRead),
        operation: "get_api_token",
        summary: "One API token, without its secret",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<ApiTokenView>))],
        handler: || get(show),
    },
    ApiRoute {
        method: "DELETE",
        path: "/api-tokens/{token}",
        needs: Needs::Either(ApiScope::ApiTokensWrite),
        operation: "revoke_api_token",
        summary: "Revokes an API token, at once",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<ApiTokenView>))],
        handler: || delete(revoke),
    },
    ApiRoute {
        method: "POST",
        path: "/api-tokens/{token}/rotate",
        needs: Needs::Either(ApiScope::ApiTokensWrite),
        operation: "rotate_api_token",
        summary: "Issues an API token like this one, which goes on for a while",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Rotation>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<Issued>))],
        handler: || post(rotate),
    },
];

/// An API token, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiToken")]
struct ApiTokenView {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// Its public part.
    prefix: String,
    /// Whether it reaches one tenant only.
    bound: bool,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// When it was issued (RFC 3339).
    created: String,
    /// From when it is not taken any more.
    expires: Option<String>,
    /// When it was revoked.
    revoked: Option<String>,
    /// When it was last used, to the minute.
    last_used: Option<String>,
}

/// An API token just issued.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IssuedApiToken")]
struct Issued {
    /// What is kept of it.
    #[serde(flatten)]
    kept: ApiTokenView,
    /// The token itself, which is not shown again.
    token: String,
}

/// An API token to be issued.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewApiToken")]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// What people call it.
    name: String,
    /// What it may do: scopes such as `sources:read`.
    scopes: Vec<String>,
    /// The tenant that it is bound to; without, it is bound as the token that issues it.
    tenant: Option<String>,
    /// For how many seconds it is taken; without, until it is revoked.
    #[schemars(range(min = 1, max = 315_360_000))]
    expires_in_seconds: Option<u32>,
}

/// How a token is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// For how many seconds the old one goes on; a day unless said.
    #[serde(default = "a_day")]
    pub(super) overlap_seconds: u32,
}

const fn a_day() -> u32 {
    86_400
}

impl From<ApiToken> for ApiTokenView {
    fn from(token: ApiToken) -> Self {
        let time = |at: rollcall_domain::clock::Timestamp| at.to_string();
        Self {
            id: token.id.to_string(),
            name: token.name,
            prefix: token.prefix,
            bound: token.tenant.is_some(),
            scopes: token.scopes.iter().map(|scope| scope.name()).collect(),
            created: token.created.to_string(),
            expires: token.expires.map(time),
            revoked: token.revoked.map(time),
            last_used: token.last_used.map(time),
        }
    }
}

impl From<(ApiToken, Token)> for Issued {
    fn from((kept, token): (ApiToken, Token)) -> Self {
        Self { kept: kept.into(), token: token.reveal().to_owned() }
    }
}

/// `GET /api-tokens`: 200.
async fn list(State(app): State<App>, By(manager): By, asked: Asked) -> Answer {
    let tokens = app.service.api_tokens(&manager, asked.text("tenant"), &asked.paging()).await?;
    page(&app, &asked, tokens, ApiTokenView::from)
}

/// `POST /api-tokens`: 201, 400, 403 for a scope that the issuer has not, or 404 for the tenant.
async fn issue(State(app): State<App>, By(manager): By, Sent(wanted): Sent<Wanted>) -> Answer {
    let scopes = wanted.scopes.into_iter().map(ApiScope::try_from).collect::<Result<_, _>>();
    let new = NewApiToken {
        name: wanted.name,
        scopes: scopes.map_err(|error| Problem::invalid(format!("scopes: {error}")))?,
        expires: wanted
            .expires_in_seconds
            .map(|seconds| app.service.in_milliseconds(i64::from(seconds) * 1000)),
    };
    let issued = app.service.issue_api_token(&manager, wanted.tenant.as_deref(), new).await?;
    Ok(created(&Issued::from(issued)))
}

/// `GET /api-tokens/{token}`: 200 or 404.
async fn show(State(app): State<App>, By(manager): By, At(name): At<String>) -> Answer {
    Ok(shown(&ApiTokenView::from(app.service.api_token(&manager, &name).await?)))
}

/// `DELETE /api-tokens/{token}`: 200 or 404.
async fn revoke(State(app): State<App>, By(manager): By, At(name): At<String>) -> Answer {
    Ok(shown(&ApiTokenView::from(app.service.revoke_api_token(&manager, &name).await?)))
}

/// `POST /api-tokens/{token}/rotate`: 201, 404, or 409 for one that is not taken any more.
async fn rotate(
    State(app): State<App>,
    By(manager): By,
    At(name): At<String>,
    Sent(rotation): Sent<Rotation>,
) -> Answer {
    let overlap = i64::from(rotation.overlap_seconds) * 1000;
    let issued = app.service.rotate_api_token(&manager, &name, overlap).await?;
    Ok(created(&Issued::from(issued)))
}
