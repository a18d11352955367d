//! Tokens of sources.

use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope, Token, TokenKind};
use rollcall_domain::source::Source;
use serde_json::{Value, json};
use uuid::Uuid;

use super::source::subject;
use super::{Admin, AdminError};
use crate::Service;

/// What a credential is issued with.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when it is not taken any more.
    pub expires: Option<Timestamp>,
    /// The resource that `/Me` stands for.
    pub subject: Option<Uuid>,
}

impl Default for NewCredential {
    fn default() -> Self {
        Self { scopes: vec![Scope::Read, Scope::Write], expires: None, subject: None }
    }
}

impl Service {
    /// Issues a credential. The token is not shown again.
    ///
    /// # Errors
    ///
    /// `Invalid` when it has no scope or has expired already.
    pub async fn issue_token(
        &self,
        admin: &Admin,
        source: &Source,
        new: NewCredential,
    ) -> Result<(Credential, Token), AdminError> {
        admin.require(ApiScope::TokensWrite)?;
        self.first_token(admin, source, new).await
    }

    /// The same with the right to make the source.
    pub(super) async fn first_token(
        &self,
        admin: &Admin,
        source: &Source,
        new: NewCredential,
    ) -> Result<(Credential, Token), AdminError> {
        admin.owns(source)?;
        let now = self.clock.now();
        if new.scopes.is_empty() || new.expires.is_some_and(|at| at <= now) {
            return Err(AdminError::Invalid(
                "a token needs a scope, and an expiry in the future or none".to_owned(),
            ));
        }
        let (credential, token) = self.new_credential(source, new);
        let entry = self.credential_entry(admin, source, "token.issue", None, &credential);
        self.store.add_credential(&credential, &entry).await.map_err(AdminError::Store)?;
        Ok((credential, token))
    }

    fn new_credential(&self, source: &Source, new: NewCredential) -> (Credential, Token) {
        let now = self.clock.now();
        let token = Token::generate(TokenKind::Source, self.ids.as_ref());
        let credential = Credential {
            id: self.ids.uuid(now),
            source: source.key,
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            scopes: new.scopes,
            subject: new.subject,
            created: now,
            expires: new.expires,
            revoked: None,
            last_used: None,
        };
        (credential, token)
    }

    /// All credentials of a source, oldest first.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn credentials(&self, admin: &Admin, source: &Source) -> Result<Vec<Credential>, AdminError> {
        admin.require(ApiScope::TokensRead)?;
        self.credentials_of(admin, source).await
    }

    async fn credentials_of(&self, admin: &Admin, source: &Source) -> Result<Vec<Credential>, AdminError> {
        admin.owns(source)?;
        self.store.credentials(source.key).await.map_err(AdminError::Store)
    }

    /// Revokes a credential, named by its id or public prefix.
    ///
    /// # Errors
    ///
    /// `NotFound` when the source has no such credential.
    pub async fn revoke_token(
        &self,
        admin: &Admin,
        source: &Source,
        name: &str,
    ) -> Result<Credential, AdminError> {
        admin.require(ApiScope::TokensWrite)?;
        let old = self.credential(admin, source, name).await?;
        if old.revoked.is_some() {
            return Ok(old);
        }
        let revoked = Credential { revoked: Some(self.clock.now()), ..old.clone() };
        let entry = self.credential_entry(admin, source, "token.revoke", Some(&old), &revoked);
        self.store.update_credential(&revoked, &entry).await.map_err(AdminError::Store)?;
        Ok(revoked)
    }

    /// Issues a credential like an old one, which goes on for `overlap_ms` and then expires.
    ///
    /// # Errors
    ///
    /// `NotFound` when the source has no such credential, `Conflict` when it is not taken any more.
    pub async fn rotate_token(
        &self,
        admin: &Admin,
        source: &Source,
        name: &str,
        overlap_ms: i64,
    ) -> Result<(Credential, Token), AdminError> {
        admin.require(ApiScope::TokensWrite)?;
        let old = self.credential(admin, source, name).await?;
        let now = self.clock.now();
        if !old.is_valid(now) {
            return Err(AdminError::Conflict(
                "this token has expired or is revoked; issue a new one instead".to_owned(),
            ));
        }
        let lifetime = old.expires.map(|at| at.0 - old.created.0);
        let new = NewCredential {
            scopes: old.scopes.clone(),
            expires: lifetime.map(|lifetime| Timestamp(now.0 + lifetime)),
            subject: old.subject,
        };
        let (new, token) = self.new_credential(source, new);
        let end = Timestamp(now.0.saturating_add(overlap_ms.max(0)));
        let ending = Credential { expires: Some(old.expires.map_or(end, |at| at.min(end))), ..old.clone() };
        let issued = self.credential_entry(admin, source, "token.issue", None, &new);
        let ended = self.credential_entry(admin, source, "token.rotate", Some(&old), &ending);
        let rotated = self.store.rotate_credential(&new, &ending, [&issued, &ended]).await;
        rotated.map_err(AdminError::Store)?;
        Ok((new, token))
    }

    /// A credential of a source, named by its id or public prefix.
    ///
    /// # Errors
    ///
    /// `NotFound` when the source has no such credential.
    async fn credential(&self, admin: &Admin, source: &Source, name: &str) -> Result<Credential, AdminError> {
        let all = self.credentials_of(admin, source).await?;
        let found = all.into_iter().find(|known| known.prefix == name || known.id.to_string() == name);
        found.ok_or_else(|| {
            AdminError::NotFound(format!(
                "source {} has no token {name:?}; `rollcall token list {0}` shows them",
                source.slug
            ))
        })
    }

    fn credential_entry(
        &self,
        admin: &Admin,
        source: &Source,
        action: &str,
        before: Option<&Credential>,
        after: &Credential,
    ) -> Draft {
        let subject = format!("{}/tokens/{}", subject(source), after.id);
        let before = before.map_or(Value::Null, audited);
        self.audit_entry(admin, action, subject, &before, &audited(after))
    }
}

/// What the audit keeps of a credential: neither secret nor digest.
fn audited(credential: &Credential) -> Value {
    json!({
        "prefix": credential.prefix,
        "scopes": credential.scopes,
        "subject": credential.subject,
        "expires": credential.expires.map(|at| at.to_string()),
        "revoked": credential.revoked.map(|at| at.to_string()),
    })
}
