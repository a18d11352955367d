//! Sources: the list.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use rollcall_domain::account::Role;
use rollcall_domain::source::SourceStatus;
use rollcall_service::admin::{Paging, SourceFilter};

use crate::Console;
use crate::answer::{Answer, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Empty};

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "/sources", needs: Needs::Role(Role::Viewer), handler: || get(list) }];

#[derive(Template)]
#[template(path = "sources/list.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    empty: Empty,
}

struct Row {
    slug: String,
    dialect: String,
    status: Badge,
}

/// `GET /console/sources`: 200.
async fn list(State(app): State<Console>, visit: Visit) -> Answer {
    let page = app.service.sources(visit.admin(), &SourceFilter::default(), &Paging::all()).await?;
    let row = |source: rollcall_domain::source::Source| Row {
        status: match source.status {
            SourceStatus::Active => Badge::good(text::t("sources.active")),
            SourceStatus::Paused => Badge::warn(text::t("sources.paused")),
        },
        slug: source.slug,
        dialect: source.dialect,
    };
    let frame = visit.frame(Section::Sources, "sources.title");
    show(&List { frame, rows: page.items.into_iter().map(row).collect(), empty: Empty::new("sources.empty") })
}
