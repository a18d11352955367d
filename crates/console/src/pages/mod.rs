//! The pages, a file for each subject, and the tables of their routes.

mod accounts;
mod approvals;
mod changes;
mod config;
mod enter;
mod mapping;
mod openid;
mod overview;
mod own;
mod request;
mod requests;
mod resources;
mod sources;
mod user;
mod webhooks;
mod welcome;

use crate::route::Route;

/// The tables of all subjects.
const TABLES: &[&[&[Route]]] = &[
    &[overview::ROUTES, enter::ROUTES, openid::ROUTES, welcome::ROUTES, own::ROUTES],
    &[accounts::ROUTES, config::ROUTES],
    sources::ROUTES,
    &[resources::ROUTES, user::ROUTES, requests::ROUTES, request::ROUTES, mapping::ROUTES],
    &[changes::ROUTES, webhooks::ROUTES, approvals::ROUTES],
];

/// Every route.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten().copied().flatten()
}
