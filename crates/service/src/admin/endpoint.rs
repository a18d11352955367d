//! Endpoints: webhooks, streams of Security Event Tokens, and hooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::{Ids, Timestamp};
use rollcall_domain::delivery::{
    Endpoint, EndpointKey, EndpointKind, EndpointSettings, EndpointStatus, SealedSecret, SecretUse,
};
use rollcall_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admin, AdminError, Page, Paging};
use crate::Service;
use crate::vault::{Vault, VaultError};

/// What a signing secret begins with (Standard Webhooks).
const SECRET_START: &str = "whsec_";
/// Secrets that sign at the same time, at most.
const MAX_SECRETS: usize = 5;
/// Milliseconds that an answer may take at most, of a hook and of anything else.
const MAX_TIMEOUT_MS: (u32, u32) = (10_000, 60_000);
const MAX_URL_BYTES: usize = 2_048;

/// What an endpoint is made with.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// What is set.
    pub settings: EndpointSettings,
    /// The `Authorization` header that is sent to it.
    pub authorization: Option<String>,
    /// It is told what comes after this change; without, what comes from now on.
    pub after: Option<u64>,
}

/// What is changed of an endpoint. What is left out stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    /// Other settings.
    pub settings: Option<EndpointSettings>,
    /// Whether it is told anything.
    pub active: Option<bool>,
    /// Another `Authorization` header; an empty one for none.
    pub authorization: Option<String>,
}

impl Service {
    /// Makes an endpoint. The signing secret of a webhook or hook is returned, and not shown again.
    ///
    /// # Errors
    ///
    /// `Forbidden`; `Invalid` for settings or a place in the sequence that cannot be.
    pub async fn create_endpoint(
        &self,
        admin: &Admin,
        new: NewEndpoint,
    ) -> Result<(Endpoint, Option<String>), AdminError> {
        require(admin, new.kind, true)?;
        self.check_endpoint(admin, new.kind, &new.settings).await?;
        let after = self.place(admin, new.after).await?;
        let now = self.clock.now();
        let mut endpoint = Endpoint {
            key: EndpointKey(0),
            id: self.ids.uuid(now),
            tenant: admin.tenant.key,
            kind: new.kind,
            status: EndpointStatus::Active,
            settings: new.settings,
            secrets: Vec::new(),
            generation: 1,
            created: now,
        };
        let secret = signs(new.kind).then(|| fresh_secret(self.ids.as_ref()));
        if let Some(secret) = &secret {
            endpoint.secrets.push(self.sealed(endpoint.id, SecretUse::Signing, secret)?);
        }
        if let Some(header) = new.authorization.filter(|header| !header.is_empty()) {
            endpoint.secrets.push(self.sealed(endpoint.id, SecretUse::Authorization, &header)?);
        }
        let entry = self.endpoint_entry(admin, &endpoint, "create", &Value::Null, &told(&endpoint));
        endpoint.key =
            self.store.create_endpoint(&endpoint, after, &entry).await.map_err(AdminError::Store)?;
        Ok((endpoint, secret))
    }

    /// The tenant's endpoints of these kinds, oldest first.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn endpoints(
        &self,
        admin: &Admin,
        kinds: &[EndpointKind],
        paging: &Paging,
    ) -> Result<Page<Endpoint>, AdminError> {
        for kind in kinds {
            require(admin, *kind, false)?;
        }
        let mut all = self.store.endpoints(Some(admin.tenant.key)).await.map_err(AdminError::Store)?;
        all.retain(|endpoint| kinds.contains(&endpoint.kind));
        Ok(Page::within(all, paging, |endpoint| endpoint.id.to_string()))
    }

    /// One of them, for whoever may do anything with it. `kinds`: those that it may be of.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn endpoint(
        &self,
        admin: &Admin,
        kinds: &[EndpointKind],
        id: &str,
    ) -> Result<Endpoint, AdminError> {
        for kind in kinds {
            require_any(admin, *kind)?;
        }
        let all = self.store.endpoints(Some(admin.tenant.key)).await.map_err(AdminError::Store)?;
        let id = Uuid::try_parse(id).ok();
        let found = all.into_iter().find(|one| Some(one.id) == id && kinds.contains(&one.kind));
        found.ok_or_else(|| AdminError::NotFound("the tenant has no such endpoint".to_owned()))
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Invalid`, `NotFound`, `Store`.
    pub async fn update_endpoint(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        change: EndpointChange,
    ) -> Result<Endpoint, AdminError> {
        require(admin, endpoint.kind, true)?;
        let mut changed = endpoint.clone();
        if let Some(settings) = change.settings {
            self.check_endpoint(admin, endpoint.kind, &settings).await?;
            changed.settings = settings;
        }
        match change.active {
            Some(true) => changed.status = EndpointStatus::Active,
            Some(false) => changed.status = EndpointStatus::Paused,
            None => {}
        }
        if let Some(header) = change.authorization {
            changed.secrets.retain(|secret| secret.purpose != SecretUse::Authorization);
            if !header.is_empty() {
                changed.secrets.push(self.sealed(endpoint.id, SecretUse::Authorization, &header)?);
            }
        }
        self.write_endpoint(admin, "update", endpoint, changed).await
    }

    /// Gives an endpoint a new signing secret, which is returned and not shown again. Those that it has sign too, for
    /// so many milliseconds.
    ///
    /// # Errors
    ///
    /// `Forbidden`; `Invalid` for an endpoint that nothing is signed for; `NotFound`, `Store`.
    pub async fn rotate_secret(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        overlap_ms: i64,
    ) -> Result<(Endpoint, String), AdminError> {
        require(admin, endpoint.kind, true)?;
        if !signs(endpoint.kind) {
            let text = "tokens of a stream are signed with the server's keys; rotate these";
            return Err(AdminError::Invalid(text.to_owned()));
        }
        let (now, until) = (self.clock.now(), self.in_milliseconds(overlap_ms.max(0)));
        let mut changed = endpoint.clone();
        for secret in changed.secrets.iter_mut().filter(|secret| secret.purpose == SecretUse::Signing) {
            secret.expires = Some(secret.expires.map_or(until, |at| at.min(until)));
        }
        changed.secrets.retain(|secret| secret.expires.is_none_or(|at| now < at));
        let secret = fresh_secret(self.ids.as_ref());
        changed.secrets.insert(0, self.sealed(endpoint.id, SecretUse::Signing, &secret)?);
        changed.secrets.truncate(MAX_SECRETS);
        Ok((self.write_endpoint(admin, "rotate", endpoint, changed).await?, secret))
    }

    /// Deletes an endpoint.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn delete_endpoint(&self, admin: &Admin, endpoint: &Endpoint) -> Result<(), AdminError> {
        require(admin, endpoint.kind, true)?;
        let entry = self.endpoint_entry(admin, endpoint, "delete", &told(endpoint), &Value::Null);
        self.store.delete_endpoint(endpoint.key, &entry).await.map_err(AdminError::Store)
    }

    /// Seals secrets anew that were sealed with an older key. Returns how many endpoints had such.
    ///
    /// # Errors
    ///
    /// The store's. A secret that cannot be opened stays as it is, with a line in the log.
    pub async fn reseal_secrets(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for mut endpoint in self.store.endpoints(None).await? {
            let mut old = false;
            let place = *endpoint.id.as_bytes();
            for secret in endpoint.secrets.iter_mut().filter(|secret| self.vault.is_old(&secret.sealed)) {
                match reseal(&self.vault, &secret.sealed, &place, self.ids.as_ref()) {
                    Ok(sealed) => (secret.sealed, old) = (sealed, true),
                    Err(error) => {
                        tracing::error!(endpoint = %endpoint.id, %error, "a secret cannot be opened");
                    }
                }
            }
            if old {
                self.store.reseal_endpoint(&endpoint).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn write_endpoint(
        &self,
        admin: &Admin,
        verb: &str,
        before: &Endpoint,
        mut after: Endpoint,
    ) -> Result<Endpoint, AdminError> {
        let entry = self.endpoint_entry(admin, before, verb, &told(before), &told(&after));
        self.store.update_endpoint(&after, &entry).await.map_err(AdminError::Store)?;
        after.generation += 1;
        Ok(after)
    }

    pub(super) fn endpoint_entry(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        verb: &str,
        before: &Value,
        after: &Value,
    ) -> Draft {
        let action = format!("{}.{verb}", endpoint.kind.as_str());
        self.audit_entry(admin, &action, format!("endpoints/{}", endpoint.id), before, after)
    }

    fn sealed(&self, id: Uuid, purpose: SecretUse, secret: &str) -> Result<SealedSecret, AdminError> {
        let sealed = self.vault.seal(secret, id.as_bytes(), self.ids.as_ref());
        let sealed = sealed.map_err(|error| AdminError::Conflict(error.to_string()))?;
        Ok(SealedSecret { purpose, sealed, created: self.clock.now(), expires: None })
    }

    /// A place in the sequence: this one if it is kept, else the end.
    pub(super) async fn place(&self, admin: &Admin, after: Option<u64>) -> Result<u64, AdminError> {
        let kept = self.store.kept_changes(admin.tenant.key).await.map_err(AdminError::Store)?;
        match after {
            None => Ok(kept.last),
            Some(after) if after <= kept.last && after + 1 >= kept.oldest => Ok(after),
            Some(after) => Err(AdminError::Invalid(format!(
                "after: {after} is not within what is kept; give {} to {}",
                kept.oldest - 1,
                kept.last
            ))),
        }
    }

    async fn check_endpoint(
        &self,
        admin: &Admin,
        kind: EndpointKind,
        settings: &EndpointSettings,
    ) -> Result<(), AdminError> {
        settings.check_events().map_err(AdminError::Invalid)?;
        check_url(kind, &settings.url).map_err(AdminError::Invalid)?;
        let most = if kind.is_hook() { MAX_TIMEOUT_MS.0 } else { MAX_TIMEOUT_MS.1 };
        if settings.timeout_ms > most {
            return Err(AdminError::Invalid(format!("timeout_ms: give at most {most}")));
        }
        let known = self.store.sources(admin.tenant.key).await.map_err(AdminError::Store)?;
        let unknown = settings.sources.iter().find(|slug| !known.iter().any(|source| source.slug == **slug));
        unknown.map_or(Ok(()), |slug| {
            Err(AdminError::Invalid(format!("sources: the tenant has no source {slug:?}")))
        })
    }
}

/// 403 without the scope for this kind.
pub(super) fn require(admin: &Admin, kind: EndpointKind, write: bool) -> Result<(), AdminError> {
    let stream = matches!(kind, EndpointKind::SetPush | EndpointKind::SetPoll);
    admin.require(match (stream, write) {
        (true, true) => ApiScope::StreamsWrite,
        (true, false) => ApiScope::StreamsRead,
        (false, true) => ApiScope::WebhooksWrite,
        (false, false) => ApiScope::WebhooksRead,
    })
}

/// 403 without any scope for this kind.
pub(super) fn require_any(admin: &Admin, kind: EndpointKind) -> Result<(), AdminError> {
    let polls = kind == EndpointKind::SetPoll && admin.manager.allows(ApiScope::StreamsPoll);
    if polls || require(admin, kind, true).is_ok() {
        return Ok(());
    }
    require(admin, kind, false)
}

/// Whether what it is sent is signed with a secret of its own.
fn signs(kind: EndpointKind) -> bool {
    !matches!(kind, EndpointKind::SetPush | EndpointKind::SetPoll)
}

fn fresh_secret(ids: &dyn Ids) -> String {
    let mut bytes = [0; 32];
    ids.random(&mut bytes);
    format!("{SECRET_START}{}", STANDARD.encode(bytes))
}

fn reseal(vault: &Vault, sealed: &str, place: &[u8], ids: &dyn Ids) -> Result<String, VaultError> {
    vault.seal(&vault.open(sealed, place)?, place, ids)
}

/// An address that a request may go to; where that is, is checked when it goes.
fn check_url(kind: EndpointKind, url: &str) -> Result<(), String> {
    if kind == EndpointKind::SetPoll {
        return if url.is_empty() { Ok(()) } else { Err("url: an endpoint that polls has none".to_owned()) };
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    let plain = url.len() <= MAX_URL_BYTES && url.bytes().all(|byte| byte.is_ascii_graphic());
    if authority.is_empty() || authority.contains('@') || url.contains('#') || !plain {
        return Err("url: give an https:// URL without user name, spaces and fragment".to_owned());
    }
    Ok(())
}

/// What the audit tells of an endpoint: all but secrets. A URL's query may hold one.
fn told(endpoint: &Endpoint) -> Value {
    let settings = &endpoint.settings;
    let url = settings.url.split('?').next().unwrap_or_default();
    let secrets = endpoint.secrets.iter().map(|secret| {
        let expires = secret.expires.map(|at: Timestamp| at.to_string());
        json!({ "purpose": secret.purpose, "created": secret.created.to_string(), "expires": expires })
    });
    json!({
        "kind": endpoint.kind,
        "status": endpoint.status,
        "settings": EndpointSettings { url: url.to_owned(), ..settings.clone() },
        "secrets": secrets.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_cannot_be_are_refused() {
        for (kind, url, right) in [
            (EndpointKind::Webhook, "https://a.example/hook?k=v", true),
            (EndpointKind::Webhook, "http://127.0.0.1:8080/", true),
            (EndpointKind::Webhook, "https://", false),
            (EndpointKind::Webhook, "https:///hook", false),
            (EndpointKind::Webhook, "https://user:pass@a.example/", false),
            (EndpointKind::Webhook, "https://a.example/ b", false),
            (EndpointKind::Webhook, "https://a.example/\u{e9}", false),
            (EndpointKind::Webhook, "https://a.example/#f", false),
            (EndpointKind::Webhook, "ftp://a.example/", false),
            (EndpointKind::Webhook, "file:///etc/passwd", false),
            (EndpointKind::Webhook, "", false),
            (EndpointKind::SetPoll, "", true),
            (EndpointKind::SetPoll, "https://a.example/", false),
        ] {
            assert_eq!(check_url(kind, url).is_ok(), right, "{url}");
        }
    }
}
