//! `/console/mapping`: a source's mapping beside a sample, with what comes of it as one types.

mod outcome;
mod sample;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use rollcall_domain::mapping::MappingSettings;
use rollcall_domain::source::Source;
use serde_json::Value;

use self::outcome::{Outcome, Wrong};
use self::sample::Given;
use super::resources::{nothing, source_of};
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::pretty;
use crate::ui::{Choice, Field};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/mapping", needs: Needs::Role(Role::Viewer), handler: || get(first) },
    Route {
        method: "GET",
        path: "/mapping/{source}",
        needs: Needs::Role(Role::Viewer),
        handler: || get(edit),
    },
    Route {
        method: "POST",
        path: "/mapping/{source}/try",
        needs: Needs::Role(Role::Viewer),
        handler: || post(try_out),
    },
    Route {
        method: "POST",
        path: "/mapping/{source}",
        needs: Needs::Role(Role::Operator),
        handler: || post(save),
    },
];

/// Lines of the editor at first.
const ROWS: u32 = 22;

#[derive(Template)]
#[template(path = "mapping/edit.html")]
struct Editor {
    frame: Frame,
    slug: String,
    sources: Vec<String>,
    generation: String,
    may_save: bool,
    mapping: Field,
    sample: Field,
    kind: Field,
    note: &'static str,
    outcome: Outcome,
}

/// What was typed.
struct Typed {
    mapping: String,
    sample: String,
    is_group: bool,
    generation: String,
    note: &'static str,
}

/// `GET /console/mapping`: 303 to the mapping of the source that was chosen, or of the first.
async fn first(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    let choice = Choice::read(&app, &visit, &asked).await?;
    match choice.chosen {
        Some(source) => Ok(visit.go(&format!("/mapping/{}", source.slug)).into()),
        None => nothing(visit.frame(Section::Mapping, "mapping.title")),
    }
}

/// `GET /console/mapping/{source}`: 200 or 404.
async fn edit(State(app): State<Console>, visit: Visit, At(slug): At<String>) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let Given { payload, note } = sample::of(&app, &visit, &source).await?;
    let typed = Typed {
        mapping: written(&source),
        sample: pretty(&payload),
        is_group: false,
        generation: source.generation.to_string(),
        note,
    };
    let outcome = Outcome::of(&app, &visit, &source, &typed.mapping, &typed.sample, false).await?;
    page(&app, &visit, &source, typed, outcome, StatusCode::OK).await
}

/// `POST /console/mapping/{source}/try`: 200 with what would come of it, 400 when nothing can. Nothing is written.
async fn try_out(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let typed = Typed::read(&sent);
    let outcome = Outcome::of(&app, &visit, &source, &typed.mapping, &typed.sample, typed.is_group).await?;
    let status = if outcome.is_wrong() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(&app, &visit, &source, typed, outcome, status).await
}

/// `POST /console/mapping/{source}`: 303 when it is saved, 400 when it cannot be, 409 when someone else was first.
async fn save(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let typed = Typed::read(&sent);
    if typed.generation != source.generation.to_string() {
        return outdated(&app, &visit, &source.slug, typed).await;
    }
    let wrong = match read(&typed.mapping) {
        Err(wrong) => wrong,
        Ok(mapping) => match app.service.set_mapping(visit.admin(), &source, mapping).await {
            Ok(()) => {
                return Ok(visit.go(&format!("/mapping/{}", source.slug)).saying("mapping.saved").into());
            }
            // Someone was first in the moment since it was read.
            Err(error) if error.is_superseded() => return outdated(&app, &visit, &source.slug, typed).await,
            Err(error) => {
                let problems = Problems::of(error, &["mapping"])?;
                Wrong::whole(problems.at("mapping").or(problems.whole()).unwrap_or_default())
            }
        },
    };
    page(&app, &visit, &source, typed, Outcome::wrong(wrong), StatusCode::BAD_REQUEST).await
}

/// The form again, over the settings that there are now.
async fn outdated(app: &Console, visit: &Visit, slug: &str, typed: Typed) -> Answer {
    let source = source_of(app, visit, slug).await?;
    let outcome = Outcome::wrong(Wrong::whole(text::t("mapping.outdated")));
    let is_ours = !typed.generation.is_empty();
    let status = if is_ours { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    let typed = Typed { generation: source.generation.to_string(), ..typed };
    page(app, visit, &source, typed, outcome, status).await
}

impl Typed {
    fn read(sent: &Sent) -> Self {
        Self {
            mapping: sent.raw("mapping").to_owned(),
            sample: sent.raw("sample").to_owned(),
            is_group: sent.text("kind") == "Group",
            generation: sent.text("generation").to_owned(),
            note: "mapping.sample_typed",
        }
    }
}

/// The mapping of a source as text; of a source without one, an empty mapping.
fn written(source: &Source) -> String {
    let mapping = source.settings.mapping.clone().unwrap_or_default();
    pretty(&serde_json::to_value(mapping).unwrap_or(Value::Null))
}

/// A mapping from text; nothing typed is none.
fn read(text: &str) -> Result<Option<MappingSettings>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|error| Wrong::at("mapping.wrong", &error, text))
}

async fn page(
    app: &Console,
    visit: &Visit,
    source: &Source,
    typed: Typed,
    outcome: Outcome,
    status: StatusCode,
) -> Result<axum::response::Response, Failure> {
    let choice = Choice::read(app, visit, &Asked::default()).await?;
    let kinds = ["User", "Group"].map(|kind| {
        let key = if kind == "User" { "mapping.user" } else { "mapping.group" };
        (kind.to_owned(), text::t(key).to_owned())
    });
    let editor =
        Editor {
            frame: visit.frame(Section::Mapping, "mapping.title"),
            slug: source.slug.clone(),
            sources: choice.slugs,
            generation: typed.generation,
            may_save: visit.may(Role::Operator),
            mapping: Field::area("mapping.field", "mapping", ROWS).required().value(typed.mapping),
            sample: Field::area("mapping.field", "sample", ROWS).required().value(typed.sample),
            kind: Field::select("mapping.field", "kind", kinds.to_vec())
                .required()
                .value(if typed.is_group { "Group" } else { "User" }),
            note: typed.note,
            outcome,
        };
    show_with(status, &editor)
}
