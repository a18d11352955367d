//! `rollcall audit`.

use serde_json::Value;

use crate::args::{Audit, Global};
use crate::desk::{Ask, Desk, at};
use crate::printer::{Printer, table};
use crate::token::cell;
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: Audit, printer: &Printer) -> Done {
    let desk = Desk::open(global).await?;
    match command {
        Audit::List { subject, action, actor, limit } => {
            let limit = limit.to_string();
            let ask = Ask::get(&["audit"]).with("tenant", desk.tenant()).with("limit", Some(&limit));
            let ask = ask.with("subject", subject.as_deref()).with("action", action.as_deref());
            let mut page = desk.send(&ask.with("actor", actor.as_deref())).await?;
            let entries = page.get_mut("items").map(Value::take).unwrap_or_default();
            list(printer, &entries);
            Ok(())
        }
        Audit::Verify { expect } => {
            let expect = expect.map(|head| head.to_string());
            let ask = Ask::get(&["audit", "verification"]).with("expect", expect.as_deref());
            verified(printer, &desk.send(&ask).await?)
        }
    }
}

fn verified(printer: &Printer, found: &Value) -> Done {
    if at(found, "holds") == true {
        let (entries, end) = (cell(at(found, "entries")), cell(at(found, "end")));
        printer.data(found, || format!("{entries} entries, all as written\nend  {end}"));
        return Ok(());
    }
    Err(Failure::Theirs(format!(
        "the audit does not hold: {}; someone has changed the database, or its secret is another",
        cell(at(found, "problem"))
    )))
}

fn list(printer: &Printer, entries: &Value) {
    printer.data(entries, || {
        let names = ["NUMBER", "AT", "ACTOR", "ACTION", "SUBJECT"].map(str::to_owned);
        let fields = ["sequence", "at", "actor", "action", "subject"];
        let row = |entry: &Value| fields.iter().map(|name| cell(at(entry, name))).collect();
        let entries = entries.as_array().into_iter().flatten();
        let rows: Vec<Vec<String>> = std::iter::once(names.to_vec()).chain(entries.map(row)).collect();
        table(&rows)
    });
}
