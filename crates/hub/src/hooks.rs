//! The client of synchronous hooks.
//!
//! A hook is a webhook that is asked while the request waits: `beforeProvision` may change the profile or refuse,
//! `afterProvision` is told. When it does not answer in time, what its operator set for that counts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;
use rollcall_connector::transport::{Posted, Poster};
use rollcall_domain::clock::{Clock, Ids};
use rollcall_domain::delivery::{Endpoint, EndpointKind, EndpointStatus, WhenDown};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::pipeline::HookAnswer;
use rollcall_domain::source::Source;
use rollcall_service::hooks::{Asked, Hooks, Moment, Told};
use rollcall_service::vault::Vault;
use rollcall_store::AnyStore;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sink::Sink;

/// Asks the hooks of all tenants.
pub struct HookClient {
    store: AnyStore,
    vault: Arc<Vault>,
    poster: Poster,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    timeout: Duration,
    known: RwLock<Known>,
}

/// The hooks as of one epoch of the store's stamps.
#[derive(Default)]
struct Known {
    epoch: Option<u32>,
    hooks: Vec<Arc<Hook>>,
}

struct Hook {
    endpoint: Endpoint,
    /// `None`: its secret cannot be opened, so it is down.
    sink: Option<Sink>,
}

/// What a `beforeProvision` hook answers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Another profile.
    profile: Option<Profile>,
    /// Why it may not be.
    refuse: Option<String>,
}

impl HookClient {
    /// A client that reads hooks from this store. `timeout` is for hooks that have none of their own.
    pub fn new(
        store: AnyStore,
        vault: Arc<Vault>,
        poster: Poster,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
        timeout: Duration,
    ) -> Self {
        Self { store, vault, poster, clock, ids, timeout, known: RwLock::default() }
    }

    /// The source's hooks of a moment, read anew when something was set since.
    async fn of(&self, source: &Source, moment: Moment) -> Result<Vec<Arc<Hook>>, String> {
        let epoch = self.store.stamps().epoch();
        if self.known.read().epoch != Some(epoch) {
            let endpoints = self.store.endpoints(None).await.map_err(|error| error.to_string())?;
            let active =
                |endpoint: &Endpoint| endpoint.kind.is_hook() && endpoint.status == EndpointStatus::Active;
            let hooks = endpoints.into_iter().filter(active).map(|endpoint| {
                let sink = Sink::new(&endpoint, &self.vault, self.poster.clone(), self.timeout);
                Arc::new(Hook { endpoint, sink: sink.ok() })
            });
            *self.known.write() = Known { epoch: Some(epoch), hooks: hooks.collect() };
        }
        let known = self.known.read();
        Ok(known.hooks.iter().filter(|hook| hook.is_of(source, moment)).cloned().collect())
    }

    async fn ask(&self, hook: &Hook, kind: &str, asked: &Asked<'_>, more: &Value) -> Result<Posted, String> {
        let now = self.clock.now();
        let mut data = json!({
            "source": asked.source.slug,
            "request_id": asked.request_id,
            "occasion": asked.occasion,
            "resource": asked.resource.to_string(),
            "profile": asked.profile,
        });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        let body = json!({ "type": kind, "timestamp": now.to_string(), "data": data });
        let id = format!("hook_{}", self.ids.uuid(now).simple());
        let Some(sink) = &hook.sink else { return Err("its secret cannot be opened".to_owned()) };
        match sink.send(&id, &body, now).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) => Err(format!("answered {}", answer.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Hook {
    fn is_of(&self, source: &Source, moment: Moment) -> bool {
        let kind = match moment {
            Moment::Before => EndpointKind::BeforeProvision,
            Moment::After => EndpointKind::AfterProvision,
        };
        let sources = &self.endpoint.settings.sources;
        self.endpoint.kind == kind
            && self.endpoint.tenant == source.tenant
            && (sources.is_empty() || sources.contains(&source.slug))
    }

    /// What is set for when it is down.
    fn down(&self, reason: String) -> HookAnswer {
        tracing::warn!(endpoint = %self.endpoint.id, reason, "a hook did not answer");
        HookAnswer::Down { goes_on: self.endpoint.settings.when_down == WhenDown::Proceed, reason }
    }
}

/// What an answer of a `beforeProvision` hook says. An empty one, or `{}`: go on.
fn read(answer: &Posted) -> Result<HookAnswer, String> {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(HookAnswer::Unchanged);
    }
    let said: Said = serde_json::from_slice(&answer.body).map_err(|error| {
        format!(
            "its answer is not {{\"profile\":…}} or {{\"refuse\":…}}: line {}, column {}",
            error.line(),
            error.column()
        )
    })?;
    Ok(match said {
        Said { refuse: Some(reason), .. } => HookAnswer::Refused(reason),
        Said { profile: Some(profile), .. } => HookAnswer::Changed(Box::new(profile)),
        Said { .. } => HookAnswer::Unchanged,
    })
}

#[async_trait]
impl Hooks for HookClient {
    fn has(&self, source: &Source, moment: Moment) -> bool {
        let known = self.known.read();
        // What was set since is read when it is asked.
        known.epoch != Some(self.store.stamps().epoch())
            || known.hooks.iter().any(|hook| hook.is_of(source, moment))
    }

    async fn before_provision(&self, asked: Asked<'_>) -> HookAnswer {
        let hooks = match self.of(asked.source, Moment::Before).await {
            Ok(hooks) => hooks,
            Err(reason) => return HookAnswer::Down { goes_on: false, reason },
        };
        let mut last = HookAnswer::None;
        let mut profile = asked.profile.clone();
        for hook in hooks {
            let asked = Asked { profile: &profile, ..asked };
            let answer = self.ask(&hook, "beforeProvision", &asked, &Value::Null).await;
            match answer.and_then(|answer| read(&answer)).unwrap_or_else(|reason| hook.down(reason)) {
                HookAnswer::Changed(changed) => {
                    profile = (*changed).clone();
                    last = HookAnswer::Changed(changed);
                }
                stop @ (HookAnswer::Refused(_) | HookAnswer::Down { goes_on: false, .. }) => return stop,
                // A profile that an earlier one changed stays changed.
                other if !matches!(last, HookAnswer::Changed(_)) => last = other,
                _ => {}
            }
        }
        last
    }

    async fn after_provision(&self, told: Told<'_>) {
        let Ok(hooks) = self.of(told.asked.source, Moment::After).await else { return };
        let more = json!({
            "identity": told.identity.map(|id| id.to_string()),
            "outcome": told.outcome,
            "difference": told.difference,
        });
        for hook in hooks {
            if let Err(reason) = self.ask(&hook, "afterProvision", &told.asked, &more).await {
                let _ = hook.down(reason);
            }
        }
    }
}
