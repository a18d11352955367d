//! `/audit`.

use axum::extract::State;
use axum::routing::get;
use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::{Entry, hexadecimal};
use rollcall_service::admin::AuditFilter;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::body::shown;
use super::guard::{Asked, By};
use super::page::page;
use super::parameter::{CURSOR, Kind, LIMIT, ONLY_TENANT, Parameter};
use super::problem::{Answer, Problem};
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

const EXPECT: Parameter = Parameter {
    name: "expect",
    kind: Kind::Text,
    about: "An `end` that was told before and kept elsewhere: the chain must still have it",
};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: "GET",
        path: "/audit",
        needs: Needs::Either(ApiScope::AuditRead),
        operation: "list_audit",
        summary: "Who changed which setting when, latest first",
        parameters: &[ONLY_TENANT, ACTOR, ACTION, SUBJECT, LIMIT, CURSOR],
        takes: None,
        answers: &[(200, Shows::Page(SchemaGenerator::subschema_for::<EntryView>))],
        handler: || get(list),
    },
    ApiRoute {
        method: "GET",
        path: "/audit/verification",
        needs: Needs::Installation(ApiScope::AuditRead),
        operation: "verify_audit",
        summary: "Follows the chain of all entries, and says where it does not hold",
        parameters: &[EXPECT],
        takes: None,
        answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<Verification>))],
        handler: || get(verify),
    },
];

/// Whether the chain of the audit holds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditVerification")]
struct Verification {
    /// Whether every entry is what was written, and none is missing.
    holds: bool,
    /// Entries in the chain; without when it does not hold.
    entries: Option<u64>,
    /// Where it ends: for `expect`, to be kept where the database's administrator cannot write.
    end: Option<String>,
    /// Where it does not hold.
    problem: Option<String>,
}

/// An entry of the audit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
struct EntryView {
    /// Its number in the installation's chain; null for a token of one tenant, whom others' changes do not concern.
    sequence: Option<u64>,
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
    /// Its hash, in hexadecimal, which covers the entry before; null for a token of one tenant.
    hash: Option<String>,
}

impl EntryView {
    fn of(Entry { sequence, event, hash, .. }: Entry, whole: bool) -> Self {
        Self {
            sequence: whole.then_some(sequence),
            at: event.at.to_string(),
            actor: event.actor,
            request_id: Some(event.request_id).filter(|id| !id.is_empty()),
            action: event.action,
            subject: event.subject,
            before: serde_json::from_str(&event.before).unwrap_or_default(),
            after: serde_json::from_str(&event.after).unwrap_or_default(),
            hash: whole.then(|| hexadecimal(&hash)),
        }
    }
}

/// `GET /audit/verification`: 200, also for a chain that does not hold.
async fn verify(State(app): State<App>, By(manager): By, asked: Asked) -> Answer {
    let expect = asked.text("expect").map(str::parse).transpose();
    let expect = expect.map_err(|error: String| Problem::invalid(format!("expect: {error}")))?;
    let view = match app.service.verify_audit(&manager, expect).await? {
        Ok(head) => Verification {
            holds: true,
            entries: Some(head.sequence),
            end: Some(head.to_string()),
            problem: None,
        },
        Err(broken) => {
            Verification { holds: false, entries: None, end: None, problem: Some(broken.to_string()) }
        }
    };
    Ok(shown(&view))
}

/// `GET /audit`: 200.
async fn list(State(app): State<App>, By(manager): By, asked: Asked) -> Answer {
    let filter = AuditFilter {
        actor: asked.owned("actor"),
        action: asked.owned("action"),
        subject: asked.owned("subject"),
    };
    let entries = app.service.audit(&manager, asked.text("tenant"), filter, &asked.paging()).await?;
    page(&app, &asked, entries, |entry| EntryView::of(entry, manager.bound().is_none()))
}
