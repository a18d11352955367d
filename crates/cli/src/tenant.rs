//! `rollcall tenant`.

use std::path::Path;

use serde_json::{Value, json};

use crate::Done;
use crate::args::{Global, Tenant};
use crate::desk::{Ask, Desk, at};
use crate::printer::{Printer, table};
use crate::token::cell;

pub(crate) async fn run(global: &Global, command: Tenant, printer: &Printer) -> Done {
    let desk = Desk::open(global).await?;
    match command {
        Tenant::Create { name } => {
            let tenant = desk.send(&Ask::post(&["tenants"], json!({ "name": name }))).await?;
            printer.data(&tenant, || format!("tenant {} created", cell(at(&tenant, "name"))));
        }
        Tenant::Update { name, policy, .. } => {
            update(&desk, printer, &name, policy.as_deref()).await?;
        }
        Tenant::List => {
            let tenants = desk.all(&["tenants"], &[]).await?;
            printer.data(&tenants.iter().cloned().collect(), || {
                let mut rows = vec![vec!["NAME".to_owned(), "ID".to_owned()]];
                rows.extend(
                    tenants.iter().map(|tenant| vec![cell(at(tenant, "name")), cell(at(tenant, "id"))]),
                );
                table(&rows)
            });
        }
    }
    Ok(())
}

async fn update(desk: &Desk, printer: &Printer, name: &str, policy: Option<&Path>) -> Done {
    let policy: Option<Value> = policy.map(rollcall_config::read_document).transpose()?;
    let ask = match &policy {
        Some(policy) => Ask::put(&["policy"], policy.clone()),
        None => Ask::delete(&["policy"]),
    };
    desk.send(&ask.with("tenant", Some(name))).await?;
    printer.data(&json!({ "name": name, "policy": policy }), || {
        let what = if policy.is_some() { "set" } else { "removed" };
        format!("policy of tenant {name} {what}")
    });
    Ok(())
}
