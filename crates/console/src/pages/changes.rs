//! `/console/changes`: the change feed, the latest first, with what differs.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use rollcall_domain::account::Role;
use rollcall_service::admin::AdminError;
use rollcall_service::feed::FeedError;

use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::Asked;
use crate::route::{Needs, Route};
use crate::text::filters;
use crate::ui::{Empty, History, Pager};

/// Changes of one page.
const PAGE: u64 = 25;

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "/changes", needs: Needs::Role(Role::Viewer), handler: || get(list) }];

#[derive(Template)]
#[template(path = "changes/list.html")]
struct List {
    frame: Frame,
    history: History,
    last: u64,
    oldest: u64,
    /// Whether what comes is shown by itself.
    follows: bool,
    problem: bool,
    before: String,
    empty: Empty,
    pager: Pager,
}

/// `GET /console/changes`: 200, 400 for a number that is none. `before`: those before this number.
async fn list(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    let tenant = visit.admin().tenant().key;
    let kept = app.service.kept_changes(tenant).await.map_err(AdminError::Store)?;
    let typed = asked.text("before").to_owned();
    let before = match typed.as_str() {
        "" => Ok(kept.last + 1),
        typed => typed.parse::<u64>(),
    };
    let problem = before.is_err();
    let before = before.unwrap_or(kept.last + 1).clamp(kept.oldest, kept.last + 1);
    let after = before.saturating_sub(PAGE + 1).max(kept.oldest - 1);
    let count = u32::try_from(before - 1 - after).unwrap_or(0);
    let mut changes = if count == 0 {
        Vec::new()
    } else {
        app.service.changes(tenant, after, count).await.map_err(failure)?
    };
    changes.reverse();
    let is_first = typed.is_empty();
    let older = (after >= kept.oldest).then(|| format!("/console/changes?before={}", after + 1));
    let list = List {
        frame: visit.frame(Section::Changes, "changes.title"),
        history: History::new(&changes, app.service.in_milliseconds(0), true),
        last: kept.last,
        oldest: kept.oldest,
        follows: is_first,
        problem,
        before: typed,
        empty: Empty::new("changes.empty"),
        pager: Pager::between((!is_first).then(|| "/console/changes".to_owned()), older),
    };
    show_with(if problem { StatusCode::BAD_REQUEST } else { StatusCode::OK }, &list)
}

fn failure(error: FeedError) -> Failure {
    match error {
        FeedError::Store(error) => AdminError::Store(error).into(),
        // Pruned meanwhile.
        error => AdminError::NotFound(error.to_string()).into(),
    }
}
