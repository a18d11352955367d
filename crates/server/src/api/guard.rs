//! What is checked before a handler runs, from the row of the table: token, scope, parameters, tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use rollcall_service::Notes;
use rollcall_service::admin::{Admin, Manager, Paging};

use super::local::Local;
use super::parameter::{DEFAULT_LIMIT, Parameter, TENANT};
use super::problem::Problem;
use super::route::{ApiRoute, Needs};
use crate::App;
use crate::query;

/// A manager, of the installation or of one tenant.
pub(crate) struct By(pub(crate) Manager);

/// A manager within the tenant that the request is about.
pub(crate) struct Within(pub(crate) Admin);

/// The query, checked against the row's parameters.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    values: BTreeMap<String, String>,
    /// What a cursor is bound to: the operation and all parameters but those of paging.
    pub(super) binding: String,
    after: Option<String>,
}

pub(crate) async fn guard(
    State((app, route)): State<(App, &'static ApiRoute)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let request_id = request.extensions().get::<Arc<Notes>>().map_or("", |notes| notes.id()).to_owned();
    let manager = match route.needs.scope() {
        None => None,
        Some(scope) => {
            let local = request.extensions().get::<Local>().map(|local| local.0.clone());
            let manager = match local {
                Some(operator) => operator,
                None => app.service.authenticate_api(bearer(request.headers()), &request_id).await?,
            };
            manager.require(scope)?;
            Some(manager)
        }
    };
    if let (Needs::Installation(_), Some(manager)) = (route.needs, &manager) {
        manager.require_installation()?;
    }
    let mut asked = Asked::read(route, request.uri().query().unwrap_or_default())?;
    if let Some(cursor) = asked.text("cursor") {
        asked.after = Some(app.service.open_position(cursor, asked.binding.as_bytes())?);
    }
    if let Some(manager) = manager {
        if matches!(route.needs, Needs::Tenant(_)) {
            let admin = app.service.within(&manager, asked.text("tenant")).await?;
            request.extensions_mut().insert(admin);
        }
        request.extensions_mut().insert(manager);
    }
    request.extensions_mut().insert(asked);
    Ok(next.run(request).await)
}

/// The token of a Bearer header (RFC 6750 §2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Asked {
    fn read(route: &'static ApiRoute, query: &str) -> Result<Self, Problem> {
        let within = matches!(route.needs, Needs::Tenant(_)).then_some(&TENANT);
        let known: Vec<&Parameter> = within.into_iter().chain(route.parameters).collect();
        let mut values = BTreeMap::new();
        for (name, value) in query::pairs(query)? {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(Problem::invalid(format!("{name}: no parameter here; there are {names}")));
            };
            parameter.check(&value)?;
            if values.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Problem::invalid(format!("{}: given twice; give it once", parameter.name)));
            }
        }
        let bound = values.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "cursor"));
        let binding =
            bound.fold(route.operation.to_owned(), |text, (name, value)| format!("{text}\n{name}={value}"));
        Ok(Self { values, binding, after: None })
    }

    /// A parameter as text, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The same, owned.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// A parameter of [`super::Kind::Number`].
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// `limit` and `cursor`.
    pub(crate) fn paging(&self) -> Paging {
        let limit = self.text("limit").and_then(|limit| limit.parse().ok()).unwrap_or(DEFAULT_LIMIT);
        Paging { limit, after: self.after.clone() }
    }
}

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let manager = parts.extensions.get().cloned();
        manager.map(Self).ok_or_else(|| Problem::internal("a route without a scope has a manager"))
    }
}

impl<S: Sync> FromRequestParts<S> for Within {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let admin = parts.extensions.get().cloned();
        admin.map(Self).ok_or_else(|| Problem::internal("a route that is in no tenant has an admin"))
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("a route without a guard"))
    }
}
