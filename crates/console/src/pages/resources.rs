//! `/console/users`, `/console/groups`: who a source has pushed, searched as the filter language allows.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_domain::account::Role;
use rollcall_scim::filter::Filter;
use rollcall_service::admin::{Page, Paging};
use rollcall_service::view::{Seen, Which};
use serde_json::Value;

use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::Problems;
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::Asked;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::brief;
use crate::ui::{Badge, Choice, Empty, Pager, When};

/// Resources of one page.
const PAGE: u32 = 50;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/users", needs: Needs::Role(Role::Viewer), handler: || get(users) },
    Route { method: "GET", path: "/groups", needs: Needs::Role(Role::Viewer), handler: || get(groups) },
];

/// What differs between users and groups.
struct Subject {
    kind: &'static str,
    section: Section,
    title: &'static str,
    path: &'static str,
    /// Attributes that are shown, with the keys of their names.
    columns: &'static [(&'static str, &'static str)],
    /// What plain words are looked for in.
    simple: &'static str,
    hint: &'static str,
    empty: &'static str,
    none: &'static str,
}

const USERS: Subject = Subject {
    kind: "User",
    section: Section::Users,
    title: "users.title",
    path: "/users",
    columns: &[
        ("userName", "users.user_name"),
        ("displayName", "users.display_name"),
        ("externalId", "users.external_id"),
    ],
    simple: "userName",
    hint: "users.filter_hint",
    empty: "users.empty",
    none: "users.none",
};

const GROUPS: Subject = Subject {
    kind: "Group",
    section: Section::Groups,
    title: "groups.title",
    path: "/groups",
    columns: &[("displayName", "groups.display_name"), ("externalId", "groups.external_id")],
    simple: "displayName",
    hint: "groups.filter_hint",
    empty: "groups.empty",
    none: "groups.none",
};

#[derive(Template)]
#[template(path = "resources/list.html")]
struct List {
    frame: Frame,
    path: &'static str,
    hint: &'static str,
    sources: Vec<String>,
    slug: String,
    filter: String,
    problem: Option<String>,
    names: Vec<&'static str>,
    rows: Vec<Row>,
    total: Option<u64>,
    /// Whether what comes is shown by itself.
    follows: bool,
    empty: Empty,
    pager: Pager,
}

struct Row {
    url: String,
    cells: Vec<String>,
    active: Option<Badge>,
    modified: When,
}

#[derive(Template)]
#[template(path = "resources/nothing.html")]
struct Nothing {
    frame: Frame,
    empty: Empty,
}

/// `GET /console/users`: 200, 400 for a filter that cannot be, 404 without such a source.
async fn users(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    list(&app, &visit, &asked, &USERS).await
}

/// `GET /console/groups`: the same.
async fn groups(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    list(&app, &visit, &asked, &GROUPS).await
}

async fn list(app: &Console, visit: &Visit, asked: &Asked, subject: &Subject) -> Answer {
    let choice = Choice::read(app, visit, asked).await?;
    let frame = visit.frame(subject.section, subject.title);
    let Some(source) = choice.chosen else {
        return nothing(frame);
    };
    let typed = asked.text("filter").to_owned();
    let which = Which { kind: subject.kind.to_owned(), filter: meant(&typed, subject.simple) };
    let paging = Paging { limit: PAGE, after: asked.given("cursor").map(str::to_owned) };
    let (page, total, problem) = match app.service.resources(visit.admin(), &source, &which, &paging).await {
        Ok((page, total)) => (page, total, None),
        Err(error) => {
            let problems = Problems::of(error, &["filter"])?;
            let text = problems.at("filter").or(problems.whole()).unwrap_or_default().to_owned();
            (Page { items: Vec::new(), next: None }, None, Some(text))
        }
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (now, slug) = (app.service.in_milliseconds(0), source.slug);
    let row = |seen: Seen| Row {
        url: format!("/console{}/{slug}/{}", subject.path, seen.id),
        cells: subject.columns.iter().map(|(name, _)| cell(&seen, name)).collect(),
        active: (subject.kind == "User").then(|| activity(&seen)),
        modified: When::new(seen.modified, now),
    };
    let rows: Vec<Row> = page.items.into_iter().map(row).collect();
    let encoded = utf8_percent_encode(&typed, NON_ALPHANUMERIC);
    let url = format!("/console{}?source={slug}&filter={encoded}", subject.path);
    let list = List {
        frame,
        path: subject.path,
        hint: subject.hint,
        sources: choice.slugs,
        follows: typed.is_empty() && paging.after.is_none(),
        empty: Empty::new(if typed.is_empty() { subject.empty } else { subject.none }),
        pager: Pager::new(&url, page.next.as_deref(), paging.after.is_some()),
        names: subject.columns.iter().map(|(_, key)| *key).collect(),
        filter: typed,
        slug,
        problem,
        rows,
        total,
    };
    show_with(status, &list)
}

/// The page of a tenant without sources.
pub(super) fn nothing(frame: Frame) -> Answer {
    let empty = Empty::new("look.no_source").with("look.connect", "/sources");
    show_with(StatusCode::OK, &Nothing { frame, empty })
}

/// The filter that what was typed means: itself, or of a plain word, whose name begins so.
fn meant(typed: &str, attribute: &str) -> Option<String> {
    let is_plain = !typed.contains(['"', ' ', '(', '[']) && Filter::parse(typed).is_err();
    match typed {
        "" => None,
        word if is_plain && !word.contains('\\') => {
            Some(format!("{attribute} sw \"{word}\" or externalId eq \"{word}\""))
        }
        filter => Some(filter.to_owned()),
    }
}

fn cell(seen: &Seen, name: &str) -> String {
    seen.document.get(name).and_then(Value::as_str).map(brief).unwrap_or_default()
}

/// Whether a user is active, as the source says.
pub(super) fn activity(seen: &Seen) -> Badge {
    match seen.document.get("active").and_then(Value::as_bool) {
        Some(false) => Badge::warn(text::t("users.inactive")),
        Some(true) => Badge::good(text::t("users.active")),
        None => Badge::plain(text::t("users.unsaid")),
    }
}

/// 400 for a form that was sent without any of its buttons.
pub(super) fn no_answer() -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "error.invalid", text::t("look.no_answer"))
}

/// What a page needs when the source of the path is not there.
pub(super) async fn source_of(
    app: &Console,
    visit: &Visit,
    slug: &str,
) -> Result<rollcall_domain::source::Source, Failure> {
    Ok(app.service.source(visit.admin(), slug).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_word_is_the_beginning_of_a_name() {
        for (typed, expected) in [
            ("", None),
            ("ann", Some("userName sw \"ann\" or externalId eq \"ann\"")),
            ("ann@example.com", Some("userName sw \"ann@example.com\" or externalId eq \"ann@example.com\"")),
            ("userName eq \"ann\"", Some("userName eq \"ann\"")),
            ("userName eq", Some("userName eq")),
            ("a\\", Some("a\\")),
        ] {
            assert_eq!(meant(typed, "userName").as_deref(), expected, "{typed}");
        }
    }
}
