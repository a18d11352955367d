//! Every route with every role: none is forgotten, none is open by mistake.

use rollcall_console::{Needs, Route, console_routes};
use rollcall_domain::account::Role;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{Shown, Visitor};
use uuid::Uuid;

/// A path with something for each name: a source that is there, and ids that are not.
fn path(route: &Route) -> String {
    let part = |part: &str| match part {
        "{source}" => "okta".to_owned(),
        name if name.starts_with('{') => Uuid::nil().to_string(),
        name => name.to_owned(),
    };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Signing out comes last, for what comes after has no session.
fn routes() -> Vec<&'static Route> {
    let mut routes: Vec<&Route> = console_routes().collect();
    routes.sort_by_key(|route| route.path == "/sign-out");
    routes
}

async fn ask(visitor: &mut Visitor, route: &Route) -> Shown {
    if route.method == "GET" {
        return visitor.get(&path(route)).await;
    }
    assert_eq!(route.method, "POST", "forms know no other method");
    visitor.post(&path(route), &[]).await
}

#[tokio::test]
async fn each_route_takes_the_role_of_its_row() {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    for role in Role::ALL {
        let mut visitor = Visitor::with_role(&app, role).await;
        for route in routes() {
            let Needs::Role(least) = route.needs else { continue };
            visitor.get("/account").await.expect(200);
            let shown = ask(&mut visitor, route).await;
            let place = format!("{} {} as {}: {}", route.method, route.path, role.name(), shown.status);
            if role < least {
                assert_eq!(shown.status, 403, "{place}");
                assert!(shown.says("Your role does not allow this"), "{place}");
            } else {
                assert!([200, 303, 400, 404].contains(&shown.status), "{place}\n{}", shown.html);
                assert!(!shown.location().unwrap_or_default().contains("/sign-in?"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_session_each_leads_to_the_sign_in() {
    let app = TestApp::start().await;
    for route in routes() {
        let mut visitor = Visitor::new(&app);
        visitor.get("/sign-in").await.expect(200);
        let shown = ask(&mut visitor, route).await;
        let place = format!("{} {}: {}", route.method, route.path, shown.status);
        match route.needs {
            // Without an OpenID provider its routes lead nowhere.
            Needs::Nothing => assert!([200, 401, 404, 410].contains(&shown.status), "{place}"),
            Needs::Link => assert_eq!(shown.status, 410, "{place}"),
            Needs::Role(_) => {
                assert_eq!(shown.status, 303, "{place}");
                assert!(shown.location().unwrap().starts_with("/console/sign-in?next="), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_opens_no_page_of_a_link() {
    let app = TestApp::start().await;
    let mut owner = Visitor::owner(&app).await;
    owner.get("/account").await;
    for route in routes().into_iter().filter(|route| route.needs == Needs::Link) {
        assert_eq!(ask(&mut owner, route).await.status, 410, "{}", route.path);
    }
}

#[tokio::test]
async fn whatever_changes_something_takes_a_form_token() {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    let mut owner = Visitor::owner(&app).await;
    let mut stranger = Visitor::new(&app);
    stranger.get("/sign-in").await;
    for route in routes().into_iter().filter(|route| route.method != "GET" && route.needs != Needs::Link) {
        let visitor = if route.needs == Needs::Nothing { &mut stranger } else { &mut owner };
        visitor.set_form_token("");
        let shown = ask(visitor, route).await;
        assert_eq!(shown.status, 403, "{} {}", route.method, route.path);
        assert!(shown.says("This form is too old"), "{}", route.path);
    }
    assert_eq!(owner.get("/account").await.status, 200, "one of them was done");
}

#[test]
fn a_route_is_there_once() {
    let mut rows: Vec<_> = console_routes().map(|route| (route.method, route.path)).collect();
    let all = rows.len();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), all);
}
