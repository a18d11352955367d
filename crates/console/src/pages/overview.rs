//! `/console`: what is to be seen to first.

use axum::routing::get;
use rollcall_domain::account::Role;

use crate::answer::Answer;
use crate::guard::Visit;
use crate::route::{Needs, Route};

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "", needs: Needs::Role(Role::Viewer), handler: || get(show) }];

/// `GET /console`: 303 to the sources.
async fn show(visit: Visit) -> Answer {
    Ok(visit.go("/sources").into())
}
