//! `rollcall source requests`: what a provider sent, and what it was told.

use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_service::system::SystemClock;
use serde_json::Value;

use crate::Done;
use crate::args::Requests;
use crate::desk::{Ask, Desk};
use crate::printer::{Printer, table};

pub(crate) async fn run(desk: &Desk, printer: &Printer, arguments: &Requests) -> Done {
    if let Some(id) = &arguments.id {
        let described = desk.within(Ask::get(&["sources", &arguments.slug, "requests", id])).await?;
        printer.data(&described, || whole(&described));
        return Ok(());
    }
    let since = arguments.since.map(|ms| Timestamp(SystemClock.now().0 - ms).to_string());
    let limit = arguments.limit.to_string();
    let ask = Ask::get(&["sources", &arguments.slug, "requests"])
        .with("user", arguments.user.as_deref())
        .with("status", arguments.status.as_deref())
        .with("method", arguments.method.as_deref())
        .with("since", since.as_deref())
        .with("limit", Some(&limit));
    let mut page = desk.within(ask).await?;
    let found = page.get_mut("items").map(Value::take).unwrap_or_default();
    let items = found.as_array().map_or(&[][..], Vec::as_slice);
    printer.data(&found, || list(items));
    if items.is_empty() {
        printer.note("nothing found; what is kept, and for how long: rollcall source show");
    }
    Ok(())
}

/// The latest first.
fn list(found: &[Value]) -> String {
    let names = ["AT", "STATUS", "METHOD", "PATH", "MS", "PROBLEM", "ID"].map(str::to_owned);
    let mut rows = vec![names.to_vec()];
    for request in found {
        let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| request.get(name).and_then(Value::as_u64).unwrap_or_default();
        let status = format!("{} {}", number("status"), text("scim_type")).trim_end().to_owned();
        let took = format!("{}.{}", number("took_us") / 1_000, number("took_us") % 1_000 / 100);
        let place = place(&text("path"), &text("query"));
        rows.push(vec![text("at"), status, text("method"), place, took, text("problem"), text("id")]);
        let left_out = number("left_out_before");
        if left_out > 0 {
            rows.push(vec![format!("({left_out} more came before it than are kept)")]);
        }
    }
    table(&rows)
}

/// Path below the source's base URL, and query.
fn place(path: &str, query: &str) -> String {
    let below = ["/v2", "/v1"].iter().find_map(|version| path.split_once(version));
    let below = below.map_or(path, |(_, rest)| if rest.is_empty() { "/" } else { rest });
    if query.is_empty() { below.to_owned() } else { format!("{below}?{query}") }
}

fn whole(described: &Value) -> String {
    let fields = described.as_object().into_iter().flatten();
    let said = fields.filter(|(_, value)| {
        !value.is_null() && *value != "" && value.as_array().is_none_or(|list| !list.is_empty())
    });
    let lines = said.map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Number(number) => format!("{name}: {number}"),
        value => format!("{name}:\n{}", serde_json::to_string_pretty(value).unwrap_or_default()),
    });
    lines.collect::<Vec<_>>().join("\n")
}
