//! The pages, a file for each subject, and the tables of their routes.

mod accounts;
mod config;
mod enter;
mod overview;
mod own;
mod sources;
mod welcome;

use crate::route::Route;

/// The tables of all subjects.
const TABLES: &[&[&[Route]]] = &[
    &[overview::ROUTES, enter::ROUTES, welcome::ROUTES, own::ROUTES, accounts::ROUTES, config::ROUTES],
    sources::ROUTES,
];

/// Every route.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten().copied().flatten()
}
