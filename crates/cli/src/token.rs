//! `rollcall token`.

use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_domain::credential::{Credential, Scope, Token as Secret};
use rollcall_service::admin::NewCredential;
use rollcall_service::system::SystemClock;
use serde_json::{Value, json};

use crate::Done;
use crate::args::{Global, Token};
use crate::open::Opened;
use crate::printer::{Printer, table};

pub(crate) async fn run(global: &Global, command: Token, printer: &Printer) -> Done {
    let opened = Opened::for_management(global)?;
    let admin = opened.admin(global).await?;
    match command {
        Token::Issue { source, scopes, expires_in, subject } => {
            let source = opened.service.source(&admin, &source).await?;
            let expires = expires_in.map(|ms| Timestamp(SystemClock.now().0 + ms));
            let new =
                NewCredential { scopes: scopes.into_iter().map(Scope::from).collect(), expires, subject };
            let issued = opened.service.issue_token(&admin, &source, new).await?;
            show_once(printer, &issued);
        }
        Token::List { source } => {
            let source = opened.service.source(&admin, &source).await?;
            let credentials = opened.service.credentials(&admin, &source).await?;
            list(printer, &credentials);
        }
        Token::Rotate { source, token, overlap } => {
            let source = opened.service.source(&admin, &source).await?;
            let issued = opened.service.rotate_token(&admin, &source, &token, overlap).await?;
            show_once(printer, &issued);
        }
        Token::Revoke { source, token } => {
            let source = opened.service.source(&admin, &source).await?;
            let revoked = opened.service.revoke_token(&admin, &source, &token).await?;
            printer.data(&describe(&revoked), || format!("token {} revoked", revoked.prefix));
        }
    }
    Ok(())
}

fn show_once(printer: &Printer, (credential, secret): &(Credential, Secret)) {
    let mut json = describe(credential);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("token".to_owned(), secret.reveal().into());
    }
    printer.data(&json, || format!("token  {}", secret.reveal()));
    printer.note("The token is not shown again.");
}

fn list(printer: &Printer, credentials: &[Credential]) {
    printer.data(&credentials.iter().map(describe).collect(), || {
        let names = ["PREFIX", "SCOPES", "CREATED", "EXPIRES", "REVOKED", "LAST USED"].map(str::to_owned);
        let mut rows = vec![names.to_vec()];
        rows.extend(credentials.iter().map(|credential| {
            vec![
                credential.prefix.clone(),
                scopes(credential).join(","),
                credential.created.to_string(),
                time(credential.expires),
                time(credential.revoked),
                time(credential.last_used),
            ]
        }));
        table(&rows)
    });
}

fn describe(credential: &Credential) -> Value {
    json!({
        "id": credential.id.to_string(),
        "prefix": credential.prefix,
        "scopes": scopes(credential),
        "subject": credential.subject.map(|id| id.to_string()),
        "created": credential.created.to_string(),
        "expires": credential.expires.map(|at| at.to_string()),
        "revoked": credential.revoked.map(|at| at.to_string()),
        "last_used": credential.last_used.map(|at| at.to_string()),
    })
}

fn scopes(credential: &Credential) -> Vec<&'static str> {
    let name = |scope: &Scope| match scope {
        Scope::Read => "read",
        Scope::Write => "write",
    };
    credential.scopes.iter().map(name).collect()
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
