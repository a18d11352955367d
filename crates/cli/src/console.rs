//! `rollcall console`: letting people into the console, by whoever holds the database.

use rollcall_console::CONSOLE_BASE;
use rollcall_domain::account::{Account, Link};
use rollcall_domain::credential::Token;
use rollcall_service::Service;
use rollcall_service::admin::Manager;
use serde_json::{Value, json};

use crate::args::{Console, Global};
use crate::desk::at;
use crate::open::Opened;
use crate::printer::{Printer, table};
use crate::token::cell;
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: Console, printer: &Printer) -> Done {
    let opened = Opened::for_management(global).await?;
    let (service, origin, by) = (&opened.service, opened.origin(), Manager::operator());
    match command {
        Console::SetupLink => print(printer, &origin, &service.first_run_link(&by).await?),
        Console::ResetPassword { email } => {
            print(printer, &origin, &service.reset_password(&by, &email).await?);
        }
        Console::Unlink { email } => {
            let account = service.unlink(&by, &email).await?;
            printer.data(&json!({ "id": account.id, "email": account.email }), || {
                format!("nobody of an OpenID provider is signed in to {} any more", account.email)
            });
        }
        Console::Accounts => list(printer, &service.all_accounts(&by).await?),
    }
    Ok(())
}

/// The link of the first run, while nobody has an account.
pub(crate) async fn first_run(service: &Service, origin: &str) -> Result<Option<String>, Failure> {
    if !service.is_first_run().await? {
        return Ok(None);
    }
    let (_, token) = service.first_run_link(&Manager::operator()).await?;
    Ok(Some(url(origin, &token)))
}

fn url(origin: &str, token: &Token) -> String {
    format!("{origin}{CONSOLE_BASE}/link/{}", token.reveal())
}

fn print(printer: &Printer, origin: &str, (link, token): &(Link, Token)) {
    let url = url(origin, token);
    printer.data(&json!({ "url": url, "expires": link.expires.to_string() }), || {
        format!("{url}\n(good once, until {})", link.expires)
    });
}

fn list(printer: &Printer, accounts: &[Account]) {
    let shown = |account: &Account| {
        let roles = account.posts.iter().map(|post| {
            let place = if post.tenant.is_none() { " everywhere" } else { "" };
            format!("{}{place}", post.role.name())
        });
        json!({
            "id": account.id,
            "email": account.email,
            "name": account.name,
            "roles": roles.collect::<Vec<_>>(),
            "disabled": account.disabled.map(|at| at.to_string()),
            "last_sign_in": account.last_sign_in.map(|at| at.to_string()),
        })
    };
    let accounts: Vec<Value> = accounts.iter().map(shown).collect();
    printer.data(&accounts.iter().cloned().collect(), || {
        let names = ["EMAIL", "NAME", "ROLES", "DISABLED", "LAST SIGN-IN"].map(str::to_owned);
        let fields = ["email", "name", "roles", "disabled", "last_sign_in"];
        let row = |account: &Value| fields.iter().map(|name| cell(at(account, name))).collect();
        let rows: Vec<Vec<String>> =
            std::iter::once(names.to_vec()).chain(accounts.iter().map(row)).collect();
        table(&rows)
    });
}
