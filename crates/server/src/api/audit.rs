//! `/audit`.

use axum::extract::State;
use axum::routing::get;
use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::{Entry, hexadecimal};
use rollcall_service::admin::AuditFilter;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::guard::{Asked, By};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, ONLY_TENANT, Parameter};
use super::problem::Answer;
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

const ACTOR: Parameter = Parameter {
    name: "actor",
    kind: Kind::Text,
    about: "By this actor only: `cli`, or `api-token/` with an id",
};
const ACTION: Parameter =
    Parameter { name: "action", kind: Kind::Text, about: "Of this action only, such as `source.update`" };
const SUBJECT: Parameter = Parameter {
    name: "subject",
    kind: Kind::Text,
    about: "Of this subject and what is below it only, such as `sources/okta`",
};

pub(super) const ROUTES: &[ApiRoute] = &[ApiRoute {
    method: "GET",
    path: "/audit",
    needs: Needs::Either(ApiScope::AuditRead),
    operation: "list_audit",
    summary: "Who changed which setting when, latest first",
    parameters: &[ONLY_TENANT, ACTOR, ACTION, SUBJECT, LIMIT, CURSOR],
    takes: None,
    answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<EntryView>))],
    handler: || get(list),
}];

/// An entry of the audit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
struct EntryView {
    /// Its number in the installation's chain.
    sequence: u64,
    /// When (RFC 3339).
    at: String,
    /// Who: `cli`, or `api-token/` with an id.
    actor: String,
    /// In which request; null for the command line.
    request_id: Option<String>,
    /// What was done.
    action: String,
    /// To what, as its path below `/api/v1`.
    subject: String,
    /// What was there before; null for something new.
    before: Value,
    /// What is there since; null for something that is gone.
    after: Value,
    /// Its hash, in hexadecimal, which covers the entry before.
    hash: String,
}

impl From<Entry> for EntryView {
    fn from(Entry { sequence, event, hash, .. }: Entry) -> Self {
        Self {
            sequence,
            at: event.at.to_string(),
            actor: event.actor,
            request_id: Some(event.request_id).filter(|id| !id.is_empty()),
            action: event.action,
            subject: event.subject,
            before: serde_json::from_str(&event.before).unwrap_or_default(),
            after: serde_json::from_str(&event.after).unwrap_or_default(),
            hash: hexadecimal(&hash),
        }
    }
}

/// `GET /audit`: 200.
async fn list(State(app): State<App>, By(manager): By, asked: Asked) -> Answer {
    let filter = AuditFilter {
        actor: asked.owned("actor"),
        action: asked.owned("action"),
        subject: asked.owned("subject"),
    };
    let entries = app.service.audit(&manager, asked.text("tenant"), filter, &asked.paging()).await?;
    page(&app, &asked, entries, EntryView::from)
}
