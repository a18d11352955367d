//! `/sources`.

use axum::extract::State;
use axum::routing::get;
use rollcall_domain::api::ApiScope;
use rollcall_domain::source::{Source, SourceStatus};
use rollcall_service::admin::SourceFilter;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use super::body::{At, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, Parameter};
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

const STATUS: Parameter =
    Parameter { name: "status", kind: Kind::Choice(&["active", "paused"]), about: "In this state only" };
const DIALECT: Parameter = Parameter { name: "dialect", kind: Kind::Text, about: "Of this dialect only" };

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources",
        needs: Needs::Tenant(ApiScope::SourcesRead),
        operation: "list_sources",
        summary: "The tenant's sources, by slug",
        parameters: &[STATUS, DIALECT, LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<SourceView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}",
        needs: Needs::Tenant(ApiScope::SourcesRead),
        operation: "get_source",
        summary: "One source with its settings",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<SourceView>))],
        handler: || get(show),
    },
];

/// A source: one SCIM endpoint for one identity provider.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Source")]
pub(super) struct SourceView {
    /// Its id.
    id: String,
    /// Its name in URLs.
    slug: String,
    /// Path of its SCIM 2.0 service on this server.
    base_path: String,
    /// How its identity provider bends the RFC.
    dialect: String,
    /// `active`, or `paused`: every SCIM request gets 503 then.
    status: &'static str,
    /// When it was made (RFC 3339).
    created: String,
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        Self {
            id: source.id.to_string(),
            base_path: format!("/scim/{}/v2", source.slug),
            slug: source.slug,
            dialect: source.dialect,
            status: match source.status {
                SourceStatus::Active => "active",
                SourceStatus::Paused => "paused",
            },
            created: source.created.to_string(),
        }
    }
}

/// `GET /sources`: 200.
async fn list(State(app): State<App>, Within(admin): Within, asked: Asked) -> Answer {
    let status = asked.text("status").map(|status| match status {
        "paused" => SourceStatus::Paused,
        _ => SourceStatus::Active,
    });
    let filter = SourceFilter { status, dialect: asked.owned("dialect") };
    let sources = app.service.sources(&admin, &filter, &asked.paging()).await?;
    page(&app, &asked, sources, SourceView::from)
}

/// `GET /sources/{source}`: 200 or 404.
async fn show(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    admin.require(ApiScope::SourcesRead)?;
    Ok(shown(&SourceView::from(app.service.source(&admin, &slug).await?)))
}
