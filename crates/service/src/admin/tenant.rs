//! Tenants.

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::check_slug;
use rollcall_domain::tenant::Tenant;
use serde_json::{Value, json};

use super::{AdminError, Manager, Page, Paging, taken};
use crate::Service;

impl Service {
    /// The tenant of this name, if the manager reaches it.
    pub(super) async fn tenant(&self, manager: &Manager, name: &str) -> Result<Tenant, AdminError> {
        let tenant = self.store.tenant(name).await.map_err(AdminError::Store)?;
        let reached = |tenant: &Tenant| manager.bound.as_ref().is_none_or(|bound| bound.key == tenant.key);
        tenant.filter(reached).ok_or_else(|| {
            AdminError::NotFound(format!(
                "there is no tenant {name:?}; create it with `rollcall tenant create {name}`"
            ))
        })
    }

    /// Makes a tenant.
    ///
    /// # Errors
    ///
    /// `Forbidden` for a manager of one tenant; `Invalid` when the name is no slug, `Conflict` when it is taken.
    pub async fn create_tenant(&self, by: &Manager, name: &str) -> Result<Tenant, AdminError> {
        by.require(ApiScope::TenantsWrite)?;
        by.require_installation()?;
        check_slug(name).map_err(AdminError::Invalid)?;
        let id = self.ids.uuid(self.clock.now());
        let after = json!({ "name": name, "id": id });
        let entry =
            self.audit_entry_of(by, None, "tenant.create", format!("tenants/{name}"), &Value::Null, &after);
        self.store.create_tenant(id, name, &entry).await.map_err(|error| taken(error, "tenant", name))
    }

    /// The tenants that the manager reaches, by name.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn tenants(&self, by: &Manager, paging: &Paging) -> Result<Page<Tenant>, AdminError> {
        by.require(ApiScope::TenantsRead)?;
        let all = match &by.bound {
            Some(tenant) => vec![tenant.clone()],
            None => self.store.tenants().await.map_err(AdminError::Store)?,
        };
        Ok(Page::within(all, paging, |tenant| tenant.name.clone()))
    }
}
