//! `rollcall token`.

use serde_json::{Value, json};

use crate::Done;
use crate::args::{Global, Token};
use crate::desk::{Ask, Desk, at};
use crate::printer::{Printer, table};

pub(crate) async fn run(global: &Global, command: Token, printer: &Printer) -> Done {
    let desk = Desk::open(global).await?;
    match command {
        Token::Issue { source, scopes, expires_in, subject } => {
            let scopes: Vec<&str> = scopes.into_iter().map(crate::args::ScopeName::name).collect();
            let mut wanted = json!({ "scopes": scopes });
            set(&mut wanted, "expires_in_seconds", expires_in.map(|ms| (ms / 1000).into()));
            set(&mut wanted, "subject", subject.map(|id| id.to_string().into()));
            let issued = desk.within(Ask::post(&["sources", &source, "tokens"], wanted)).await?;
            show_once(printer, &issued);
        }
        Token::List { source } => {
            let path = ["sources", &source, "tokens"];
            list(printer, &desk.all(&path, &[("tenant", desk.tenant())]).await?);
        }
        Token::Rotate { source, token, overlap } => {
            let rotation = json!({ "overlap_seconds": overlap / 1000 });
            let path = ["sources", &source, "tokens", &token, "rotate"];
            show_once(printer, &desk.within(Ask::post(&path, rotation)).await?);
        }
        Token::Revoke { source, token } => {
            let revoked = desk.within(Ask::delete(&["sources", &source, "tokens", &token])).await?;
            printer.data(&revoked, || format!("token {} revoked", cell(at(&revoked, "prefix"))));
        }
    }
    Ok(())
}

/// Sets a field where there is a value.
pub(crate) fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(value), Some(fields)) = (value, object.as_object_mut()) {
        fields.insert(name.to_owned(), value);
    }
}

pub(crate) fn show_once(printer: &Printer, issued: &Value) {
    printer.data(issued, || format!("token  {}", cell(at(issued, "token"))));
    printer.note("The token is not shown again.");
}

fn list(printer: &Printer, tokens: &[Value]) {
    let fields = ["prefix", "scopes", "created", "expires", "revoked", "last_used"];
    printer.data(&tokens.iter().cloned().collect(), || {
        let names = ["PREFIX", "SCOPES", "CREATED", "EXPIRES", "REVOKED", "LAST USED"].map(str::to_owned);
        let row = |token: &Value| fields.iter().map(|name| cell(at(token, name))).collect();
        let rows: Vec<Vec<String>> = std::iter::once(names.to_vec()).chain(tokens.iter().map(row)).collect();
        table(&rows)
    });
}

/// A value in a table.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}
