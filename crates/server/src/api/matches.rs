//! `/sources/{source}/matches` and `/sources/{source}/breaker`: what waits for someone's word.

use axum::extract::State;
use axum::routing::{get, post};
use rollcall_domain::api::ApiScope;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::{Answer as Said, Held, Waiting};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{At, Sent, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, LIMIT};
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows, object};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/matches",
        needs: Needs::Tenant(ApiScope::IdentitiesRead),
        operation: "list_matches",
        summary: "Users that wait for someone to say who they are, oldest first",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<WaitingView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/matches/{resource}",
        needs: Needs::Tenant(ApiScope::IdentitiesWrite),
        operation: "answer_match",
        summary: "Says who a user that waits is",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<SaidView>),
        answers: &[(200, Shows::One(object))],
        handler: || post(answer),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/breaker",
        needs: Needs::Tenant(ApiScope::IdentitiesRead),
        operation: "get_breaker",
        summary: "Whether the breaker holds deprovisionings, since when, and how many",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || get(show_breaker),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/breaker/held",
        needs: Needs::Tenant(ApiScope::IdentitiesRead),
        operation: "list_held",
        summary: "The deprovisionings that the breaker holds",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<HeldView>))],
        handler: || get(list_held),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/breaker/approve",
        needs: Needs::Tenant(ApiScope::IdentitiesWrite),
        operation: "approve_held",
        summary: "Does what the breaker holds, and closes it",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || post(approve),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/breaker/reject",
        needs: Needs::Tenant(ApiScope::IdentitiesWrite),
        operation: "reject_held",
        summary: "Drops what the breaker holds, and closes it: these people stay as they are",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || post(reject),
    },
];

/// A user that waits.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Match")]
struct WaitingView {
    /// The user's id.
    resource: String,
    /// What it says of the person.
    profile: Value,
    /// Identities that it may be.
    candidates: Vec<String>,
    /// Since when (RFC 3339).
    since: String,
}

/// What someone says of a user that waits.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MatchAnswer")]
#[serde(deny_unknown_fields)]
struct SaidView {
    /// `this`, `new` or `refuse`.
    answer: String,
    /// With `this`: the identity's id.
    identity: Option<String>,
}

/// A deprovisioning that waits for approval.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HeldDeprovisioning")]
struct HeldView {
    /// The user's id.
    resource: String,
    /// The identity's id.
    identity: Option<String>,
    /// The user was deleted, rather than made inactive or taken from its groups.
    removed: bool,
    /// Since when (RFC 3339).
    since: String,
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        Self {
            resource: waiting.resource.to_string(),
            profile: Value::Object(Profile::to_properties(&waiting.profile)),
            candidates: waiting.candidates.iter().map(Uuid::to_string).collect(),
            since: waiting.since.to_string(),
        }
    }
}

impl From<Held> for HeldView {
    fn from(held: Held) -> Self {
        Self {
            resource: held.resource.to_string(),
            identity: held.identity.map(|id| id.to_string()),
            removed: held.removed,
            since: held.since.to_string(),
        }
    }
}

impl SaidView {
    fn said(&self) -> Result<Said, Problem> {
        let identity = self.identity.as_deref().map(|id| Uuid::try_parse(id).map_err(|_| id));
        match (self.answer.as_str(), identity) {
            ("this", Some(Ok(id))) => Ok(Said::This(id)),
            ("this", Some(Err(id))) => Err(Problem::invalid(format!("identity: {id:?} is no id"))),
            ("this", None) => Err(Problem::invalid("identity: say which one with answer this".to_owned())),
            ("new", None) => Ok(Said::New),
            ("refuse", None) => Ok(Said::Refuse),
            ("new" | "refuse", Some(_)) => {
                Err(Problem::invalid("identity: only with answer this".to_owned()))
            }
            (other, _) => {
                Err(Problem::invalid(format!("answer: {other:?} is none; give this, new or refuse")))
            }
        }
    }
}

/// `GET /sources/{source}/matches`: 200 or 404.
async fn list(State(app): State<App>, Within(admin): Within, At(slug): At<String>, asked: Asked) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let found = app.service.matches(&admin, &source, &asked.paging()).await?;
    page(&app, &asked, found, WaitingView::from)
}

/// `POST /sources/{source}/matches/{resource}`: 200, 400, 404, or 409 for one who is another user there.
async fn answer(
    State(app): State<App>,
    Within(admin): Within,
    At((slug, resource)): At<(String, String)>,
    Sent(sent): Sent<SaidView>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let judged = app.service.answer_match(&admin, &source, &resource, sent.said()?).await?;
    let identity = judged.as_ref().and_then(|judged| judged.decision.identity.as_ref()).map(|one| one.id);
    let outcome = judged.map(|judged| judged.decision.outcome);
    Ok(shown(&json!({ "identity": identity, "outcome": outcome })))
}

/// `GET /sources/{source}/breaker`: 200 or 404.
async fn show_breaker(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let state = app.service.breaker(&admin, &source).await?;
    let since = state.open_since.map(|at| at.to_string());
    Ok(shown(&json!({ "open_since": since, "held": state.held, "active": state.active })))
}

/// `GET /sources/{source}/breaker/held`: 200 or 404.
async fn list_held(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    asked: Asked,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let found = app.service.held(&admin, &source, &asked.paging()).await?;
    page(&app, &asked, found, HeldView::from)
}

/// `POST /sources/{source}/breaker/approve`: 200, 404, or 409 for a source without identities.
async fn approve(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let released = app.service.release_held(&admin, &source, true).await?;
    Ok(shown(&json!({ "done": released })))
}

/// `POST /sources/{source}/breaker/reject`: 200, 404, or 409 for a source without identities.
async fn reject(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let released = app.service.release_held(&admin, &source, false).await?;
    Ok(shown(&json!({ "dropped": released })))
}
