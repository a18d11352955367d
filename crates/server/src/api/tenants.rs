//! `/tenants`.

use axum::extract::State;
use axum::routing::{get, post};
use rollcall_domain::api::ApiScope;
use rollcall_domain::tenant::Tenant;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::body::{At, Sent, created, shown};
use super::guard::{Asked, By};
use super::page::page;
use super::parameter::{CURSOR, LIMIT};
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/tenants",
        needs: Needs::Either(ApiScope::TenantsRead),
        operation: "list_tenants",
        summary: "The tenants that the token reaches, by name",
        parameters: &[LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<TenantView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "POST",
        path: "/tenants",
        needs: Needs::Installation(ApiScope::TenantsWrite),
        operation: "create_tenant",
        summary: "Makes a tenant",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<NewTenant>),
        answers: &[(201, Shows::One(SchemaGenerator::subschema_for::<TenantView>))],
        handler: || post(create),
    },
    ApiRoute {
        method: "GET",
        path: "/tenants/{tenant}",
        needs: Needs::Either(ApiScope::TenantsRead),
        operation: "get_tenant",
        summary: "One tenant",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<TenantView>))],
        handler: || get(show),
    },
];

/// A tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
struct TenantView {
    /// Its name: a-z, 0-9, - and _.
    name: String,
    /// Its id.
    id: String,
}

/// A tenant to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// Its name: 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit.
    name: String,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self { name: tenant.name, id: tenant.id.to_string() }
    }
}

/// `GET /tenants`: 200.
async fn list(State(app): State<App>, By(manager): By, asked: Asked) -> Answer {
    let tenants = app.service.tenants(&manager, &asked.paging()).await?;
    page(&app, &asked, tenants, TenantView::from)
}

/// `POST /tenants`: 201, 400 or 409.
async fn create(State(app): State<App>, By(manager): By, Sent(new): Sent<NewTenant>) -> Answer {
    let tenant = app.service.create_tenant(&manager, &new.name).await?;
    Ok(created(&TenantView::from(tenant)))
}

/// `GET /tenants/{tenant}`: 200 or 404.
async fn show(State(app): State<App>, By(manager): By, At(name): At<String>) -> Answer {
    let admin = app.service.within(&manager, Some(&name)).await?;
    Ok(shown(&TenantView::from(admin.tenant().clone())))
}
