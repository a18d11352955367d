//! `/console`: what needs someone first, then what each source did.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use rollcall_domain::account::Role;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::EndpointStatus;
use rollcall_domain::source::SourceStatus;
use rollcall_service::admin::{Paging, SourceFilter};
use rollcall_service::tally::Tallied;
use rollcall_service::view::{Attention, SourceActivity, WAITING_COUNTED};

use crate::Console;
use crate::answer::{Answer, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Chart, Empty, Series, When};

/// Sources that have charts: more would make the page long, and say less.
const CHARTED: usize = 8;
/// Slots of a chart's point: a quarter of an hour.
const SLOTS: usize = 3;

pub(super) const ROUTES: &[Route] =
    &[Route { method: "GET", path: "", needs: Needs::Role(Role::Viewer), handler: || get(overview) }];

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct Overview {
    frame: Frame,
    todo: Vec<Todo>,
    sources: Vec<Card>,
    more: usize,
    empty: Empty,
}

/// Something that needs someone.
struct Todo {
    tone: Badge,
    text: String,
    when: Option<When>,
    url: String,
}

/// A source, and what it did.
struct Card {
    slug: String,
    status: Badge,
    users: u64,
    groups: u64,
    requests: Chart,
    latency: Chart,
    size: Chart,
}

/// `GET /console`: 200.
async fn overview(State(app): State<Console>, visit: Visit) -> Answer {
    let (service, admin) = (&app.service, visit.admin());
    let now = service.in_milliseconds(0);
    let todo = todo(&service.attention(admin).await?, now);
    let all = service.sources(admin, &SourceFilter::default(), &Paging::all()).await?.items;
    let more = all.len().saturating_sub(CHARTED);
    let mut sources = Vec::new();
    for (at, source) in all.into_iter().take(CHARTED).enumerate() {
        sources.push(card(at, &service.activity(admin, source).await?));
    }
    let empty = Empty::new("look.no_source").with("look.connect", "/sources");
    let frame = visit.frame(Section::Overview, "overview.title");
    show(&Overview { frame, todo, sources, more, empty })
}

fn todo(attention: &Attention, now: Timestamp) -> Vec<Todo> {
    let mut todo = Vec::new();
    for held in attention.holding.iter().filter(|held| held.breaker.open_since.is_some()) {
        todo.push(Todo {
            tone: Badge::bad(text::t("overview.held")),
            text: text::count("overview.held_text", held.breaker.held, &[&held.slug, &held.breaker.held]),
            when: When::maybe(held.breaker.open_since, now),
            url: format!("/console/approvals/{}", held.slug),
        });
    }
    for failing in &attention.failing {
        let settings = &failing.endpoint.settings;
        let name = if settings.description.is_empty() { &settings.url } else { &settings.description };
        let parked = failing.progress.parked;
        let text = match &failing.endpoint.status {
            EndpointStatus::Disabled(reason) => text::fill("overview.disabled_text", &[name, reason]),
            _ => text::count("overview.parked_text", parked, &[name, &parked]),
        };
        todo.push(Todo {
            tone: Badge::bad(text::t("overview.failing")),
            text,
            when: None,
            url: format!("/console/webhooks/{}", failing.endpoint.id),
        });
    }
    for ending in &attention.ending {
        let key = if ending.at.is_some() { "overview.ending_text" } else { "overview.no_token_text" };
        todo.push(Todo {
            tone: Badge::warn(text::t("overview.ending")),
            text: text::fill(key, &[&ending.slug]),
            when: When::maybe(ending.at, now),
            url: format!("/console/sources/{}", ending.slug),
        });
    }
    for held in attention.holding.iter().filter(|held| held.waiting > 0) {
        let many = if held.waiting >= WAITING_COUNTED { "+" } else { "" };
        todo.push(Todo {
            tone: Badge::warn(text::t("overview.matches")),
            text: text::count(
                "overview.matches_text",
                u64::from(held.waiting),
                &[&held.slug, &format!("{}{many}", held.waiting)],
            ),
            when: None,
            url: format!("/console/approvals/{}", held.slug),
        });
    }
    todo
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
fn card(at: usize, activity: &SourceActivity) -> Card {
    let points: Vec<Tallied> = activity.tallied.chunks(SLOTS).map(summed).collect();
    let requests: u64 = points.iter().map(|point| u64::from(point.requests)).sum();
    let failed: u64 = points.iter().map(|point| u64::from(point.failed)).sum();
    let took: u64 = points.iter().map(|point| point.took_us).sum();
    let slowest = points.iter().map(|point| point.slowest_us).max().unwrap_or(0);
    let (size, first) = (activity.sizes.last(), activity.sizes.first());
    let (users, groups) = size.map_or((0, 0), |size| (size.users, size.groups));
    let day = || (text::t("overview.day_ago").to_owned(), text::t("overview.now").to_owned());
    let series = |key: &str, values: Vec<Option<f64>>| Series { name: text::t(key).to_owned(), values };
    let count =
        |value: fn(&Tallied) -> u32| points.iter().map(|point| Some(f64::from(value(point)))).collect();
    let mean = |point: &Tallied| {
        (point.requests > 0).then(|| point.took_us as f64 / f64::from(point.requests) / 1_000.0)
    };
    let slowest_of = |point: &Tallied| (point.requests > 0).then(|| point.slowest_us as f64 / 1_000.0);
    let slug = activity.source.slug.clone();
    Card {
        status: match activity.source.status {
            SourceStatus::Active => Badge::good(text::t("overview.active")),
            SourceStatus::Paused => Badge::warn(text::t("overview.paused")),
        },
        users,
        groups,
        requests: Chart::new(
            format!("requests-{at}"),
            text::fill("overview.requests", &[&slug]),
            text::fill("overview.requests_words", &[&requests, &failed]),
            day(),
            &[
                series("overview.all", count(|point| point.requests)),
                series("overview.failed", count(|point| point.failed)),
            ],
        ),
        latency: Chart::new(
            format!("latency-{at}"),
            text::fill("overview.latency", &[&slug]),
            text::fill(
                "overview.latency_words",
                &[&milliseconds(took.checked_div(requests).unwrap_or(0)), &milliseconds(slowest)],
            ),
            day(),
            &[
                series("overview.mean", points.iter().map(mean).collect()),
                series("overview.slowest", points.iter().map(slowest_of).collect()),
            ],
        ),
        size: Chart::new(
            format!("size-{at}"),
            text::fill("overview.users_over_time", &[&slug]),
            text::fill("overview.users_words", &[&users, &first.map_or(0, |size| size.users)]),
            (
                first.map_or_else(String::new, |size| day_of(size.at)),
                size.map_or_else(String::new, |size| day_of(size.at)),
            ),
            &[series("overview.users", activity.sizes.iter().map(|size| Some(size.users as f64)).collect())],
        ),
        slug,
    }
}

fn summed(slots: &[Tallied]) -> Tallied {
    let begin = slots.first().map_or(Timestamp(0), |slot| slot.at);
    slots.iter().fold(Tallied { at: begin, ..Tallied::default() }, |sum, slot| Tallied {
        at: begin,
        requests: sum.requests + slot.requests,
        failed: sum.failed + slot.failed,
        took_us: sum.took_us + slot.took_us,
        slowest_us: sum.slowest_us.max(slot.slowest_us),
    })
}

fn day_of(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

fn milliseconds(micros: u64) -> String {
    let tenths = micros.div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}
