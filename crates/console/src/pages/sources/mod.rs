//! Sources: the list, and making one. Each page of a source has a file.

mod access;
mod connect;
mod guide;
mod live;
mod manage;
mod settings;
mod show;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::source::{Source, SourceStatus};
use rollcall_service::admin::{Configuration, NewCredential, Paging, SourceFilter};
use serde_json::{Map, Value};

use crate::Console;
use crate::answer::{Answer, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Item, Section};
use crate::guard::Visit;
use crate::place::Asked;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Empty, Field, Pager};

pub(super) const ROUTES: &[&[Route]] =
    &[LIST, show::ROUTES, access::ROUTES, settings::ROUTES, manage::ROUTES, connect::ROUTES];

const LIST: &[Route] = &[
    Route { method: "GET", path: "/sources", needs: Needs::Role(Role::Viewer), handler: || get(list) },
    Route { method: "GET", path: "/sources/new", needs: Needs::Role(Role::Operator), handler: || get(ask) },
    Route {
        method: "POST",
        path: "/sources/new",
        needs: Needs::Role(Role::Operator),
        handler: || post(make),
    },
];

/// Sources of one page.
const PAGE: u32 = 50;

/// All sources.
#[derive(Template)]
#[template(path = "sources/list.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    pager: Pager,
    empty: Empty,
    may_make: bool,
}

struct Row {
    slug: String,
    title: String,
    provider: &'static str,
    status: Badge,
    live: live::Live,
}

/// `GET /console/sources`: 200.
async fn list(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    let paging = Paging { limit: PAGE, after: asked.given("cursor").map(str::to_owned) };
    let page = app.service.sources(visit.admin(), &SourceFilter::default(), &paging).await?;
    let pager = Pager::new("/console/sources", page.next.as_deref(), paging.after.is_some());
    let mut rows = Vec::new();
    for source in page.items {
        rows.push(Row {
            live: live::look(&app, visit.admin(), &source).await?,
            status: status(&source),
            title: title(&source),
            provider: guide::provider(&source.dialect),
            slug: source.slug,
        });
    }
    let may_make = visit.may(Role::Operator);
    let empty = Empty::new("sources.empty");
    let empty = if may_make { empty.with("sources.make", "/sources/new") } else { empty };
    let frame = visit.frame(Section::Sources, "sources.title");
    show_with(StatusCode::OK, &List { frame, rows, pager, empty, may_make })
}

/// What people call a source.
fn title(source: &Source) -> String {
    if source.settings.name.is_empty() { source.slug.clone() } else { source.settings.name.clone() }
}

/// Whether it answers.
fn status(source: &Source) -> Badge {
    match source.status {
        SourceStatus::Active => Badge::good(text::t("sources.active")),
        SourceStatus::Paused => Badge::warn(text::t("sources.paused")),
    }
}

/// The SCIM base URL of a source.
fn base_url(source: &Source, origin: &str) -> String {
    format!("{origin}/scim/{}/v2", source.slug)
}

/// The frame of a page of a source, and the tabs that lead to the others.
fn of_source(visit: &Visit, source: &Source, tab: &str) -> (Frame, Vec<Item>) {
    let frame = visit.titled(Section::Sources, &title(source)).crumb(text::t("sources.title"), "/sources");
    let tabs = [("show", ""), ("access", "/access"), ("settings", "/settings"), ("manage", "/manage")];
    let item = |(name, path): (&str, &str)| Item {
        text: text::t(&format!("sources.tab.{name}")).to_owned(),
        url: format!("{}/sources/{}{path}", crate::CONSOLE_BASE, source.slug),
        current: name == tab,
    };
    (frame, tabs.map(item).into_iter().collect())
}

/// Which provider?
#[derive(Template)]
#[template(path = "sources/new.html")]
struct NewPage {
    frame: Frame,
    name: Field,
    slug: Field,
    providers: Vec<(&'static str, &'static str)>,
    chosen: String,
    problem: Option<String>,
}

fn new_page(visit: &Visit, [name, slug, chosen]: [&str; 3], problems: &Problems) -> NewPage {
    NewPage {
        frame: visit.frame(Section::Sources, "sources.new.title").crumb(text::t("sources.title"), "/sources"),
        name: Field::text("sources.new", "name").value(name).required().problems(problems),
        slug: Field::text("sources.new", "slug").value(slug).literal().problems(problems),
        providers: guide::providers(),
        chosen: if chosen.is_empty() { "generic".to_owned() } else { chosen.to_owned() },
        problem: problems.whole().or(problems.at("dialect")).map(str::to_owned),
    }
}

/// `GET /console/sources/new`: 200.
async fn ask(visit: Visit) -> Answer {
    show_with(StatusCode::OK, &new_page(&visit, ["", "", ""], &Problems::none()))
}

/// `POST /console/sources/new`: 303 to the source with its first token, or 400.
async fn make(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    let (name, dialect) = (sent.text("name"), sent.text("dialect"));
    let slug = sent.given("slug").map_or_else(|| slugged(name), str::to_owned);
    let settings = Map::from_iter([("name".to_owned(), Value::from(name))]);
    let wanted = Configuration { dialect: Some(dialect.to_owned()), settings, ..Configuration::default() };
    let mut problems = Problems::none();
    if name.is_empty() {
        problems.add("name", text::t("sources.new.name_missing"));
    } else {
        match app.service.make_source(visit.admin(), &slug, wanted, NewCredential::default()).await {
            Ok((source, _, token)) => {
                let go = visit.go(&format!("/sources/{}", source.slug)).saying("sources.new.made");
                return Ok(go.with_secret(&secret_name(&source), token.reveal()).into());
            }
            Err(error) => problems = at_slug(Problems::of(error, &["name", "dialect"])?),
        }
    }
    let page = new_page(&visit, [name, sent.text("slug"), dialect], &problems);
    show_with(StatusCode::BAD_REQUEST, &page)
}

/// What the store and the check of slugs say is about the slug.
fn at_slug(mut problems: Problems) -> Problems {
    if let Some(whole) = problems.whole().map(str::to_owned)
        && (whole.contains("slug") || whole.contains("exists already"))
    {
        problems = Problems::none();
        problems.add("slug", whole);
    }
    problems
}

/// A slug made of a name.
fn slugged(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(plain).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(63).collect()
}

/// What a page shows the token of this source by, once.
fn secret_name(source: &Source) -> String {
    format!("source/{}", source.id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_slug_is_made_of_a_name() {
        for (name, slug) in [("Okta (Production)", "okta-production"), ("Entra ID", "entra-id"), ("¿?", "")]
        {
            assert_eq!(super::slugged(name), slug);
        }
    }
}
