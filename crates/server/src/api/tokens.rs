//! `/sources/{source}/tokens`: what opens a source's SCIM endpoint.

use axum::extract::State;
use axum::routing::{delete, get, post};
use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope, Token};
use rollcall_service::admin::{NewCredential, Page};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::api_tokens::Rotation;
use super::body::{At, Sent, created, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, LIMIT};
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/tokens",
        needs: Needs::Tenant(ApiScope::TokensRead),
        operation: "list_tokens",
        summary: "The tokens of a source by age, without their secrets",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<TokenView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/tokens",
        needs: Needs::Tenant(ApiScope::TokensWrite),
        operation: "issue_token",
        summary: "Issues a token, which is shown once",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Wanted>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<Issued>))],
        handler: || post(issue),
    },
    ApiRoute {
        method: "DELETE",
        path: "/sources/{source}/tokens/{token}",
        needs: Needs::Tenant(ApiScope::TokensWrite),
        operation: "revoke_token",
        summary: "Revokes a token, at once",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<TokenView>))],
        handler: || delete(revoke),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/tokens/{token}/rotate",
        needs: Needs::Tenant(ApiScope::TokensWrite),
        operation: "rotate_token",
        summary: "Issues a token like this one, which goes on for a while",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Rotation>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<Issued>))],
        handler: || post(rotate),
    },
];

/// A token of a source, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Token")]
struct TokenView {
    /// Its id.
    id: String,
    /// Its public part.
    prefix: String,
    /// What it may do.
    scopes: Vec<ScopeView>,
    /// The id of the user that `/Me` stands for.
    subject: Option<String>,
    /// When it was issued (RFC 3339).
    created: String,
    /// From when it is not taken any more.
    expires: Option<String>,
    /// When it was revoked.
    revoked: Option<String>,
    /// When it was last used, to the minute.
    last_used: Option<String>,
}

/// What a token of a source may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TokenScope")]
#[serde(rename_all = "snake_case")]
enum ScopeView {
    /// GET, and searches by POST.
    Read,
    /// Everything that changes something.
    Write,
}

/// A token just issued.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IssuedToken")]
struct Issued {
    /// What is kept of it.
    #[serde(flatten)]
    kept: TokenView,
    /// The token itself, which is not shown again.
    token: String,
}

/// A token to be issued.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewToken")]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// What it may do; both unless said.
    #[serde(default = "both")]
    scopes: Vec<ScopeView>,
    /// For how many seconds it is taken; without, until it is revoked.
    #[schemars(range(min = 1, max = 315_360_000))]
    expires_in_seconds: Option<u32>,
    /// The id of the user that `/Me` stands for.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    subject: Option<Uuid>,
}

fn both() -> Vec<ScopeView> {
    vec![ScopeView::Read, ScopeView::Write]
}

impl From<ScopeView> for Scope {
    fn from(scope: ScopeView) -> Self {
        match scope {
            ScopeView::Read => Self::Read,
            ScopeView::Write => Self::Write,
        }
    }
}

impl From<Scope> for ScopeView {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
        }
    }
}

impl From<Credential> for TokenView {
    fn from(credential: Credential) -> Self {
        let time = |at: Timestamp| at.to_string();
        Self {
            id: credential.id.to_string(),
            prefix: credential.prefix,
            scopes: credential.scopes.into_iter().map(ScopeView::from).collect(),
            subject: credential.subject.map(|id| id.to_string()),
            created: credential.created.to_string(),
            expires: credential.expires.map(time),
            revoked: credential.revoked.map(time),
            last_used: credential.last_used.map(time),
        }
    }
}

impl From<(Credential, Token)> for Issued {
    fn from((kept, token): (Credential, Token)) -> Self {
        Self { kept: kept.into(), token: token.reveal().to_owned() }
    }
}

/// `GET /sources/{source}/tokens`: 200 or 404.
async fn list(State(app): State<App>, Within(admin): Within, At(slug): At<String>, asked: Asked) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let all = app.service.credentials(&admin, &source).await?;
    // Ids sort by age (UUIDv7), as the list does.
    let tokens = Page::within(all, &asked.paging(), |credential| credential.id.to_string());
    page(&app, &asked, tokens, TokenView::from)
}

/// `POST /sources/{source}/tokens`: 201, 400 or 404.
async fn issue(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(wanted): Sent<Wanted>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let expires =
        wanted.expires_in_seconds.map(|seconds| app.service.in_milliseconds(i64::from(seconds) * 1000));
    let scopes = wanted.scopes.into_iter().map(Scope::from).collect();
    let new = NewCredential { scopes, expires, subject: wanted.subject };
    Ok(created(&Issued::from(app.service.issue_token(&admin, &source, new).await?)))
}

/// `DELETE /sources/{source}/tokens/{token}`: 200 or 404.
async fn revoke(
    State(app): State<App>,
    Within(admin): Within,
    At((slug, token)): At<(String, String)>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    Ok(shown(&TokenView::from(app.service.revoke_token(&admin, &source, &token).await?)))
}

/// `POST /sources/{source}/tokens/{token}/rotate`: 201, 404, or 409 for one that is not taken any more.
async fn rotate(
    State(app): State<App>,
    Within(admin): Within,
    At((slug, token)): At<(String, String)>,
    Sent(rotation): Sent<Rotation>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let overlap = i64::from(rotation.overlap_seconds) * 1000;
    let issued = app.service.rotate_token(&admin, &source, &token, overlap).await?;
    Ok(created(&Issued::from(issued)))
}
