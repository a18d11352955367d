//! The set-up page for someone else's administrator: instructions, token, live check, and nothing else.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_service::accounts::Guest;

use super::guide::{self, Guide};
use super::live::{Live, look};
use super::{base_url, secret_name};
use crate::Console;
use crate::answer::{Answer, Failure, show};
use crate::frame::{Frame, Section};
use crate::guard::{Go, Opened};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Copy, When};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/connect", needs: Needs::Link, handler: || get(page) },
    Route { method: "POST", path: "/connect/token", needs: Needs::Link, handler: || post(make) },
];

/// What the link of a source opens.
#[derive(Template)]
#[template(path = "sources/connect.html")]
struct Page {
    frame: Frame,
    live: Live,
    base_url: Copy,
    token: Option<Copy>,
    is_made: bool,
    guide: Guide,
    until: When,
}

async fn guest(app: &Console, opened: &Opened) -> Result<Guest, Failure> {
    let guest = app.service.guest(opened.link.clone(), &opened.context.request_id).await?;
    guest.ok_or_else(|| Failure::new(StatusCode::GONE, "error.link", text::t("error.link_detail")))
}

/// `GET /console/connect`: 200 or 410.
async fn page(State(app): State<Console>, opened: Opened) -> Answer {
    let guest = guest(&app, &opened).await?;
    let (source, context) = (&guest.source, &opened.context);
    let url = base_url(source, &context.origin);
    let token = context.flash.secret(&secret_name(source));
    let title = text::fill("connect.title", &[&guide::provider(&source.dialect)]);
    show(&Page {
        frame: Frame::new(context, Section::None, title),
        live: look(&app, &guest.admin, source).await?,
        guide: Guide::new(&source.dialect, &url),
        base_url: Copy::new("base-url", "sources.base_url", &url),
        token: token.map(|token| Copy::new("token", "sources.token", token)),
        is_made: guest.link.used.is_some(),
        until: When::new(guest.link.expires, app.service.now()),
    })
}

/// `POST /console/connect/token`: 303 with the token, or 409 when it was made.
async fn make(State(app): State<Console>, opened: Opened) -> Answer {
    let guest = guest(&app, &opened).await?;
    let (_, token) = app.service.guest_token(&guest).await?;
    let go = Go::to(&opened.context, "/connect").saying("connect.made");
    Ok(go.with_secret(&secret_name(&guest.source), token.reveal()).into())
}
