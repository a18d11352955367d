//! `/sources`: making, configuring, listing and deleting them. What is below one is in [`super::sources`]'s neighbours.

use axum::extract::State;
use axum::routing::{delete, get, post, put};
use rollcall_domain::api::ApiScope;
use rollcall_domain::source::{Source, SourceSettings, SourceStatus};
use rollcall_service::admin::{Configuration, NewCredential, SourceFilter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::body::{At, Sent, created, done, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, Parameter};
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use crate::App;
use crate::extract::Origin;

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
        method: "POST",
        path: "/sources",
        needs: Needs::Tenant(ApiScope::SourcesWrite),
        operation: "create_source",
        summary: "Makes a source with a first token, which is shown once",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<NewSource>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<MadeSource>))],
        handler: || post(create),
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
    ApiRoute {
        method: "PUT",
        path: "/sources/{source}",
        needs: Needs::Tenant(ApiScope::SourcesWrite),
        operation: "configure_source",
        summary: "Configures a source, which is made when it is not there. What is left out stays; tokens are not touched",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Wanted>),
        answers: &[
            (200, Shows::One(SchemaGenerator::subschema_for::<SourceView>)),
            (201, Shows::One(SchemaGenerator::subschema_for::<SourceView>)),
        ],
        handler: || put(configure),
    },
    ApiRoute {
        method: "DELETE",
        path: "/sources/{source}",
        needs: Needs::Tenant(ApiScope::SourcesWrite),
        operation: "delete_source",
        summary: "Deletes a source with all its users, groups and tokens, for good",
        parameters: &[],
        takes: None,
        answers: &[(204, Shows::Nothing)],
        handler: || delete(remove),
    },
];

/// A source: one SCIM endpoint for one identity provider.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Source")]
pub(super) struct SourceView {
    /// Its name in URLs.
    slug: String,
    /// Its id.
    id: String,
    /// The SCIM base URL to paste into the identity provider.
    base_url: String,
    /// How its identity provider bends the RFC.
    dialect: String,
    /// Whether it answers.
    status: StatusView,
    /// When it was made (RFC 3339).
    created: String,
    /// What was set, and the defaults of the rest.
    #[schemars(schema_with = "settings")]
    settings: Value,
    /// URNs of the schemas added to it.
    schemas: Vec<String>,
    /// Names of the resource types added to it, or changed.
    resource_types: Vec<String>,
}

/// Whether a source answers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourceStatus")]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusView {
    /// It answers.
    Active,
    /// Every SCIM request gets 503 with Retry-After; nothing is lost, nothing changes.
    Paused,
}

/// A source just made, with its first token.
#[derive(Debug, Serialize, JsonSchema)]
struct MadeSource {
    /// The source.
    #[serde(flatten)]
    source: SourceView,
    /// The token of its SCIM endpoint, which is not shown again.
    token: String,
}

/// A source to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSource {
    /// Its name within the tenant: 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit.
    slug: String,
    /// How its identity provider bends the RFC; `generic` unless said.
    dialect: Option<String>,
    /// Settings by name; the rest have their defaults.
    #[serde(default)]
    #[schemars(schema_with = "settings")]
    settings: Map<String, Value>,
}

/// What a source is to be like. What is left out stays, or has its default in a new source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SourceConfiguration")]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// How its identity provider bends the RFC.
    dialect: Option<String>,
    /// Whether it answers.
    status: Option<StatusView>,
    /// Settings by name; `null` sets the default.
    #[serde(default)]
    #[schemars(schema_with = "settings")]
    settings: Map<String, Value>,
}

/// The settings of a source that are numbers, each with its default; others are described in `docs/`.
fn settings(_: &mut SchemaGenerator) -> Schema {
    let usual = serde_json::to_value(SourceSettings::default()).unwrap_or_default();
    let numbers = usual.as_object().into_iter().flatten().filter(|(_, value)| value.is_number());
    let properties: Map<String, Value> = numbers
        .map(|(name, value)| {
            (name.clone(), json!({ "type": ["integer", "null"], "minimum": 0, "default": value }))
        })
        .collect();
    json_schema!({ "type": "object", "properties": properties })
}

impl From<StatusView> for SourceStatus {
    fn from(status: StatusView) -> Self {
        match status {
            StatusView::Active => Self::Active,
            StatusView::Paused => Self::Paused,
        }
    }
}

impl From<SourceStatus> for StatusView {
    fn from(status: SourceStatus) -> Self {
        match status {
            SourceStatus::Active => Self::Active,
            SourceStatus::Paused => Self::Paused,
        }
    }
}

/// A source as it is shown under this origin.
fn view(source: Source, origin: &str) -> SourceView {
    SourceView {
        base_url: base_url(&source, origin),
        slug: source.slug,
        id: source.id.to_string(),
        dialect: source.dialect,
        status: source.status.into(),
        created: source.created.to_string(),
        settings: serde_json::to_value(&source.settings).unwrap_or_default(),
        schemas: source.schemas.into_iter().map(|schema| schema.id).collect(),
        resource_types: source.resource_types.into_iter().map(|kind| kind.name).collect(),
    }
}

/// The SCIM base URL of a source.
pub(super) fn base_url(source: &Source, origin: &str) -> String {
    format!("{origin}/scim/{}/v2", source.slug)
}

/// `GET /sources`: 200.
async fn list(State(app): State<App>, Within(admin): Within, Origin(origin): Origin, asked: Asked) -> Answer {
    let status = asked.text("status").map(|status| match status {
        "paused" => SourceStatus::Paused,
        _ => SourceStatus::Active,
    });
    let filter = SourceFilter { status, dialect: asked.owned("dialect") };
    let sources = app.service.sources(&admin, &filter, &asked.paging()).await?;
    page(&app, &asked, sources, |source| view(source, &origin))
}

/// `POST /sources`: 201, 400, or 409 when the tenant has one of this slug.
async fn create(
    State(app): State<App>,
    Within(admin): Within,
    Origin(origin): Origin,
    Sent(new): Sent<NewSource>,
) -> Answer {
    let wanted = Configuration { dialect: new.dialect, settings: new.settings, ..Configuration::default() };
    let made = app.service.make_source(&admin, &new.slug, wanted, NewCredential::default()).await?;
    let (source, _, token) = made;
    Ok(created(&MadeSource { source: view(source, &origin), token: token.reveal().to_owned() }))
}

/// `GET /sources/{source}`: 200 or 404.
async fn show(
    State(app): State<App>,
    Within(admin): Within,
    Origin(origin): Origin,
    At(slug): At<String>,
) -> Answer {
    Ok(shown(&view(app.service.source(&admin, &slug).await?, &origin)))
}

/// `PUT /sources/{source}`: 200, 201 when it was made, or 400.
async fn configure(
    State(app): State<App>,
    Within(admin): Within,
    Origin(origin): Origin,
    At(slug): At<String>,
    Sent(wanted): Sent<Wanted>,
) -> Answer {
    let status = wanted.status.map(SourceStatus::from);
    let wanted = Configuration { dialect: wanted.dialect, status, settings: wanted.settings, from: None };
    let (source, made) = app.service.configure_source(&admin, &slug, wanted).await?;
    let view = view(source, &origin);
    Ok(if made { created(&view) } else { shown(&view) })
}

/// `DELETE /sources/{source}`: 204 or 404.
async fn remove(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    app.service.delete_source(&admin, &source).await?;
    Ok(done())
}
