//! People who manage in a browser: signing in, sessions, accounts, and links that let someone in once.
//!
//! A [`SignedIn`] is what a session's token comes to, a [`Guest`] what a set-up link does. Both manage through the
//! same [`Admin`] as the bearer of an API token, with what their role, or their link, allows.

mod link;
mod manage;
pub mod openid;
mod password;
mod session;
mod sign_in;

use rollcall_domain::account::{Account, Link, Role, Session};
use rollcall_domain::audit::Draft;
use rollcall_domain::source::Source;
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Service;
use crate::admin::{Admin, AdminError, Manager};

pub use manage::NewAccount;
pub(crate) use password::Passwords;
pub use session::{IDLE_MS, LONGEST_MS};
pub use sign_in::{Attempt, Door, Refusal};

/// Someone who has signed in, within the tenant that they look at.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// With which browser.
    pub session: Session,
    /// What they may do there, as.
    pub role: Role,
    /// The same for the use cases.
    pub admin: Admin,
    /// All tenants in which they have a role, where there may be several.
    pub tenants: Vec<Tenant>,
}

/// Someone who has the set-up link of a source.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The link.
    pub link: Link,
    /// The source that it is for.
    pub source: Source,
    /// What the link allows, for the use cases.
    pub admin: Admin,
}

impl Service {
    /// An entry of the audit about an account; `before` and `after` have neither address nor secret.
    fn account_entry(
        &self,
        by: &Manager,
        action: &str,
        account: Uuid,
        (before, after): (&Value, &Value),
    ) -> Draft {
        let tenant = by.bound().map(|tenant| tenant.key);
        self.audit_entry_of(by, tenant, action, format!("accounts/{account}"), before, after)
    }

    /// A text for a form or cookie that only this server can have made, for this place.
    pub fn seal_text(&self, text: &str, place: &[u8]) -> String {
        self.cursor_key.seal_text(text, place, self.ids.as_ref()).unwrap_or_default()
    }

    /// What [`Service::seal_text`] sealed for this place.
    pub fn open_text(&self, sealed: &str, place: &[u8]) -> Option<String> {
        self.cursor_key.open_text(sealed, place)
    }

    /// Now.
    pub fn now(&self) -> rollcall_domain::clock::Timestamp {
        self.clock.now()
    }

    /// A random text, unguessable.
    pub fn random_text(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0; 32];
        self.ids.random(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    async fn tenant_of_key(&self, key: TenantKey) -> Result<Option<Tenant>, AdminError> {
        self.store.tenant_of(key).await.map_err(AdminError::Store)
    }
}

/// What the audit keeps of an account.
fn audited(account: &Account) -> Value {
    let posts: Vec<Value> = account
        .posts
        .iter()
        .map(|post| json!({ "everywhere": post.tenant.is_none(), "role": post.role }))
        .collect();
    json!({
        "name": account.name,
        "posts": posts,
        "password": account.password.is_some(),
        "disabled": account.disabled.map(|at| at.to_string()),
    })
}

/// What a failed change of an account means to whoever asked.
fn unchanged(error: StoreError) -> AdminError {
    match error {
        StoreError::Conflict { .. } => {
            AdminError::Conflict("email: another account has this address; choose another".to_owned())
        }
        StoreError::Stale => AdminError::Conflict(
            "this was changed by someone else meanwhile, or the link was used already; look again".to_owned(),
        ),
        StoreError::NotFound => AdminError::NotFound("there is no such account".to_owned()),
        error => AdminError::Store(error),
    }
}
