//! `/sources/{source}/status` and `/sources/{source}/validate`: whether a source is ready, and what it can do.

use axum::extract::State;
use axum::routing::get;
use rollcall_domain::api::ApiScope;
use rollcall_domain::policy::settings::DeprovisionMode;
use rollcall_service::admin::{Capabilities, SourceReport};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use super::body::{At, shown};
use super::guard::Within;
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use super::sources::base_url;
use crate::App;
use crate::extract::Origin;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/status",
        needs: Needs::Tenant(ApiScope::SourcesRead),
        operation: "get_source_status",
        summary: "Whether a source is configured and ready, with each check by name",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<StatusReport>))],
        handler: || get(status),
    },
    ApiRoute {
        method: "GET",
        path: "/sources/{source}/validate",
        needs: Needs::Tenant(ApiScope::SourcesRead),
        operation: "validate_source",
        summary: "Whether a source's configuration is complete, and what its endpoint can do",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<Validation>))],
        handler: || get(validate),
    },
];

/// Whether a source is ready.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceStatusReport")]
struct StatusReport {
    /// The source's slug.
    source: String,
    /// Whether it is configured.
    configured: bool,
    /// Whether all checks are ok: the identity provider can push now.
    ready: bool,
    /// What was looked at.
    checks: Vec<CheckView>,
    /// What its SCIM endpoint can do.
    capabilities: CapabilitiesView,
}

/// Whether a source's configuration is complete.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceValidation")]
struct Validation {
    /// Whether all checks are ok.
    ok: bool,
    /// The source's slug.
    source: String,
    /// The SCIM base URL to paste into the identity provider.
    base_url: String,
    /// What becomes of someone whom it does not want active any more, as its policy says.
    #[schemars(with = "Option<String>")]
    deprovision_mode: Option<DeprovisionMode>,
    /// What was looked at.
    checks: Vec<CheckView>,
    /// What its SCIM endpoint can do.
    capabilities: CapabilitiesView,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct CheckView {
    /// What, as a name that does not change.
    name: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// What to do, or to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What a source's SCIM endpoint can do.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Capabilities")]
#[expect(clippy::struct_excessive_bools, reason = "each is one capability")]
struct CapabilitiesView {
    /// Users can be pushed.
    users: bool,
    /// Groups can be pushed.
    groups: bool,
    /// PATCH is taken.
    patch: bool,
    /// PUT is taken.
    put: bool,
    /// Operators of filters.
    filters: Vec<&'static str>,
    /// Bulk requests are taken.
    bulk: bool,
    /// Versions are told and checked.
    etag: bool,
    /// Lists can be sorted.
    sort: bool,
    /// Lists have cursors (RFC 9865).
    cursor: bool,
    /// Resource types by name.
    resource_types: Vec<String>,
}

impl From<Capabilities> for CapabilitiesView {
    fn from(can: Capabilities) -> Self {
        let Capabilities { users, groups, patch, put, filters, bulk, etag, sort, cursor, resource_types } =
            can;
        Self { users, groups, patch, put, filters, bulk, etag, sort, cursor, resource_types }
    }
}

fn checks(report: &SourceReport) -> Vec<CheckView> {
    let view = |check: &rollcall_service::admin::Check| CheckView {
        name: check.name,
        ok: check.ok,
        message: check.message.clone(),
    };
    report.checks.iter().map(view).collect()
}

/// `GET /sources/{source}/status`: 200 or 404.
async fn status(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let report = app.service.report(&admin, &source).await?;
    Ok(shown(&StatusReport {
        source: source.slug,
        configured: true,
        ready: report.ready,
        checks: checks(&report),
        capabilities: report.capabilities.into(),
    }))
}

/// `GET /sources/{source}/validate`: 200 or 404.
async fn validate(
    State(app): State<App>,
    Within(admin): Within,
    Origin(origin): Origin,
    At(slug): At<String>,
) -> Answer {
    let source = app.service.source(&admin, &slug).await?;
    let report = app.service.report(&admin, &source).await?;
    Ok(shown(&Validation {
        ok: report.ready,
        base_url: base_url(&source, &origin),
        source: source.slug,
        deprovision_mode: report.deprovision_mode,
        checks: checks(&report),
        capabilities: report.capabilities.into(),
    }))
}
