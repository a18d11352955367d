//! Between tenants: what another has is not there, neither in status nor in words, by a conflict, or in time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be, and tells what it measured"
)]

use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, Reply, TestApp, timing};
use serde_json::{Value, json};

/// What is there takes less than this many times as long as what is not, or the other way round.
const ALIKE: f64 = 1.15;
/// Nothing has this id: it is as old as those that something has.
const NOTHING: &str = "019b75f2-5c00-7000-8000-000000000000";

/// Two tenants, each with a source; both have a user and a group of the same names.
struct World {
    app: TestApp,
    ours: Client,
    theirs: Client,
    /// Their user and group.
    user: String,
    group: String,
}

async fn world() -> World {
    let app = TestApp::start().await;
    let settings = || SourceSettings { requests_per_second: 0, ..SourceSettings::default() };
    let ours = app.source_within("default", "hr", "generic", settings()).await;
    let theirs = app.source_within("acme", "hr", "generic", settings()).await;
    ours.post("/Users", ann()).await.expect(201);
    ours.post("/Groups", staff()).await.expect(201);
    let user = theirs.post("/Users", ann()).await.expect(201).id();
    let group = theirs.post("/Groups", staff()).await.expect(201).id();
    World { app, ours, theirs, user, group }
}

fn ann() -> Value {
    json!({ "userName": "ann", "externalId": "e1", "emails": [{ "value": "ann@acme.example" }] })
}

fn staff() -> Value {
    json!({ "displayName": "Staff", "externalId": "g1" })
}

/// Every request of one tenant that names a thing by its id; `{id}` is where.
fn requests(world: &World) -> Vec<(&'static str, &'static str, Value, &str)> {
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "displayName", "value": "x" }],
    });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": "/Users/{id}" }],
    });
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "id eq \"{id}\"",
    });
    let member = json!({ "displayName": "Others", "members": [{ "value": "{id}" }] });
    let (user, group) = (&*world.user, &*world.group);
    vec![
        ("GET", "/Users/{id}", Value::Null, user),
        ("PUT", "/Users/{id}", json!({ "userName": "bob" }), user),
        ("PATCH", "/Users/{id}", patch.clone(), user),
        ("DELETE", "/Users/{id}", Value::Null, user),
        ("GET", "/Groups/{id}", Value::Null, group),
        ("PUT", "/Groups/{id}", json!({ "displayName": "x" }), group),
        ("PATCH", "/Groups/{id}", patch, group),
        ("DELETE", "/Groups/{id}", Value::Null, group),
        ("GET", "/Users?filter=id eq \"{id}\"", Value::Null, user),
        ("GET", "/Users?filter=groups.value eq \"{id}\"", Value::Null, group),
        ("GET", "/Groups?filter=members.value eq \"{id}\"", Value::Null, user),
        ("POST", "/Users/.search", search.clone(), user),
        ("POST", "/.search", search, group),
        ("POST", "/Bulk", bulk, user),
        ("POST", "/Groups", member, user),
    ]
}

async fn ask(client: &Client, (method, path, body, _): &(&str, &str, Value, &str), id: &str) -> Reply {
    let body = (!body.is_null()).then(|| body.to_string().replace("{id}", id).into_bytes());
    client.send_bytes(method, &path.replace("{id}", id), body).await
}

#[tokio::test]
async fn the_other_s_things_are_answered_as_what_is_nowhere() {
    let world = world().await;
    for request in &requests(&world) {
        let (method, path, _, id) = request;
        let theirs = ask(&world.ours, request, id).await;
        let nothing = ask(&world.ours, request, NOTHING).await;
        assert!(theirs.status < 500, "{method} {path}: {}", theirs.body);
        assert_eq!(theirs.status, nothing.status, "{method} {path}: {}", theirs.body);
        let text = |reply: &Reply| String::from_utf8_lossy(&reply.bytes).replace(*id, NOTHING);
        assert_eq!(text(&theirs), text(&nothing), "{method} {path}");
    }
    assert_eq!(world.theirs.get("?count=9").await.expect(200).body["totalResults"], 2, "nothing went");
}

/// What is unique is so within a source: whether another tenant has it, no 409 tells.
#[tokio::test]
async fn no_conflict_tells_what_the_other_has() {
    let World { app, ours, theirs, .. } = world().await;
    let title = |name: &str| json!([{ "op": "replace", "path": "userName", "value": name }]);
    for (number, attribute) in ["userName", "externalId"].into_iter().enumerate() {
        let mut body = json!({ "userName": format!("theirs{number}"), "externalId": format!("t{number}") });
        theirs.post("/Users", body.clone()).await.expect(201);
        body[if attribute == "userName" { "externalId" } else { "userName" }] = json!(format!("o{number}"));
        let made = ours.post("/Users", body.clone()).await.expect(201).id();
        body["title"] = json!("x");
        ours.put(&format!("/Users/{made}"), body).await.expect(200);
    }
    theirs.user("taken").await;
    let bob = ours.user("bob").await;
    ours.patch(&format!("/Users/{bob}"), title("taken")).await.expect(200);
    // One's own are told, so that the above means something.
    assert_eq!(ours.patch(&format!("/Users/{bob}"), title("ann")).await.outcome(), "409 uniqueness");
    assert_eq!(ours.post("/Users", ann()).await.outcome(), "409 uniqueness");
    theirs.group("Theirs", &[]).await;
    ours.group("Theirs", &[]).await;
    // Slugs are a tenant's own.
    let settings = SourceSettings::default();
    app.source_within("acme", "payroll", "generic", settings.clone()).await;
    app.source_within("default", "payroll", "generic", settings).await;
}

#[tokio::test]
async fn no_time_tells_what_the_other_has() {
    let world = world().await;
    for request in &requests(&world) {
        let (method, path, _, id) = request;
        let theirs = async |_| drop(ask(&world.ours, request, id).await);
        let nothing = async |_| drop(ask(&world.ours, request, NOTHING).await);
        // The other reads it now and then, as one does.
        world.theirs.get(&format!("/Users/{}", world.user)).await.expect(200);
        world.theirs.get(&format!("/Groups/{}", world.group)).await.expect(200);
        let ratio = timing::ratio(ALIKE, theirs, nothing).await;
        println!("{method} {path}: {ratio:.2}");
        assert!(ratio <= ALIKE, "{method} {path}: {ratio:.2} times as long");
    }
}

/// A name that another tenant has, and one that nobody has.
#[tokio::test]
async fn no_time_tells_which_names_the_other_has() {
    let World { ours, theirs, .. } = world().await;
    for number in 0..2_000 {
        theirs.user(&format!("theirs{number}")).await;
    }
    let create =
        async |name: String| drop(ours.post("/Users", json!({ "userName": name })).await.expect(201));
    let taken = async |number| create(format!("theirs{number}")).await;
    let free = async |number| create(format!("nobody{number}")).await;
    let ratio = timing::ratio(ALIKE, taken, free).await;
    println!("POST /Users: {ratio:.2}");
    assert!(ratio <= ALIKE, "POST /Users: {ratio:.2} times as long");
}

/// Who has no token of a source is not told whether there is one, by whichever tenant.
#[tokio::test]
async fn no_time_tells_a_stranger_which_sources_there_are() {
    let World { ours, theirs, .. } = world().await;
    theirs.get("/Users").await.expect(200);
    let wrong = format!("Bearer rc_{}", "x".repeat(40));
    for authorization in [None, Some(&*wrong), ours.authorization()] {
        let at = |slug| ours.clone().authorized(authorization).at(&format!("/scim/{slug}/v2"));
        let (there, nowhere) = (at("acme.hr"), at("acme.xy"));
        let ask = async |client: &Client| drop(client.get("/Users").await.expect(401));
        let ratio = timing::ratio(ALIKE, async |_| ask(&there).await, async |_| ask(&nowhere).await).await;
        let who = if authorization.is_none() { "nobody" } else { "a stranger" };
        println!("a source's name for {who}: {ratio:.2}");
        assert!(ratio <= ALIKE, "a source's name for {who}: {ratio:.2} times as long");
    }
}
