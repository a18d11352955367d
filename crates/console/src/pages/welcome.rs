//! Links that let someone in once: the first run, and choosing a password.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::Purpose;

use super::enter::signed_in;
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::cookie::Cookie;
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::{Anyone, Go, Opened};
use crate::place::At;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::Field;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/link/{token}", needs: Needs::Nothing, handler: || get(open) },
    Route { method: "GET", path: "/welcome", needs: Needs::Link, handler: || get(welcome) },
    Route { method: "POST", path: "/welcome", needs: Needs::Link, handler: || post(begin) },
    Route { method: "GET", path: "/password", needs: Needs::Link, handler: || get(ask) },
    Route { method: "POST", path: "/password", needs: Needs::Link, handler: || post(choose) },
];

/// `GET /console/link/{token}`: 303 to what the link is for, or 410. The token goes into a cookie, and so out of the
/// address line and the history; nothing is used up by looking, as mail programs do.
async fn open(State(app): State<Console>, anyone: Anyone, At(token): At<String>) -> Answer {
    let gone = || Failure::new(StatusCode::GONE, "error.link", text::t("error.link_detail"));
    let link = app.service.open_link(&token).await?.ok_or_else(gone)?;
    let path = match link.purpose {
        Purpose::FirstRun => "/welcome",
        Purpose::Password(_) => "/password",
        Purpose::Source(_) => "/connect",
    };
    // It is asked for again by each page, so the cookie need not know when the link ends.
    Ok(Go::to(&anyone.context, path).with(Cookie::Link.set(&app, &token, None)).into())
}

/// Who is the first?
#[derive(Template)]
#[template(path = "account/welcome.html")]
struct WelcomePage {
    frame: Frame,
    fields: [Field; 3],
    problem: Option<String>,
}

const FIRST: [&str; 3] = ["name", "email", "password"];

fn welcome_page(opened: &Opened, [name, email]: [&str; 2], problems: &Problems) -> WelcomePage {
    WelcomePage {
        frame: Frame::new(&opened.context, Section::None, text::t("welcome.title").to_owned()),
        fields: [
            Field::text("welcome", "name").value(name).required().autocomplete("name").problems(problems),
            Field::email("welcome", "email")
                .value(email)
                .required()
                .autocomplete("username")
                .problems(problems),
            Field::password("welcome", "password").required().autocomplete("new-password").problems(problems),
        ],
        problem: problems.whole().map(str::to_owned),
    }
}

/// `GET /console/welcome`: 200 or 410.
async fn welcome(opened: Opened) -> Answer {
    if opened.link.purpose != Purpose::FirstRun {
        return Err(Failure::not_found());
    }
    show_with(StatusCode::OK, &welcome_page(&opened, ["", ""], &Problems::none()))
}

/// `POST /console/welcome`: 303 with a session, or 400.
async fn begin(State(app): State<Console>, opened: Opened, anyone: Anyone, sent: Sent) -> Answer {
    let (name, email) = (sent.text("name"), sent.text("email"));
    let from = (opened.context.browser.as_str(), opened.context.request_id.as_str());
    match app.service.first_run(&opened.link, (name, email, sent.raw("password")), from).await {
        Ok((_, token)) => Ok(signed_in(&anyone, &token, "/sources/new").saying("welcome.done").into()),
        Err(error) => {
            let problems = Problems::of(error, &FIRST)?;
            show_with(StatusCode::BAD_REQUEST, &welcome_page(&opened, [name, email], &problems))
        }
    }
}

/// A new password for an account.
#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    frame: Frame,
    email: String,
    password: Field,
    problem: Option<String>,
}

async fn password_page(app: &Console, opened: &Opened, problems: &Problems) -> Result<PasswordPage, Failure> {
    Ok(PasswordPage {
        frame: Frame::new(&opened.context, Section::None, text::t("password.title").to_owned()),
        email: app.service.account_of_link(&opened.link).await?.email,
        password: Field::password("password", "password")
            .required()
            .autocomplete("new-password")
            .problems(problems),
        problem: problems.whole().map(str::to_owned),
    })
}

/// `GET /console/password`: 200 or 410.
async fn ask(State(app): State<Console>, opened: Opened) -> Answer {
    show_with(StatusCode::OK, &password_page(&app, &opened, &Problems::none()).await?)
}

/// `POST /console/password`: 303 with a session, or 400.
async fn choose(State(app): State<Console>, opened: Opened, anyone: Anyone, sent: Sent) -> Answer {
    let from = (opened.context.browser.as_str(), opened.context.request_id.as_str());
    match app.service.choose_password(&opened.link, sent.raw("password"), from).await {
        Ok((_, token)) => Ok(signed_in(&anyone, &token, "").saying("password.done").into()),
        Err(error) => {
            let problems = Problems::of(error, &["password"])?;
            show_with(StatusCode::BAD_REQUEST, &password_page(&app, &opened, &problems).await?)
        }
    }
}
