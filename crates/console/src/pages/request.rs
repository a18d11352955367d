//! `/console/requests/{source}/{id}`: one request as it was, why it ended so, and what would be decided now.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use rollcall_domain::account::Role;
use rollcall_domain::request_log::{KeptBody, KeptHeader, LoggedRequest};
use rollcall_domain::source::Source;
use rollcall_service::people::{Sample, Tried};
use serde_json::{Map, Value};

use super::requests::{status, took};
use super::resources::source_of;
use crate::Console;
use crate::answer::{Answer, Failure, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::{Fact, brief, excerpt, pretty};
use crate::ui::{Badge, Trace, When};

pub(super) const ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/requests/{source}/{id}",
    needs: Needs::Role(Role::Viewer),
    handler: || get(one),
}];

#[derive(Template)]
#[template(path = "requests/one.html")]
struct Page {
    frame: Frame,
    url: String,
    status: Badge,
    at: When,
    facts: Vec<Fact>,
    problem: Option<String>,
    resources: Vec<Touched>,
    headers: Vec<KeptHeader>,
    sent: Shown,
    answered: Shown,
    decisions: Vec<Decision>,
    /// Decisions that are left out at first sight.
    more_decisions: usize,
    /// What would be decided now, where that was asked.
    replay: Option<Replay>,
}

/// A body: as text, or why it is not here.
struct Shown {
    code: Option<String>,
    /// Whether it goes on.
    is_cut: bool,
    note: String,
}

struct Touched {
    text: String,
    url: Option<String>,
}

struct Decision {
    resource: String,
    trace: Trace,
}

/// What would be decided now.
enum Replay {
    /// It cannot be told, and why.
    No(String),
    /// As far as it goes: what it is about, how it would end, and why.
    Tried { about: &'static str, end: String, trace: Trace },
}

/// Decisions that are shown at first sight; a Bulk request has many.
const DECISIONS: usize = 3;

/// `GET /console/requests/{source}/{id}`: 200 or 404; with `whole`, all that is kept, however long; with `replay`, what
/// would be decided now. Nothing is written.
async fn one(
    State(app): State<Console>,
    visit: Visit,
    At((slug, id)): At<(String, String)>,
    asked: Asked,
) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let LoggedRequest { summary, detail, .. } = app.service.request(visit.admin(), &source.slug, &id).await?;
    let now = app.service.in_milliseconds(0);
    let replay = if asked.flag("replay") {
        Some(replayed(&app, &visit, &source, &detail.request, summary.resource.as_ref()).await?)
    } else {
        None
    };
    let title = format!("{} {}", summary.method, summary.path);
    let fact = |key: &str, value: String| Fact { name: text::t(key).to_owned(), value };
    let optional = |key: &str, value: Option<String>| value.map(|value| fact(key, value));
    let facts = [
        Some(fact("request.id", summary.id.clone())),
        optional("request.query", Some(summary.query.clone()).filter(|query| !query.is_empty())),
        optional("request.user_agent", summary.user_agent.clone()),
        Some(fact("requests.took", took(summary.took_us))),
        Some(fact(
            "request.credential",
            summary.credential.map_or_else(|| text::t("request.nobody").to_owned(), |id| id.to_string()),
        )),
        optional("request.scim_type", summary.scim_type.clone()),
    ];
    let is_whole = asked.flag("whole");
    let decisions = if is_whole { detail.decisions.len() } else { DECISIONS };
    let page = Page {
        frame: visit
            .titled(Section::Requests, &brief(&title))
            .crumb(text::t("requests.title"), &format!("/requests?source={}", source.slug)),
        url: format!("/console/requests/{}/{}", source.slug, summary.id),
        status: status(summary.status),
        at: When::new(summary.at, now),
        facts: facts.into_iter().flatten().collect(),
        problem: summary.problem.clone(),
        resources: detail.resources.iter().map(|touched| about(&source, &touched.kind, touched.id)).collect(),
        headers: detail.headers,
        sent: shown(&detail.request, is_whole),
        answered: shown(&detail.response, is_whole),
        more_decisions: detail.decisions.len().saturating_sub(decisions),
        decisions: detail
            .decisions
            .iter()
            .take(decisions)
            .map(|kept| Decision { resource: kept.resource.to_string(), trace: Trace::of(&kept.trace) })
            .collect(),
        replay,
    };
    show(&page)
}

fn about(source: &Source, kind: &str, id: uuid::Uuid) -> Touched {
    let section = match kind {
        "User" => Some("users"),
        "Group" => Some("groups"),
        _ => None,
    };
    Touched {
        text: format!("{kind} {id}"),
        url: section.map(|section| format!("/console/{section}/{}/{id}", source.slug)),
    }
}

fn shown(body: &KeptBody, is_whole: bool) -> Shown {
    let without = |note| Shown { code: None, is_cut: false, note };
    match body {
        KeptBody::Empty => without(text::t("request.no_body").to_owned()),
        KeptBody::LeftOut(reason) => without(text::fill("request.left_out", &[reason])),
        KeptBody::Json(value) => {
            let (code, is_all) = if is_whole { (pretty(value), true) } else { excerpt(value) };
            Shown { code: Some(code), is_cut: !is_all, note: String::new() }
        }
    }
}

/// What would be decided now about the resource of a request: as it is stored, else as it was sent.
async fn replayed(
    app: &Console,
    visit: &Visit,
    source: &Source,
    sent: &KeptBody,
    resource: Option<&(String, uuid::Uuid)>,
) -> Result<Replay, Failure> {
    let kind = resource.map_or("User", |(kind, _)| kind.as_str());
    let is_group = kind == "Group";
    let stored = match resource {
        Some((kind, id)) => app.service.resource(visit.admin(), source, kind, &id.to_string()).await.ok(),
        None => None,
    };
    let (payload, about) = match (stored, sent) {
        (Some(looked), _) => {
            let mut document = looked.seen.document;
            document.insert("id".to_owned(), looked.seen.id.to_string().into());
            (Value::Object(document), "request.replay_stored")
        }
        (None, KeptBody::Json(value)) => (value.clone(), "request.replay_sent"),
        (None, _) => return Ok(Replay::No(text::t("request.replay_nothing").to_owned())),
    };
    let sample = Sample { payload, method: "PUT".to_owned(), is_group };
    Ok(match app.service.try_out(visit.admin(), source, sample).await {
        Err(error) => Replay::No(error.told().1),
        Ok(tried) => {
            let (end, trace) = ended(&tried);
            Replay::Tried { about, end, trace: Trace::of(&trace) }
        }
    })
}

/// How a sample ended, in words, and its trace.
pub(super) fn ended(tried: &Tried) -> (String, Value) {
    let json = |trace: &rollcall_domain::pipeline::Trace| {
        serde_json::to_value(trace).unwrap_or(Value::Object(Map::new()))
    };
    match tried {
        Tried::Decided(decided) => {
            let outcome = serde_json::to_value(&decided.decision.outcome).unwrap_or_default();
            (text::fill("request.would", &[&crate::ui::json::line(&outcome)]), json(&decided.trace))
        }
        Tried::Group(_, trace) => (text::t("request.group").to_owned(), json(trace)),
        Tried::Stopped(stopped) => (text::fill("request.stopped", &[&stopped.reason]), json(&stopped.trace)),
    }
}
