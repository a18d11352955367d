//! Links that let someone in without an account: the first run, a password, the set-up of one source.

use rollcall_domain::account::{Account, Link, Post, Purpose, Role, Session, email};
use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Token, TokenKind};
use rollcall_domain::source::Source;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::accounts::Ending;
use serde_json::{Value, json};
use uuid::Uuid;

use super::manage::name;
use super::{Guest, audited, password, unchanged};
use crate::Service;
use crate::admin::{Admin, AdminError, Manager, NewCredential};

/// How long the link of the first run, and one for a password, are good for.
const PERSONAL_MS: i64 = 3 * 86_400_000;
/// How many days the set-up link of a source may be good for.
const SOURCE_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// What the link of a source allows.
const GUEST: [ApiScope; 4] =
    [ApiScope::SourcesRead, ApiScope::TokensRead, ApiScope::TokensWrite, ApiScope::RequestsRead];

impl Service {
    /// Whether nobody has an account yet.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn is_first_run(&self) -> Result<bool, AdminError> {
        Ok(self.store.accounts().await.map_err(AdminError::Store)?.is_empty())
    }

    /// A link by which an account is made that owns everything. Earlier ones open nothing any more.
    ///
    /// # Errors
    ///
    /// `Forbidden` for a manager of one tenant, `Store`.
    pub async fn first_run_link(&self, by: &Manager) -> Result<(Link, Token), AdminError> {
        by.require_installation()?;
        self.add_link(by, Purpose::FirstRun, None, PERSONAL_MS, true).await
    }

    /// The link of this token, while it opens something.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn open_link(&self, token: &str) -> Result<Option<Link>, AdminError> {
        let Some(token) = Token::parse(TokenKind::Link, token) else { return Ok(None) };
        let now = self.clock.now();
        let found = self.store.link(token.prefix()).await.map_err(AdminError::Store)?;
        Ok(found.filter(|link| link.matches(&self.token_key, &token) && link.is_valid(now)))
    }

    /// Makes the account of a first run, signed in. The link is used up.
    ///
    /// # Errors
    ///
    /// `Invalid` for a name, address or password that cannot be; `Conflict` when the address has an account, or the
    /// link was used meanwhile.
    pub async fn first_run(
        &self,
        link: &Link,
        (called, address, secret): (&str, &str, &str),
        (browser, request_id): (&str, &str),
    ) -> Result<(Session, Token), AdminError> {
        if link.purpose != Purpose::FirstRun {
            return Err(spent());
        }
        let (called, address) = (name(called)?, addressed(address)?);
        password::check(secret, &address)?;
        let now = self.clock.now();
        let account = Account {
            id: self.ids.uuid(now),
            email: address,
            name: called,
            password: Some(self.passwords.hash(secret, self.ids.as_ref()).await?),
            disabled: None,
            posts: vec![Post { tenant: None, role: Role::Owner }],
            created: now,
            last_sign_in: None,
            revision: 1,
        };
        let by = visitor(link, request_id);
        let entry = self.account_entry(&by, "account.create", account.id, (&Value::Null, &audited(&account)));
        self.store.add_account(&account, Some((link.id, now)), &entry).await.map_err(unchanged)?;
        self.begin_session(&account, (browser, None), (request_id, "link")).await
    }

    /// The account whose password a link lets one choose.
    ///
    /// # Errors
    ///
    /// `NotFound` for a link of another kind, or when there is none any more.
    pub async fn account_of_link(&self, link: &Link) -> Result<Account, AdminError> {
        let Purpose::Password(id) = link.purpose else { return Err(spent()) };
        self.store.account(id).await.map_err(AdminError::Store)?.ok_or_else(spent)
    }

    /// Chooses the password of the link's account, ends its sessions, and signs in. The link is used up.
    ///
    /// # Errors
    ///
    /// `Invalid` for a password that cannot be; `Conflict` when the link was used meanwhile; `Forbidden` for a disabled
    /// account.
    pub async fn choose_password(
        &self,
        link: &Link,
        secret: &str,
        (browser, request_id): (&str, &str),
    ) -> Result<(Session, Token), AdminError> {
        let account = self.account_of_link(link).await?;
        if account.disabled.is_some() {
            return Err(AdminError::Forbidden(
                "this account is disabled; ask an owner to enable it".to_owned(),
            ));
        }
        password::check(secret, &account.email)?;
        let hash = self.passwords.hash(secret, self.ids.as_ref()).await?;
        let (before, now) = (audited(&account), self.clock.now());
        let account = Account { password: Some(hash), ..account };
        let by = visitor(link, request_id);
        let entry = self.account_entry(&by, "account.password", account.id, (&before, &audited(&account)));
        let used = Some((link.id, now));
        self.store.update_account(&account, Ending::All, used, &entry).await.map_err(unchanged)?;
        self.begin_session(&account, (browser, None), (request_id, "link")).await
    }

    /// A link for someone else's administrator, by which they connect their provider to this source.
    ///
    /// # Errors
    ///
    /// `Invalid` for more than 90 days, `Forbidden`.
    pub async fn source_link(
        &self,
        admin: &Admin,
        source: &Source,
        days: u32,
    ) -> Result<(Link, Token), AdminError> {
        admin.require(ApiScope::TokensWrite)?;
        admin.owns(source)?;
        if !SOURCE_DAYS.contains(&days) {
            let text = format!("days: give {} to {}", SOURCE_DAYS.start(), SOURCE_DAYS.end());
            return Err(AdminError::Invalid(text));
        }
        let purpose = Purpose::Source(source.id);
        let tenant = Some(admin.tenant().key);
        self.add_link(admin.manager(), purpose, tenant, i64::from(days) * 86_400_000, false).await
    }

    /// The set-up links of a source that open something, latest first.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn source_links(&self, admin: &Admin, source: &Source) -> Result<Vec<Link>, AdminError> {
        admin.require(ApiScope::TokensRead)?;
        admin.owns(source)?;
        let now = self.clock.now();
        let mut all = self.store.links(Purpose::Source(source.id)).await.map_err(AdminError::Store)?;
        all.retain(|link| link.is_valid(now));
        Ok(all)
    }

    /// Revokes a set-up link of a source.
    ///
    /// # Errors
    ///
    /// `NotFound` when the source has no such link.
    pub async fn revoke_source_link(
        &self,
        admin: &Admin,
        source: &Source,
        id: Uuid,
    ) -> Result<(), AdminError> {
        admin.require(ApiScope::TokensWrite)?;
        let all = self.source_links(admin, source).await?;
        let link = all.iter().find(|link| link.id == id);
        let link = link.ok_or_else(|| AdminError::NotFound("there is no such set-up link".to_owned()))?;
        let entry = self.link_entry(admin.manager(), "link.revoke", link);
        self.store.revoke_link(id, self.clock.now(), &entry).await.map_err(AdminError::Store)
    }

    /// What the set-up link of a source opens; `None` when the source is gone.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn guest(&self, link: Link, request_id: &str) -> Result<Option<Guest>, AdminError> {
        let (Purpose::Source(id), Some(tenant)) = (link.purpose, link.tenant) else { return Ok(None) };
        let Some(tenant) = self.tenant_of_key(tenant).await? else { return Ok(None) };
        let sources = self.store.sources(tenant.key).await.map_err(AdminError::Store)?;
        let Some(source) = sources.into_iter().find(|source| source.id == id) else { return Ok(None) };
        let actor = format!("link/{}", link.id);
        let manager = Manager::of(actor, request_id, Some(tenant.clone()), Some(GUEST.to_vec()));
        Ok(Some(Guest { link, source, admin: Admin::of(manager, tenant) }))
    }

    /// The token that a guest may have made once.
    ///
    /// # Errors
    ///
    /// `Conflict` when it was made already.
    pub async fn guest_token(&self, guest: &Guest) -> Result<(Credential, Token), AdminError> {
        let entry = self.link_entry(guest.admin.manager(), "link.use", &guest.link);
        let used = self.store.use_link(guest.link.id, self.clock.now(), &entry).await;
        used.map_err(|error| match error {
            StoreError::Stale => AdminError::Conflict(
                "the token was made already, and is not shown again; ask whoever sent the link for another"
                    .to_owned(),
            ),
            error => AdminError::Store(error),
        })?;
        self.issue_token(&guest.admin, &guest.source, NewCredential::default()).await
    }

    /// A link by which an account's password is chosen. Earlier ones open nothing any more.
    pub(super) async fn password_link(
        &self,
        by: &Manager,
        account: &Account,
    ) -> Result<(Link, Token), AdminError> {
        self.add_link(by, Purpose::Password(account.id), None, PERSONAL_MS, true).await
    }

    async fn add_link(
        &self,
        by: &Manager,
        purpose: Purpose,
        tenant: Option<TenantKey>,
        lasts_ms: i64,
        alone: bool,
    ) -> Result<(Link, Token), AdminError> {
        let now = self.clock.now();
        let token = Token::generate(TokenKind::Link, self.ids.as_ref());
        let link = Link {
            id: self.ids.uuid(now),
            purpose,
            tenant,
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            created: now,
            expires: Timestamp(now.0 + lasts_ms),
            used: None,
            revoked: None,
        };
        let entry = self.link_entry(by, "link.create", &link);
        self.store.add_link(&link, alone, &entry).await.map_err(AdminError::Store)?;
        Ok((link, token))
    }

    fn link_entry(&self, by: &Manager, action: &str, link: &Link) -> rollcall_domain::audit::Draft {
        let (purpose, about) = match link.purpose {
            Purpose::FirstRun => ("first_run", None),
            Purpose::Password(id) => ("password", Some(id)),
            Purpose::Source(id) => ("source", Some(id)),
        };
        let after = json!({ "purpose": purpose, "about": about, "expires": link.expires.to_string() });
        self.audit_entry_of(by, link.tenant, action, format!("links/{}", link.id), &Value::Null, &after)
    }
}

/// Whoever came by a link.
fn visitor(link: &Link, request_id: &str) -> Manager {
    Manager::of(format!("link/{}", link.id), request_id, None, Some(Vec::new()))
}

fn spent() -> AdminError {
    AdminError::NotFound("this link opens nothing any more; ask for another".to_owned())
}

pub(super) fn addressed(text: &str) -> Result<String, AdminError> {
    email(text)
        .ok_or_else(|| AdminError::Invalid("email: write a mail address such as ann@example.com".to_owned()))
}
