//! `rollcall api-token`.

use rollcall_domain::api::{ApiScope, ApiToken as Record};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Token as Secret;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::{Manager, NewApiToken, Paging};
use serde_json::{Value, json};

use crate::args::{ApiToken, Global};
use crate::open::Opened;
use crate::printer::{Printer, table};
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: ApiToken, printer: &Printer) -> Done {
    let service = Opened::for_management(global)?.service;
    let operator = Manager::operator();
    let tenant =
        |installation: bool| (!installation).then(|| global.tenant.as_deref().unwrap_or(DEFAULT_TENANT));
    match command {
        ApiToken::Issue { name, scopes, installation, expires_in } => {
            let expires = expires_in.map(|ms| service.in_milliseconds(ms));
            let new = NewApiToken { name, scopes: named(&scopes)?, expires };
            show_once(printer, &service.issue_api_token(&operator, tenant(installation), new).await?);
        }
        ApiToken::List { installation } => {
            let tokens = service.api_tokens(&operator, tenant(installation), &Paging::all()).await?.items;
            list(printer, &tokens);
        }
        ApiToken::Rotate { token, overlap } => {
            show_once(printer, &service.rotate_api_token(&operator, &token, overlap).await?);
        }
        ApiToken::Revoke { token } => {
            let revoked = service.revoke_api_token(&operator, &token).await?;
            printer.data(&describe(&revoked), || format!("API token {} revoked", revoked.prefix));
        }
    }
    Ok(())
}

/// Scopes by name, `read` and `all` being several.
fn named(names: &[String]) -> Result<Vec<ApiScope>, Failure> {
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
    Ok(scopes)
}

fn show_once(printer: &Printer, (kept, secret): &(Record, Secret)) {
    let mut json = describe(kept);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("token".to_owned(), secret.reveal().into());
    }
    printer.data(&json, || format!("token  {}", secret.reveal()));
    printer.note("The token is not shown again.");
}

fn list(printer: &Printer, tokens: &[Record]) {
    printer.data(&tokens.iter().map(describe).collect(), || {
        let names = ["PREFIX", "NAME", "FOR", "SCOPES", "EXPIRES", "REVOKED", "LAST USED"].map(str::to_owned);
        let mut rows = vec![names.to_vec()];
        rows.extend(tokens.iter().map(|token| {
            let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
            let reach = if token.tenant.is_some() { "tenant" } else { "installation" };
            vec![
                token.prefix.clone(),
                token.name.clone(),
                reach.to_owned(),
                scopes.join(","),
                time(token.expires),
                time(token.revoked),
                time(token.last_used),
            ]
        }));
        table(&rows)
    });
}

fn describe(token: &Record) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "prefix": token.prefix,
        "bound": token.tenant.is_some(),
        "scopes": token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "created": token.created.to_string(),
        "expires": token.expires.map(|at| at.to_string()),
        "revoked": token.revoked.map(|at| at.to_string()),
        "last_used": token.last_used.map(|at| at.to_string()),
    })
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
