//! `rollcall tenant`.

use rollcall_service::admin::{Manager, Paging};
use serde_json::{Value, json};

use crate::Done;
use crate::args::{Global, Tenant};
use crate::open::Opened;
use crate::printer::{Printer, table};

pub(crate) async fn run(global: &Global, command: Tenant, printer: &Printer) -> Done {
    let opened = Opened::for_management(global)?;
    match command {
        Tenant::Create { name } => {
            let tenant = opened.service.create_tenant(&Manager::operator(), &name).await?;
            printer.data(&json!({ "name": tenant.name, "id": tenant.id.to_string() }), || {
                format!("tenant {} created", tenant.name)
            });
        }
        Tenant::Update { name, policy, .. } => {
            let admin = opened.service.within(&Manager::operator(), Some(&name)).await?;
            let policy: Option<Value> = policy.as_deref().map(rollcall_config::read_document).transpose()?;
            opened.service.set_tenant_policy(&admin, policy.as_ref()).await?;
            printer.data(&json!({ "name": name, "policy": policy }), || {
                let what = if policy.is_some() { "set" } else { "removed" };
                format!("policy of tenant {name} {what}")
            });
        }
        Tenant::List => {
            let tenants = opened.service.tenants(&Manager::operator(), &Paging::all()).await?.items;
            let json =
                tenants.iter().map(|tenant| json!({ "name": tenant.name, "id": tenant.id.to_string() }));
            printer.data(&json.collect(), || {
                let mut rows = vec![vec!["NAME".to_owned(), "ID".to_owned()]];
                rows.extend(tenants.iter().map(|tenant| vec![tenant.name.clone(), tenant.id.to_string()]));
                table(&rows)
            });
        }
    }
    Ok(())
}
