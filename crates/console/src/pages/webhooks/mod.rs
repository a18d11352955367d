//! `/console/webhooks`: whom changes are told, how far each has come, and what waits for someone's word.

mod one;

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::delivery::{Endpoint, EndpointKind, EndpointStatus};
use rollcall_service::admin::{EndpointProgress, Paging};

use crate::Console;
use crate::answer::{Answer, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Empty};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/webhooks", needs: Needs::Role(Role::Viewer), handler: || get(list) },
    Route {
        method: "GET",
        path: "/webhooks/{id}",
        needs: Needs::Role(Role::Viewer),
        handler: || get(one::show_one),
    },
    Route {
        method: "POST",
        path: "/webhooks/{id}/parked",
        needs: Needs::Role(Role::Operator),
        handler: || post(one::settle),
    },
    Route {
        method: "POST",
        path: "/webhooks/{id}/replay",
        needs: Needs::Role(Role::Operator),
        handler: || post(one::replay),
    },
    Route {
        method: "POST",
        path: "/webhooks/{id}/status",
        needs: Needs::Role(Role::Operator),
        handler: || post(one::set_status),
    },
];

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    empty: Empty,
}

struct Row {
    url: String,
    name: String,
    kind: &'static str,
    status: Badge,
    behind: u64,
    waiting: u64,
    parked: u64,
    is_hook: bool,
}

/// What an endpoint is called.
fn name(endpoint: &Endpoint) -> String {
    let settings = &endpoint.settings;
    let named = [&settings.description, &settings.url].into_iter().find(|text| !text.is_empty());
    named.cloned().unwrap_or_else(|| endpoint.id.to_string())
}

/// The key of what an endpoint is.
const fn kind(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Webhook => "webhooks.webhook",
        EndpointKind::SetPush => "webhooks.set_push",
        EndpointKind::SetPoll => "webhooks.set_poll",
        EndpointKind::BeforeProvision => "webhooks.before_provision",
        EndpointKind::AfterProvision => "webhooks.after_provision",
    }
}

fn status(endpoint: &Endpoint) -> Badge {
    match &endpoint.status {
        EndpointStatus::Active => Badge::good(text::t("webhooks.active")),
        EndpointStatus::Paused => Badge::warn(text::t("webhooks.paused")),
        EndpointStatus::Disabled(_) => Badge::bad(text::t("webhooks.disabled")),
    }
}

const fn behind(progress: &EndpointProgress) -> u64 {
    progress.last.saturating_sub(progress.cursor)
}

/// `GET /console/webhooks`: 200.
async fn list(State(app): State<Console>, visit: Visit) -> Answer {
    let found = app.service.endpoints(visit.admin(), &EndpointKind::ALL, &Paging::all()).await?;
    let mut rows = Vec::new();
    for endpoint in found.items {
        let progress = app.service.endpoint_progress(visit.admin(), &endpoint).await?;
        rows.push(Row {
            url: format!("/console/webhooks/{}", endpoint.id),
            name: name(&endpoint),
            kind: kind(endpoint.kind),
            status: status(&endpoint),
            behind: behind(&progress),
            waiting: progress.waiting,
            parked: progress.parked,
            is_hook: endpoint.kind.is_hook(),
        });
    }
    let frame = visit.frame(Section::Webhooks, "webhooks.title");
    show(&List { frame, rows, empty: Empty::new("webhooks.empty") })
}
