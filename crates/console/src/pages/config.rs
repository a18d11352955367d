//! The settings page: what leads to accounts and one's own account.

use askama::Template;
use axum::routing::get;
use rollcall_domain::account::Role;

use crate::answer::{Answer, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::route::{Needs, Route};
use crate::text::filters;

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "/settings", needs: Needs::Role(Role::Viewer), handler: || get(page) }];

/// Where settings are.
#[derive(Template)]
#[template(path = "account/settings.html")]
struct Page {
    frame: Frame,
    is_owner: bool,
}

/// `GET /console/settings`: 200.
async fn page(visit: Visit) -> Answer {
    show(&Page { frame: visit.frame(Section::Settings, "config.title"), is_owner: visit.may(Role::Owner) })
}
