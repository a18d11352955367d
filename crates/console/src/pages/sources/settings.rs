//! The settings of a source: name, dialect, limits, request log, mapping and policy.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::source::Source;
use rollcall_service::admin::Configuration;
use serde_json::{Map, Value};

use super::{guide, of_source};
use crate::Console;
use crate::answer::{Answer, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Item};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::Field;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/sources/{source}/settings",
        needs: Needs::Role(Role::Operator),
        handler: || get(show),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/settings",
        needs: Needs::Role(Role::Operator),
        handler: || post(save),
    },
];

/// Settings that are whole numbers.
const NUMBERS: [&str; 7] = [
    "requests_per_second",
    "burst",
    "max_request_bytes",
    "max_bulk_operations",
    "max_page_size",
    "default_page_size",
    "max_members",
];
/// Settings of the request log that are one of a few words.
const LOGGED: [(&str, &[&str]); 2] =
    [("keep", &["nothing", "failures", "writes", "all"]), ("bodies", &["none", "masked", "full"])];
/// Settings of the request log that are whole numbers.
const LOG_NUMBERS: [&str; 3] = ["max_days", "max_mib", "max_per_second"];
/// Settings that are JSON documents, with the lines they are shown in.
const DOCUMENTS: [(&str, u32); 3] = [("mapping", 10), ("policy", 10), ("switches", 4)];

/// The settings.
#[derive(Template)]
#[template(path = "sources/settings.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Item>,
    slug: String,
    general: Vec<Field>,
    limits: Vec<Field>,
    log: Vec<Field>,
    documents: Vec<Field>,
    /// Of the settings that the form was made from.
    generation: String,
    problem: Option<String>,
}

/// The form with what was sent, or else with what is set.
fn page(visit: &Visit, source: &Source, sent: Option<&Asked>, problems: &Problems) -> Page {
    let stored = serde_json::to_value(&source.settings).unwrap_or_default();
    let at =
        |name: &str| name.split('.').fold(&stored, |value, part| value.get(part).unwrap_or(&Value::Null));
    let shown = |name: &str| match (sent, at(name)) {
        (Some(sent), _) => sent.raw(name).to_owned(),
        (None, Value::Null) => String::new(),
        (None, Value::String(text)) => text.clone(),
        (None, value @ Value::Object(_)) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (None, value) => value.to_string(),
    };
    let dialect = sent.map_or(source.dialect.as_str(), |sent| sent.text("dialect"));
    let providers =
        guide::providers().into_iter().map(|(dialect, name)| (dialect.to_owned(), name.to_owned()));
    let general = vec![
        Field::text("settings", "name").value(shown("name")).problems(problems),
        Field::select("settings", "dialect", providers.collect())
            .value(dialect)
            .required()
            .problems(problems),
    ];
    let number =
        |name: &str| Field::number("settings", name).value(shown(name)).required().problems(problems);
    let words = |(name, words): &(&str, &[&str])| {
        let full = format!("request_log.{name}");
        let choice =
            |word: &&str| ((*word).to_owned(), text::t(&format!("settings.{full}.{word}")).to_owned());
        let choices = words.iter().map(choice).collect();
        Field::select("settings.label", &full, choices).value(shown(&full)).required().problems(problems)
    };
    let log_number = |name: &str| {
        let full = format!("request_log.{name}");
        Field::number("settings.label", &full).value(shown(&full)).required().problems(problems)
    };
    let log = LOGGED.iter().map(words).chain(LOG_NUMBERS.map(log_number));
    let document = |(name, rows): &(&str, u32)| {
        Field::area("settings", name, *rows).value(shown(name)).problems(problems)
    };
    let (frame, tabs) = of_source(visit, source, "settings");
    Page {
        frame,
        tabs,
        slug: source.slug.clone(),
        general,
        limits: NUMBERS.into_iter().map(number).collect(),
        log: log.collect(),
        documents: DOCUMENTS.iter().map(document).collect(),
        generation: sent
            .map_or_else(|| source.generation.to_string(), |sent| sent.text("generation").to_owned()),
        problem: problems.whole().map(str::to_owned),
    }
}

/// `GET /console/sources/{source}/settings`: 200 or 404.
async fn show(State(app): State<Console>, visit: Visit, At(slug): At<String>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    show_with(StatusCode::OK, &page(&visit, &source, None, &Problems::none()))
}

/// `POST /console/sources/{source}/settings`: 303, 400 when they cannot be, 409 when someone else was first.
async fn save(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let problems = match wanted(&sent) {
        Err(problems) => problems,
        Ok(wanted) => match app.service.configure_source(visit.admin(), &source.slug, wanted).await {
            Ok(_) => {
                return Ok(visit
                    .go(&format!("/sources/{}/settings", source.slug))
                    .saying("settings.saved")
                    .into());
            }
            Err(error) if error.is_superseded() => {
                let source = app.service.source(visit.admin(), &slug).await?;
                let mut page = page(&visit, &source, Some(&sent), &Problems::none());
                page.generation = source.generation.to_string();
                page.problem = Some(text::t("settings.outdated").to_owned());
                return show_with(StatusCode::CONFLICT, &page);
            }
            Err(error) => {
                let names: Vec<&str> = ["name", "dialect"]
                    .into_iter()
                    .chain(NUMBERS)
                    .chain(DOCUMENTS.map(|(name, _)| name))
                    .collect();
                Problems::of(error, &names)?
            }
        },
    };
    show_with(StatusCode::BAD_REQUEST, &page(&visit, &source, Some(&sent), &problems))
}

/// What the form asks for; numbers and JSON are read here, and all else is for the use case to judge.
fn wanted(sent: &Asked) -> Result<Configuration, Problems> {
    let (mut settings, mut problems) = (Map::new(), Problems::none());
    settings.insert("name".to_owned(), sent.text("name").into());
    let mut number = |name: &str| {
        let number = sent.text(name).parse::<u64>();
        if number.is_err() {
            problems.add(name, text::t("settings.no_number"));
        }
        number.unwrap_or_default()
    };
    for name in NUMBERS {
        settings.insert(name.to_owned(), number(name).into());
    }
    let mut log = Map::new();
    for (name, _) in LOGGED {
        log.insert(name.to_owned(), sent.text(&format!("request_log.{name}")).into());
    }
    for name in LOG_NUMBERS {
        log.insert(name.to_owned(), number(&format!("request_log.{name}")).into());
    }
    settings.insert("request_log".to_owned(), log.into());
    for (name, _) in DOCUMENTS {
        match sent.given(name).map(serde_json::from_str::<Value>).transpose() {
            Ok(document) => drop(settings.insert(name.to_owned(), document.unwrap_or(Value::Null))),
            Err(error) => {
                let at = (error.line(), error.column());
                problems.add(name, text::fill("settings.no_json", &[&at.0, &at.1]));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let from = Some(sent.text("generation").parse().unwrap_or(0));
    Ok(Configuration { dialect: Some(sent.text("dialect").to_owned()), status: None, settings, from })
}
