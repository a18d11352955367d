//! The audit: reading it, and verifying its chain.

use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::{Broken, Entry, Head, Verifier};
use rollcall_store::administration::AuditQuery;

use super::{AdminError, Manager, Page, Paging};
use crate::Service;

/// Entries read at once while the chain is followed.
const CHUNK: u32 = 1_000;

/// Which entries of the audit.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By this actor only.
    pub actor: Option<String>,
    /// Of this action only.
    pub action: Option<String>,
    /// Of this subject and what is below it.
    pub subject: Option<String>,
}

impl Service {
    /// The audit, latest first: of the tenant named or bound to; else all of it.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`; `Invalid` when the position is none.
    pub async fn audit(
        &self,
        by: &Manager,
        tenant: Option<&str>,
        filter: AuditFilter,
        paging: &Paging,
    ) -> Result<Page<Entry>, AdminError> {
        by.require(ApiScope::AuditRead)?;
        let tenant = match tenant {
            Some(name) => Some(self.tenant(by, name).await?.key),
            None => by.bound().map(|tenant| tenant.key),
        };
        let before = paging.after.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?;
        let AuditFilter { actor, action, subject } = filter;
        let query = AuditQuery { tenant, actor, action, subject };
        let found = self.store.audit(&query, before, paging.read()).await.map_err(AdminError::Store)?;
        Ok(Page::of(found, paging, |entry| entry.sequence.to_string()))
    }

    /// Follows the whole chain, and compares its end with what the store has noted of it; with `known` too, an
    /// end that was noted elsewhere. Returns the end.
    ///
    /// # Errors
    ///
    /// `Forbidden` for a manager of one tenant, `Store`; the inner error is where the chain does not hold.
    pub async fn verify_audit(
        &self,
        by: &Manager,
        known: Option<Head>,
    ) -> Result<Result<Head, Broken>, AdminError> {
        by.require(ApiScope::AuditRead)?;
        by.require_installation()?;
        // What is appended meanwhile is not looked at.
        let end = self.store.audit_head().await.map_err(AdminError::Store)?;
        let mut verifier = Verifier::new(self.chain_key.clone());
        loop {
            let after = verifier.head().sequence;
            let chunk = self.store.audit_chain(after, CHUNK).await.map_err(AdminError::Store)?;
            let chunk = chunk.into_iter().take_while(|entry| entry.sequence <= end.sequence);
            let mut any = false;
            for entry in chunk {
                any = true;
                if let Err(broken) = verifier.next(&entry) {
                    return Ok(Err(broken));
                }
                if known.is_some_and(|known| known.sequence == entry.sequence && known.hash != entry.hash) {
                    return Ok(Err(Broken::Changed(entry.sequence)));
                }
            }
            if !any {
                break;
            }
        }
        let short = known.filter(|known| known.sequence > end.sequence);
        Ok(short.map_or_else(
            || verifier.ends_at(&end),
            |known| Err(Broken::CutShort { expected: known.sequence, found: end.sequence }),
        ))
    }
}
