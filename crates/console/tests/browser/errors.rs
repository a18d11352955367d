//! Each form says what is wrong with it, where that is, and in a way that everyone can perceive.

use std::collections::BTreeSet;

use rollcall_console::console_routes;
use rollcall_domain::account::Role;
use rollcall_service::admin::Manager;
use rollcall_testkit::TestApp;
use rollcall_testkit::browser::Browser;
use rollcall_testkit::console::{PASSWORD, Visitor};

use crate::sample::{Sample, fill};
use crate::signed_in;

/// A form that is filled in wrongly.
struct Wrong {
    /// The row of the table that it is sent to.
    route: &'static str,
    /// Where it stands, below the console.
    page: &'static str,
    /// Label and text.
    typed: &'static [(&'static str, &'static str)],
    button: &'static str,
    /// What is said of it.
    told: &'static str,
}

const WRONG: &[Wrong] = &[
    Wrong {
        route: "/account/name",
        page: "/account",
        typed: &[("Name", "   ")],
        button: "Save name",
        told: "write 1 to",
    },
    Wrong {
        route: "/account/password",
        page: "/account",
        typed: &[("Present password", "wrong horse battery"), ("New password", "another horse battery")],
        button: "Change password",
        told: "this is not your password",
    },
    Wrong {
        route: "/account/password",
        page: "/account",
        typed: &[("Present password", PASSWORD), ("New password", "short")],
        button: "Change password",
        told: "use 12 to 200 characters",
    },
    Wrong {
        route: "/accounts",
        page: "/accounts",
        typed: &[("Name", "Bob"), ("Mail address", "bob@localhost")],
        button: "Make an invitation",
        told: "write a mail address",
    },
    Wrong {
        route: "/sources/new",
        page: "/sources/new",
        typed: &[("Name", "Okta"), ("Name in URLs (optional)", "Not A Slug")],
        button: "Make the source",
        told: "is not a slug",
    },
    Wrong {
        route: "/sources/new",
        page: "/sources/new",
        typed: &[("Name", "okta")],
        button: "Make the source",
        told: "exists already",
    },
    Wrong {
        route: "/sources/{source}/tokens",
        page: "/sources/{source}/access",
        typed: &[("Days until it expires (optional)", "0")],
        button: "Issue a token",
        told: "Write a whole number of days from 1 to 3650",
    },
    Wrong {
        route: "/sources/{source}/links",
        page: "/sources/{source}/access",
        typed: &[("Days that it is good for", "500")],
        button: "Make a set-up link",
        told: "give 1 to 90",
    },
    Wrong {
        route: "/sources/{source}/settings",
        page: "/sources/{source}/settings",
        typed: &[("Requests a second", "3")],
        button: "Save settings",
        told: "3 is below 25",
    },
    Wrong {
        route: "/sources/{source}/settings",
        page: "/sources/{source}/settings",
        typed: &[("Policy (optional)", "{\"nonsense\": 1}")],
        button: "Save settings",
        told: "nonsense",
    },
    Wrong {
        route: "/sources/{source}/delete",
        page: "/sources/{source}/manage",
        typed: &[("Name in URLs", "entra")],
        button: "Delete this source",
        told: "This is not the name; type okta.",
    },
    Wrong {
        route: "/mapping/{source}/try",
        page: "/mapping/{source}",
        typed: &[("Sample", "{")],
        button: "Try",
        told: "Sample: line 1, column 1",
    },
    Wrong {
        route: "/mapping/{source}",
        page: "/mapping/{source}",
        typed: &[("Mapping", "{ \"maping\": {} }")],
        button: "Save and decide anew",
        told: "unknown field `maping`",
    },
    Wrong {
        route: "/approvals/{source}/breaker",
        page: "/approvals/{source}",
        typed: &[("Write the name of the source to approve (optional)", "otka")],
        button: "Approve: they lose access",
        told: "Write okta to approve.",
    },
    Wrong {
        route: "/webhooks/{id}/parked",
        page: "/webhooks/{id}",
        typed: &[],
        button: "Release those chosen",
        told: "Choose at least one delivery",
    },
    Wrong {
        route: "/webhooks/{id}/replay",
        page: "/webhooks/{id}",
        typed: &[("After change number", "999999")],
        button: "Tell again",
        told: "999999",
    },
];

/// Forms of people who are not signed in, and one of the match queue, which another test fills in.
const ELSEWHERE: &[&str] = &["/sign-in", "/welcome", "/password", "/approvals/{source}/matches/{resource}"];

/// Forms in which nothing can be wrong: a button, or a choice of what there is.
const NEVER_WRONG: &[&str] = &[
    "/sign-out",
    "/tenant",
    "/account/sessions",
    "/accounts/{account}/role",
    "/accounts/{account}/state",
    "/accounts/{account}/sessions",
    "/accounts/{account}/password",
    "/sources/{source}/tokens/{token}/rotate",
    "/sources/{source}/tokens/{token}/revoke",
    "/sources/{source}/links/{link}/revoke",
    "/sources/{source}/status",
    "/connect/token",
    "/webhooks/{id}/status",
];

#[test]
fn no_form_is_forgotten() {
    let posted: BTreeSet<&str> =
        console_routes().filter(|route| route.method == "POST").map(|route| route.path).collect();
    let listed = WRONG.iter().map(|wrong| wrong.route).chain(ELSEWHERE.iter().chain(NEVER_WRONG).copied());
    assert_eq!(posted, listed.collect::<BTreeSet<&str>>());
}

async fn fills_in(browser: &Browser, sample: &Sample, wrong: &Wrong) {
    browser.open(&format!("/console{}", sample.path(wrong.page))).await;
    for (label, text) in wrong.typed {
        browser.types(label, text).await;
    }
    browser.clicks("button", wrong.button).await;
    browser.sees(wrong.told).await;
    browser.is_accessible().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    for wrong in WRONG {
        fills_in(&browser, &sample, wrong).await;
    }
    browser.is_clean_but_for(&[400]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_searches_say_so_too_and_a_user_without_a_match_is_answered() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    for (page, label, text, button, told) in [
        ("/console/users?source=okta", "Filter", "userName eq", "Search", "expected a value"),
        ("/console/groups?source=okta", "Filter", "shoeSize eq 43", "Search", "shoeSize"),
        ("/console/requests?source=okta", "Status", "often", "Search", "is no status"),
        ("/console/changes", "Before number", "soon", "Show", "Write the number of a change"),
    ] {
        browser.open(page).await;
        browser.types(label, text).await;
        browser.clicks("button", button).await;
        browser.sees(told).await;
        browser.is_accessible().await;
    }
    browser.open("/console/approvals/entra").await;
    browser.clicks("button", &format!("Answer {}", sample.waiting)).await;
    browser.sees("Choose who it is first.").await;
    browser.is_accessible().await;
    browser.clicks("radio", "Someone new").await;
    browser.clicks("button", &format!("Answer {}", sample.waiting)).await;
    browser.sees("Nobody waits.").await;
    browser.is_clean_but_for(&[400]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_strangers_say_what_is_wrong_with_them() {
    let app = TestApp::start().await;
    let (_, first) = app.service.first_run_link(&Manager::operator()).await.expect("a link");
    let browser = Browser::start(app.router()).await;
    browser.open(&format!("/console/link/{}", first.reveal())).await;
    browser.types("Your name", "Ann").await;
    browser.types("Your mail address", "ann@localhost").await;
    browser.types("A password", PASSWORD).await;
    browser.clicks("button", "Make my account").await;
    browser.sees("write a mail address").await;
    browser.is_accessible().await;
    let someone = Visitor::with_role(&app, Role::Viewer).await;
    let reset = app.service.reset_password(&Manager::operator(), someone.email()).await;
    let (_, token) = reset.expect("a link");
    browser.open(&format!("/console/link/{}", token.reveal())).await;
    browser.types("New password", "short").await;
    browser.clicks("button", "Save and sign in").await;
    browser.sees("use 12 to 200 characters").await;
    browser.is_accessible().await;
    browser.open("/console/sign-in").await;
    browser.types("Mail address", someone.email()).await;
    browser.types("Password", "wrong horse battery").await;
    browser.clicks("button", "Sign in").await;
    browser.sees("Address or password are wrong.").await;
    browser.is_accessible().await;
    browser.open("/console/link/rcl_nonsense").await;
    browser.sees("This link opens nothing any more").await;
    browser.is_accessible().await;
    browser.is_clean_but_for(&[400, 401, 410]).await;
}
