//! The admin API, `/api/v1`: one table of routes, from which the router, the checks and the description are made.
//!
//! To add an endpoint, write a file with a `ROUTES` and its handlers, and add it to `TABLES`. What a row says
//! is checked by `guard` before the handler runs: token, scope, tenant, parameters.

mod api_tokens;
mod audit;
mod body;
mod changes;
mod description;
mod endpoints;
mod guard;
mod identities;
mod local;
mod mappings;
mod matches;
mod openapi;
mod page;
mod parameter;
mod problem;
mod requests;
mod route;
mod schemas;
mod sign_ins;
mod sources;
mod status;
mod tenants;
mod tokens;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub use local::LocalApi;
pub use openapi::api_openapi;
pub use parameter::{Kind, Parameter};
pub(crate) use problem::{PROBLEM_JSON, Problem, ProblemKind};
pub use route::{ApiRoute, Needs};

use crate::App;

/// Where the admin API is.
pub const API_BASE: &str = "/api/v1";

/// The tables of all subjects.
const TABLES: &[&[ApiRoute]] = &[
    description::ROUTES,
    tenants::ROUTES,
    sources::ROUTES,
    requests::ROUTES,
    status::ROUTES,
    tokens::ROUTES,
    schemas::ROUTES,
    api_tokens::ROUTES,
    changes::ROUTES,
    endpoints::WEBHOOKS,
    endpoints::HOOKS,
    endpoints::STREAMS,
    audit::ROUTES,
    mappings::ROUTES,
    matches::ROUTES,
    sign_ins::ROUTES,
    identities::ROUTES,
];

/// Every route of the admin API. The test over endpoints and credentials reads this.
pub fn api_routes() -> impl Iterator<Item = &'static ApiRoute> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The admin API under [`API_BASE`].
pub(crate) fn routes(app: &App) -> Router<App> {
    api_routes().fold(Router::new(), |router, route| {
        let guarded = (route.handler)().layer(from_fn_with_state((app.clone(), route), guard::guard));
        router.route(&format!("{API_BASE}{}", route.path), guarded)
    })
}
