//! `/sources/{source}/schemas` and `/resource-types`: what a source's resources look like.

use axum::extract::State;
use axum::routing::{get, post};
use rollcall_domain::api::ApiScope;
use rollcall_scim::schema::{ResourceType, Schema as ScimSchema};
use rollcall_service::admin::Page;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{At, Sent, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, LIMIT};
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows, object};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/schemas",
        needs: Needs::Tenant(ApiScope::SchemasRead),
        operation: "list_schemas",
        summary: "The schemas of a source, built in and added, by URN (RFC 7643 §7)",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(object))],
        handler: || get(list),
    },
    ApiRoute {
        method: "POST",
        path: "/sources/{source}/schemas",
        needs: Needs::Tenant(ApiScope::SchemasWrite),
        operation: "add_schemas",
        summary: "Adds schemas and resource types, or replaces added ones, and indexes what is there by them",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Definitions>),
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<Definitions>))],
        handler: || post(add),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/schemas/{urn}",
        needs: Needs::Tenant(ApiScope::SchemasRead),
        operation: "get_schema",
        summary: "One schema",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || get(show),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/resource-types",
        needs: Needs::Tenant(ApiScope::SchemasRead),
        operation: "list_resource_types",
        summary: "The resource types of a source, built in and added, by name (RFC 7643 §6)",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(object))],
        handler: || get(types),
    },
];

/// Schemas and resource types added to a source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SchemaDefinitions")]
#[serde(deny_unknown_fields)]
struct Definitions {
    /// Schemas (RFC 7643 §7).
    #[serde(default)]
    #[schemars(with = "Vec<Map<String, Value>>")]
    schemas: Vec<ScimSchema>,
    /// Resource types (RFC 7643 §6).
    #[serde(default)]
    #[schemars(with = "Vec<Map<String, Value>>")]
    resource_types: Vec<ResourceType>,
}

/// `GET /sources/{source}/schemas`: 200 or 404.
async fn list(State(app): State<App>, Within(admin): Within, At(slug): At<String>, asked: Asked) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let registry = app.service.schemas_of(&admin, &source)?;
    let mut all: Vec<_> = registry.schemas().collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    page(&app, &asked, Page::within(all, &asked.paging(), |schema| schema.id.clone()), |schema| schema)
}

/// `GET /sources/{source}/schemas/{urn}`: 200 or 404.
async fn show(
    State(app): State<App>,
    Within(admin): Within,
    At((slug, urn)): At<(String, String)>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let registry = app.service.schemas_of(&admin, &source)?;
    let schema = registry.schema(&urn);
    schema.map(shown).ok_or_else(|| Problem::not_found(format!("source {slug} has no schema {urn:?}")))
}

/// `GET /sources/{source}/resource-types`: 200 or 404.
async fn types(State(app): State<App>, Within(admin): Within, At(slug): At<String>, asked: Asked) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let registry = app.service.schemas_of(&admin, &source)?;
    let mut all: Vec<ResourceType> = registry.types().iter().map(|kind| kind.resource_type.clone()).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    page(&app, &asked, Page::within(all, &asked.paging(), |kind| kind.name.clone()), |kind| kind)
}

/// `POST /sources/{source}/schemas`: 200 with all that was added so far, 400 or 404.
async fn add(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(new): Sent<Definitions>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let source = app.service.add_schemas(&admin, &source, new.schemas, new.resource_types).await?;
    Ok(shown(&json!({ "schemas": source.schemas, "resource_types": source.resource_types })))
}
