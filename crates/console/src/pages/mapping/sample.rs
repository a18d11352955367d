//! The sample that the mapping editor begins with: the last one that really came.

use rollcall_domain::request_log::KeptBody;
use rollcall_domain::source::Source;
use rollcall_service::admin::Paging;
use rollcall_service::request_log::RequestFilter;
use rollcall_service::view::Which;
use serde_json::{Value, json};

use crate::Console;
use crate::answer::Failure;
use crate::guard::Visit;
use crate::ui::json::pretty;

/// Characters of a sample: the page has to be small.
const MOST_CHARS: usize = 10_000;
/// Requests that are looked at for a user that was pushed whole.
const LOOKED_AT: u32 = 20;

/// A sample, and the key of where it comes from.
pub(super) struct Given {
    pub(super) payload: Value,
    pub(super) note: &'static str,
}

/// The last user that was created by a request that is in the log, as masked there; else a user that is stored; else an
/// example.
pub(super) async fn of(app: &Console, visit: &Visit, source: &Source) -> Result<Given, Failure> {
    let filter = RequestFilter { method: Some("POST".to_owned()), ..RequestFilter::default() };
    let paging = Paging { limit: LOOKED_AT, after: None };
    let pushed = app.service.requests(visit.admin(), &source.slug, &filter, &paging).await?;
    let user = pushed.items.iter().find(|summary| {
        summary.status == 201 && summary.resource.as_ref().is_some_and(|(kind, _)| kind == "User")
    });
    if let Some(summary) = user {
        let logged = app.service.request(visit.admin(), &source.slug, &summary.id).await?;
        if let KeptBody::Json(payload) = logged.detail.request
            && fits(&payload)
        {
            return Ok(Given { payload, note: "mapping.sample_logged" });
        }
    }
    let which = Which { kind: "User".to_owned(), filter: None };
    let first = app.service.resources(visit.admin(), source, &which, &Paging { limit: 1, after: None }).await;
    let stored = first.ok().and_then(|(page, _)| page.items.into_iter().next());
    if let Some(payload) = stored.map(|seen| Value::Object(seen.document)).filter(fits) {
        return Ok(Given { payload, note: "mapping.sample_stored" });
    }
    let payload = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann@example.com",
        "externalId": "00u1",
        "name": { "givenName": "Ann", "familyName": "Example" },
        "emails": [{ "value": "ann@example.com", "type": "work", "primary": true }],
        "active": true,
    });
    Ok(Given { payload, note: "mapping.sample_example" })
}

/// Whether it can be shown and edited.
fn fits(payload: &Value) -> bool {
    pretty(payload).len() <= MOST_CHARS
}
