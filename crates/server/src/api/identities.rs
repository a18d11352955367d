//! `/identities`: the tenant's own records of people.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::routing::{get, patch};
use rollcall_domain::api::ApiScope;
use rollcall_domain::identity::{Owner, Status};
use rollcall_domain::people::StoredIdentity;
use rollcall_service::people::{IdentityChange, IdentityFilter};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{At, Sent, shown};
use super::guard::{Asked, Within};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, Parameter};
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

const STATUS: Parameter = Parameter {
    name: "status",
    kind: Kind::Choice(&["active", "disabled", "anonymized", "deleted"]),
    about: "Of this status only",
};
const NAME: Parameter = Parameter {
    name: "name",
    kind: Kind::Text,
    about: "With this user name, e-mail address or `externalId` only, in any case",
};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/identities",
        needs: Needs::Tenant(ApiScope::IdentitiesRead),
        operation: "list_identities",
        summary: "The tenant's identities, in the order they were made",
        parameters: &[STATUS, NAME, LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<IdentityView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "GET",
        path: "/identities/{identity}",
        needs: Needs::Tenant(ApiScope::IdentitiesRead),
        operation: "get_identity",
        summary: "One identity",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<IdentityView>))],
        handler: || get(show),
    },
    ApiRoute {
        method: "PATCH",
        path: "/identities/{identity}",
        needs: Needs::Tenant(ApiScope::IdentitiesWrite),
        operation: "change_identity",
        summary: "Changes an identity, as the application: what is not given stays",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<ChangeView>),
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<IdentityView>))],
        handler: || patch(change),
    },
];

/// The tenant's own record of a person.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Identity")]
pub(super) struct IdentityView {
    /// Its id.
    id: String,
    /// `active`, `disabled`, `anonymized` or `deleted`.
    status: &'static str,
    /// Who made it other than active: `app`, `sso` or `scim`.
    disabled_by: Option<Value>,
    /// What is known of the person, by name: the value, who wrote it (`origin`), and which source.
    attributes: BTreeMap<String, Value>,
    /// Its roles.
    roles: Vec<RoleView>,
    /// The users that it stands for.
    links: Vec<LinkView>,
    /// Sources leave it alone.
    protected: bool,
    /// When it is deleted, unless it comes back before (RFC 3339).
    delete_at: Option<String>,
    /// Counts its changes.
    revision: u64,
    /// When it was made.
    created: String,
    /// When it last changed.
    modified: String,
}

/// A role of an identity.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IdentityRole")]
struct RoleView {
    /// The role's id.
    role: String,
    /// The id of the source that granted it; none for the application.
    source: Option<String>,
}

/// A user that an identity stands for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IdentityLink")]
struct LinkView {
    /// The source's id.
    source: String,
    /// The user's id there; none for a sign-in.
    resource: Option<String>,
    /// The source's own key of the person.
    external_id: Option<String>,
    /// Whether the source counts the person as active.
    active: bool,
    /// The identity was there before, and was taken over by a match.
    adopted: bool,
}

/// A change of an identity.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "IdentityChange")]
#[serde(deny_unknown_fields)]
struct ChangeView {
    /// `active`, `disabled` or `deleted`.
    status: Option<String>,
    /// Attributes by name, `attributes.NAME` for extra ones; null takes one away.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    /// The application's roles, all of them.
    roles: Option<BTreeSet<String>>,
    /// Whether sources leave it alone.
    protected: Option<bool>,
}

impl From<StoredIdentity> for IdentityView {
    fn from(stored: StoredIdentity) -> Self {
        let identity = stored.identity;
        let value = |held| serde_json::to_value(held).unwrap_or_default();
        Self {
            id: identity.id.to_string(),
            status: identity.status.as_str(),
            disabled_by: identity.disabled_by.map(|by| serde_json::to_value(by).unwrap_or_default()),
            attributes: identity.attributes.iter().map(|(name, held)| (name.clone(), value(held))).collect(),
            roles: identity
                .grants
                .iter()
                .map(|grant| RoleView {
                    role: grant.role.clone(),
                    source: match grant.owner {
                        Owner::App => None,
                        Owner::Source(source) => Some(source.to_string()),
                    },
                })
                .collect(),
            links: identity
                .links
                .iter()
                .map(|link| LinkView {
                    source: link.source.to_string(),
                    resource: link.resource.map(|id| id.to_string()),
                    external_id: link.external_id.clone(),
                    active: link.active,
                    adopted: link.adopted,
                })
                .collect(),
            protected: identity.protected,
            delete_at: identity.delete_at.map(|at| at.to_string()),
            revision: stored.revision,
            created: stored.created.to_string(),
            modified: stored.modified.to_string(),
        }
    }
}

fn status(name: &str) -> Result<Status, Problem> {
    Status::parse(name).ok_or_else(|| {
        Problem::invalid(format!("status: {name:?} is none; give active, disabled or deleted"))
    })
}

/// `GET /identities`: 200.
async fn list(State(app): State<App>, Within(admin): Within, asked: Asked) -> Answer {
    let filter =
        IdentityFilter { status: asked.text("status").map(status).transpose()?, name: asked.owned("name") };
    let found = app.service.identities(&admin, &filter, &asked.paging()).await?;
    page(&app, &asked, found, IdentityView::from)
}

/// `GET /identities/{identity}`: 200 or 404.
async fn show(State(app): State<App>, Within(admin): Within, At(id): At<String>) -> Answer {
    Ok(shown(&IdentityView::from(app.service.identity(&admin, &id).await?)))
}

/// `PATCH /identities/{identity}`: 200, 400 or 404.
async fn change(
    State(app): State<App>,
    Within(admin): Within,
    At(id): At<String>,
    Sent(sent): Sent<ChangeView>,
) -> Answer {
    let change = IdentityChange {
        status: sent.status.as_deref().map(status).transpose()?,
        attributes: sent.attributes,
        roles: sent.roles,
        protected: sent.protected,
    };
    Ok(shown(&IdentityView::from(app.service.change_identity(&admin, &id, &change).await?)))
}
