//! `rollcall source requests`: what a provider sent, and what it was told.

use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_domain::request_log::RequestSummary;
use rollcall_server::api::{RequestDetailView, RequestView};
use rollcall_service::admin::Paging;
use rollcall_service::request_log::RequestFilter;
use rollcall_service::system::SystemClock;
use serde_json::Value;

use crate::Done;
use crate::args::{Global, Requests};
use crate::open::Opened;
use crate::printer::{Printer, table};

pub(crate) async fn run(opened: &Opened, global: &Global, printer: &Printer, arguments: &Requests) -> Done {
    let admin = opened.admin(global).await?;
    if let Some(id) = &arguments.id {
        let request = opened.service.request(&admin, &arguments.slug, id).await?;
        let described = serde_json::to_value(RequestDetailView::from(request))?;
        printer.data(&described, || whole(&described));
        return Ok(());
    }
    let filter = RequestFilter {
        user: arguments.user.clone(),
        status: arguments.status.clone(),
        method: arguments.method.clone(),
        since: arguments.since.map(|ms| Timestamp(SystemClock.now().0 - ms)),
        until: None,
    };
    let paging = Paging { limit: arguments.limit, after: None };
    let found = opened.service.requests(&admin, &arguments.slug, &filter, &paging).await?.items;
    let described = found.iter().cloned().map(|summary| serde_json::to_value(RequestView::from(summary)));
    let described = described.collect::<Result<Vec<_>, _>>()?;
    printer.data(&described.into(), || list(&found));
    if found.is_empty() {
        printer.note("nothing found; what is kept, and for how long: rollcall source show");
    }
    Ok(())
}

/// The latest first.
fn list(found: &[RequestSummary]) -> String {
    let names = ["AT", "STATUS", "METHOD", "PATH", "MS", "PROBLEM", "ID"].map(str::to_owned);
    let mut rows = vec![names.to_vec()];
    for request in found {
        let status = match &request.scim_type {
            Some(kind) => format!("{} {kind}", request.status),
            None => request.status.to_string(),
        };
        let took = format!("{}.{}", request.took_us / 1_000, request.took_us % 1_000 / 100);
        let problem = request.problem.clone().unwrap_or_default();
        rows.push(vec![
            request.at.to_string(),
            status,
            request.method.clone(),
            place(request),
            took,
            problem,
            request.id.clone(),
        ]);
        if request.left_out > 0 {
            rows.push(vec![format!("({} more came before it than are kept)", request.left_out)]);
        }
    }
    table(&rows)
}

/// Path below the source's base URL, and query.
fn place(request: &RequestSummary) -> String {
    let path = ["/v2", "/v1"].iter().find_map(|version| request.path.split_once(version));
    let path = path.map_or(request.path.as_str(), |(_, rest)| if rest.is_empty() { "/" } else { rest });
    if request.query.is_empty() { path.to_owned() } else { format!("{path}?{}", request.query) }
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
