//! What an application says about itself: asked once, kept, and overridden by the profile.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::profile::{Profile, ScimVersion};
use crate::transport::{PeerError, Request, Transport};

/// The three documents of RFC 7644 §4. An application that has none of them is taken as it is.
#[derive(Debug, Clone)]
pub struct Discovery {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    transport: Transport,
    ask: bool,
    version: ScimVersion,
    config_over: Map<String, Value>,
    schemas_over: Vec<Value>,
    config: OnceCell<Arc<Value>>,
    types: OnceCell<Arc<Vec<Value>>>,
    schemas: OnceCell<Arc<Vec<Value>>>,
}

impl Discovery {
    /// Prepares; nothing is asked yet.
    pub fn new(transport: Transport, profile: &Profile) -> Self {
        let given = &profile.discovery;
        Self {
            inner: Arc::new(Inner {
                transport,
                ask: given.ask,
                version: profile.scim_version,
                config_over: given.service_provider_config.clone(),
                schemas_over: given.schemas.clone(),
                config: OnceCell::new(),
                types: OnceCell::new(),
                schemas: OnceCell::new(),
            }),
        }
    }

    /// `ServiceProviderConfig` (in SCIM 1.1 `ServiceProviderConfigs`), the profile's over it. An object, empty if
    /// the application has none.
    ///
    /// # Errors
    ///
    /// [`PeerError`], but not that the endpoint is not there.
    pub async fn service_provider_config(&self) -> Result<Arc<Value>, PeerError> {
        let inner = &self.inner;
        let asked = inner.config.get_or_try_init(|| async {
            let endpoint = match inner.version {
                ScimVersion::V1 => "ServiceProviderConfigs",
                ScimVersion::V2 => "ServiceProviderConfig",
            };
            let mut found = match inner.ask(endpoint).await? {
                Some(Value::Object(found)) => first_of_list(found),
                _ => Map::new(),
            };
            merge(&mut found, &inner.config_over);
            Ok(Arc::new(Value::Object(found)))
        });
        asked.await.cloned()
    }

    /// `ResourceTypes`; without them `Users` and `Groups`. SCIM 1.1 has none.
    ///
    /// # Errors
    ///
    /// As [`Discovery::service_provider_config`].
    pub async fn resource_types(&self) -> Result<Arc<Vec<Value>>, PeerError> {
        let inner = &self.inner;
        let asked = inner.types.get_or_try_init(|| async {
            let found = match inner.version {
                ScimVersion::V1 => None,
                ScimVersion::V2 => inner.ask("ResourceTypes").await?,
            };
            let found = found.map(list).unwrap_or_default();
            Ok(Arc::new(if found.is_empty() { default_types() } else { found }))
        });
        asked.await.cloned()
    }

    /// `Schemas`, those of the profile instead of those with the same id. Empty if there are none.
    ///
    /// # Errors
    ///
    /// As [`Discovery::service_provider_config`].
    pub async fn schemas(&self) -> Result<Arc<Vec<Value>>, PeerError> {
        let inner = &self.inner;
        let asked = inner.schemas.get_or_try_init(|| async {
            let mut found = inner.ask("Schemas").await?.map(list).unwrap_or_default();
            let id = |schema: &Value| schema.get("id").cloned();
            found.retain(|schema| !inner.schemas_over.iter().any(|over| id(over) == id(schema)));
            found.extend(inner.schemas_over.iter().cloned());
            Ok(Arc::new(found))
        });
        asked.await.cloned()
    }
}

impl Inner {
    /// A document; `None` when the application has none, or may not show it.
    async fn ask(&self, endpoint: &str) -> Result<Option<Value>, PeerError> {
        if !self.ask {
            return Ok(None);
        }
        match self.transport.send(&Request::get([endpoint])).await {
            Ok(reply) => Ok(reply.body),
            Err(
                error @ (PeerError::Gone(_)
                | PeerError::NotFound(_)
                | PeerError::Forbidden(_)
                | PeerError::Invalid(_)
                | PeerError::Unsupported(_)
                | PeerError::Rejected(_)
                | PeerError::Redirected { .. }
                | PeerError::NotJson { .. }),
            ) => {
                tracing::debug!(%error, endpoint, "the application does not describe itself");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Some applications answer with a list of one.
fn first_of_list(mut answer: Map<String, Value>) -> Map<String, Value> {
    match answer.get_mut("Resources").and_then(|list| list.get_mut(0)).map(Value::take) {
        Some(Value::Object(first)) => first,
        _ => answer,
    }
}

/// The elements of a list, or of a plain array.
fn list(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(items) => items,
        Value::Object(mut members) => match members.remove("Resources") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn merge(into: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (into.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(over)) => merge(into, over),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn default_types() -> Vec<Value> {
    let of = |name: &str, endpoint: &str| {
        json!({
            "id": name, "name": name, "endpoint": endpoint,
            "schema": format!("urn:ietf:params:scim:schemas:core:2.0:{name}"),
        })
    };
    vec![of("User", "/Users"), of("Group", "/Groups")]
}
