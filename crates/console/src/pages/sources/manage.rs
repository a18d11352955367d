//! Pausing, resuming and deleting a source, with what each means for its users.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::source::{Source, SourceStatus};
use rollcall_service::admin::Configuration;

use super::of_source;
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Item};
use crate::guard::Visit;
use crate::place::At;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::Field;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/sources/{source}/manage",
        needs: Needs::Role(Role::Operator),
        handler: || get(show),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/status",
        needs: Needs::Role(Role::Operator),
        handler: || post(set),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/delete",
        needs: Needs::Role(Role::Operator),
        handler: || post(delete),
    },
];

/// Pause, resume, delete.
#[derive(Template)]
#[template(path = "sources/manage.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Item>,
    slug: String,
    paused: bool,
    /// What deleting means for people.
    people: String,
    confirm: Field,
}

async fn page(app: &Console, visit: &Visit, source: &Source, problems: &Problems) -> Result<Page, Failure> {
    let report = app.service.report(visit.admin(), source).await?;
    let mode = report.deprovision_mode.and_then(|mode| serde_json::to_value(mode).ok());
    let mode = mode.as_ref().and_then(serde_json::Value::as_str).unwrap_or("soft");
    let people = if source.settings.has_identities() {
        text::fill("manage.people", &[&mode])
    } else {
        text::t("manage.no_people").to_owned()
    };
    let (frame, tabs) = of_source(visit, source, "manage");
    Ok(Page {
        frame,
        tabs,
        slug: source.slug.clone(),
        paused: source.status == SourceStatus::Paused,
        people,
        confirm: Field::text("manage", "confirm").required().literal().problems(problems),
    })
}

/// `GET /console/sources/{source}/manage`: 200 or 404.
async fn show(State(app): State<Console>, visit: Visit, At(slug): At<String>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    show_with(StatusCode::OK, &page(&app, &visit, &source, &Problems::none()).await?)
}

/// `POST /console/sources/{source}/status`: 303 or 404.
async fn set(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let (status, said) = match sent.text("status") {
        "paused" => (SourceStatus::Paused, "manage.was_paused"),
        _ => (SourceStatus::Active, "manage.was_resumed"),
    };
    let wanted = Configuration { status: Some(status), ..Configuration::default() };
    app.service.configure_source(visit.admin(), &source.slug, wanted).await?;
    Ok(visit.go(&format!("/sources/{}/manage", source.slug)).saying(said).into())
}

/// `POST /console/sources/{source}/delete`: 303, or 400 when its name was not typed.
async fn delete(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    if sent.text("confirm") != source.slug {
        let mut problems = Problems::none();
        problems.add("confirm", text::fill("manage.not_confirmed", &[&source.slug]));
        return show_with(StatusCode::BAD_REQUEST, &page(&app, &visit, &source, &problems).await?);
    }
    app.service.delete_source(visit.admin(), &source).await?;
    Ok(visit.go("/sources").saying("manage.was_deleted").into())
}
