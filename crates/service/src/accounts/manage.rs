//! Accounts: inviting, roles, disabling, one's own password.
//!
//! An owner decides about roles in their tenant. What reaches further, a password link or disabling, takes an owner of
//! every tenant in which the account has a role. Nobody changes their own role, so that an owner remains.

use rollcall_domain::account::{Account, Link, Post, Role};
use rollcall_domain::credential::Token;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::accounts::Ending;
use serde_json::Value;
use uuid::Uuid;

use super::link::addressed;
use super::{SignedIn, audited, password, unchanged};
use crate::Service;
use crate::admin::{AdminError, Manager};

/// Characters of a name.
const MAX_NAME: usize = 100;

/// Who is invited.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// Their address.
    pub email: &'a str,
    /// What people call them.
    pub name: &'a str,
    /// Their role in the tenant.
    pub role: Role,
    /// In every tenant instead.
    pub everywhere: bool,
}

impl Service {
    /// All accounts, for whoever holds the database.
    ///
    /// # Errors
    ///
    /// `Forbidden` for a manager of one tenant.
    pub async fn all_accounts(&self, by: &Manager) -> Result<Vec<Account>, AdminError> {
        by.require_installation()?;
        self.store.accounts().await.map_err(AdminError::Store)
    }

    /// A link by which the account of this address gets a new password, for whoever holds the database.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Forbidden` for a manager of one tenant.
    pub async fn reset_password(&self, by: &Manager, address: &str) -> Result<(Link, Token), AdminError> {
        by.require_installation()?;
        let account = self.account_at(address).await?;
        self.password_link(by, &account).await
    }

    /// The account of this address, for whoever holds the database.
    pub(super) async fn account_at(&self, address: &str) -> Result<Account, AdminError> {
        let address = addressed(address)?;
        let found = self.store.account_named(&address).await.map_err(AdminError::Store)?;
        found.ok_or_else(|| {
            AdminError::NotFound(
                "no account has this address; `rollcall console accounts` shows them".to_owned(),
            )
        })
    }

    /// The accounts that have a role in the tenant, by address.
    ///
    /// # Errors
    ///
    /// `Forbidden` but for owners.
    pub async fn accounts(&self, by: &SignedIn) -> Result<Vec<Account>, AdminError> {
        owner(by)?;
        let mut all = self.store.accounts().await.map_err(AdminError::Store)?;
        all.retain(|account| account.role_in(by.admin.tenant().key).is_some());
        Ok(all)
    }

    /// Gives someone a role in the tenant: with an account and a link to choose their password by, where they have
    /// none yet.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Conflict` when they have a role here; `Forbidden` but for owners.
    pub async fn invite(
        &self,
        by: &SignedIn,
        new: NewAccount<'_>,
    ) -> Result<(Account, Option<(Link, Token)>), AdminError> {
        owner(by)?;
        let (name, address) = (name(new.name)?, addressed(new.email)?);
        let tenant = if new.everywhere { everywhere(by)? } else { Some(by.admin.tenant().key) };
        let post = Post { tenant, role: new.role };
        if let Some(known) = self.store.account_named(&address).await.map_err(AdminError::Store)? {
            if known.role_in(by.admin.tenant().key).is_some() {
                let text = "email: this account has a role here already; change it in the list";
                return Err(AdminError::Conflict(text.to_owned()));
            }
            let mut changed = known.clone();
            changed.posts.push(post);
            self.write(by, "account.role", &known, &changed, Ending::None).await?;
            return Ok((changed, None));
        }
        let now = self.clock.now();
        let account = Account {
            id: self.ids.uuid(now),
            email: address,
            name,
            password: None,
            disabled: None,
            posts: vec![post],
            created: now,
            last_sign_in: None,
            revision: 1,
        };
        let manager = by.admin.manager();
        let entry =
            self.account_entry(manager, "account.create", account.id, (&Value::Null, &audited(&account)));
        self.store.add_account(&account, None, &entry).await.map_err(unchanged)?;
        let link = self.password_link(manager, &account).await?;
        Ok((account, Some(link)))
    }

    /// Sets the role of an account in the tenant; `None` takes it away.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Forbidden` for oneself, for a role in every tenant, and but for owners.
    pub async fn set_role(&self, by: &SignedIn, id: Uuid, role: Option<Role>) -> Result<Account, AdminError> {
        let (known, here) = (self.other(by, id).await?, by.admin.tenant().key);
        let mut changed = known.clone();
        if changed.posts.iter().any(|post| post.tenant.is_none()) {
            everywhere(by)?;
            changed.posts.retain(|post| post.tenant.is_some_and(|tenant| tenant != here));
            changed.posts.extend(role.map(|role| Post { tenant: None, role }));
        } else {
            changed.posts.retain(|post| post.tenant != Some(here));
            changed.posts.extend(role.map(|role| Post { tenant: Some(here), role }));
        }
        self.write(by, "account.role", &known, &changed, Ending::None).await?;
        Ok(changed)
    }

    /// Disables an account, which ends its sessions, or enables it again.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Forbidden` for oneself, for an account with a role elsewhere, and but for owners.
    pub async fn set_disabled(&self, by: &SignedIn, id: Uuid, disabled: bool) -> Result<Account, AdminError> {
        let known = self.other(by, id).await?;
        covers(by, &known)?;
        let changed = Account { disabled: disabled.then(|| self.clock.now()), ..known.clone() };
        let action = if disabled { "account.disable" } else { "account.enable" };
        self.write(by, action, &known, &changed, Ending::All).await?;
        Ok(changed)
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    ///
    /// As [`Service::set_disabled`].
    pub async fn end_sessions_of(&self, by: &SignedIn, id: Uuid) -> Result<Account, AdminError> {
        let known = self.other(by, id).await?;
        covers(by, &known)?;
        let nothing = (&Value::Null, &Value::Null);
        let entry = self.account_entry(by.admin.manager(), "account.end_sessions", id, nothing);
        self.store.end_sessions(id, Ending::All, &entry).await.map_err(AdminError::Store)?;
        Ok(known)
    }

    /// A link by which an account gets a new password.
    ///
    /// # Errors
    ///
    /// As [`Service::set_disabled`].
    pub async fn password_link_of(&self, by: &SignedIn, id: Uuid) -> Result<(Link, Token), AdminError> {
        let known = self.other(by, id).await?;
        covers(by, &known)?;
        self.password_link(by.admin.manager(), &known).await
    }

    /// Changes one's own password, which ends all other sessions.
    ///
    /// # Errors
    ///
    /// `Invalid` when the present one is not right, or the new one cannot be; `Conflict` after too many attempts.
    pub async fn change_password(&self, by: &SignedIn, present: &str, new: &str) -> Result<(), AdminError> {
        self.admit_password(&by.account).await?;
        // With an account that another session has changed since, this would be void anyway.
        let hash = by.account.password.as_deref();
        if hash.is_some() && !self.passwords.matches(present, hash).await? {
            return Err(AdminError::Invalid("present: this is not your password".to_owned()));
        }
        password::check(new, &by.account.email)?;
        let hash = self.passwords.hash(new, self.ids.as_ref()).await?;
        let changed = Account { password: Some(hash), ..by.account.clone() };
        self.write(by, "account.password", &by.account, &changed, Ending::Others(by.session.id)).await
    }

    /// Changes one's own name.
    ///
    /// # Errors
    ///
    /// `Invalid`.
    pub async fn rename(&self, by: &SignedIn, called: &str) -> Result<(), AdminError> {
        let changed = Account { name: name(called)?, ..by.account.clone() };
        self.write(by, "account.update", &by.account, &changed, Ending::None).await
    }

    /// An account of the tenant that is not one's own.
    async fn other(&self, by: &SignedIn, id: Uuid) -> Result<Account, AdminError> {
        owner(by)?;
        let found = self.store.account(id).await.map_err(AdminError::Store)?;
        let here = |account: &Account| account.role_in(by.admin.tenant().key).is_some();
        let account = found.filter(here);
        let account = account.ok_or_else(|| AdminError::NotFound("there is no such account".to_owned()))?;
        if account.id == by.account.id {
            let text = "this is your own account; another owner can change its role or disable it";
            return Err(AdminError::Forbidden(text.to_owned()));
        }
        Ok(account)
    }

    async fn write(
        &self,
        by: &SignedIn,
        action: &str,
        before: &Account,
        after: &Account,
        ending: Ending,
    ) -> Result<(), AdminError> {
        let states = (&audited(before), &audited(after));
        let entry = self.account_entry(by.admin.manager(), action, after.id, states);
        self.store.update_account(after, ending, None, &entry).await.map_err(unchanged)
    }
}

fn owner(by: &SignedIn) -> Result<(), AdminError> {
    let refuse = || AdminError::Forbidden("only owners see and change accounts".to_owned());
    (by.role == Role::Owner).then_some(()).ok_or_else(refuse)
}

/// Every tenant, for those who own every one.
fn everywhere(by: &SignedIn) -> Result<Option<TenantKey>, AdminError> {
    let refuse =
        || AdminError::Forbidden("only an owner of every tenant gives roles in every tenant".to_owned());
    by.account.owns_all().then_some(None).ok_or_else(refuse)
}

/// That all of what an account may is the owner's to decide.
fn covers(by: &SignedIn, account: &Account) -> Result<(), AdminError> {
    let here = |post: &Post| post.tenant == Some(by.admin.tenant().key);
    let refuse = || {
        let text = "this account has roles outside this tenant; you can take its role here away, and an owner of \
                    every tenant can do the rest";
        AdminError::Forbidden(text.to_owned())
    };
    (by.account.owns_all() || account.posts.iter().all(here)).then_some(()).ok_or_else(refuse)
}

/// A name that is fit to be shown.
pub(super) fn name(text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    if !(1..=MAX_NAME).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(AdminError::Invalid(format!("name: write 1 to {MAX_NAME} characters")));
    }
    Ok(text.to_owned())
}
