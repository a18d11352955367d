//! One endpoint: its progress, what Rollcall has given up, the log of attempts; released, discarded, told again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use rollcall_domain::account::Role;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryState, Endpoint, EndpointKind, EndpointStatus, OfParked,
};
use rollcall_service::admin::{EndpointChange, Paging};

use super::super::resources::no_answer;
use super::{behind, kind, name, status};
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::text::{self, filters};
use crate::ui::{Badge, Field, Pager, When};

/// Attempts of one page, and deliveries that are named.
const ATTEMPTS: u32 = 20;
const DELIVERIES: u32 = 100;

#[derive(Template)]
#[template(path = "webhooks/one.html")]
#[expect(clippy::struct_excessive_bools, reason = "each says whether a part of the page is there")]
struct Page {
    frame: Frame,
    url: String,
    kind: &'static str,
    status: Badge,
    why: Option<String>,
    is_active: bool,
    /// Whether it follows the changes; a hook is asked instead.
    follows: bool,
    goes_to: String,
    events: String,
    cursor: u64,
    last: u64,
    behind: u64,
    may_act: bool,
    parked: Vec<Apart>,
    more_parked: bool,
    parked_problem: Option<String>,
    waiting: Vec<Apart>,
    more_waiting: bool,
    attempts: Vec<Tried>,
    pager: Pager,
    after: Field,
}

/// A delivery that is not done.
struct Apart {
    sequence: u64,
    resource: String,
    attempts: u32,
    not_before: When,
    error: String,
}

struct Tried {
    sequence: u64,
    at: When,
    attempt: u32,
    status: String,
    millis: u32,
    outcome: Badge,
    error: String,
}

/// `GET /console/webhooks/{id}`: 200 or 404.
pub(super) async fn show_one(
    State(app): State<Console>,
    visit: Visit,
    At(id): At<String>,
    asked: Asked,
) -> Answer {
    let endpoint = of(&app, &visit, &id).await?;
    let page = page(&app, &visit, &endpoint, &asked).await?;
    show_with(StatusCode::OK, &page)
}

/// `POST /console/webhooks/{id}/parked`: 303; 400 when nothing is chosen. `answer`: `release`, `discard`, and the same
/// for all: `release_all`, `discard_all`.
pub(super) async fn settle(
    State(app): State<Console>,
    visit: Visit,
    At(id): At<String>,
    sent: Sent,
) -> Answer {
    let endpoint = of(&app, &visit, &id).await?;
    let chosen: Vec<u64> = sent.all("sequence").filter_map(|text| text.parse().ok()).collect();
    let (answer, which, said) = match sent.text("answer") {
        "release" => (OfParked::Release, Some(chosen.as_slice()), "webhooks.released"),
        "discard" => (OfParked::Discard, Some(chosen.as_slice()), "webhooks.discarded"),
        "release_all" => (OfParked::Release, None, "webhooks.released"),
        "discard_all" => (OfParked::Discard, None, "webhooks.discarded"),
        _ => return Err(no_answer()),
    };
    if which.is_some_and(<[u64]>::is_empty) {
        let mut page = page(&app, &visit, &endpoint, &Asked::default()).await?;
        page.parked_problem = Some(text::t("webhooks.choose").to_owned());
        return show_with(StatusCode::BAD_REQUEST, &page);
    }
    app.service.settle_parked(visit.admin(), &endpoint, answer, which).await?;
    Ok(visit.go(&format!("/webhooks/{}", endpoint.id)).saying(said).into())
}

/// `POST /console/webhooks/{id}/replay`: 303; 400 for a number that is none, or not kept.
pub(super) async fn replay(
    State(app): State<Console>,
    visit: Visit,
    At(id): At<String>,
    sent: Sent,
) -> Answer {
    let endpoint = of(&app, &visit, &id).await?;
    let typed = sent.text("after");
    let problem = match typed.parse() {
        Err(_) => text::t("webhooks.no_number").to_owned(),
        Ok(after) => match app.service.replay(visit.admin(), &endpoint, after).await {
            Ok(()) => {
                let to = format!("/webhooks/{}", endpoint.id);
                return Ok(visit.go(&to).saying("webhooks.replayed").into());
            }
            Err(error) => {
                let problems = Problems::of(error, &["after"])?;
                problems.at("after").or(problems.whole()).unwrap_or_default().to_owned()
            }
        },
    };
    let mut page = page(&app, &visit, &endpoint, &Asked::default()).await?;
    let mut problems = Problems::none();
    problems.add("after", problem);
    page.after = page.after.value(typed).problems(&problems);
    show_with(StatusCode::BAD_REQUEST, &page)
}

/// `POST /console/webhooks/{id}/status`: 303. `active`: `on` or `off`.
pub(super) async fn set_status(
    State(app): State<Console>,
    visit: Visit,
    At(id): At<String>,
    sent: Sent,
) -> Answer {
    let endpoint = of(&app, &visit, &id).await?;
    let active = sent.text("active") == "on";
    let change = EndpointChange { active: Some(active), ..EndpointChange::default() };
    app.service.update_endpoint(visit.admin(), &endpoint, change).await?;
    let said = if active { "webhooks.resumed" } else { "webhooks.stopped" };
    Ok(visit.go(&format!("/webhooks/{}", endpoint.id)).saying(said).into())
}

async fn of(app: &Console, visit: &Visit, id: &str) -> Result<Endpoint, Failure> {
    Ok(app.service.endpoint(visit.admin(), &EndpointKind::ALL, id).await?)
}

async fn page(app: &Console, visit: &Visit, endpoint: &Endpoint, asked: &Asked) -> Result<Page, Failure> {
    let (service, admin) = (&app.service, visit.admin());
    let now = service.in_milliseconds(0);
    let progress = service.endpoint_progress(admin, endpoint).await?;
    let apart = Paging { limit: DELIVERIES, after: None };
    let parked = service.deliveries(admin, endpoint, DeliveryState::Parked, &apart).await?;
    let waiting = service.deliveries(admin, endpoint, DeliveryState::Waiting, &apart).await?;
    let paging = Paging { limit: ATTEMPTS, after: asked.given("cursor").map(str::to_owned) };
    let attempts = service.attempts(admin, endpoint, &paging).await?;
    let url = format!("/console/webhooks/{}", endpoint.id);
    let events = &endpoint.settings.events;
    Ok(Page {
        frame: visit.titled(Section::Webhooks, &name(endpoint)).crumb(text::t("webhooks.title"), "/webhooks"),
        kind: kind(endpoint.kind),
        status: status(endpoint),
        why: match &endpoint.status {
            EndpointStatus::Disabled(reason) => Some(reason.clone()),
            EndpointStatus::Active | EndpointStatus::Paused => None,
        },
        is_active: endpoint.status == EndpointStatus::Active,
        follows: !endpoint.kind.is_hook(),
        goes_to: endpoint.settings.url.clone(),
        events: if events.is_empty() { text::t("webhooks.all").to_owned() } else { events.join(", ") },
        cursor: progress.cursor,
        last: progress.last,
        behind: behind(&progress),
        may_act: visit.may(Role::Operator),
        more_parked: parked.next.is_some(),
        parked: parked.items.iter().map(|delivery| shown(delivery, now)).collect(),
        parked_problem: None,
        more_waiting: waiting.next.is_some(),
        waiting: waiting.items.iter().map(|delivery| shown(delivery, now)).collect(),
        pager: Pager::new(&url, attempts.next.as_deref(), paging.after.is_some()),
        attempts: attempts.items.iter().map(|attempt| tried(attempt, now)).collect(),
        after: Field::number("webhooks.field", "after").required(),
        url,
    })
}

fn shown(delivery: &Delivery, now: Timestamp) -> Apart {
    Apart {
        sequence: delivery.sequence,
        resource: delivery.resource.to_string(),
        attempts: delivery.attempts,
        not_before: When::new(delivery.not_before, now),
        error: delivery.error.clone(),
    }
}

fn tried(attempt: &Attempt, now: Timestamp) -> Tried {
    Tried {
        sequence: attempt.sequence,
        at: When::new(attempt.at, now),
        attempt: attempt.attempt,
        status: attempt.status.map_or_else(String::new, |status| status.to_string()),
        millis: attempt.millis,
        outcome: match attempt.outcome {
            AttemptOutcome::Delivered => Badge::good(text::t("webhooks.delivered")),
            AttemptOutcome::Retry => Badge::warn(text::t("webhooks.retry")),
            AttemptOutcome::Parked => Badge::bad(text::t("webhooks.parked")),
            AttemptOutcome::Disabled => Badge::bad(text::t("webhooks.disabled")),
        },
        error: attempt.error.clone(),
    }
}
