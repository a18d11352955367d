//! The page of a source: how to connect its provider, whether it has come, and whether everything is ready.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use rollcall_domain::account::Role;

use super::guide::Guide;
use super::live::{Live, look};
use super::{base_url, of_source, secret_name, status};
use crate::Console;
use crate::answer::{Answer, show};
use crate::frame::{Frame, Item};
use crate::guard::Visit;
use crate::place::At;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Copy};

pub(super) const ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/sources/{source}",
    needs: Needs::Role(Role::Viewer),
    handler: || get(page),
}];

/// A source.
#[derive(Template)]
#[template(path = "sources/show.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Item>,
    status: Badge,
    live: Live,
    base_url: Copy,
    token: Option<Copy>,
    guide: Guide,
    ready: bool,
    checks: Vec<Check>,
    slug: String,
}

/// A readiness check.
struct Check {
    badge: Badge,
    /// What it is about.
    about: String,
    /// What to do, or to know.
    message: Option<String>,
}

/// `GET /console/sources/{source}`: 200 or 404.
async fn page(State(app): State<Console>, visit: Visit, At(slug): At<String>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let report = app.service.report(visit.admin(), &source).await?;
    let checks = report.checks.iter().map(|check| Check {
        badge: match (check.ok, &check.message) {
            (true, None) => Badge::good(text::t("check.good")),
            (true, Some(_)) => Badge::warn(text::t("check.note")),
            (false, _) => Badge::bad(text::t("check.bad")),
        },
        about: text::t(&format!("check.{}", check.name)).to_owned(),
        message: check.message.clone(),
    });
    let url = base_url(&source, &visit.context.origin);
    let token = visit.context.flash.secret(&secret_name(&source));
    let (frame, tabs) = of_source(&visit, &source, "show");
    show(&Page {
        frame,
        tabs,
        status: status(&source),
        live: look(&app, visit.admin(), &source).await?,
        guide: Guide::new(&source.dialect, &url),
        base_url: Copy::new("base-url", "sources.base_url", &url),
        token: token.map(|token| Copy::new("token", "sources.token", token)),
        ready: report.ready,
        checks: checks.collect(),
        slug: source.slug,
    })
}
