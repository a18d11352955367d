//! The operations against Rollcall's own server, over TCP.

use rollcall_connector::connid::schema::Class;
use rollcall_connector::connid::{Change, Connector, OperationError, Search};
use rollcall_connector::plan::Wanted;
use rollcall_testkit::TestApp;
use serde_json::{Value, json};

use crate::call::{connector, run};

/// A source of a running server, and a connector to it.
async fn served(properties: &str) -> (TestApp, Connector) {
    let app = TestApp::start().await;
    let client = app.source("peer", "generic").await;
    let token = client.authorization().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    // `connector` puts `/scim/v2` behind: the source's own path goes instead.
    let given = format!("{properties}\nbaseAddress={url}/scim/peer/v2\nbearerToken={token}");
    (app, connector(&url, &given))
}

async fn call(connector: &Connector, call: Value) -> Value {
    run(connector, &call).await.unwrap_or_else(|error| panic!("{call}: {error}"))
}

/// The scenario of the reference's own tests: made, read, changed by update and delta, searched, deleted.
#[tokio::test]
async fn a_user_lives_its_life() {
    let (_app, connector) = served("").await;
    let mut groups = Vec::new();
    for at in 1..=5 {
        let id =
            call(&connector, json!({"create": "Group", "with": {"__NAME__": format!("Group {at}")}})).await;
        groups.push(id.as_str().unwrap().to_owned());
    }
    let id = call(&connector, json!({"create": "User", "with": {
        "__NAME__": "alice", "__PASSWORD__": "Password-01", "__ENABLE__": true, "name.familyName": "Family name", "name.givenName": "Given name",
        "nickName": "Nickname", "emails.work.value": "alice@x", "emails.work.primary": true, "phoneNumbers.other.value": "+31234567890",
        "roles.default.value": "mytestrole", "entitlements.default.value": "00e09000000iZP5AAM",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "12345",
        "groups": [groups[0], groups[1]]}})).await;
    let id = id.as_str().unwrap();
    let user = format!("User/{id}");
    let read = call(&connector, json!({"get": user})).await;
    assert_eq!(sorted(&read["groups"]), sorted(&json!([groups[0], groups[1]])));
    assert_eq!((&read["__ENABLE__"], &read["roles.default.value"]), (&json!(true), &json!("mytestrole")));
    assert!(read.get("password").is_none());

    call(&connector, json!({"update": user, "with": {"groups": [groups[0], groups[2]], "phoneNumbers.other.value": null,
        "phoneNumbers.home.value": "123456789", "phoneNumbers.home.primary": true, "emails.work.value": "updated@x", "__ENABLE__": false}})).await;
    let read = call(&connector, json!({"get": user})).await;
    assert_eq!(sorted(&read["groups"]), sorted(&json!([groups[0], groups[2]])));
    assert_eq!(read["phoneNumbers.home.value"], "123456789");
    assert!(read.get("phoneNumbers.other.value").is_none());
    assert_eq!(
        (&read["emails.work.value"], &read["emails.work.primary"], &read["active"]),
        (&json!("updated@x"), &json!(true), &json!(false))
    );
    assert_eq!(read["nickName"], "Nickname", "what was not named stays");

    call(&connector, json!({"delta": user, "with": {"name.familyName": {"replace": "New"}, "emails.work.value": {"add": "second@x", "remove": "updated@x"},
        "addresses.formatted": {"add": "100 Universal City Plaza"}, "groups": {"add": [groups[3], groups[4]], "remove": [groups[0]]}}})).await;
    let read = call(&connector, json!({"get": user})).await;
    assert_eq!(sorted(&read["groups"]), sorted(&json!([groups[2], groups[3], groups[4]])));
    assert_eq!(
        (&read["emails.work.value"], &read["name.familyName"], &read["name.givenName"]),
        (&json!("second@x"), &json!("New"), &json!("Given name"))
    );
    assert_eq!(read["active"], false, "a disabled user stays disabled");

    // To what it is already: nothing is sent.
    assert_eq!(call(&connector, json!({"update": user, "with": {"name.familyName": "New", "emails.work.value": "second@x", "groups": read["groups"]}})).await, 0);
    let missing =
        run(&connector, &json!({"create": "User", "with": {"__NAME__": "ALICE"}})).await.unwrap_err();
    assert_eq!(missing.connid_name(), "AlreadyExistsException");
    call(&connector, json!({"delete": user})).await;
    for gone in
        [json!({"get": user}), json!({"delete": user}), json!({"update": user, "with": {"title": "x"}})]
    {
        let error = run(&connector, &gone).await.unwrap_err();
        assert!(matches!(error, OperationError::Unknown { .. }), "{gone}: {error}");
    }
}

#[tokio::test]
async fn a_group_lives_its_life() {
    for method in ["PATCH", "PUT"] {
        let (_app, connector) = served(&format!("updateGroupMethod={method}")).await;
        let mut users = Vec::new();
        for at in 1..=3 {
            users.push(
                call(&connector, json!({"create": "User", "with": {"__NAME__": format!("u{at}")}})).await,
            );
        }
        let id = call(&connector, json!({"create": "Group", "with": {"__NAME__": "G"}})).await;
        let group = format!("Group/{}", id.as_str().unwrap());
        for (change, members) in [
            (json!({"update": group, "with": {"__NAME__": "H", "members": [users[0]]}}), json!([users[0]])),
            (
                json!({"delta": group, "with": {"members": {"add": users[1], "remove": users[0]}}}),
                json!([users[1]]),
            ),
            (
                json!({"delta": group, "with": {"members": {"replace": [users[0], users[2]]}}}),
                json!([users[0], users[2]]),
            ),
            (json!({"update": group, "with": {"__NAME__": "I"}}), json!([users[0], users[2]])),
        ] {
            call(&connector, change).await;
            assert_eq!(
                sorted(&call(&connector, json!({"get": group})).await["members"]),
                sorted(&members),
                "{method}"
            );
        }
        assert_eq!(call(&connector, json!({"get": group})).await["__NAME__"], "I");
        call(&connector, json!({"delete": group})).await;
    }
}

#[tokio::test]
async fn the_whole_filter_language_finds_who_is_meant() {
    let (_app, connector) = served("").await;
    for (name, title, work) in [("o\"brien", "Dr", "a@x"), ("bob", "Ms", "b@x"), ("carol\\", "", "c@y")] {
        let mut with = json!({"__NAME__": name, "emails.work.value": work, "__ENABLE__": title != "Ms"});
        if !title.is_empty() {
            with["title"] = json!(title);
        }
        call(&connector, json!({"create": "User", "with": with})).await;
    }
    for (filter, found) in [
        (r#"__NAME__ eq "O\"BRIEN""#, vec!["o\"brien"]),
        (r#"userName ew "\\""#, vec!["carol\\"]),
        (r#"emails.work.value co "@x" and not (title eq "Dr")"#, vec!["bob"]),
        ("__ENABLE__ eq true", vec!["o\"brien", "carol\\"]),
        (r#"title pr and emails.work.value ne "a@x""#, vec!["bob"]),
        (
            r#"(userName sw "b" or userName sw "c") and emails[type eq "work" and value ew "y"]"#,
            vec!["carol\\"],
        ),
        (r#"title gt "Ls""#, vec!["bob"]),
        ("title eq null", vec!["carol\\"]),
        (r#"__UID__ eq "no-such-id""#, vec![]),
    ] {
        for (of, page) in [("User", None), ("Users", Some(1))] {
            let mut search = json!({"search": of, "filter": filter, "attributes": "userName"});
            if let Some(page) = page {
                search["pageSize"] = json!(page);
            }
            let objects = call(&connector, search).await;
            let names: Vec<Value> = objects["objects"]
                .as_array()
                .unwrap()
                .iter()
                .map(|object| object["userName"].clone())
                .collect();
            assert_eq!(sorted(&Value::from(names)), sorted(&json!(found)), "{filter}");
        }
    }
}

#[tokio::test]
async fn pages_go_on_where_they_ended_and_lose_nobody() {
    let (_app, connector) = served("").await;
    for at in 0..7 {
        call(&connector, json!({"create": "User", "with": {"__NAME__": format!("u{at}")}})).await;
    }
    let (mut names, mut cookie) = (Vec::new(), None);
    loop {
        let search = Search { page_size: Some(3), cookie, ..Search::default() };
        let page = connector.search(Class::User, search).await.unwrap().next().await.unwrap().unwrap();
        assert!(page.objects.len() <= 3 && page.incomplete.is_none());
        names.extend(page.objects.iter().map(|object| object["userName"].clone()));
        cookie = page.cookie;
        if cookie.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 7);
    let sorting =
        Search { sort_by: Some("userName".parse().unwrap()), descending: true, ..Search::default() };
    let mut found = connector.search(Class::User, sorting).await.unwrap();
    let mut sorted_names = Vec::new();
    while let Some(page) = found.next().await.unwrap() {
        sorted_names.extend(page.objects.iter().map(|object| object["userName"].clone()));
    }
    names.sort_by_key(|name| std::cmp::Reverse(name.to_string()));
    assert_eq!(sorted_names, names);
}

#[tokio::test]
async fn the_words_of_scim_do_as_well() {
    let (_app, connector) = served("").await;
    let object = json!({"userName": "ann", "emails": [{"value": "a@x", "type": "work"}]});
    let created = connector.create(Class::User, object.as_object().unwrap()).await.unwrap();
    let wanted = Wanted {
        replace: json!({"title": "Dr"}).as_object().unwrap().clone(),
        add: json!({"emails": [{"value": "b@x"}]}).as_object().unwrap().clone(),
        remove: json!({"emails": [{"value": "a@x"}]}).as_object().unwrap().clone(),
    };
    let change = Change::Scim(wanted);
    let planned = connector.plan_update(Class::User, &created.id, &change).await.unwrap();
    assert_eq!(planned.len(), 1);
    assert!(
        !connector.get(Class::User, &created.id).await.unwrap().contains_key("title"),
        "a plan changes nothing"
    );
    connector.update(Class::User, &created.id, &change).await.unwrap();
    let read = connector.get(Class::User, &created.id).await.unwrap();
    assert_eq!((&read["title"], &read["emails"]), (&json!("Dr"), &json!([{"value": "b@x"}])));
    let kinds = connector.discovered().await.unwrap();
    assert!(kinds.user.attribute("userName").is_some());
}

fn sorted(value: &Value) -> Vec<String> {
    let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let mut texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}
