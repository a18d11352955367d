//! `rollcall api-token`.

use rollcall_domain::api::ApiScope;
use rollcall_domain::tenant::DEFAULT_TENANT;
use serde_json::{Value, json};

use crate::args::{ApiToken, Global};
use crate::desk::{Ask, Desk, at};
use crate::printer::{Printer, table};
use crate::token::{cell, set, show_once};
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: ApiToken, printer: &Printer) -> Done {
    let desk = Desk::open(global).await?;
    match command {
        ApiToken::Issue { name, scopes, installation, expires_in } => {
            let mut wanted = json!({ "name": name, "scopes": named(&scopes)? });
            set(&mut wanted, "tenant", tenant(&desk, installation).map(Value::from));
            set(&mut wanted, "expires_in_seconds", expires_in.map(|ms| (ms / 1000).into()));
            show_once(printer, &desk.send(&Ask::post(&["api-tokens"], wanted)).await?);
        }
        ApiToken::List { installation } => {
            let query = [("tenant", tenant(&desk, installation))];
            list(printer, &desk.all(&["api-tokens"], &query).await?);
        }
        ApiToken::Rotate { token, overlap } => {
            let rotation = json!({ "overlap_seconds": overlap / 1000 });
            show_once(printer, &desk.send(&Ask::post(&["api-tokens", &token, "rotate"], rotation)).await?);
        }
        ApiToken::Revoke { token } => {
            let revoked = desk.send(&Ask::delete(&["api-tokens", &token])).await?;
            printer.data(&revoked, || format!("API token {} revoked", cell(at(&revoked, "prefix"))));
        }
    }
    Ok(())
}

/// The tenant named; on the database the default one. A server's token knows its own.
fn tenant(desk: &Desk, installation: bool) -> Option<&str> {
    if installation {
        return None;
    }
    desk.tenant().or_else(|| (!desk.is_there()).then_some(DEFAULT_TENANT))
}

/// Scopes by name, `read` and `all` being several.
fn named(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut scopes = Vec::new();
    for name in names {
        match name.as_str() {
            "all" => scopes.extend(ApiScope::all()),
            "read" => scopes.extend(ApiScope::all().filter(|scope| scope.is_read())),
            name => scopes.push(ApiScope::try_from(name.to_owned()).map_err(Failure::Theirs)?),
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes.into_iter().map(ApiScope::name).collect())
}

fn list(printer: &Printer, tokens: &[Value]) {
    printer.data(&tokens.iter().cloned().collect(), || {
        let names = ["PREFIX", "NAME", "FOR", "SCOPES", "EXPIRES", "REVOKED", "LAST USED"].map(str::to_owned);
        let row = |token: &Value| {
            let reach = if at(token, "bound") == true { "tenant" } else { "installation" };
            let fields = ["scopes", "expires", "revoked", "last_used"];
            let first = [cell(at(token, "prefix")), cell(at(token, "name")), reach.to_owned()];
            first.into_iter().chain(fields.iter().map(|name| cell(at(token, name)))).collect()
        };
        let rows: Vec<Vec<String>> = std::iter::once(names.to_vec()).chain(tokens.iter().map(row)).collect();
        table(&rows)
    });
}
