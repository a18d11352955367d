//! What opens a source: its tokens, and set-up links for someone else's administrator.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::{Link, Role};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope};
use rollcall_domain::source::Source;
use rollcall_service::admin::NewCredential;
use uuid::Uuid;

use super::{of_source, secret_name};
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Item};
use crate::guard::Visit;
use crate::place::At;
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Copy, Field, When};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/sources/{source}/access",
        needs: Needs::Role(Role::Viewer),
        handler: || get(show),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/tokens",
        needs: Needs::Role(Role::Operator),
        handler: || post(issue),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/tokens/{token}/rotate",
        needs: Needs::Role(Role::Operator),
        handler: || post(rotate),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/tokens/{token}/revoke",
        needs: Needs::Role(Role::Operator),
        handler: || post(revoke),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/links",
        needs: Needs::Role(Role::Operator),
        handler: || post(invite),
    },
    Route {
        method: "POST",
        path: "/sources/{source}/links/{link}/revoke",
        needs: Needs::Role(Role::Operator),
        handler: || post(uninvite),
    },
];

/// A token that ends sooner than this is told of: 20 days.
const SOON_MS: i64 = 20 * 86_400_000;
/// How long the token before a rotation goes on: a day.
const OVERLAP_MS: i64 = 86_400_000;
const DAY_MS: i64 = 86_400_000;
/// Days of a token at most.
const MOST_DAYS: i64 = 3_650;

/// What opens a source.
#[derive(Template)]
#[template(path = "sources/access.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Item>,
    slug: String,
    tokens: Vec<TokenRow>,
    links: Vec<LinkRow>,
    token: Option<Copy>,
    link: Option<Copy>,
    expires: Field,
    days: Field,
    may_write: bool,
    problem: Option<String>,
}

struct TokenRow {
    id: Uuid,
    prefix: String,
    badge: Badge,
    scopes: String,
    created: When,
    expires: Option<When>,
    last_used: Option<When>,
    valid: bool,
}

struct LinkRow {
    id: Uuid,
    created: When,
    expires: When,
    used: Option<When>,
}

fn token_row(credential: Credential, now: Timestamp) -> TokenRow {
    let soon = credential.expires.is_some_and(|at| at.0 - now.0 < SOON_MS);
    let valid = credential.is_valid(now);
    let badge = match (credential.revoked.is_some(), valid, soon) {
        (true, _, _) => Badge::plain(text::t("access.revoked")),
        (_, false, _) => Badge::bad(text::t("access.expired")),
        (_, _, true) => Badge::warn(text::t("access.ends_soon")),
        _ => Badge::good(text::t("access.valid")),
    };
    let scope = |scope: &Scope| match scope {
        Scope::Read => text::t("access.read"),
        Scope::Write => text::t("access.write"),
    };
    TokenRow {
        id: credential.id,
        badge,
        scopes: credential.scopes.iter().map(scope).collect::<Vec<_>>().join(", "),
        created: When::new(credential.created, now),
        expires: When::maybe(credential.expires, now),
        last_used: When::maybe(credential.last_used, now),
        prefix: credential.prefix,
        valid,
    }
}

fn link_row(link: &Link, now: Timestamp) -> LinkRow {
    LinkRow {
        id: link.id,
        created: When::new(link.created, now),
        expires: When::new(link.expires, now),
        used: When::maybe(link.used, now),
    }
}

async fn page(
    app: &Console,
    visit: &Visit,
    source: &Source,
    sent: [&str; 2],
    problems: &Problems,
) -> Result<Page, Failure> {
    let now = app.service.now();
    app.service.flush_last_used().await?;
    let mut tokens = app.service.credentials(visit.admin(), source).await?;
    tokens.reverse();
    let links = app.service.source_links(visit.admin(), source).await?;
    let flash = &visit.context.flash;
    let (frame, tabs) = of_source(visit, source, "access");
    let [expires, days] = sent;
    Ok(Page {
        frame,
        tabs,
        slug: source.slug.clone(),
        tokens: tokens.into_iter().map(|credential| token_row(credential, now)).collect(),
        links: links.iter().map(|link| link_row(link, now)).collect(),
        token: flash.secret(&secret_name(source)).map(|token| Copy::new("token", "sources.token", token)),
        link: flash.secret(&link_name(source)).map(|link| Copy::new("link", "access.link", link)),
        expires: Field::number("access", "expires").value(expires).problems(problems),
        days: Field::number("access", "days").value(days).required().problems(problems),
        may_write: visit.may(Role::Operator),
        problem: problems.whole().map(str::to_owned),
    })
}

/// What this page shows a set-up link by, once.
fn link_name(source: &Source) -> String {
    format!("link/{}", source.id)
}

const USUAL: [&str; 2] = ["", "7"];

/// `GET /console/sources/{source}/access`: 200 or 404.
async fn show(State(app): State<Console>, visit: Visit, At(slug): At<String>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    show_with(StatusCode::OK, &page(&app, &visit, &source, USUAL, &Problems::none()).await?)
}

/// `POST /console/sources/{source}/tokens`: 303 with the token, or 400.
async fn issue(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let days = sent
        .given("expires")
        .map(|text| text.parse::<i64>().ok().filter(|days| (1..=MOST_DAYS).contains(days)));
    if days == Some(None) {
        let mut problems = Problems::none();
        problems.add("expires", text::fill("access.expires_problem", &[&MOST_DAYS]));
        let page = page(&app, &visit, &source, [sent.text("expires"), "7"], &problems).await?;
        return show_with(StatusCode::BAD_REQUEST, &page);
    }
    let expires = days.flatten().map(|days| app.service.in_milliseconds(days * DAY_MS));
    let mut scopes = vec![Scope::Read];
    if !sent.flag("read_only") {
        scopes.push(Scope::Write);
    }
    let new = NewCredential { scopes, expires, subject: None };
    let (_, token) = app.service.issue_token(visit.admin(), &source, new).await?;
    let go = visit.go(&format!("/sources/{}/access", source.slug)).saying("access.issued");
    Ok(go.with_secret(&secret_name(&source), token.reveal()).into())
}

/// `POST /console/sources/{source}/tokens/{token}/rotate`: 303 with the token, 404 or 409.
async fn rotate(State(app): State<Console>, visit: Visit, At((slug, token)): At<(String, String)>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let (_, token) = app.service.rotate_token(visit.admin(), &source, &token, OVERLAP_MS).await?;
    let go = visit.go(&format!("/sources/{}/access", source.slug)).saying("access.rotated");
    Ok(go.with_secret(&secret_name(&source), token.reveal()).into())
}

/// `POST /console/sources/{source}/tokens/{token}/revoke`: 303 or 404.
async fn revoke(State(app): State<Console>, visit: Visit, At((slug, token)): At<(String, String)>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    app.service.revoke_token(visit.admin(), &source, &token).await?;
    Ok(visit.go(&format!("/sources/{}/access", source.slug)).saying("access.was_revoked").into())
}

/// `POST /console/sources/{source}/links`: 303 with the link, or 400.
async fn invite(State(app): State<Console>, visit: Visit, At(slug): At<String>, sent: Sent) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    let days = sent.text("days").parse().unwrap_or(0);
    match app.service.source_link(visit.admin(), &source, days).await {
        Ok((_, token)) => {
            let url = format!("{}{}/link/{}", visit.context.origin, crate::CONSOLE_BASE, token.reveal());
            let go = visit.go(&format!("/sources/{}/access", source.slug)).saying("access.invited");
            Ok(go.with_secret(&link_name(&source), &url).into())
        }
        Err(error) => {
            let problems = Problems::of(error, &["days"])?;
            let page = page(&app, &visit, &source, ["", sent.text("days")], &problems).await?;
            show_with(StatusCode::BAD_REQUEST, &page)
        }
    }
}

/// `POST /console/sources/{source}/links/{link}/revoke`: 303 or 404.
async fn uninvite(State(app): State<Console>, visit: Visit, At((slug, link)): At<(String, Uuid)>) -> Answer {
    let source = app.service.source(visit.admin(), &slug).await?;
    app.service.revoke_source_link(visit.admin(), &source, link).await?;
    Ok(visit.go(&format!("/sources/{}/access", source.slug)).saying("access.uninvited").into())
}
