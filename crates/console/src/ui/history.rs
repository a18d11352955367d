//! What happened to something: its changes, with differences, who made them and by which request.

use askama::Template;
use rollcall_domain::change::ChangeKind;
use rollcall_domain::clock::Timestamp;
use rollcall_service::feed::FedChange;

use super::{Badge, Difference, When};
use crate::text::{self, filters};

/// A list of changes, each open to be looked at.
#[derive(Clone, Template)]
#[template(path = "ui/history.html")]
pub(crate) struct History {
    entries: Vec<Entry>,
}
super::part!(History);

/// A change.
#[derive(Clone)]
struct Entry {
    sequence: u64,
    event: String,
    kind: Badge,
    at: When,
    /// The resource's page, in lists of several.
    subject: Option<(String, String)>,
    source: Option<String>,
    actor: String,
    /// The page of the request that made it.
    request: Option<String>,
    difference: Difference,
}

impl History {
    /// These changes, as seen from `now`; each with what it is about, if `several`.
    pub(crate) fn new(changes: &[FedChange], now: Timestamp, several: bool) -> Self {
        Self { entries: changes.iter().map(|fed| entry(fed, now, several)).collect() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn entry(fed: &FedChange, now: Timestamp, several: bool) -> Entry {
    let change = &fed.change;
    let text = fed.event();
    let request = fed.source.as_ref().filter(|_| !change.request_id.is_empty());
    Entry {
        sequence: change.sequence,
        kind: match change.kind {
            ChangeKind::Created => Badge::good(text::t("history.created")),
            ChangeKind::Updated => Badge::info(text::t("history.updated")),
            ChangeKind::Deleted => Badge::bad(text::t("history.deleted")),
            ChangeKind::Completed => Badge::plain(text::t("history.completed")),
        },
        event: text,
        at: When::new(change.at, now),
        subject: several.then(|| (change.resource.to_string(), page(fed).unwrap_or_default())),
        source: fed.source.clone(),
        actor: change.actor.clone(),
        request: request.map(|slug| format!("/console/requests/{slug}/{}", change.request_id)),
        difference: if several { Difference::in_list(fed) } else { Difference::of(fed) },
    }
}

/// The page of what changed, where it has one.
fn page(fed: &FedChange) -> Option<String> {
    let slug = fed.source.as_ref()?;
    let section = match fed.change.resource_type.as_str() {
        "User" => "users",
        "Group" => "groups",
        _ => return None,
    };
    Some(format!("/console/{section}/{slug}/{}", fed.change.resource))
}
