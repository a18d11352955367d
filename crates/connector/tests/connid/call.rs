//! A call as data, and what came of it.

use std::sync::Arc;

use rollcall_connector::connid::change;
use rollcall_connector::connid::properties::{self, Properties};
use rollcall_connector::connid::schema::Class;
use rollcall_connector::connid::{Change, Connector, OperationError, Search};
use rollcall_connector::transport::{Addresses, Options, Transport};
use rollcall_testkit::FrozenClock;
use serde_json::{Map, Value, json};

use crate::script::{Asked, Script};

/// Checks a case: properties beside those of every case, the call, what the application answers, and what it is
/// to be asked, with what comes of the call last: `{"is": …}` or `{"error": ConnId's exception}`.
pub(crate) async fn check(given: &str, call: &Value, answers: &Value, expected: &Value) {
    let script = Script::start(answers).await;
    let result = run(&connector(&script.url, given), call).await;
    let outcome = match result {
        Ok(Value::Null) => None,
        Ok(found) => Some(json!({ "is": found })),
        Err(error) => Some(json!({ "error": error.connid_name() })),
    };
    let wants_outcome = expected.as_array().unwrap().last().is_some_and(Value::is_object);
    let mut found: Vec<Value> = script.asked().iter().map(shown).collect();
    found.extend(outcome.filter(|outcome| wants_outcome || outcome.get("error").is_some()));
    let found = Value::from(found).to_string().replace(&script.url, "BASE");
    let expected = expected.to_string();
    assert!(found == expected, "\n{call}\nfound:    {found}\nexpected: {expected}");
}

/// A line, or `[line, body]`; a PUT with its `If-Match`, bodies without `schemas` where these are the usual.
fn shown(asked: &Asked) -> Value {
    let version =
        asked.headers.get("if-match").map(|version| format!(" If-Match: {version}")).unwrap_or_default();
    let line = format!("{}{version}", asked.line.replace("scim/v2/", "").replace("scim/v1/", ""));
    let mut body = asked.body.clone();
    if let Some(operations) = body.get("Operations").cloned() {
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]));
        assert!(!operations.as_array().unwrap().is_empty(), "a PATCH without operations");
        body = operations;
    } else if let Some(object) = body.as_object_mut() {
        let usual =
            ["User", "Group"].map(|name| json!([format!("urn:ietf:params:scim:schemas:core:2.0:{name}")]));
        if object.get("schemas").is_some_and(|schemas| usual.contains(schemas)) {
            object.shift_remove("schemas");
        }
    }
    if body.is_null() { json!(line) } else { json!([line, body]) }
}

/// A connector with these properties.
pub(crate) fn connector(url: &str, given: &str) -> Connector {
    let version = if given.contains("scimVersion=1.1") { "v1" } else { "v2" };
    let signs_in = ["clientId", "bearerToken", "username"].iter().any(|name| given.contains(name));
    let token = if signs_in { "" } else { "bearerToken=token" };
    let text = format!("baseAddress={url}/scim/{version}\n{token}\n{}", given.replace("BASE", url));
    let Properties { mut profile, credentials, settings } =
        properties::read(&text, "case", &|_| None).unwrap_or_else(|error| panic!("{error}"));
    profile.http.retry.attempts = 2;
    profile.http.retry.backoff_ms = 1;
    profile.http.concurrency = 1;
    let options = Options { addresses: Addresses::Allow, ..Options::new(Arc::new(FrozenClock::default())) };
    Connector::new(Transport::new(&profile, credentials, options).unwrap(), profile, settings).unwrap()
}

fn class_and_id(text: &str) -> (Class, &str) {
    let (class, id) = text.split_once('/').unwrap_or((text, ""));
    (Class::named(class).unwrap(), id)
}

/// Does what the call says, with flat names; what it found, if that is asked for.
pub(crate) async fn run(connector: &Connector, call: &Value) -> Result<Value, OperationError> {
    let object = call.as_object().unwrap();
    let (verb, of) = object.iter().next().unwrap();
    let (class, id) = of.as_str().map_or((Class::User, ""), class_and_id);
    let flat = call.get("with").and_then(Value::as_object).cloned().unwrap_or_default();
    match verb.as_str() {
        "test" => {
            let mut report = serde_json::to_value(connector.test().await?).unwrap();
            report.as_object_mut().unwrap().shift_remove("baseUrl");
            Ok(report)
        }
        "create" => {
            let object = connector.object(class, &flat).await?;
            let created = connector.create(class, &object).await?;
            Ok(if created.found { json!({ "found": created.id }) } else { json!(created.id) })
        }
        "update" | "delta" => {
            let change = Change::Flat(change::read(&flat, verb == "delta"));
            connector.update(class, id, &change).await.map(|updated| json!(updated.requests))
        }
        "get" => Ok(Value::Object(connector.flat(class, &connector.get(class, id).await?))),
        "delete" => connector.delete(class, id).await.map(|()| Value::Null),
        "search" => search(connector, class, call).await,
        other => panic!("no such call: {other}"),
    }
}

/// `{"objects": […], "cookie": whether there is one, "incomplete": …}`, the latter two where they are.
async fn search(connector: &Connector, class: Class, call: &Value) -> Result<Value, OperationError> {
    let text = |name: &str| call.get(name).and_then(Value::as_str);
    let filter = match text("filter") {
        Some(filter) => Some(connector.filter(class, filter).await?),
        None => None,
    };
    let attributes: Vec<String> =
        text("attributes").map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let search = Search {
        filter,
        attributes,
        sort_by: text("sortBy").map(|path| path.parse().unwrap()),
        descending: false,
        page_size: call.get("pageSize").and_then(Value::as_u64).map(|size| u32::try_from(size).unwrap()),
        cookie: None,
    };
    let pages = call.get("pages").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let mut found = connector.search(class, search).await?;
    let (mut objects, mut rest) = (Vec::new(), Map::new());
    for _ in 0..pages {
        let Some(page) = found.next().await? else { break };
        objects.extend(page.objects.iter().map(|object| Value::Object(connector.flat(class, object))));
        rest.clear();
        if page.cookie.is_some() {
            rest.insert("cookie".to_owned(), json!(true));
        }
        if let Some(reason) = page.incomplete {
            rest.insert("incomplete".to_owned(), json!(reason));
        }
    }
    rest.insert("objects".to_owned(), Value::from(objects));
    Ok(Value::Object(rest))
}
