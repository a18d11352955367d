//! What is sent of a change, and how it is signed.

use std::time::Duration;

use bytes::Bytes;
use rollcall_connector::transport::{PostError, Posted, Poster};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Endpoint, EndpointKind, SealedSecret, SecretUse};
use rollcall_service::Service;
use rollcall_service::feed::FedChange;
use rollcall_service::vault::{Vault, VaultError};
use serde_json::{Value, json};

use crate::signature;

/// An endpoint's address and opened secrets.
pub(crate) struct Sink {
    endpoint: Endpoint,
    timeout: Duration,
    signing: Vec<(String, Option<Timestamp>)>,
    authorization: Option<String>,
    poster: Poster,
}

impl Sink {
    /// Opens the endpoint's secrets.
    pub(crate) fn new(
        endpoint: &Endpoint,
        vault: &Vault,
        poster: Poster,
        timeout: Duration,
    ) -> Result<Self, VaultError> {
        let opened = |secret: &SealedSecret| vault.open(&secret.sealed, endpoint.id.as_bytes());
        let (mut signing, mut authorization) = (Vec::new(), None);
        for secret in &endpoint.secrets {
            match secret.purpose {
                SecretUse::Signing => signing.push((opened(secret)?, secret.expires)),
                SecretUse::Authorization => authorization = Some(opened(secret)?),
            }
        }
        let timeout = match endpoint.settings.timeout_ms {
            0 => timeout,
            ms => Duration::from_millis(ms.into()),
        };
        Ok(Self { endpoint: endpoint.clone(), timeout, signing, authorization, poster })
    }

    /// Tells a change. The id is the same whenever it is told.
    pub(crate) async fn tell(
        &self,
        service: &Service,
        fed: &FedChange,
        now: Timestamp,
    ) -> Result<Posted, PostError> {
        if self.endpoint.kind == EndpointKind::SetPush {
            let token = service.security_event(&self.endpoint, fed).await;
            let (_, token) = token.map_err(|error| PostError::Broken(error.to_string()))?;
            let headers = vec![
                ("content-type", "application/secevent+jwt".to_owned()),
                ("accept", "application/json".to_owned()),
            ];
            return self.post(headers, token.into()).await;
        }
        let id = format!("msg_{}_{}", self.endpoint.id.simple(), fed.change.sequence);
        self.send(&id, &message(fed), now).await
    }

    /// Signs and sends (Standard Webhooks).
    pub(crate) async fn send(&self, id: &str, body: &Value, now: Timestamp) -> Result<Posted, PostError> {
        let body = Bytes::from(body.to_string());
        let valid = self.signing.iter().filter(|(_, expires)| expires.is_none_or(|at| now < at));
        let secrets: Vec<String> = valid.map(|(secret, _)| secret.clone()).collect();
        let signed = signature::headers(id, now, &body, &secrets);
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(signed.ok_or_else(|| PostError::Broken("a secret cannot sign".to_owned()))?);
        self.post(headers, body).await
    }

    async fn post(&self, mut headers: Vec<(&'static str, String)>, body: Bytes) -> Result<Posted, PostError> {
        headers.extend(self.authorization.iter().map(|value| ("authorization", value.clone())));
        self.poster.post(&self.endpoint.settings.url, &headers, body, self.timeout).await
    }
}

/// `{"type","timestamp","data"}`, as the Standard Webhooks specification has it; `data` is the change as the feed
/// shows it.
fn message(fed: &FedChange) -> Value {
    let mut data = fed.shown();
    let (mut kind, mut at) = (Value::Null, Value::Null);
    if let Some(data) = data.as_object_mut() {
        kind = data.shift_remove("type").unwrap_or_default();
        at = data.shift_remove("at").unwrap_or_default();
    }
    json!({ "type": kind, "timestamp": at, "data": data })
}
