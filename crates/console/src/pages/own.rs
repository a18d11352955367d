//! One's own account: name, password, where one is signed in.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Role;
use uuid::Uuid;

use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Field, When};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/account", needs: Needs::Role(Role::Viewer), handler: || get(show) },
    Route {
        method: "POST",
        path: "/account/name",
        needs: Needs::Role(Role::Viewer),
        handler: || post(rename),
    },
    Route {
        method: "POST",
        path: "/account/password",
        needs: Needs::Role(Role::Viewer),
        handler: || post(change),
    },
    Route {
        method: "POST",
        path: "/account/sessions",
        needs: Needs::Role(Role::Viewer),
        handler: || post(end),
    },
];

/// One's own account.
#[derive(Template)]
#[template(path = "account/own.html")]
struct OwnPage {
    frame: Frame,
    email: String,
    tenant: String,
    role: &'static str,
    name: Field,
    present: Option<Field>,
    new: Field,
    sessions: Vec<Row>,
    problem: Option<String>,
}

/// A browser that is signed in.
struct Row {
    id: Uuid,
    browser: String,
    since: When,
    last_used: When,
    this: bool,
}

async fn page(app: &Console, visit: &Visit, name: &str, problems: &Problems) -> Result<OwnPage, Failure> {
    let (account, now) = (&visit.signed.account, app.service.now());
    let sessions = app.service.own_sessions(&visit.signed).await?.into_iter().map(|session| Row {
        id: session.id,
        browser: browser(&session.browser),
        since: When::new(session.created, now),
        last_used: When::new(session.last_used, now),
        this: session.id == visit.signed.session.id,
    });
    let present = Field::password("own", "present").required().autocomplete("current-password");
    let new = Field::password("own", "new").required().autocomplete("new-password");
    Ok(OwnPage {
        frame: visit.frame(Section::None, "own.title"),
        email: account.email.clone(),
        tenant: visit.admin().tenant().name.clone(),
        role: role_name(visit.signed.role),
        name: Field::text("own", "name").value(name).required().autocomplete("name").problems(problems),
        present: account.password.is_some().then(|| present.problems(problems)),
        new: new.problems(problems),
        sessions: sessions.collect(),
        problem: problems.whole().map(str::to_owned),
    })
}

/// A role in words.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => text::t("role.viewer"),
        Role::Operator => text::t("role.operator"),
        Role::Owner => text::t("role.owner"),
    }
}

/// A browser and its system, as far as they are known; browsers say of themselves that they are many.
fn browser(words: &str) -> String {
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| words.contains(mark)).map(|(_, name)| *name)
    };
    let browser = known(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => text::t("own.unknown_browser").to_owned(),
    }
}

/// `GET /console/account`: 200.
async fn show(State(app): State<Console>, visit: Visit) -> Answer {
    show_with(StatusCode::OK, &page(&app, &visit, &visit.signed.account.name, &Problems::none()).await?)
}

/// `POST /console/account/name`: 303 or 400.
async fn rename(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    match app.service.rename(&visit.signed, sent.text("name")).await {
        Ok(()) => Ok(visit.go("/account").saying("own.renamed").into()),
        Err(error) => {
            let problems = Problems::of(error, &["name"])?;
            show_with(StatusCode::BAD_REQUEST, &page(&app, &visit, sent.text("name"), &problems).await?)
        }
    }
}

/// `POST /console/account/password`: 303 or 400.
async fn change(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    match app.service.change_password(&visit.signed, sent.raw("present"), sent.raw("new")).await {
        Ok(()) => Ok(visit.go("/account").saying("own.changed").into()),
        Err(error) => {
            let mut problems = Problems::of(error, &["present", "password"])?;
            if let Some(text) = problems.at("password").map(str::to_owned) {
                problems.add("new", text);
            }
            let name = &visit.signed.account.name;
            show_with(StatusCode::BAD_REQUEST, &page(&app, &visit, name, &problems).await?)
        }
    }
}

/// `POST /console/account/sessions`: 303. Without a `session`, all others end.
async fn end(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    let session = sent.given("session").map(Uuid::parse_str).transpose().map_err(|_| Failure::not_found())?;
    app.service.end_own_session(&visit.signed, session).await?;
    Ok(visit.go("/account").saying("own.ended").into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn browsers_are_known_by_what_only_they_say() {
        let of = super::browser;
        assert_eq!(
            of(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"
            ),
            "Edge, Windows"
        );
        assert_eq!(
            of("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            "Firefox, Linux"
        );
        assert_eq!(of("curl/8"), "An unknown browser");
    }
}
