//! `rollcall audit`.

use rollcall_domain::audit::{Entry, Head, hexadecimal};
use rollcall_service::admin::{AuditFilter, Manager, Paging};
use serde_json::{Value, json};

use crate::args::{Audit, Global};
use crate::open::Opened;
use crate::printer::{Printer, table};
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: Audit, printer: &Printer) -> Done {
    let service = Opened::for_management(global)?.service;
    let operator = Manager::operator();
    match command {
        Audit::List { subject, action, actor, limit } => {
            let filter = AuditFilter { actor, action, subject };
            let paging = Paging { limit, after: None };
            let entries = service.audit(&operator, global.tenant.as_deref(), filter, &paging).await?.items;
            list(printer, &entries);
            Ok(())
        }
        Audit::Verify { expect } => match service.verify_audit(&operator, expect).await? {
            Ok(head) => {
                let json = json!({ "entries": head.sequence, "end": end(&head) });
                printer.data(&json, || {
                    format!("{} entries, all as written\nend  {}", head.sequence, end(&head))
                });
                Ok(())
            }
            Err(broken) => Err(Failure::Theirs(format!(
                "the audit does not hold: {broken}; someone has changed the database, or its secret is another"
            ))),
        },
    }
}

/// What `--expect` takes.
fn end(head: &Head) -> String {
    format!("{}:{}", head.sequence, hexadecimal(&head.hash))
}

fn list(printer: &Printer, entries: &[Entry]) {
    printer.data(&entries.iter().map(describe).collect(), || {
        let names = ["NUMBER", "AT", "ACTOR", "ACTION", "SUBJECT"].map(str::to_owned);
        let mut rows = vec![names.to_vec()];
        rows.extend(entries.iter().map(|Entry { sequence, event, .. }| {
            let texts = [&event.actor, &event.action, &event.subject].map(Clone::clone);
            [sequence.to_string(), event.at.to_string()].into_iter().chain(texts).collect()
        }));
        table(&rows)
    });
}

fn describe(entry: &Entry) -> Value {
    let Entry { sequence, event, .. } = entry;
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "sequence": sequence,
        "at": event.at.to_string(),
        "actor": event.actor,
        "request_id": Some(&event.request_id).filter(|id| !id.is_empty()),
        "action": event.action,
        "subject": event.subject,
        "before": value(&event.before),
        "after": value(&event.after),
    })
}
