//! Security Event Tokens (RFC 8417): changes in the words of RFC 9967, signed, and polled (RFC 8936).

mod keys;
mod poll;

use rollcall_domain::change::ChangeKind;
use rollcall_domain::delivery::{Endpoint, EndpointKind};
use rollcall_domain::event::{self, Subject};
use rollcall_scim::Document;
use serde_json::{Map, Value, json};

pub(crate) use keys::KnownSigner;
pub use keys::Signer;
pub use poll::{PollRequest, Polled};

use crate::feed::FedChange;
use crate::{Service, render};

/// Members that a token lists at most; a larger group is told as `notice`.
const MAX_MEMBERS: u32 = 1_000;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The signing key cannot be made or used.
    #[error("tokens cannot be signed: {0}")]
    Key(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] rollcall_store::StoreError),
}

impl Service {
    /// The token that tells a stream of a change: `jti`, and the token. The same change has the same `jti` each time.
    ///
    /// # Errors
    ///
    /// [`SetError`].
    pub async fn security_event(
        &self,
        stream: &Endpoint,
        fed: &FedChange,
    ) -> Result<(String, String), SetError> {
        let document = self.document_after(fed, stream.settings.full).await?;
        let endpoint = self.endpoint_of(fed).await?;
        let change = &fed.change;
        let known = document.as_ref().map(|(document, _)| document);
        let external_id = known.and_then(|document| document.get("externalId")).and_then(Value::as_str);
        let current = document.as_ref().filter(|(_, current)| *current).map(|(document, _)| document);
        let subject = Subject { change, endpoint: &endpoint, external_id, document: current };
        let jti = jti(stream, change.sequence);
        let audience = match stream.settings.audience.as_slice() {
            [] => json!([stream.id.to_string()]),
            some => json!(some),
        };
        let claims = json!({
            "iss": self.issuer(),
            "iat": self.clock.now().0.div_euclid(1000),
            "jti": jti,
            "aud": audience,
            "txn": change.request_id,
            "toe": change.at.0.div_euclid(1000),
            "sub_id": event::subject(&subject),
            "events": event::events(&subject, stream.settings.full),
        });
        Ok((jti, self.sign_set(&claims).await?))
    }

    /// Claims as a token, signed with the current key.
    ///
    /// # Errors
    ///
    /// [`SetError`].
    pub async fn sign_set(&self, claims: &Value) -> Result<String, SetError> {
        self.signer().await?.sign(claims)
    }

    /// The resource as it is, and whether that is how the change left it.
    async fn document_after(
        &self,
        fed: &FedChange,
        whole: bool,
    ) -> Result<Option<(Document, bool)>, SetError> {
        let change = &fed.change;
        if change.kind == ChangeKind::Completed {
            return Ok(None);
        }
        if let Some(mut document) = fed.document() {
            let members = fed.added_members();
            if let Some(members) = members.as_ref().filter(|members| !members.is_empty()) {
                let members = members.iter().map(|id| json!({ "value": id }));
                document.insert("members".to_owned(), members.collect());
            }
            return Ok(Some((document, members.is_some() && change.kind != ChangeKind::Deleted)));
        }
        let found = self.store.get(change.source, &change.resource_type, change.resource).await?;
        let Some(stored) = found else { return Ok(None) };
        let Ok(mut document) = render::parse(&stored.body) else { return Ok(None) };
        let current = stored.version == change.version && stored.plain;
        if current && whole {
            let members = self.store.members(change.source, change.resource, 0, MAX_MEMBERS + 1).await?;
            if members.len() > MAX_MEMBERS as usize {
                return Ok(Some((document, false)));
            }
            if !members.is_empty() {
                let members = members.iter().map(|member| json!({ "value": member.value }));
                document.insert("members".to_owned(), members.collect());
            }
        }
        Ok(Some((document, current)))
    }

    /// The endpoint of the change's resource type.
    async fn endpoint_of(&self, fed: &FedChange) -> Result<String, SetError> {
        let name = &fed.change.resource_type;
        let runtime = match &fed.source {
            Some(slug) => self.runtime(slug).await.map_err(|error| SetError::Key(error.detail))?,
            None => None,
        };
        let kind = runtime.as_ref().and_then(|runtime| runtime.registry.type_named(name));
        Ok(kind.map_or_else(
            || format!("{name}s"),
            |kind| kind.resource_type.endpoint.trim_matches('/').to_owned(),
        ))
    }
}

/// The id of a token: of which stream, and which change.
fn jti(stream: &Endpoint, sequence: u64) -> String {
    format!("{}-{sequence}", stream.id.simple())
}

/// The change that a token of this stream tells of.
fn sequence_of(stream: &Endpoint, jti: &str) -> Option<u64> {
    jti.strip_prefix(&stream.id.simple().to_string())?.strip_prefix('-')?.parse().ok()
}

/// The kinds of endpoints that are told by tokens.
pub const STREAMS: &[EndpointKind] = &[EndpointKind::SetPush, EndpointKind::SetPoll];

/// `securityEvents` of `/ServiceProviderConfig` (RFC 9967 §4).
pub(crate) fn capability() -> Map<String, Value> {
    let mut capability = Map::new();
    capability.insert("asyncRequest".to_owned(), "request".into());
    capability.insert("eventUris".to_owned(), json!(event::EVENT_URIS));
    capability
}
