//! Whether a source's provider has come: from the request log, and from when its tokens were last used.

use askama::Template;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::RequestSummary;
use rollcall_domain::source::Source;
use rollcall_service::admin::{Admin, Paging};
use rollcall_service::request_log::RequestFilter;

use super::guide;
use crate::Console;
use crate::answer::Failure;
use crate::text;
use crate::ui::When;

/// Times of last use are exact to this.
const EXACT_MS: i64 = 60_000;

/// What was seen of a provider.
#[derive(Clone, Template)]
#[template(path = "sources/live.html")]
pub(super) struct Live {
    /// CSS class: `good`, `bad`, or empty while nothing has come.
    tone: &'static str,
    words: String,
    when: Option<When>,
}
crate::ui::part!(Live);

/// Looks what has come last.
pub(super) async fn look(app: &Console, admin: &Admin, source: &Source) -> Result<Live, Failure> {
    app.service.flush_last_used().await?;
    let latest = Paging { limit: 1, after: None };
    let logged = app.service.requests(admin, &source.slug, &RequestFilter::default(), &latest).await?;
    let credentials = app.service.credentials(admin, source).await?;
    let used = credentials.iter().filter_map(|credential| credential.last_used).max();
    Ok(judge(guide::provider(&source.dialect), logged.items.first(), used, app.service.now()))
}

/// The last request that the log has, or a later use of a token: reads that succeed are not kept by default.
fn judge(provider: &str, logged: Option<&RequestSummary>, used: Option<Timestamp>, now: Timestamp) -> Live {
    let newer = |request: &&RequestSummary| used.is_none_or(|used| request.at.0 + EXACT_MS > used.0);
    match (logged.filter(newer), used) {
        (Some(request), used) => {
            let refused = request.status == 401;
            // A token that got in about then is the better news.
            let tone = if refused && used.is_none_or(|used| used.0 + EXACT_MS < request.at.0) {
                "bad"
            } else if request.status < 400 || used.is_some() {
                "good"
            } else {
                "bad"
            };
            let key = if refused { "live.refused" } else { "live.request" };
            let words = text::fill(key, &[&provider, &request.status, &request.method]);
            Live { tone, words, when: Some(When::new(request.at, now)) }
        }
        (None, Some(used)) => {
            let words = text::fill("live.got_in", &[&provider]);
            Live { tone: "good", words, when: Some(When::new(used, now)) }
        }
        (None, None) => Live { tone: "", words: text::fill("live.waiting", &[&provider]), when: None },
    }
}
