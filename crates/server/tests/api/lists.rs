//! All lists page and filter in one way.

use rollcall_domain::api::ApiScope;
use rollcall_server::api::api_routes;
use rollcall_testkit::{Client, TestApp};

/// The items of a list, read so many at a time; `field` of each.
async fn walk(client: &Client, path: &str, limit: usize, field: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let reply = client.get(&format!("{path}{separator}limit={limit}{cursor}")).await.expect(200);
        let items = reply.body["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{path}");
        found.extend(items.iter().map(|item| item[field].to_string()));
        let Some(next) = reply.body["next_cursor"].as_str() else { return found };
        assert_eq!(items.len(), limit, "{path}: a page is short before the end");
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn every_list_takes_limit_and_cursor_and_says_where_it_goes_on() {
    let app = TestApp::start().await;
    for number in 0..5 {
        app.source(&format!("s{number}"), "generic").await;
        app.service
            .create_tenant(&rollcall_service::admin::Manager::operator(), &format!("t{number}"))
            .await
            .unwrap();
        app.api(None, &[ApiScope::AuditRead]).await;
    }
    let client = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    for (path, field) in
        [("/sources", "slug"), ("/tenants", "name"), ("/api-tokens", "id"), ("/audit", "sequence")]
    {
        let whole = walk(&client, path, 1_000, field).await;
        assert!(whole.len() >= 5, "{path}: {whole:?}");
        for limit in [1, 2, whole.len()] {
            assert_eq!(walk(&client, path, limit, field).await, whole, "{path} by {limit}");
        }
    }
    // Whatever lists, lists like this.
    for route in api_routes().filter(|route| route.operation.starts_with("list_")) {
        let names: Vec<&str> = route.parameters.iter().map(|parameter| parameter.name).collect();
        assert!(names.contains(&"limit") && names.contains(&"cursor"), "{}: {names:?}", route.path);
    }
}

#[tokio::test]
async fn a_cursor_is_for_its_list_and_filter() {
    let app = TestApp::start().await;
    for slug in ["a", "b", "c"] {
        app.source(slug, "okta").await;
    }
    let client = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    let page = client.get("/sources?limit=1&dialect=okta").await.expect(200);
    let cursor = page.body["next_cursor"].as_str().unwrap();
    client.get(&format!("/sources?limit=2&dialect=okta&cursor={cursor}")).await.expect(200);
    client.get(&format!("/sources?dialect=generic&cursor={cursor}")).await.expect(400);
    client.get(&format!("/tenants?cursor={cursor}")).await.expect(400);
    assert_eq!(walk(&client, "/sources?dialect=generic", 2, "slug").await, [""; 0]);
    assert_eq!(walk(&client, "/audit?subject=sources/b", 1, "action").await.len(), 2);
    assert_eq!(walk(&client, "/audit?action=source.create", 2, "subject").await.len(), 3);
}
