//! Filters: which of ten users each one finds, and what is no filter (RFC 7644 §3.4.2.2).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Users 0 to 9, created a minute apart from 2026-01-01T00:00:00Z on.
fn users() -> Vec<Value> {
    vec![
        json!({ "userName": "Ann", "externalId": "X1", "title": "Engineer", "active": true,
            "name": { "givenName": "Ann", "familyName": "Lee" },
            "emails": [{ "value": "ann@work.example", "type": "work", "primary": true },
                { "value": "ann@home.example", "type": "home" }] }),
        json!({ "userName": "bob", "externalId": "x1", "title": "engineer", "active": false,
            "name": { "givenName": "Bob", "familyName": "Lee" },
            "emails": [{ "value": "bob@home.example", "type": "home", "primary": true }] }),
        json!({ "userName": "carol", "externalId": "x2", "title": "Manager", "active": true,
            "emails": [{ "value": "carol@work.example", "type": "work" }] }),
        json!({ "userName": "dave", "active": true, ENTERPRISE: { "department": "Sales", "employeeNumber": "7",
            "manager": { "value": "Carol" } } }),
        json!({ "userName": "erin", "active": false, ENTERPRISE: { "department": "sales", "employeeNumber": "42" } }),
        json!({ "userName": "frank", "title": "100% \"real\"", "nickName": "back\\slash" }),
        json!({ "userName": "grace", "title": "a_b", "phoneNumbers": [{ "value": "555-0100", "type": "work" }] }),
        json!({ "userName": "heidi", "title": "axb", "name": { "familyName": "Ångström" } }),
        json!({ "userName": "ivan", "title": "Ingénieur", "name": { "familyName": "ÅNGSTRÖM" } }),
        json!({ "userName": "judy@example.com", "title": "z" }),
    ]
}

async fn start() -> (TestApp, Client, Vec<String>) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let mut ids = Vec::new();
    for user in users() {
        ids.push(client.post("/Users", user).await.expect(201).id());
        app.clock.advance_ms(60_000);
    }
    (app, client, ids)
}

/// The digits of the users that each filter finds.
async fn check(client: &Client, ids: &[String], cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (filter, expected) in cases {
        let reply = client.get(&format!("/Users?filter={}", filter.replace('%', "%25"))).await;
        let found = reply.column("id");
        let digit = |id: &String| ids.iter().position(|known| known == id).unwrap().to_string();
        let found: String = found.iter().map(digit).collect();
        let total = reply.body["totalResults"].as_u64();
        if reply.status != 200 || found != *expected || total != Some(expected.len() as u64) {
            wrong.push(format!("{filter}: {found:?} of {total:?}, not {expected:?} ({})", reply.outcome()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_operator_finds_its_users() {
    let (_app, client, ids) = start().await;
    check(
        &client,
        &ids,
        &[
            ("userName eq \"ann\"", "0"),
            ("userName eq \"ANN\"", "0"),
            ("userName EQ \"Ann\"", "0"),
            ("userName eq \"an\"", ""),
            ("userName ne \"ann\"", "123456789"),
            ("title eq \"engineer\"", "01"),
            ("title co \"GIN\"", "01"),
            ("title co \"\"", "01256789"),
            ("title sw \"eng\"", "01"),
            ("title sw \"100%\"", "5"),
            ("title sw \"a_\"", "6"),
            ("title co \"_\"", "6"),
            ("title ew \"ER\"", "012"),
            ("title ew \"b\"", "67"),
            ("title gt \"m\"", "29"),
            ("title ge \"manager\"", "29"),
            ("title gt \"manager\"", "9"),
            ("title lt \"b\"", "567"),
            ("title le \"AXB\"", "567"),
            ("title pr", "01256789"),
            ("not (title pr)", "34"),
            ("title ne \"engineer\"", "23456789"),
            ("userName co \"@\"", "9"),
            ("userName sw \"judy@\"", "9"),
            ("title eq \"100% \\\"real\\\"\"", "5"),
            ("nickName eq \"back\\\\slash\"", "5"),
            ("nickName eq \"\\u0062ack\\u005cslash\"", "5"),
            ("name.familyName eq \"ångström\"", "78"),
            ("title eq \"INGÉNIEUR\"", "8"),
        ],
    )
    .await;
}

#[tokio::test]
async fn or_binds_less_than_and_and_not_binds_most() {
    let (_app, client, ids) = start().await;
    check(
        &client,
        &ids,
        &[
            ("userName eq \"ann\" or userName eq \"bob\" and active eq true", "0"),
            ("(userName eq \"ann\" or userName eq \"bob\") and active eq false", "1"),
            ("userName eq \"bob\" and active eq true or userName eq \"ann\"", "0"),
            ("not (userName eq \"ann\") and title eq \"engineer\"", "1"),
            ("not (userName eq \"ann\" or title pr)", "34"),
            ("title pr AND NOT (active pr) And userName sw \"f\"", "5"),
            ("not (not (userName eq \"ann\"))", "0"),
            ("((((userName eq \"ann\"))))", "0"),
            ("title pr and title pr and title pr", "01256789"),
            ("active eq true or active eq false", "01234"),
            ("active eq true and active eq false", ""),
            ("userName sw \"a\" or userName sw \"b\" or userName sw \"c\"", "012"),
            ("title eq \"engineer\" and (emails.type eq \"work\" or name.givenName eq \"Bob\")", "01"),
        ],
    )
    .await;
}

#[tokio::test]
async fn brackets_ask_for_one_element_that_satisfies_all() {
    let (_app, client, ids) = start().await;
    check(
        &client,
        &ids,
        &[
            ("emails[type eq \"work\"]", "02"),
            ("emails[type eq \"work\" and value co \"home\"]", ""),
            ("emails.type eq \"work\" and emails.value co \"home\"", "0"),
            ("emails[type eq \"home\" and primary eq true]", "1"),
            ("emails[primary eq true]", "01"),
            ("emails[not (type eq \"work\")]", "01"),
            ("emails[type eq \"home\" or type eq \"work\"]", "012"),
            ("emails[type pr] and active eq true", "02"),
            ("emails.value eq \"ANN@work.example\"", "0"),
            ("emails eq \"bob@home.example\"", "1"),
            ("emails co \"work.example\"", "02"),
            ("emails pr", "012"),
            ("not (emails pr)", "3456789"),
            ("phoneNumbers[type eq \"work\"] or emails[type eq \"work\"]", "026"),
            ("name[familyName eq \"lee\"]", "01"),
        ],
    )
    .await;
}

#[tokio::test]
async fn comparisons_go_by_the_type_of_the_attribute() {
    let (_app, client, ids) = start().await;
    let cases = [
        ("active eq true", "023"),
        ("active eq false", "14"),
        ("active ne true", "1456789"),
        ("active eq \"True\"", "023"),
        ("active pr", "01234"),
        ("meta.created eq \"2026-01-01T00:02:00Z\"", "2"),
        ("meta.created gt \"2026-01-01T00:07:00Z\"", "89"),
        ("meta.created ge \"2026-01-01T00:07:00Z\"", "789"),
        ("meta.created lt \"2026-01-01T00:02:00.000Z\"", "01"),
        ("meta.created le \"2026-01-01T01:02:00+01:00\"", "012"),
        ("meta.created gt \"2026-01-01T00:06:59.999Z\"", "789"),
        ("meta.lastModified ge \"2026-01-01T00:09:00Z\"", "9"),
        ("meta.lastModified lt \"2025-12-31T23:59:59Z\"", ""),
        ("meta.resourceType eq \"User\"", "0123456789"),
        ("meta.version eq \"W/\\\"1\\\"\"", "0123456789"),
        // Case rules: id and externalId are exact, userName and title are not.
        ("externalId eq \"x1\"", "1"),
        ("externalId eq \"X1\"", "0"),
        ("externalId sw \"x\"", "12"),
        ("externalId co \"X\"", "0"),
    ];
    check(&client, &ids, &cases).await;
    let by_id = format!("id eq \"{}\"", ids[3]);
    let by_other_case = format!("id eq \"{}\"", ids[3].to_uppercase());
    let by_two = format!("id eq \"{}\" or id eq \"{}\"", ids[3], ids[5]);
    check(&client, &ids, &[(&by_id, "3"), (&by_other_case, ""), (&by_two, "35")]).await;
}

#[tokio::test]
async fn names_may_be_qualified_and_are_found_in_any_case() {
    let (_app, client, ids) = start().await;
    let cases = [
        (format!("{ENTERPRISE}:department eq \"SALES\""), "34"),
        (format!("{}:DEPARTMENT eq \"sales\"", ENTERPRISE.to_lowercase()), "34"),
        (format!("{ENTERPRISE}:employeeNumber eq \"7\""), "3"),
        (format!("{ENTERPRISE}:manager.value eq \"Carol\""), "3"),
        (format!("{ENTERPRISE} pr"), "34"),
        (format!("{USER}:userName eq \"ann\""), "0"),
        (format!("{USER}:name.familyName eq \"lee\""), "01"),
        (format!("{USER}:emails[type eq \"work\"]"), "02"),
        ("USERNAME eq \"ann\"".to_owned(), "0"),
        ("Name.FamilyName eq \"lee\"".to_owned(), "01"),
        ("EMAILS[TYPE eq \"work\"]".to_owned(), "02"),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(filter, expected)| (&**filter, *expected)).collect();
    check(&client, &ids, &cases).await;
}

#[tokio::test]
async fn null_stands_for_no_value() {
    let (_app, client, ids) = start().await;
    let cases = [
        ("title eq null", "34"),
        ("title ne null", "01256789"),
        ("emails eq null", "3456789"),
        ("name.givenName ne null", "01"),
        ("not (title eq null)", "01256789"),
        ("title eq null and active eq true", "3"),
    ];
    check(&client, &ids, &cases).await;
}

#[tokio::test]
async fn a_filter_finds_what_was_changed_and_not_what_it_was_before() {
    let (_app, client, ids) = start().await;
    let place = format!("/Users/{}", ids[0]);
    let operations = json!([
        { "op": "replace", "path": "userName", "value": "anna" },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "anna@work.example" },
        { "op": "remove", "path": "title" },
        { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Sales" },
    ]);
    client.patch(&place, operations).await.expect(200);
    client.delete(&format!("/Users/{}", ids[3])).await.expect(204);
    let department = format!("{ENTERPRISE}:department eq \"sales\"");
    let cases = [
        ("userName eq \"ann\"", ""),
        ("userName eq \"anna\"", "0"),
        ("emails.value eq \"ann@work.example\"", ""),
        ("emails.value eq \"anna@work.example\"", "0"),
        ("title eq \"engineer\"", "1"),
        (&*department, "04"),
        ("userName eq \"dave\"", ""),
        ("meta.lastModified ge \"2026-01-01T00:10:00Z\"", "0"),
    ];
    check(&client, &ids, &cases).await;
}

#[tokio::test]
async fn what_is_no_filter_is_refused_and_says_why() {
    let (_app, client, _) = start().await;
    let deep = format!("{}userName eq \"a\"{}", "(".repeat(10_000), ")".repeat(10_000));
    let brackets = "[".repeat(60_000);
    let many = vec!["title pr"; 2_000].join(" or ");
    let search = |filter: &str| json!({ "filter": filter });
    for filter in [
        // An attribute that no schema defines, wherever it stands.
        "shoeSize eq 42",
        "shoeSize pr",
        "userName eq \"ann\" and shoeSize eq 42",
        "userName eq \"nobody\" and shoeSize eq 42",
        "userName pr or shoeSize pr",
        "not (shoeSize pr)",
        "emails[shoeSize eq 42]",
        "emails.shoeSize eq 42",
        "name.shoeSize pr",
        "urn:example:None:department eq \"x\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:shoeSize eq \"x\"",
        // Syntax.
        "userName",
        "userName eq",
        "eq \"ann\"",
        "userName eq ann",
        "userName eq 'ann'",
        "userName eq \"ann",
        "userName eq \"ann\" and",
        "and userName eq \"ann\"",
        "userName eq \"ann\" userName eq \"bob\"",
        "(userName eq \"ann\"",
        "userName eq \"ann\")",
        "userName = \"ann\"",
        "userName == \"ann\"",
        "userName regex \"a.*\"",
        "not userName eq \"ann\"",
        "emails[type eq \"work\"",
        "emails[]",
        "emails[type eq \"work\"].value eq \"x\" eq \"y\"",
        "emails[emails[type eq \"work\"]]",
        "userName eq \"\\x\"",
        "userName eq \"ann\";",
        "userName eq \"ann\" xor active eq true",
        "userName.. eq \"ann\"",
        "()",
        " ",
        // Types.
        "active eq \"perhaps\"",
        "active eq 1",
        "active gt true",
        "active co \"true\"",
        "userName eq 7",
        "userName eq true",
        "title gt null",
        "meta.created gt \"yesterday\"",
        "meta.created co \"2026\"",
        "name eq \"Ann\"",
        "userName[value eq \"ann\"]",
        // Never shown.
        "password eq \"x\"",
        "password pr",
        "userName eq \"ann\" and password sw \"a\"",
        // Too much.
        &deep,
        &brackets,
        &many,
    ] {
        let reply = client.post("/Users/.search", search(filter)).await;
        let shown: String = filter.chars().take(80).collect();
        assert_eq!(reply.outcome(), "400 invalidFilter", "{shown}: {}", reply.body);
        assert!(!reply.body["detail"].as_str().unwrap().is_empty(), "{shown}");
        assert!(reply.bytes.len() < 2_000, "{shown}: the error is {} bytes long", reply.bytes.len());
        if filter.len() < 1_000 {
            let reply = client.get(&format!("/Users?filter={filter}")).await;
            assert_eq!(reply.outcome(), "400 invalidFilter", "GET {shown}");
        }
    }
}

#[tokio::test]
async fn an_empty_external_id_is_nobody_s_own() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for name in ["ann", "bob"] {
        let user = serde_json::json!({ "userName": name, "externalId": "" });
        client.post("/Users", user).await.expect(201);
    }
    let found = client.get("/Users?filter=externalId eq \"\"").await.expect(200);
    assert_eq!(found.body["totalResults"], 2);
}

#[tokio::test]
async fn an_extension_s_urn_is_the_same_in_any_case() {
    let (_app, client, ids) = start().await;
    let (lower, upper) = (ENTERPRISE.to_lowercase(), ENTERPRISE.to_uppercase());
    let found = [
        (format!("{lower}:department eq \"Sales\""), "34"),
        (format!("{upper}:department eq \"Sales\" and {lower}:EMPLOYEENUMBER eq \"42\""), "4"),
        (format!("{upper}:manager.value eq \"carol\" or {lower}:manager pr"), "3"),
    ];
    let cases: Vec<(&str, &str)> = found.iter().map(|(filter, found)| (filter.as_str(), *found)).collect();
    check(&client, &ids, &cases).await;
    // Sent in another case, it is the same extension too.
    let body =
        json!({ "schemas": [USER, upper], "userName": "zoe", upper.clone(): { "department": "Legal" } });
    let zoe = client.post("/Users", body).await.expect(201);
    assert_eq!(zoe.body[ENTERPRISE]["department"], "Legal");
    for urn in [ENTERPRISE, &lower, &upper] {
        let reply = client.get(&format!("/Users?filter={urn}:department eq \"Legal\"")).await.expect(200);
        assert_eq!(reply.column("id"), [zoe.id()], "{urn}");
    }
}
