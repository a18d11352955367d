//! `/console/requests`: what a source's provider sent, as it comes, and searched.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_domain::account::Role;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::RequestSummary;
use rollcall_service::admin::{Page, Paging};
use rollcall_service::request_log::RequestFilter;

use super::resources::nothing;
use crate::Console;
use crate::answer::{Answer, show_with};
use crate::form::Problems;
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::Asked;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::brief;
use crate::ui::{Badge, Choice, Empty, Pager, When};

/// Requests of one page.
const PAGE: u32 = 50;
/// Methods that can be chosen.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "/requests", needs: Needs::Role(Role::Viewer), handler: || get(list) }];

#[derive(Template)]
#[template(path = "requests/list.html")]
struct List {
    frame: Frame,
    sources: Vec<String>,
    slug: String,
    user: String,
    status: String,
    method: String,
    methods: [&'static str; 5],
    problem: Option<String>,
    lines: Vec<Line>,
    /// Whether what comes is shown by itself.
    follows: bool,
    empty: Empty,
    pager: Pager,
}

/// A request in a list.
pub(super) struct Line {
    pub(super) url: String,
    pub(super) at: When,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: Badge,
    pub(super) problem: String,
    pub(super) took: String,
    pub(super) left_out: u32,
}

/// A request of a source, as seen from `now`.
pub(super) fn line(slug: &str, summary: &RequestSummary, now: Timestamp) -> Line {
    let query = if summary.query.is_empty() { String::new() } else { format!("?{}", summary.query) };
    Line {
        url: format!("/console/requests/{slug}/{}", summary.id),
        at: When::new(summary.at, now),
        method: summary.method.clone(),
        path: brief(&format!("{}{query}", summary.path)),
        status: status(summary.status),
        problem: summary.problem.as_deref().map(brief).unwrap_or_default(),
        took: took(summary.took_us),
        left_out: summary.left_out,
    }
}

/// A status with its tone.
pub(super) fn status(status: u16) -> Badge {
    match status {
        500.. => Badge::bad(status.to_string()),
        400.. => Badge::warn(status.to_string()),
        _ => Badge::good(status.to_string()),
    }
}

/// How long something took: `0.4 ms`.
pub(super) fn took(micros: u64) -> String {
    let tenths = micros.div_ceil(100);
    text::fill("requests.milliseconds", &[&format!("{}.{}", tenths / 10, tenths % 10)])
}

/// `GET /console/requests`: 200, 400 for a search that cannot be, 404 without such a source.
async fn list(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    let choice = Choice::read(&app, &visit, &asked).await?;
    let frame = visit.frame(Section::Requests, "requests.title");
    let Some(source) = choice.chosen else {
        return nothing(frame);
    };
    let owned = |name: &str| asked.given(name).map(str::to_owned);
    let filter = RequestFilter {
        user: owned("user"),
        status: owned("status"),
        method: owned("method"),
        ..RequestFilter::default()
    };
    let paging = Paging { limit: PAGE, after: owned("cursor") };
    let found = app.service.requests(visit.admin(), &source.slug, &filter, &paging).await;
    let (page, problem) = match found {
        Ok(page) => (page, None),
        Err(error) => {
            let text = Problems::of(error, &[])?.whole().unwrap_or_default().to_owned();
            (Page { items: Vec::new(), next: None }, Some(text))
        }
    };
    let (now, slug) = (app.service.in_milliseconds(0), source.slug);
    let is_filtered = filter != RequestFilter::default();
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (user, status, method) = (asked.text("user"), asked.text("status"), asked.text("method"));
    let url = format!(
        "/console/requests?source={slug}&user={}&status={}&method={}",
        encode(user),
        encode(status),
        encode(method)
    );
    let list = List {
        frame,
        sources: choice.slugs,
        user: user.to_owned(),
        status: status.to_owned(),
        method: method.to_owned(),
        methods: METHODS,
        lines: page.items.iter().map(|summary| line(&slug, summary, now)).collect(),
        follows: paging.after.is_none() && problem.is_none(),
        empty: Empty::new(if is_filtered { "requests.none" } else { "requests.empty" }),
        pager: Pager::new(&url, page.next.as_deref(), paging.after.is_some()),
        slug,
        problem,
    };
    show_with(if list.problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }, &list)
}
