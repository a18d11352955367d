//! `/console/approvals`: what waits for someone's word: who would lose access, and who someone is.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::{Answer as Said, Held, Waiting};
use rollcall_domain::source::Source;
use rollcall_service::admin::{AdminError, Paging, SourceFilter};
use uuid::Uuid;

use super::resources::{no_answer, source_of};
use super::user::status;
use crate::Console;
use crate::answer::{Answer, Failure, show, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::{Fact, facts};
use crate::ui::{Badge, Empty, Field, Pager, When};

/// People of one page who would lose access, and users that wait.
const HELD: u32 = 50;
const WAITING: u32 = 20;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/approvals", needs: Needs::Role(Role::Viewer), handler: || get(list) },
    Route {
        method: "GET",
        path: "/approvals/{source}",
        needs: Needs::Role(Role::Viewer),
        handler: || get(one),
    },
    Route {
        method: "POST",
        path: "/approvals/{source}/breaker",
        needs: Needs::Role(Role::Operator),
        handler: || post(release),
    },
    Route {
        method: "POST",
        path: "/approvals/{source}/matches/{resource}",
        needs: Needs::Role(Role::Operator),
        handler: || post(answer),
    },
];

#[derive(Template)]
#[template(path = "approvals/list.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    empty: Empty,
}

struct Row {
    slug: String,
    breaker: Badge,
    held: u64,
    waiting: usize,
    more: bool,
}

#[derive(Template)]
#[template(path = "approvals/one.html")]
struct Page {
    frame: Frame,
    slug: String,
    may_act: bool,
    breaker: Badge,
    since: Option<When>,
    held: u64,
    active: u64,
    leaving: Vec<Leaving>,
    pager: Pager,
    confirm: Field,
    queue: Vec<Queued>,
    more: bool,
    /// What is wrong with the answer about this user.
    wrong: Option<(String, String)>,
}

/// Someone who would lose access.
struct Leaving {
    name: String,
    url: String,
    status: Option<Badge>,
    deleted: bool,
    since: When,
}

/// A user of whom nobody knows who it is.
struct Queued {
    resource: String,
    url: String,
    facts: Vec<Fact>,
    since: When,
    candidates: Vec<Candidate>,
}

struct Candidate {
    id: String,
    name: String,
    status: Badge,
}

/// `GET /console/approvals`: 200.
async fn list(State(app): State<Console>, visit: Visit) -> Answer {
    let admin = visit.admin();
    let sources = app.service.sources(admin, &SourceFilter::default(), &Paging::all()).await?.items;
    let mut rows = Vec::new();
    for source in sources.iter().filter(|source| source.settings.has_identities()) {
        let breaker = app.service.breaker(admin, source).await?;
        let waiting = app.service.matches(admin, source, &Paging { limit: WAITING, after: None }).await?;
        rows.push(Row {
            slug: source.slug.clone(),
            breaker: badge(breaker.open_since),
            held: breaker.held,
            waiting: waiting.items.len(),
            more: waiting.next.is_some(),
        });
    }
    let frame = visit.frame(Section::Approvals, "approvals.title");
    show(&List { frame, rows, empty: Empty::new("approvals.empty") })
}

fn badge(open_since: Option<Timestamp>) -> Badge {
    match open_since {
        Some(_) => Badge::bad(text::t("approvals.open")),
        None => Badge::good(text::t("approvals.closed")),
    }
}

/// `GET /console/approvals/{source}`: 200 or 404.
async fn one(State(app): State<Console>, visit: Visit, At(slug): At<String>, asked: Asked) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    show(&page(&app, &visit, &source, &asked).await?)
}

/// `POST /console/approvals/{source}/breaker`: 303; 400 when approving is not confirmed. `answer`: `approve` or `drop`.
async fn release(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let approve = match sent.text("answer") {
        "approve" => true,
        "drop" => false,
        _ => return Err(no_answer()),
    };
    if approve && sent.text("confirm") != source.slug {
        let mut page = page(&app, &visit, &source, &Asked::default()).await?;
        let mut problems = Problems::none();
        problems.add("confirm", text::fill("approvals.unconfirmed", &[&source.slug]));
        page.confirm = page.confirm.value(sent.text("confirm")).problems(&problems);
        return show_with(StatusCode::BAD_REQUEST, &page);
    }
    app.service.release_held(visit.admin(), &source, approve).await?;
    let said = if approve { "approvals.approved" } else { "approvals.dropped" };
    Ok(visit.go(&format!("/approvals/{}", source.slug)).saying(said).into())
}

/// `POST /console/approvals/{source}/matches/{resource}`: 303; 400 without an answer, or with one that cannot be; 404 when
/// the user does not wait any more. `answer`: an identity's id, `new` or `refuse`.
async fn answer(
    State(app): State<Console>,
    visit: Visit,
    At((slug, resource)): At<(String, String)>,
    sent: Sent,
) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let said = match sent.text("answer") {
        "new" => Some(Said::New),
        "refuse" => Some(Said::Refuse),
        id => Uuid::try_parse(id).ok().map(Said::This),
    };
    let problem = match said {
        None => text::t("approvals.choose").to_owned(),
        Some(said) => match app.service.answer_match(visit.admin(), &source, &resource, said).await {
            Ok(_) => {
                let to = format!("/approvals/{}", source.slug);
                return Ok(visit.go(&to).saying("approvals.answered").into());
            }
            Err(error @ (AdminError::Invalid(_) | AdminError::Conflict(_))) => error.to_string(),
            Err(error) => return Err(error.into()),
        },
    };
    let mut page = page(&app, &visit, &source, &Asked::default()).await?;
    page.wrong = Some((resource, problem));
    show_with(StatusCode::BAD_REQUEST, &page)
}

async fn page(app: &Console, visit: &Visit, source: &Source, asked: &Asked) -> Result<Page, Failure> {
    let (service, admin) = (&app.service, visit.admin());
    let now = service.in_milliseconds(0);
    let breaker = service.breaker(admin, source).await?;
    let paging = Paging { limit: HELD, after: asked.given("cursor").map(str::to_owned) };
    let held = service.held(admin, source, &paging).await?;
    let mut leaving = Vec::new();
    for one in &held.items {
        leaving.push(leaves(app, visit, source, one, now).await?);
    }
    let waiting = service.matches(admin, source, &Paging { limit: WAITING, after: None }).await?;
    let mut queue = Vec::new();
    for one in &waiting.items {
        queue.push(queued(app, visit, source, one, now).await?);
    }
    let url = format!("/console/approvals/{}", source.slug);
    Ok(Page {
        frame: visit.titled(Section::Approvals, &source.slug).crumb(text::t("approvals.title"), "/approvals"),
        slug: source.slug.clone(),
        may_act: visit.may(Role::Operator),
        breaker: badge(breaker.open_since),
        since: When::maybe(breaker.open_since, now),
        held: breaker.held,
        active: breaker.active,
        leaving,
        pager: Pager::new(&url, held.next.as_deref(), paging.after.is_some()),
        confirm: Field::text("approvals.field", "confirm").literal(),
        queue,
        more: waiting.next.is_some(),
        wrong: None,
    })
}

async fn leaves(
    app: &Console,
    visit: &Visit,
    source: &Source,
    held: &Held,
    now: Timestamp,
) -> Result<Leaving, Failure> {
    let identity = match held.identity {
        Some(id) => candidate(app, visit, id).await?,
        None => None,
    };
    Ok(Leaving {
        url: format!("/console/users/{}/{}", source.slug, held.resource),
        status: identity.as_ref().map(|known| known.status.clone()),
        name: identity.map_or_else(|| held.resource.to_string(), |known| known.name),
        deleted: held.removed,
        since: When::new(held.since, now),
    })
}

async fn queued(
    app: &Console,
    visit: &Visit,
    source: &Source,
    waiting: &Waiting,
    now: Timestamp,
) -> Result<Queued, Failure> {
    let mut candidates = Vec::new();
    for id in &waiting.candidates {
        candidates.extend(candidate(app, visit, *id).await?);
    }
    let profile = serde_json::to_value(&waiting.profile).unwrap_or_default();
    Ok(Queued {
        resource: waiting.resource.to_string(),
        url: format!("/console/users/{}/{}", source.slug, waiting.resource),
        facts: facts(&profile),
        since: When::new(waiting.since, now),
        candidates,
    })
}

/// An identity by what people know it by; `None` when it is gone.
async fn candidate(app: &Console, visit: &Visit, id: Uuid) -> Result<Option<Candidate>, Failure> {
    let stored = match app.service.identity(visit.admin(), &id.to_string()).await {
        Ok(stored) => stored,
        Err(AdminError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let identity = stored.identity;
    let known = ["name", "userName", "email"];
    let text = |name: &&str| identity.attributes.get(*name).map(|held| crate::ui::json::line(&held.value));
    let mut name: Vec<String> = known.iter().filter_map(text).collect();
    // Many are called by their address.
    name.dedup();
    Ok(Some(Candidate {
        name: if name.is_empty() { id.to_string() } else { name.join(" · ") },
        id: id.to_string(),
        status: status(identity.status),
    }))
}
