//! Accounts, for owners: inviting, roles, disabling.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rollcall_domain::account::{Account, Role};
use rollcall_domain::credential::Token;
use rollcall_service::accounts::NewAccount;
use uuid::Uuid;

use super::own::role_name;
use crate::Console;
use crate::answer::{Answer, Failure, show_with};
use crate::form::{Problems, Sent};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::{Badge, Copy, Field, Pager, When};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/accounts", needs: Needs::Role(Role::Owner), handler: || get(list) },
    Route { method: "POST", path: "/accounts", needs: Needs::Role(Role::Owner), handler: || post(invite) },
    Route {
        method: "POST",
        path: "/accounts/{account}/role",
        needs: Needs::Role(Role::Owner),
        handler: || post(set_role),
    },
    Route {
        method: "POST",
        path: "/accounts/{account}/state",
        needs: Needs::Role(Role::Owner),
        handler: || post(set_state),
    },
    Route {
        method: "POST",
        path: "/accounts/{account}/sessions",
        needs: Needs::Role(Role::Owner),
        handler: || post(end),
    },
    Route {
        method: "POST",
        path: "/accounts/{account}/password",
        needs: Needs::Role(Role::Owner),
        handler: || post(reset),
    },
];

/// Accounts of one page.
const PAGE: usize = 20;
/// What this page shows a link by, once.
const LINK: &str = "account link";

/// The accounts of the tenant.
#[derive(Template)]
#[template(path = "account/list.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    pager: Pager,
    link: Option<Copy>,
    fields: Vec<Field>,
    problem: Option<String>,
    roles: [(&'static str, &'static str); 3],
}

struct Row {
    id: Uuid,
    name: String,
    email: String,
    role: &'static str,
    role_text: String,
    state: Badge,
    is_disabled: bool,
    last: Option<When>,
    own: bool,
}

fn roles() -> [(&'static str, &'static str); 3] {
    Role::ALL.map(|role| (role.name(), role_name(role)))
}

fn row(account: Account, visit: &Visit, now: rollcall_domain::clock::Timestamp) -> Row {
    let role = account.role_in(visit.admin().tenant().key).unwrap_or(Role::Viewer);
    let everywhere = account.posts.iter().any(|post| post.tenant.is_none());
    let state = match (account.disabled, account.last_sign_in) {
        (Some(_), _) => Badge::bad(text::t("accounts.disabled")),
        (None, None) => Badge::info(text::t("accounts.invited")),
        (None, Some(_)) => Badge::good(text::t("accounts.active")),
    };
    Row {
        id: account.id,
        role: role.name(),
        role_text: if everywhere {
            text::fill("accounts.everywhere", &[&role_name(role)])
        } else {
            role_name(role).to_owned()
        },
        state,
        is_disabled: account.disabled.is_some(),
        last: When::maybe(account.last_sign_in, now),
        own: account.id == visit.signed.account.id,
        name: account.name,
        email: account.email,
    }
}

/// What is shown after the account of this id; of one that is not there, the beginning.
async fn page(
    app: &Console,
    visit: &Visit,
    (cursor, sent): (&str, [&str; 3]),
    problems: &Problems,
) -> Result<Page, Failure> {
    let now = app.service.now();
    let accounts = app.service.accounts(&visit.signed).await?;
    let last = accounts.iter().position(|account| account.id.to_string() == cursor);
    let start = last.map_or(0, |last| last + 1);
    let left = accounts.get(start..).unwrap_or_default();
    let shown = left.get(..PAGE).unwrap_or(left);
    let next = shown.last().filter(|_| left.len() > PAGE).map(|last| last.id.to_string());
    let [name, email, role] = sent;
    let choices = roles().map(|(role, name)| {
        let about = text::t(&format!("role.{role}_about")).to_owned();
        (role.to_owned(), format!("{name}: {about}"))
    });
    let mut fields = vec![
        Field::text("accounts.field", "name").value(name).required().problems(problems),
        Field::email("accounts.field", "email").value(email).required().problems(problems),
        Field::select("accounts.field", "role", choices.to_vec()).value(role).required().problems(problems),
    ];
    if visit.signed.account.owns_all() {
        fields.push(Field::check("accounts.field", "everywhere", false));
    }
    let frame = visit.frame(Section::Settings, "accounts.title").crumb(text::t("config.title"), "/settings");
    let link = visit.context.flash.secret(LINK);
    Ok(Page {
        frame,
        rows: shown.iter().map(|account| row(account.clone(), visit, now)).collect(),
        pager: Pager::new("/console/accounts", next.as_deref(), start > 0),
        link: link.map(|link| Copy::new("link", "accounts.link", link)),
        fields,
        problem: problems.whole().map(str::to_owned),
        roles: roles(),
    })
}

/// `GET /console/accounts`: 200.
async fn list(State(app): State<Console>, visit: Visit, asked: Asked) -> Answer {
    let shown = (asked.text("cursor"), ["", "", "viewer"]);
    show_with(StatusCode::OK, &page(&app, &visit, shown, &Problems::none()).await?)
}

fn url(visit: &Visit, token: &Token) -> String {
    format!("{}{}/link/{}", visit.context.origin, crate::CONSOLE_BASE, token.reveal())
}

/// `POST /console/accounts`: 303 with the link, or 400.
async fn invite(State(app): State<Console>, visit: Visit, sent: Sent) -> Answer {
    let (name, email, role) = (sent.text("name"), sent.text("email"), sent.text("role"));
    let problems = match Role::named(role) {
        None => {
            let mut problems = Problems::none();
            problems.add("role", text::t("accounts.no_role"));
            problems
        }
        Some(role) => {
            let new = NewAccount { email, name, role, everywhere: sent.flag("everywhere") };
            match app.service.invite(&visit.signed, new).await {
                Ok((_, Some((_, token)))) => {
                    let go = visit.go("/accounts").saying("accounts.made");
                    return Ok(go.with_secret(LINK, &url(&visit, &token)).into());
                }
                Ok((_, None)) => return Ok(visit.go("/accounts").saying("accounts.added").into()),
                Err(error) => Problems::of(error, &["name", "email", "role"])?,
            }
        }
    };
    show_with(StatusCode::BAD_REQUEST, &page(&app, &visit, ("", [name, email, role]), &problems).await?)
}

/// `POST /console/accounts/{account}/role`: 303, 403 or 404. Without a role, it is taken away.
async fn set_role(State(app): State<Console>, visit: Visit, At(id): At<Uuid>, sent: Sent) -> Answer {
    app.service.set_role(&visit.signed, id, Role::named(sent.text("role"))).await?;
    Ok(visit.go("/accounts").saying("accounts.role_set").into())
}

/// `POST /console/accounts/{account}/state`: 303, 403 or 404.
async fn set_state(State(app): State<Console>, visit: Visit, At(id): At<Uuid>, sent: Sent) -> Answer {
    let disabled = sent.text("state") == "disabled";
    app.service.set_disabled(&visit.signed, id, disabled).await?;
    let said = if disabled { "accounts.was_disabled" } else { "accounts.was_enabled" };
    Ok(visit.go("/accounts").saying(said).into())
}

/// `POST /console/accounts/{account}/sessions`: 303, 403 or 404.
async fn end(State(app): State<Console>, visit: Visit, At(id): At<Uuid>) -> Answer {
    app.service.end_sessions_of(&visit.signed, id).await?;
    Ok(visit.go("/accounts").saying("accounts.was_ended").into())
}

/// `POST /console/accounts/{account}/password`: 303 with the link, 403 or 404.
async fn reset(State(app): State<Console>, visit: Visit, At(id): At<Uuid>) -> Answer {
    let (_, token) = app.service.password_link_of(&visit.signed, id).await?;
    let go = visit.go("/accounts").saying("accounts.link_made");
    Ok(go.with_secret(LINK, &url(&visit, &token)).into())
}
