//! Sessions: made when someone signs in, found by the token in their cookie, ended by time or by hand.

use rollcall_domain::account::{Account, Session};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Token, TokenKind};
use rollcall_domain::tenant::{DEFAULT_TENANT, Tenant, TenantKey};
use rollcall_store::accounts::Ending;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SignedIn;
use crate::Service;
use crate::admin::{Admin, AdminError, Manager};

/// An unused session ends after this.
pub const IDLE_MS: i64 = 8 * 3_600_000;
/// Any session ends after this.
pub const LONGEST_MS: i64 = 7 * 86_400_000;
/// `last_used` is written at most once in this many milliseconds.
const TOUCHED_EVERY_MS: i64 = 60_000;
/// Characters that are kept of what a browser says of itself.
const MAX_BROWSER: usize = 200;

impl Service {
    /// Who has the session of this token; `None` when it is none, or has ended. With `quietly` it is not prolonged.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn authenticate_session(
        &self,
        token: &str,
        request_id: &str,
        quietly: bool,
    ) -> Result<Option<SignedIn>, AdminError> {
        let Some(token) = Token::parse(TokenKind::Session, token) else { return Ok(None) };
        let now = self.clock.now();
        let found = self.store.session(token.prefix()).await.map_err(AdminError::Store)?;
        let valid =
            |session: &Session| session.matches(&self.token_key, &token) && session.is_valid(now, IDLE_MS);
        let Some(mut session) = found.filter(valid) else { return Ok(None) };
        let account = self.store.account(session.account).await.map_err(AdminError::Store)?;
        let Some(account) = account.filter(|account| account.disabled.is_none()) else { return Ok(None) };
        let tenants = self.tenants_for(&account).await?;
        let here = tenants.iter().find(|tenant| tenant.key == session.tenant).or(tenants.first());
        let Some(tenant) = here.cloned() else { return Ok(None) };
        session.tenant = tenant.key;
        if !quietly && now.0 - session.last_used.0 >= TOUCHED_EVERY_MS {
            session.last_used = now;
            self.store.touch_session(session.id, now, tenant.key).await.map_err(AdminError::Store)?;
        }
        Ok(signed_in(account, session, tenant, tenants, request_id))
    }

    /// Begins a session; the token is for the cookie. The one before ends.
    pub(super) async fn begin_session(
        &self,
        account: &Account,
        (browser, instead): (&str, Option<Uuid>),
        (request_id, by): (&str, &str),
    ) -> Result<(Session, Token), AdminError> {
        let (now, tenants) = (self.clock.now(), self.tenants_for(account).await?);
        let first = tenants.iter().find(|tenant| tenant.name == DEFAULT_TENANT).or(tenants.first());
        let tenant = first.ok_or_else(|| {
            AdminError::Forbidden("this account has no role any more; ask an owner for one".to_owned())
        })?;
        let token = Token::generate(TokenKind::Session, self.ids.as_ref());
        let session = Session {
            id: self.ids.uuid(now),
            account: account.id,
            tenant: tenant.key,
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            created: now,
            last_used: now,
            expires: Timestamp(now.0 + LONGEST_MS),
            browser: browser.chars().filter(|c| !c.is_control()).take(MAX_BROWSER).collect(),
        };
        let manager = actor(account, request_id, Some(tenant.clone()));
        let entry = self.account_entry(
            &manager,
            "account.sign_in",
            account.id,
            (&Value::Null, &json!({ "by": by, "session": session.id })),
        );
        self.store.add_session(&session, instead, &entry).await.map_err(AdminError::Store)?;
        Ok((session, token))
    }

    /// Looks at another tenant from now on.
    ///
    /// # Errors
    ///
    /// `NotFound` for one in which they have no role.
    pub async fn look_at(&self, visit: &SignedIn, tenant: &str) -> Result<(), AdminError> {
        let found = visit.tenants.iter().find(|known| known.name == tenant);
        let tenant =
            found.ok_or_else(|| AdminError::NotFound(format!("tenant: you have no role in {tenant:?}")))?;
        let now = self.clock.now();
        self.store.touch_session(visit.session.id, now, tenant.key).await.map_err(AdminError::Store)
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn sign_out(&self, visit: &SignedIn) -> Result<(), AdminError> {
        self.end_sessions(visit, Ending::One(visit.session.id), "account.sign_out").await
    }

    /// The sessions of one's own account that go on, latest first.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn own_sessions(&self, visit: &SignedIn) -> Result<Vec<Session>, AdminError> {
        let now = self.clock.now();
        let mut all = self.store.sessions(visit.account.id).await.map_err(AdminError::Store)?;
        all.retain(|session| session.is_valid(now, IDLE_MS));
        Ok(all)
    }

    /// Ends one of one's own sessions, or with `None` all others.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn end_own_session(&self, visit: &SignedIn, session: Option<Uuid>) -> Result<(), AdminError> {
        let ending = session.map_or(Ending::Others(visit.session.id), Ending::One);
        self.end_sessions(visit, ending, "account.end_sessions").await
    }

    async fn end_sessions(&self, visit: &SignedIn, ending: Ending, action: &str) -> Result<(), AdminError> {
        let entry =
            self.account_entry(visit.admin.manager(), action, visit.account.id, (&Value::Null, &Value::Null));
        self.store.end_sessions(visit.account.id, ending, &entry).await.map_err(AdminError::Store)
    }

    /// Forgets sessions, links and attempts that are over. Called now and then.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn prune_accounts(&self) -> Result<(), AdminError> {
        let now = self.clock.now();
        self.store.prune_accounts(now, Timestamp(now.0 - IDLE_MS)).await.map_err(AdminError::Store)
    }

    /// The tenants in which an account has a role, by name.
    pub(super) async fn tenants_for(&self, account: &Account) -> Result<Vec<Tenant>, AdminError> {
        if let [post] = *account.posts
            && let Some(key) = post.tenant
        {
            return Ok(self.tenant_of_key(key).await?.into_iter().collect());
        }
        let mut all = self.store.tenants().await.map_err(AdminError::Store)?;
        all.retain(|tenant| account.role_in(tenant.key).is_some());
        Ok(all)
    }
}

/// Whoever has this account, within a tenant, where they may all that their role may.
pub(super) fn actor(account: &Account, request_id: &str, tenant: Option<Tenant>) -> Manager {
    let key = tenant.as_ref().map_or(TenantKey(0), |tenant| tenant.key);
    let scopes = account.role_in(key).map(rollcall_domain::account::Role::scopes).unwrap_or_default();
    Manager::of(format!("account/{}", account.id), request_id, tenant, Some(scopes))
}

fn signed_in(
    account: Account,
    session: Session,
    tenant: Tenant,
    tenants: Vec<Tenant>,
    request_id: &str,
) -> Option<SignedIn> {
    let role = account.role_in(tenant.key)?;
    let admin = Admin::of(actor(&account, request_id, Some(tenant.clone())), tenant);
    Some(SignedIn { account, session, role, admin, tenants })
}
