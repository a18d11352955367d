//! Where changes are delivered to: endpoints, what each wants to hear, and how far each has come.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::change::{Change, ChangeKind};
use crate::clock::Timestamp;
use crate::tenant::TenantKey;

/// An endpoint's row number in the store. Never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointKey(pub i64);

/// What an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// It is told of each change by a signed request (Standard Webhooks).
    Webhook,
    /// It is sent each change as a Security Event Token (RFC 8935).
    SetPush,
    /// It fetches Security Event Tokens (RFC 8936).
    SetPoll,
    /// It is asked before an identity is changed.
    BeforeProvision,
    /// It is told after an identity was changed, before the request is answered.
    AfterProvision,
}

impl EndpointKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Webhook, Self::SetPush, Self::SetPoll, Self::BeforeProvision, Self::AfterProvision];

    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::SetPush => "set_push",
            Self::SetPoll => "set_poll",
            Self::BeforeProvision => "before_provision",
            Self::AfterProvision => "after_provision",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it is asked while a request waits.
    pub const fn is_hook(self) -> bool {
        matches!(self, Self::BeforeProvision | Self::AfterProvision)
    }
}

/// Whether an endpoint is told anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// It is.
    Active,
    /// Not until an operator says so; what happens meanwhile is kept for it.
    Paused,
    /// Rollcall has stopped, for this reason; what happens meanwhile is kept for it.
    Disabled(String),
}

/// What a hook that does not answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    /// Go on as if it had said so.
    Proceed,
    /// Refuse the request: 503.
    #[default]
    Refuse,
}

/// What an operator sets. Everything but `url` has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EndpointSettings {
    /// For people.
    pub description: String,
    /// Where requests go; empty for an endpoint that polls.
    pub url: String,
    /// Patterns of event types, each `TYPE.KIND` with `*` for any: `user.*`. Empty: all.
    pub events: Vec<String>,
    /// Slugs of sources. Empty: all of the tenant.
    pub sources: Vec<String>,
    /// Milliseconds that an answer may take; 0: 15,000, for a hook 2,000.
    pub timeout_ms: u32,
    /// What it means when a hook does not answer.
    pub when_down: WhenDown,
    /// `aud` of Security Event Tokens; empty: the endpoint's id.
    pub audience: Vec<String>,
    /// Whether Security Event Tokens carry the data (`full`), not only the names of attributes (`notice`).
    pub full: bool,
}

impl EndpointSettings {
    /// Checks the patterns.
    ///
    /// # Errors
    ///
    /// A sentence that says which pattern is none.
    pub fn check_events(&self) -> Result<(), String> {
        let plain = |part: &str| part == "*" || part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let kind = |part: &str| part == "*" || ChangeKind::parse(part).is_some();
        let wrong = self.events.iter().find(|pattern| {
            *pattern != "*"
                && !pattern
                    .split_once('.')
                    .is_some_and(|(first, last)| !first.is_empty() && plain(first) && kind(last))
        });
        wrong.map_or(Ok(()), |pattern| {
            Err(format!("events: {pattern:?} is no event type; write user.created, user.*, *.deleted or *"))
        })
    }

    /// Whether the endpoint wants to hear of this.
    pub fn wants(&self, event: &str, source: Option<&str>) -> bool {
        let of_source =
            self.sources.is_empty() || source.is_some_and(|slug| self.sources.iter().any(|own| own == slug));
        of_source && (self.events.is_empty() || self.events.iter().any(|pattern| matches(pattern, event)))
    }
}

fn matches(pattern: &str, event: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (Some((type_wanted, kind_wanted)), Some((kind, what))) =
        (pattern.split_once('.'), event.split_once('.'))
    else {
        return false;
    };
    (type_wanted == "*" || type_wanted.eq_ignore_ascii_case(kind))
        && (kind_wanted == "*" || kind_wanted == what)
}

/// The type of a change's event: `user.created`.
pub fn event_type(change: &Change) -> String {
    format!("{}.{}", change.resource_type.to_ascii_lowercase(), change.kind.as_str())
}

/// What a secret of an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretUse {
    /// Signing what is sent.
    Signing,
    /// The `Authorization` header that is sent.
    Authorization,
}

/// A secret, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// What it is for.
    pub purpose: SecretUse,
    /// The encrypted text, with the id of its key.
    pub sealed: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when it is not used any more.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecret({:?}, •••)", self.purpose)
    }
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Its row.
    pub key: EndpointKey,
    /// Its public id.
    pub id: Uuid,
    /// The tenant it belongs to.
    pub tenant: TenantKey,
    /// What it is.
    pub kind: EndpointKind,
    /// Whether it is told anything.
    pub status: EndpointStatus,
    /// What the operator set.
    pub settings: EndpointSettings,
    /// Its secrets, newest first.
    pub secrets: Vec<SealedSecret>,
    /// Counts what an operator did with it: what was begun under another number is void.
    pub generation: u64,
    /// When it was made.
    pub created: Timestamp,
}

impl Endpoint {
    /// Whether it is told of this. Ends of requests are told to streams of tokens, and to whoever names them.
    pub fn hears(&self, event: &str, source: Option<&str>) -> bool {
        let ends = |text: &str| text.ends_with(".completed");
        let told = matches!(self.kind, EndpointKind::SetPush | EndpointKind::SetPoll)
            || !ends(event)
            || self.settings.events.iter().any(|pattern| ends(pattern));
        told && self.settings.wants(event, source)
    }
}

/// What an endpoint follows. Each has numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The tenant's changes.
    Changes,
}

impl Feed {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
        }
    }

    /// The feed of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Changes].into_iter().find(|feed| feed.as_str() == name)
    }
}

/// What has become of a delivery that is not simply done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried again, or stands behind one of the same resource.
    Waiting,
    /// Rollcall has given up; an operator may release or discard it.
    Parked,
    /// Taken before an earlier one was (RFC 8936 acknowledges in any order).
    Acknowledged,
}

/// What an operator says of parked deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfParked {
    /// They wait for their next attempt, as if none had been made.
    Release,
    /// They are given up for good.
    Discard,
}

impl OfParked {
    /// The verb in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Discard => "discard",
        }
    }
}

impl DeliveryState {
    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Parked, Self::Acknowledged].into_iter().find(|state| state.as_str() == name)
    }
}

/// A delivery that the cursor has passed, or that was taken out of turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the change.
    pub sequence: u64,
    /// The resource that it is about.
    pub resource: Uuid,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// It is not tried before.
    pub not_before: Timestamp,
    /// What went wrong last.
    pub error: String,
}

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It was taken.
    Delivered,
    /// It will be tried again.
    Retry,
    /// It is parked.
    Parked,
    /// The endpoint wants nothing any more.
    Disabled,
}

impl AttemptOutcome {
    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Parked => "parked",
            Self::Disabled => "disabled",
        }
    }

    /// The outcome of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Delivered, Self::Retry, Self::Parked, Self::Disabled]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// One attempt, for the delivery log. Without anything that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its place in the log; 0 before it is written.
    pub key: i64,
    /// The number of the change.
    pub sequence: u64,
    /// When it was sent.
    pub at: Timestamp,
    /// The how-manieth attempt it was, from 1.
    pub attempt: u32,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Milliseconds until the answer, or until it was given up.
    pub millis: u32,
    /// What it came to.
    pub outcome: AttemptOutcome,
    /// What went wrong.
    pub error: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_requests_are_told_to_streams_and_to_whoever_names_them() {
        for (kind, events, event, expected) in [
            (EndpointKind::SetPush, &[][..], "user.completed", true),
            (EndpointKind::SetPoll, &["user.*"], "user.completed", true),
            (EndpointKind::SetPoll, &["*.created"], "user.completed", false),
            (EndpointKind::Webhook, &[], "user.completed", false),
            (EndpointKind::Webhook, &["*"], "user.completed", false),
            (EndpointKind::Webhook, &["user.completed"], "user.completed", true),
            (EndpointKind::Webhook, &["*.completed"], "group.completed", true),
            (EndpointKind::Webhook, &[], "user.created", true),
        ] {
            let endpoint = Endpoint {
                key: EndpointKey(1),
                id: Uuid::nil(),
                tenant: TenantKey(1),
                kind,
                status: EndpointStatus::Active,
                settings: settings(events, &[]),
                secrets: Vec::new(),
                generation: 1,
                created: Timestamp(0),
            };
            assert_eq!(endpoint.hears(event, None), expected, "{kind:?} {events:?} {event}");
        }
    }

    fn settings(events: &[&str], sources: &[&str]) -> EndpointSettings {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        EndpointSettings { events: texts(events), sources: texts(sources), ..EndpointSettings::default() }
    }

    #[test]
    fn filters_say_what_an_endpoint_hears() {
        for (events, sources, event, source, expected) in [
            (&[][..], &[][..], "user.created", Some("okta"), true),
            (&["*"], &[], "user.created", None, true),
            (&["user.*"], &[], "user.deleted", Some("okta"), true),
            (&["User.*"], &[], "user.deleted", Some("okta"), true),
            (&["user.*"], &[], "group.deleted", Some("okta"), false),
            (&["*.deleted"], &[], "group.deleted", Some("okta"), true),
            (&["*.deleted"], &[], "group.updated", Some("okta"), false),
            (&["group.created", "user.created"], &[], "user.created", Some("okta"), true),
            (&["user.create"], &[], "user.created", Some("okta"), false),
            (&[], &["okta"], "user.created", Some("okta"), true),
            (&[], &["okta"], "user.created", Some("entra"), false),
            (&[], &["okta"], "user.created", None, false),
        ] {
            let found = settings(events, sources).wants(event, source);
            assert_eq!(found, expected, "{events:?} {sources:?} {event} {source:?}");
        }
    }

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        for (pattern, right) in [
            ("*", true),
            ("user.created", true),
            ("user.*", true),
            ("*.deleted", true),
            ("user", false),
            ("user.create", false),
            (".created", false),
            ("us*.created", false),
            ("", false),
        ] {
            assert_eq!(settings(&[pattern], &[]).check_events().is_ok(), right, "{pattern}");
        }
    }
}
