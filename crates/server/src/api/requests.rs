//! `/sources/{source}/requests`: the request log of a source.

use axum::extract::State;
use axum::routing::get;
use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{
    KeptBody, KeptDecision, KeptHeader, LoggedRequest, RequestSummary, TouchedResource,
};
use rollcall_scim::schema::AttributeType;
use rollcall_scim::value::Scalar;
use rollcall_service::request_log::RequestFilter;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::body::{At, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, Parameter};
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

const USER: Parameter = Parameter {
    name: "user",
    kind: Kind::Text,
    about: "About this person or group only: `userName`, `externalId`, mail address, or id",
};
const STATUS: Parameter = Parameter {
    name: "status",
    kind: Kind::Text,
    about: "Answered with this status only: `409`, `4xx`, `400-599`",
};
const METHOD: Parameter = Parameter { name: "method", kind: Kind::Text, about: "Of this method only" };
const SINCE: Parameter =
    Parameter { name: "since", kind: Kind::Text, about: "Answered at this time or later (RFC 3339)" };
const UNTIL: Parameter =
    Parameter { name: "until", kind: Kind::Text, about: "Answered before this time (RFC 3339)" };

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/requests",
        needs: Needs::Tenant(ApiScope::RequestsRead),
        operation: "list_requests",
        summary: "What the provider sent lately, latest first",
        parameters: &[USER, STATUS, METHOD, SINCE, UNTIL, LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<RequestView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/requests/{request}",
        needs: Needs::Tenant(ApiScope::RequestsRead),
        operation: "get_request",
        summary: "One request: what was sent, what was answered, and how it was decided",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<RequestDetailView>))],
        handler: || get(show),
    },
];

/// A request that a source got. Personal values are masked, unless the source says otherwise.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Request")]
pub(super) struct RequestView {
    /// Its id, as `X-Request-Id` told it.
    id: String,
    /// When it was answered (RFC 3339).
    at: String,
    /// Its method.
    method: String,
    /// Its path.
    path: String,
    /// Its query, decoded; empty when there was none.
    query: String,
    /// What the client calls itself.
    user_agent: Option<String>,
    /// The status of the answer.
    status: u16,
    /// `scimType` of the error.
    scim_type: Option<String>,
    /// What the error said.
    problem: Option<String>,
    /// Microseconds until it was answered.
    took_us: u64,
    /// Id of the token; null when there was no valid one.
    credential: Option<String>,
    /// The first resource that it wrote, or tried to.
    resource: Option<TouchedView>,
    /// Requests of the source just before it that were left out, because more came than are kept.
    left_out_before: u32,
}

/// All that is kept of a request.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RequestDetail")]
pub(super) struct RequestDetailView {
    #[serde(flatten)]
    summary: RequestView,
    /// What it came with. Of reads that are kept only because they failed, nothing.
    headers: Vec<HeaderView>,
    /// What was sent; null when there was no body.
    request: Option<BodyView>,
    /// What was answered; null when there was no body.
    response: Option<BodyView>,
    /// All resources that it wrote, or tried to.
    resources: Vec<TouchedView>,
    /// Ids of the identities that were decided about.
    identities: Vec<String>,
    /// How each resource became a change of an identity, or did not.
    decisions: Vec<DecisionView>,
}

/// A resource that a request wrote, or tried to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TouchedResource")]
struct TouchedView {
    /// Name of its type.
    #[serde(rename = "type")]
    kind: String,
    /// Its id.
    id: String,
}

/// A header, as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeptHeader")]
struct HeaderView {
    /// Its name, in small letters.
    name: String,
    /// Its value, mail addresses masked; null where it is not kept, as of all that may be a credential.
    value: Option<String>,
}

/// A body, as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "KeptBody")]
enum BodyView {
    /// The JSON.
    Json(Value),
    /// It is not kept, and why.
    LeftOut(String),
}

/// How a resource became a change of an identity.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
struct DecisionView {
    /// Id of the resource.
    resource: String,
    /// The steps, in order.
    trace: Value,
}

impl From<RequestSummary> for RequestView {
    fn from(summary: RequestSummary) -> Self {
        Self {
            id: summary.id,
            at: summary.at.to_string(),
            method: summary.method,
            path: summary.path,
            query: summary.query,
            user_agent: summary.user_agent,
            status: summary.status,
            scim_type: summary.scim_type,
            problem: summary.problem,
            took_us: summary.took_us,
            credential: summary.credential.map(text),
            resource: summary.resource.map(|(kind, id)| TouchedView { kind, id: text(id) }),
            left_out_before: summary.left_out,
        }
    }
}

impl From<LoggedRequest> for RequestDetailView {
    fn from(LoggedRequest { summary, detail, .. }: LoggedRequest) -> Self {
        let touched = |TouchedResource { kind, id }| TouchedView { kind, id: text(id) };
        let header = |KeptHeader { name, value }| HeaderView { name, value };
        let decision = |KeptDecision { resource, trace }| DecisionView { resource: text(resource), trace };
        Self {
            summary: summary.into(),
            headers: detail.headers.into_iter().map(header).collect(),
            request: body(detail.request),
            response: body(detail.response),
            resources: detail.resources.into_iter().map(touched).collect(),
            identities: detail.identities.into_iter().map(text).collect(),
            decisions: detail.decisions.into_iter().map(decision).collect(),
        }
    }
}

fn text(id: Uuid) -> String {
    id.to_string()
}

fn body(kept: KeptBody) -> Option<BodyView> {
    match kept {
        KeptBody::Empty => None,
        KeptBody::Json(body) => Some(BodyView::Json(body)),
        KeptBody::LeftOut(reason) => Some(BodyView::LeftOut(reason)),
    }
}

/// `GET /sources/{source}/requests`: 200 or 404.
async fn list(State(app): State<App>, Within(admin): Within, At(slug): At<String>, asked: Asked) -> Answer {
    let filter = RequestFilter {
        user: asked.owned("user"),
        status: asked.owned("status"),
        method: asked.owned("method"),
        since: time(&asked, "since")?,
        until: time(&asked, "until")?,
    };
    let found = app.service.requests(&admin, &slug, &filter, &asked.paging()).await?;
    page(&app, &asked, found, RequestView::from)
}

/// `GET /sources/{source}/requests/{request}`: 200 or 404.
async fn show(State(app): State<App>, Within(admin): Within, At((slug, id)): At<(String, String)>) -> Answer {
    Ok(shown(&RequestDetailView::from(app.service.request(&admin, &slug, &id).await?)))
}

/// A parameter that is a time.
fn time(asked: &Asked, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = asked.owned(name) else { return Ok(None) };
    match Scalar::read(&Value::String(text), AttributeType::DateTime) {
        Some(Scalar::Instant(nanoseconds)) => {
            Ok(Some(Timestamp(i64::try_from(nanoseconds.div_euclid(1_000_000)).unwrap_or_default())))
        }
        _ => Err(Problem::invalid(format!("{name}: give a time such as 2026-01-31T12:00:00Z"))),
    }
}
