//! API tokens: letting their bearers in, issuing, listing, rotating and revoking them.

use rollcall_domain::api::{ApiScope, ApiToken};
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Token, TokenKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AdminError, Manager, Page, Paging};
use crate::Service;

/// `last_used` is written at most once in this many milliseconds per token.
const LAST_USED_EVERY_MS: i64 = 60_000;
/// Characters of a token's name.
const MAX_NAME: usize = 100;

/// What an API token is issued with.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ApiScope>,
    /// From when it is not taken any more.
    pub expires: Option<Timestamp>,
}

impl Service {
    /// Finds out who asks. Missing, unknown, expired and revoked tokens are told alike.
    ///
    /// # Errors
    ///
    /// `Unauthorized`, `Store`.
    pub async fn authenticate_api(
        &self,
        presented: Option<&str>,
        request_id: &str,
    ) -> Result<Manager, AdminError> {
        let Some(token) = presented.and_then(|text| Token::parse(TokenKind::Api, text)) else {
            return Err(unauthorized(presented));
        };
        let now = self.clock.now();
        let known = self.store.api_token(token.prefix()).await.map_err(AdminError::Store)?;
        let known = known.filter(|known| known.matches(&self.token_key, &token) && known.is_valid(now));
        let known = known.ok_or_else(|| unauthorized(None))?;
        let bound = match known.tenant {
            None => None,
            Some(key) => {
                let tenant = self.store.tenant_of(key).await.map_err(AdminError::Store)?;
                Some(tenant.ok_or_else(|| unauthorized(None))?)
            }
        };
        self.note_api_use(&known, now);
        Ok(Manager {
            actor: format!("api-token/{}", known.id),
            request_id: request_id.to_owned(),
            bound,
            scopes: Some(known.scopes),
        })
    }

    /// Issues an API token, which is not shown again: bound to the tenant named, else as whoever issues it is.
    ///
    /// # Errors
    ///
    /// `Invalid` without a name or scope or with an expiry that has passed; `Forbidden` for a scope that whoever
    /// issues it has not; `NotFound` for a tenant that is not there, or another's.
    pub async fn issue_api_token(
        &self,
        by: &Manager,
        tenant: Option<&str>,
        new: NewApiToken,
    ) -> Result<(ApiToken, Token), AdminError> {
        by.require(ApiScope::ApiTokensWrite)?;
        let tenant = match tenant {
            Some(name) => Some(self.tenant(by, name).await?),
            None => by.bound.clone(),
        };
        let now = self.clock.now();
        check(&new, now)?;
        may_give(by, &new.scopes)?;
        let token = Token::generate(TokenKind::Api, self.ids.as_ref());
        let stored = ApiToken {
            id: self.ids.uuid(now),
            name: new.name,
            tenant: tenant.map(|tenant| tenant.key),
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            scopes: new.scopes,
            created: now,
            expires: new.expires,
            revoked: None,
            last_used: None,
        };
        let entry = self.api_token_entry(by, "api_token.issue", None, &stored);
        self.store.add_api_token(&stored, &entry).await.map_err(AdminError::Store)?;
        Ok((stored, token))
    }

    /// API tokens by age: those of the tenant named or bound to; else all, also those of the installation.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`; `Invalid` when the position is none.
    pub async fn api_tokens(
        &self,
        by: &Manager,
        tenant: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<ApiToken>, AdminError> {
        by.require(ApiScope::ApiTokensRead)?;
        let tenant = match tenant {
            Some(name) => Some(self.tenant(by, name).await?.key),
            None => by.bound.as_ref().map(|tenant| tenant.key),
        };
        let after = paging.after.as_deref().map(Uuid::parse_str).transpose();
        let after = after.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?;
        let found = self.store.api_tokens(tenant, after, paging.read()).await.map_err(AdminError::Store)?;
        Ok(Page::of(found, paging, |token| token.id.to_string()))
    }

    /// One API token, named by its id or public prefix.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, or another tenant's.
    pub async fn api_token(&self, by: &Manager, name: &str) -> Result<ApiToken, AdminError> {
        by.require(ApiScope::ApiTokensRead)?;
        self.find_api_token(by, name).await
    }

    /// Revokes an API token, named by its id or public prefix.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, or another tenant's.
    pub async fn revoke_api_token(&self, by: &Manager, name: &str) -> Result<ApiToken, AdminError> {
        by.require(ApiScope::ApiTokensWrite)?;
        let old = self.find_api_token(by, name).await?;
        if old.revoked.is_some() {
            return Ok(old);
        }
        let revoked = ApiToken { revoked: Some(self.clock.now()), ..old.clone() };
        let entry = self.api_token_entry(by, "api_token.revoke", Some(&old), &revoked);
        self.store.update_api_token(&revoked, &entry).await.map_err(AdminError::Store)?;
        Ok(revoked)
    }

    /// Issues an API token like an old one, which goes on for `overlap_ms` and then expires.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Conflict` when it is not taken any more; `Forbidden` when it has a scope that `by` has not.
    pub async fn rotate_api_token(
        &self,
        by: &Manager,
        name: &str,
        overlap_ms: i64,
    ) -> Result<(ApiToken, Token), AdminError> {
        by.require(ApiScope::ApiTokensWrite)?;
        let old = self.find_api_token(by, name).await?;
        let now = self.clock.now();
        if !old.is_valid(now) {
            return Err(AdminError::Conflict(
                "this token has expired or is revoked; issue a new one instead".to_owned(),
            ));
        }
        may_give(by, &old.scopes)?;
        let token = Token::generate(TokenKind::Api, self.ids.as_ref());
        let lifetime = old.expires.map(|at| at.0 - old.created.0);
        let stored = ApiToken {
            id: self.ids.uuid(now),
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            created: now,
            expires: lifetime.map(|lifetime| Timestamp(now.0 + lifetime)),
            last_used: None,
            ..old.clone()
        };
        let issued = self.api_token_entry(by, "api_token.issue", None, &stored);
        let end = Timestamp(now.0.saturating_add(overlap_ms.max(0)));
        let ending = ApiToken { expires: Some(old.expires.map_or(end, |at| at.min(end))), ..old.clone() };
        let ended = self.api_token_entry(by, "api_token.rotate", Some(&old), &ending);
        let rotated = self.store.rotate_api_token(&stored, &ending, [&issued, &ended]).await;
        rotated.map_err(AdminError::Store)?;
        Ok((stored, token))
    }

    async fn find_api_token(&self, by: &Manager, name: &str) -> Result<ApiToken, AdminError> {
        let found = match Uuid::parse_str(name) {
            Ok(id) => self.store.api_token_of(id).await,
            Err(_) => self.store.api_token(name).await,
        };
        let reached =
            |token: &ApiToken| by.bound.as_ref().is_none_or(|bound| token.tenant == Some(bound.key));
        found.map_err(AdminError::Store)?.filter(reached).ok_or_else(|| {
            AdminError::NotFound(format!(
                "there is no API token {name:?}; `rollcall api-token list` shows them"
            ))
        })
    }

    fn note_api_use(&self, token: &ApiToken, now: Timestamp) {
        if token.last_used.is_none_or(|at| now.0 - at.0 >= LAST_USED_EVERY_MS) {
            self.api_used.lock().entry(token.id).or_insert(now);
        }
    }

    fn api_token_entry(
        &self,
        by: &Manager,
        action: &str,
        before: Option<&ApiToken>,
        after: &ApiToken,
    ) -> Draft {
        let subject = format!("api-tokens/{}", after.id);
        let before = before.map_or(Value::Null, audited);
        self.audit_entry_of(by, after.tenant, action, subject, &before, &audited(after))
    }
}

fn check(new: &NewApiToken, now: Timestamp) -> Result<(), AdminError> {
    let length = new.name.chars().count();
    let refuse = |text: String| Err(AdminError::Invalid(text));
    if !(1..=MAX_NAME).contains(&length) || new.name.chars().any(char::is_control) {
        return refuse(format!("name: write 1 to {MAX_NAME} characters that say what the token is for"));
    }
    if new.scopes.is_empty() {
        let names: Vec<&str> = ApiScope::all().map(ApiScope::name).collect();
        return refuse(format!("scopes: name at least one of {}", names.join(", ")));
    }
    if new.expires.is_some_and(|at| at <= now) {
        return refuse("the expiry has passed already; choose one in the future or none".to_owned());
    }
    Ok(())
}

/// Nobody gives what he has not.
fn may_give(by: &Manager, scopes: &[ApiScope]) -> Result<(), AdminError> {
    let missing = scopes.iter().find(|scope| !by.allows(**scope));
    missing.map_or(Ok(()), |scope| {
        Err(AdminError::Forbidden(format!(
            "this token has no scope {}, so it cannot give it to another",
            scope.name()
        )))
    })
}

/// What the audit keeps of an API token: neither secret nor digest.
fn audited(token: &ApiToken) -> Value {
    json!({
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "bound_to_tenant": token.tenant.is_some(),
        "expires": token.expires.map(|at| at.to_string()),
        "revoked": token.revoked.map(|at| at.to_string()),
    })
}

fn unauthorized(presented: Option<&str>) -> AdminError {
    let of_source = presented.is_some_and(|text| text.starts_with(TokenKind::Source.start()));
    let text = if of_source {
        "this is the token of a source, which opens its SCIM endpoint only: \
         send an API token, which `rollcall api-token issue` prints"
    } else {
        "no valid API token: send \"Authorization: Bearer TOKEN\" with the token that `rollcall api-token issue` printed"
    };
    AdminError::Unauthorized(text.to_owned())
}
