//! Making, showing, changing and deleting endpoints.

use axum::extract::State;
use rollcall_domain::delivery::{Endpoint, EndpointKind, EndpointSettings, WhenDown};
use rollcall_service::admin::{EndpointChange, NewEndpoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Family;
use super::view::EndpointView;
use crate::App;
use crate::api::body::{At, Sent, created, shown};
use crate::api::guard::{Asked, Within};
use crate::api::page::page;
use crate::api::problem::{Answer, Problem};

/// Seconds that an old secret signs beside the new one, when nothing is said.
const OVERLAP_SECONDS: u32 = 24 * 3600;

/// A new endpoint, or what of one is changed; what is left out stays, or is the default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "EndpointSettings")]
#[serde(deny_unknown_fields, default)]
pub(super) struct SettingsBody {
    /// Of a new hook `before_provision` or `after_provision`, of a new stream `set_push` or `set_poll`.
    kind: Option<String>,
    /// Of a new endpoint: the number of the change after which it begins; without: what comes from now on.
    after: Option<u64>,
    /// Of one that is there: `active` or `paused`.
    status: Option<String>,
    /// For people.
    description: Option<String>,
    /// Where requests go.
    url: Option<String>,
    /// Patterns of event types: `user.created`, `user.*`, `*.deleted`. Empty: all.
    events: Option<Vec<String>>,
    /// Slugs of sources. Empty: all.
    sources: Option<Vec<String>>,
    /// Milliseconds that an answer may take; 0 for the default.
    timeout_ms: Option<u32>,
    /// What it means when a hook does not answer: `proceed` or `refuse`.
    when_down: Option<String>,
    /// `aud` of Security Event Tokens.
    audience: Option<Vec<String>>,
    /// Whether Security Event Tokens carry the data.
    full: Option<bool>,
    /// The `Authorization` header that is sent; empty for none. It is not shown again.
    authorization: Option<String>,
}

/// How a secret is rotated.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "RotateSecret")]
#[serde(deny_unknown_fields, default)]
pub(super) struct RotateBody {
    /// Seconds that the old secret signs too; 86,400 unless said.
    overlap_seconds: Option<u32>,
}

/// An endpoint with the secret that is not shown again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CreatedEndpoint")]
pub(super) struct CreatedView {
    /// The endpoint.
    endpoint: EndpointView,
    /// What is sent is signed with it (Standard Webhooks); null for a stream.
    secret: Option<String>,
}

impl SettingsBody {
    /// The settings with what was given in the place of what was.
    fn over(self, mut settings: EndpointSettings) -> Result<(EndpointSettings, Option<String>), Problem> {
        let put = |place: &mut String, given: Option<String>| *place = given.unwrap_or(std::mem::take(place));
        put(&mut settings.description, self.description);
        put(&mut settings.url, self.url);
        settings.events = self.events.unwrap_or(settings.events);
        settings.sources = self.sources.unwrap_or(settings.sources);
        settings.timeout_ms = self.timeout_ms.unwrap_or(settings.timeout_ms);
        settings.audience = self.audience.unwrap_or(settings.audience);
        settings.full = self.full.unwrap_or(settings.full);
        settings.when_down = match self.when_down.as_deref() {
            None => settings.when_down,
            Some("proceed") => WhenDown::Proceed,
            Some("refuse") => WhenDown::Refuse,
            Some(other) => {
                return Err(Problem::invalid(format!("when_down: {other:?}; give proceed or refuse")));
            }
        };
        Ok((settings, self.authorization))
    }
}

fn kind<F: Family>(name: Option<&str>) -> Result<EndpointKind, Problem> {
    let names = || F::KINDS.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ");
    match (name, F::KINDS) {
        (None, [only]) => Ok(*only),
        (Some(name), kinds) if kinds.iter().any(|kind| kind.as_str() == name) => {
            EndpointKind::parse(name).ok_or_else(|| Problem::internal("a kind without a name"))
        }
        _ => Err(Problem::invalid(format!("kind: give {}", names()))),
    }
}

/// The endpoint that the path names.
pub(super) async fn found<F: Family>(
    app: &App,
    Within(admin): &Within,
    id: &str,
) -> Result<Endpoint, Problem> {
    Ok(app.service.endpoint(admin, F::KINDS, id).await?)
}

/// 200.
pub(super) async fn list<F: Family>(State(app): State<App>, Within(admin): Within, asked: Asked) -> Answer {
    let endpoints = app.service.endpoints(&admin, F::KINDS, &asked.paging()).await?;
    page(&app, &asked, endpoints, EndpointView::from)
}

/// 201 or 400.
pub(super) async fn create<F: Family>(
    State(app): State<App>,
    Within(admin): Within,
    Sent(new): Sent<SettingsBody>,
) -> Answer {
    let (kind, after) = (kind::<F>(new.kind.as_deref())?, new.after);
    if new.status.is_some() {
        return Err(Problem::invalid("status: a new endpoint is active; leave it out"));
    }
    let (settings, authorization) = new.over(EndpointSettings::default())?;
    let new = NewEndpoint { kind, settings, authorization, after };
    let (endpoint, secret) = app.service.create_endpoint(&admin, new).await?;
    Ok(created(&CreatedView { endpoint: endpoint.into(), secret }))
}

/// 200 or 404.
pub(super) async fn show<F: Family>(State(app): State<App>, within: Within, At(id): At<String>) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    Ok(shown(&EndpointView::from(endpoint)))
}

/// 200, 400 or 404.
pub(super) async fn update<F: Family>(
    State(app): State<App>,
    within: Within,
    At(id): At<String>,
    Sent(body): Sent<SettingsBody>,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    let active = match body.status.as_deref() {
        None => None,
        Some("active") => Some(true),
        Some("paused") => Some(false),
        Some(other) => return Err(Problem::invalid(format!("status: {other:?}; give active or paused"))),
    };
    if body.kind.is_some() || body.after.is_some() {
        return Err(Problem::invalid("kind and after are for a new endpoint; to go back, replay"));
    }
    let (settings, authorization) = body.over(endpoint.settings.clone())?;
    let settings = Some(settings).filter(|settings| *settings != endpoint.settings);
    let change = EndpointChange { settings, active, authorization };
    Ok(shown(&EndpointView::from(app.service.update_endpoint(&within.0, &endpoint, change).await?)))
}

/// 200 with what it was, or 404.
pub(super) async fn remove<F: Family>(State(app): State<App>, within: Within, At(id): At<String>) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    app.service.delete_endpoint(&within.0, &endpoint).await?;
    Ok(shown(&EndpointView::from(endpoint)))
}

/// 200, 400 or 404.
pub(super) async fn rotate<F: Family>(
    State(app): State<App>,
    within: Within,
    At(id): At<String>,
    Sent(body): Sent<RotateBody>,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    let overlap_ms = i64::from(body.overlap_seconds.unwrap_or(OVERLAP_SECONDS)) * 1000;
    let (endpoint, secret) = app.service.rotate_secret(&within.0, &endpoint, overlap_ms).await?;
    Ok(shown(&CreatedView { endpoint: endpoint.into(), secret: Some(secret) }))
}
