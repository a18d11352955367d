//! The pages, a file for each subject, and the tables of their routes.

mod enter;
mod overview;
mod own;
mod sources;
mod welcome;

use crate::route::Route;

/// The tables of all subjects.
pub(crate) const TABLES: &[&[Route]] =
    &[overview::ROUTES, enter::ROUTES, welcome::ROUTES, own::ROUTES, sources::ROUTES];
