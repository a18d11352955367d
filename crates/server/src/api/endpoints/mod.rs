//! `/webhooks`, `/hooks` and `/streams`: three families of endpoints with the same handlers.

mod deliveries;
mod manage;
mod poll;
mod view;

use axum::routing::{delete, get, patch, post};
use rollcall_domain::api::ApiScope::{StreamsPoll, StreamsRead, StreamsWrite, WebhooksRead, WebhooksWrite};
use rollcall_domain::delivery::EndpointKind;
use schemars::SchemaGenerator;

use self::deliveries::{
    AttemptView, CountView, DeliveryView, ProgressView, ReplayBody, STATE, SequencesBody,
};
use self::manage::{CreatedView, RotateBody, SettingsBody};
use self::poll::{PollBody, PolledView};
use self::view::EndpointView;
use super::parameter::{CURSOR, LIMIT};
use super::route::{ApiRoute, Needs, Shows, object};

/// Which endpoints a path is about.
pub(super) trait Family: Send + Sync + 'static {
    /// Its kinds; the first is what is made when nothing is said.
    const KINDS: &'static [EndpointKind];
}

/// `/webhooks`.
struct Webhooks;
/// `/hooks`.
struct Hooks;
/// `/streams`.
struct Streams;

/// Streams that are polled.
struct Polled;

impl Family for Polled {
    const KINDS: &'static [EndpointKind] = &[EndpointKind::SetPoll];
}

impl Family for Webhooks {
    const KINDS: &'static [EndpointKind] = &[EndpointKind::Webhook];
}

impl Family for Hooks {
    const KINDS: &'static [EndpointKind] = &[EndpointKind::BeforeProvision, EndpointKind::AfterProvision];
}

impl Family for Streams {
    const KINDS: &'static [EndpointKind] = &[EndpointKind::SetPush, EndpointKind::SetPoll];
}

/// One row: method, path, scope, operation, summary, parameters, body, answer, handler.
macro_rules! row {
    ($method:literal $path:expr, $scope:ident, $operation:literal, $summary:literal, $parameters:expr,
        $takes:expr, $answer:expr, $handler:expr) => {
        ApiRoute {
            method: $method,
            path: $path,
            needs: Needs::Tenant($scope),
            operation: $operation,
            summary: $summary,
            parameters: $parameters,
            takes: $takes,
            answers: &[$answer],
            handler: || $handler,
        }
    };
}

macro_rules! one {
    ($view:ty) => {
        (200, Shows::One(SchemaGenerator::subschema_for::<$view>))
    };
}

macro_rules! page {
    ($view:ty) => {
        (200, Shows::Page(SchemaGenerator::subschema_for::<$view>))
    };
}

macro_rules! body {
    ($body:ty) => {
        Some(SchemaGenerator::subschema_for::<$body>)
    };
}

const MADE: (u16, Shows) = (201, Shows::One(SchemaGenerator::subschema_for::<CreatedView>));

pub(super) const WEBHOOKS: &[ApiRoute] = &[
    row!("GET" "/webhooks", WebhooksRead, "list_webhooks", "The tenant's webhooks, oldest first",
        &[LIMIT, CURSOR], None, page!(EndpointView), get(manage::list::<Webhooks>)),
    row!("POST" "/webhooks", WebhooksWrite, "create_webhook",
        "Make a webhook; the answer has its signing secret, which is not shown again",
        &[], body!(SettingsBody), MADE, post(manage::create::<Webhooks>)),
    row!("GET" "/webhooks/{webhook}", WebhooksRead, "get_webhook", "One webhook with its settings",
        &[], None, one!(EndpointView), get(manage::show::<Webhooks>)),
    row!("PATCH" "/webhooks/{webhook}", WebhooksWrite, "update_webhook",
        "Change settings, pause, or start again", &[], body!(SettingsBody), one!(EndpointView),
        patch(manage::update::<Webhooks>)),
    row!("DELETE" "/webhooks/{webhook}", WebhooksWrite, "delete_webhook", "Delete a webhook",
        &[], None, one!(EndpointView), delete(manage::remove::<Webhooks>)),
    row!("POST" "/webhooks/{webhook}/rotate", WebhooksWrite, "rotate_webhook_secret",
        "Make a new signing secret; the old one signs too for a while", &[], body!(RotateBody),
        one!(CreatedView), post(manage::rotate::<Webhooks>)),
    row!("GET" "/webhooks/{webhook}/status", WebhooksRead, "get_webhook_status", "How far it has come",
        &[], None, one!(ProgressView), get(deliveries::status::<Webhooks>)),
    row!("POST" "/webhooks/{webhook}/replay", WebhooksWrite, "replay_webhook",
        "Tell again what comes after a change", &[], body!(ReplayBody), one!(ProgressView),
        post(deliveries::replay::<Webhooks>)),
    row!("GET" "/webhooks/{webhook}/deliveries", WebhooksRead, "list_webhook_deliveries",
        "Deliveries that are parked, or wait for another attempt", &[STATE, LIMIT, CURSOR], None,
        page!(DeliveryView), get(deliveries::list::<Webhooks>)),
    row!("POST" "/webhooks/{webhook}/release", WebhooksWrite, "release_webhook_deliveries",
        "Try parked deliveries again", &[], body!(SequencesBody), one!(CountView),
        post(deliveries::release::<Webhooks>)),
    row!("POST" "/webhooks/{webhook}/discard", WebhooksWrite, "discard_webhook_deliveries",
        "Give parked deliveries up", &[], body!(SequencesBody), one!(CountView),
        post(deliveries::discard::<Webhooks>)),
    row!("GET" "/webhooks/{webhook}/attempts", WebhooksRead, "list_webhook_attempts",
        "The latest attempts, newest first", &[LIMIT, CURSOR], None, page!(AttemptView),
        get(deliveries::attempts::<Webhooks>)),
];

pub(super) const HOOKS: &[ApiRoute] = &[
    row!("GET" "/hooks", WebhooksRead, "list_hooks", "The tenant's synchronous hooks, oldest first",
        &[LIMIT, CURSOR], None, page!(EndpointView), get(manage::list::<Hooks>)),
    row!("POST" "/hooks", WebhooksWrite, "create_hook",
        "Make a hook that is asked before, or told after, an identity is changed",
        &[], body!(SettingsBody), MADE, post(manage::create::<Hooks>)),
    row!("GET" "/hooks/{hook}", WebhooksRead, "get_hook", "One hook with its settings",
        &[], None, one!(EndpointView), get(manage::show::<Hooks>)),
    row!("PATCH" "/hooks/{hook}", WebhooksWrite, "update_hook", "Change settings, pause, or start again",
        &[], body!(SettingsBody), one!(EndpointView), patch(manage::update::<Hooks>)),
    row!("DELETE" "/hooks/{hook}", WebhooksWrite, "delete_hook", "Delete a hook",
        &[], None, one!(EndpointView), delete(manage::remove::<Hooks>)),
    row!("POST" "/hooks/{hook}/rotate", WebhooksWrite, "rotate_hook_secret",
        "Make a new signing secret; the old one signs too for a while", &[], body!(RotateBody),
        one!(CreatedView), post(manage::rotate::<Hooks>)),
];

pub(super) const STREAMS: &[ApiRoute] = &[
    row!("GET" "/streams", StreamsRead, "list_streams",
        "The tenant's streams of Security Event Tokens, oldest first", &[LIMIT, CURSOR], None,
        page!(EndpointView), get(manage::list::<Streams>)),
    row!("POST" "/streams", StreamsWrite, "create_stream",
        "Make a stream that is pushed (RFC 8935) or polled (RFC 8936)", &[], body!(SettingsBody), MADE,
        post(manage::create::<Streams>)),
    row!("GET" "/streams/{stream}", StreamsRead, "get_stream", "One stream with its settings",
        &[], None, one!(EndpointView), get(manage::show::<Streams>)),
    row!("PATCH" "/streams/{stream}", StreamsWrite, "update_stream", "Change settings, pause, or start again",
        &[], body!(SettingsBody), one!(EndpointView), patch(manage::update::<Streams>)),
    row!("DELETE" "/streams/{stream}", StreamsWrite, "delete_stream", "Delete a stream",
        &[], None, one!(EndpointView), delete(manage::remove::<Streams>)),
    row!("GET" "/streams/{stream}/status", StreamsRead, "get_stream_status", "How far it has come",
        &[], None, one!(ProgressView), get(deliveries::status::<Streams>)),
    row!("POST" "/streams/{stream}/replay", StreamsWrite, "replay_stream",
        "Tell again what comes after a change", &[], body!(ReplayBody), one!(ProgressView),
        post(deliveries::replay::<Streams>)),
    row!("GET" "/streams/{stream}/deliveries", StreamsRead, "list_stream_deliveries",
        "Tokens that are parked, or wait for another attempt", &[STATE, LIMIT, CURSOR], None,
        page!(DeliveryView), get(deliveries::list::<Streams>)),
    row!("POST" "/streams/{stream}/release", StreamsWrite, "release_stream_deliveries",
        "Try parked tokens again", &[], body!(SequencesBody), one!(CountView),
        post(deliveries::release::<Streams>)),
    row!("POST" "/streams/{stream}/discard", StreamsWrite, "discard_stream_deliveries",
        "Give parked tokens up", &[], body!(SequencesBody), one!(CountView),
        post(deliveries::discard::<Streams>)),
    row!("GET" "/streams/{stream}/attempts", StreamsRead, "list_stream_attempts",
        "The latest attempts, newest first", &[LIMIT, CURSOR], None, page!(AttemptView),
        get(deliveries::attempts::<Streams>)),
    row!("POST" "/streams/{stream}/poll", StreamsPoll, "poll_stream",
        "Acknowledge tokens, and get those that are not acknowledged (RFC 8936)", &[], body!(PollBody),
        one!(PolledView), post(poll::poll)),
    ApiRoute {
        method: "POST",
        path: "/signing-keys/rotate",
        needs: Needs::Installation(StreamsWrite),
        operation: "rotate_signing_key",
        summary: "Sign Security Event Tokens with a new key; the old one stays published for 30 days",
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || post(poll::rotate_key),
    },
];
