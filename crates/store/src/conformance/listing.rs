//! Filters, order, pages and positions.

use std::collections::BTreeSet;

use rollcall_scim::filter::Target;
use rollcall_scim::schema::AttributeType;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Backend, World};
use crate::query::{Page, Sort, Start};

const EMPLOYEE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn ids(page: &Page) -> Vec<Uuid> {
    page.resources.iter().map(|stored| stored.id).collect()
}

async fn people(world: &World) -> Vec<(Uuid, Value)> {
    let long = "y".repeat(300);
    let documents = [
        json!({"userName": "Ann", "displayName": "Ann Ä", "active": true, "emails": [{"value": "ann@x.org", "type": "work", "primary": true}]}),
        json!({"userName": "bob", "externalId": "E1", "title": "Boss", "name": {"familyName": "Builder"}}),
        json!({"userName": "cat", "externalId": "e1", "active": false, "emails": [{"value": "ANN@X.ORG", "type": "home"}, {"value": "cat@y.org", "type": "work"}]}),
        json!({"userName": "dan", "displayName": "", EMPLOYEE: {"employeeNumber": "007"}}),
        json!({"userName": long.clone() + "1", "displayName": long.clone() + "a"}),
        json!({"userName": long.clone() + "2", "displayName": long + "b"}),
        json!({"userName": "a%b_c", "displayName": "%", "emails": [{"type": "work"}]}),
    ];
    let mut all = Vec::new();
    for mut document in documents {
        let create = world.creation("User", &document, &[]);
        let id = create.id;
        document["id"] = json!(id.to_string());
        let mut create = create;
        create.content = world.content("User", &document);
        world.write(crate::write::Write::Create(create)).await.unwrap();
        all.push((id, document));
    }
    all
}

/// Whatever a plan leaves to the index, the answer is what evaluating the filter over all gives.
pub async fn planned_filters_select_what_evaluation_selects(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let people = people(&world).await;
    let (ann, bob) = (people[0].0, people[1].0);
    let group = world.group("team", &[ann]).await;
    world.group("crew", &[group, bob]).await;
    let long = "y".repeat(300);
    let filters = [
        r#"userName eq "ANN""#.to_owned(),
        r#"userName ne "ANN""#.to_owned(),
        r#"userName sw "A""#.to_owned(),
        r#"userName sw "a%""#.to_owned(),
        r#"userName sw """#.to_owned(),
        r#"userName co "a""#.to_owned(),
        r#"userName ew "n""#.to_owned(),
        r#"userName gt "bob""#.to_owned(),
        r#"userName ge "bob" and userName lt "dan""#.to_owned(),
        r#"displayName le "b""#.to_owned(),
        r#"displayName eq """#.to_owned(),
        r#"displayName sw "ann ä""#.to_owned(),
        "displayName pr".to_owned(),
        "not (displayName pr)".to_owned(),
        r#"externalId eq "e1""#.to_owned(),
        "externalId pr".to_owned(),
        "externalId eq null".to_owned(),
        r#"emails.value eq "ann@x.org""#.to_owned(),
        r#"emails eq "ann@x.org""#.to_owned(),
        r#"emails[value eq "ann@x.org"]"#.to_owned(),
        r#"emails[type eq "work" and value eq "ann@x.org"]"#.to_owned(),
        r#"emails[value sw "cat" or value sw "ann"]"#.to_owned(),
        r#"emails[not (type eq "work")]"#.to_owned(),
        r#"emails.value sw "a" and emails.value sw "c""#.to_owned(),
        r#"emails.value sw "a" and active eq true"#.to_owned(),
        r#"userName eq "bob" or title eq "boss" or externalId eq "e1""#.to_owned(),
        r#"userName eq "bob" or externalId eq "e1""#.to_owned(),
        r#"(userName eq "bob" or userName eq "cat") and externalId pr"#.to_owned(),
        r#"name.familyName eq "builder""#.to_owned(),
        format!("{EMPLOYEE}:employeeNumber eq \"007\""),
        format!("{EMPLOYEE}:employeeNumber gt \"00\""),
        format!("userName eq \"{long}1\""),
        format!("userName sw \"{long}\""),
        format!("displayName gt \"{long}a\""),
        format!("displayName ge \"{}\"", "y".repeat(200)),
        format!("id eq \"{ann}\""),
        format!("id eq \"{}\"", ann.to_string().to_uppercase()),
        format!("id eq \"{ann}\" or id eq \"{bob}\""),
        format!("id gt \"{ann}\""),
        r#"id eq "nobody""#.to_owned(),
        r#"meta.lastModified gt "2023-11-14T22:13:20.002Z""#.to_owned(),
        r#"meta.lastModified le "2023-11-14T22:13:20.002Z""#.to_owned(),
        r#"meta.created ge "2023-11-14T22:13:20.0031Z" and userName pr"#.to_owned(),
        r#"meta.created eq "2023-11-14T22:13:20.003Z""#.to_owned(),
        r#"meta.created lt "2023-11-14T22:13:20.0025Z""#.to_owned(),
        r#"meta.resourceType eq "User" and userName sw "a""#.to_owned(),
    ];
    for filter in filters {
        let bound = world.filter("User", &filter);
        let mut wanted = BTreeSet::new();
        for (id, document) in &people {
            let stored = world.get("User", *id).await.unwrap();
            let mut document = document.clone();
            document["meta"] = json!({"resourceType": "User", "created": stored.created.to_string(),
                "lastModified": stored.modified.to_string()});
            if bound.matches(document.as_object().unwrap()) {
                wanted.insert(*id);
            }
        }
        let page = world.list("User", Some(&filter), None, Start::Offset(0), 100).await;
        assert_eq!(ids(&page).into_iter().collect::<BTreeSet<_>>(), wanted, "{filter}");
        assert_eq!(page.total, Some(wanted.len() as u64), "{filter}");
        assert!(page.resources.is_sorted_by_key(|stored| stored.key), "{filter}");
    }
    membership_filters(&world, &people, group).await;
}

async fn membership_filters(world: &World, people: &[(Uuid, Value)], team: Uuid) {
    let (ann, bob, cat) = (people[0].0, people[1].0, people[2].0);
    let users =
        async |filter: String| ids(&world.list("User", Some(&filter), None, Start::Offset(0), 100).await);
    let groups = async |filter: String| {
        world.list("Group", Some(&filter), None, Start::Offset(0), 100).await.resources.len()
    };
    let crew = world.list("Group", Some("displayName eq \"crew\""), None, Start::Offset(0), 1).await;
    let crew = crew.resources[0].id;
    assert_eq!(users(format!("groups.value eq \"{team}\"")).await, [ann]);
    assert_eq!(users(format!("groups.value eq \"{crew}\"")).await, [ann, bob]);
    assert_eq!(users(format!("groups[value eq \"{crew}\" and type eq \"direct\"]")).await, [bob]);
    assert_eq!(users(format!("groups.value eq \"{crew}\" and userName sw \"a\"")).await, [ann]);
    assert_eq!(users("groups.display eq \"team\"".to_owned()).await, [ann]);
    assert_eq!(users(format!("not (groups.value eq \"{team}\") and externalId pr")).await, [bob, cat]);
    assert_eq!(groups(format!("members.value eq \"{ann}\"")).await, 1);
    assert_eq!(groups(format!("members[value eq \"{}\"]", bob.to_string().to_uppercase())).await, 1);
    assert_eq!(groups(format!("members.value eq \"{cat}\"")).await, 0);
    assert_eq!(groups(format!("members eq \"{ann}\" or members eq \"{bob}\"")).await, 2);
    assert_eq!(groups("members[type eq \"Group\"]".to_owned()).await, 1);
    assert_eq!(groups(format!("members.value eq \"{ann}\" and displayName eq \"crew\"")).await, 0);
}

/// Matches are collected until the page is full, however many resources lie between them.
pub async fn a_page_of_a_filter_that_no_index_answers_is_full(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut wanted = Vec::new();
    for number in 0..60 {
        let title = if number % 7 == 0 { "x" } else { "y" };
        let document = json!({"userName": format!("u{number}"), "title": title});
        let id = world.create("User", document).await.unwrap();
        wanted.extend((number % 7 == 0).then_some(id));
    }
    let filter = Some("title eq \"x\"");
    let page = world.list("User", filter, None, Start::Offset(0), 5).await;
    assert_eq!((ids(&page).as_slice(), page.total), (&wanted[..5], Some(9)));
    let rest = world.list("User", filter, None, Start::After(page.next), 5).await;
    assert_eq!((ids(&rest).as_slice(), rest.total, rest.next), (&wanted[5..], Some(9), None));
    let middle = world.list("User", filter, None, Start::Offset(3), 3).await;
    assert_eq!((ids(&middle).as_slice(), middle.total), (&wanted[3..6], Some(9)));
}

/// Every offset shows the right part, and the total does not depend on it.
pub async fn offsets_and_totals_agree(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut all = Vec::new();
    for number in 0..7 {
        all.push(world.user(&format!("u{number}")).await);
    }
    for filter in [None, Some("userName sw \"u\""), Some("userName co \"u\"")] {
        for offset in 0..9_usize {
            let page = world.list("User", filter, None, Start::Offset(offset as u64), 3).await;
            let wanted = &all[offset.min(7)..(offset + 3).min(7)];
            assert_eq!((ids(&page).as_slice(), page.total), (wanted, Some(7)), "{filter:?} {offset}");
            assert_eq!(page.next.is_some(), offset + 3 < 7);
        }
        let none = world.list("User", filter, None, Start::Offset(0), 0).await;
        assert_eq!((none.resources.len(), none.total), (0, Some(7)));
    }
}

/// Following `next` sees each once, in the order of creation.
pub async fn positions_continue_a_listing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut all = Vec::new();
    for number in 0..10 {
        all.push(world.user(&format!("u{number}")).await);
    }
    for filter in [None, Some("userName sw \"u\""), Some("userName co \"u\"")] {
        let (mut seen, mut position) = (Vec::new(), None);
        loop {
            let page = world.list("User", filter, None, Start::After(position), 3).await;
            assert_eq!(page.total, Some(10));
            seen.extend(ids(&page));
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(seen, all, "{filter:?}");
    }
}

/// While others create and delete, a walk sees all that was there throughout, once.
pub async fn a_walk_under_concurrent_writes_sees_all_that_stays(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (mut staying, mut leaving) = (Vec::new(), Vec::new());
    for number in 0..40 {
        staying.push(world.user(&format!("stays{number}")).await);
        leaving.push(world.user(&format!("leaves{number}")).await);
    }
    let others = world.clone();
    let writing = tokio::spawn(async move {
        for (number, id) in leaving.into_iter().enumerate() {
            others.delete("User", id).await.unwrap();
            others.user(&format!("comes{number}")).await;
        }
    });
    let (mut seen, mut position) = (Vec::new(), None);
    loop {
        let page = world.list("User", None, None, Start::After(position), 7).await;
        seen.extend(ids(&page));
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    writing.await.unwrap();
    let once: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len());
    assert!(staying.iter().all(|id| once.contains(id)));
}

fn by(attribute: &str, sub: Option<&str>, descending: bool) -> Sort {
    let by = Target {
        extension: None,
        attribute: attribute.to_owned(),
        sub: sub.map(str::to_owned),
        kind: if attribute == "meta" { AttributeType::DateTime } else { AttributeType::String },
        case_exact: false,
    };
    Sort { by, descending }
}

async fn sortable(world: &World) -> [Uuid; 4] {
    let documents = [
        json!({"userName": "d", "displayName": "Zoe", "title": "b"}),
        json!({"userName": "c"}),
        json!({"userName": "B", "displayName": "amy", "title": "a", "emails": [{"value": "z@x"}, {"value": "a@x", "primary": true}]}),
        json!({"userName": "a", "displayName": "ZOE", "title": "B", "emails": [{"value": "b@x"}, {"value": "0@x"}]}),
    ];
    let mut found = [Uuid::nil(); 4];
    for (slot, document) in found.iter_mut().zip(documents) {
        *slot = world.create("User", document).await.unwrap();
    }
    found
}

/// RFC 7644 §3.4.2.3: without a value last when ascending, first when descending; of many the primary.
pub async fn sorting_puts_missing_values_last_and_first_when_descending(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let [zoe, nameless, amy, zoe2] = sortable(&world).await;
    let cases = [
        (by("displayName", None, false), None, vec![amy, zoe, zoe2, nameless]),
        (by("displayName", None, true), None, vec![nameless, zoe, zoe2, amy]),
        (by("title", None, false), None, vec![amy, zoe, zoe2, nameless]),
        (by("title", None, true), None, vec![nameless, zoe, zoe2, amy]),
        (by("userName", None, false), None, vec![zoe2, amy, nameless, zoe]),
        (by("emails", Some("value"), false), None, vec![amy, zoe2, zoe, nameless]),
        (by("meta", Some("created"), true), None, vec![zoe2, amy, nameless, zoe]),
        (by("displayName", None, false), Some("title pr"), vec![amy, zoe, zoe2]),
        (by("userName", None, true), Some("displayName sw \"z\""), vec![zoe, zoe2]),
    ];
    for (sort, filter, wanted) in cases {
        let shown = format!("{sort:?} {filter:?}");
        let page = world.list("User", filter, Some(sort), Start::Offset(0), 10).await;
        assert_eq!((ids(&page), page.total), (wanted.clone(), Some(wanted.len() as u64)), "{shown}");
    }
}

/// Page by page a sorted listing is the same as in one.
pub async fn a_sorted_listing_continues_after_its_position(backend: &dyn Backend) {
    let world = World::new(backend).await;
    sortable(&world).await;
    for name in ["displayName", "title", "userName"] {
        for descending in [false, true] {
            let sort = Some(by(name, None, descending));
            let whole = ids(&world.list("User", None, sort.clone(), Start::Offset(0), 10).await);
            let (mut seen, mut position) = (Vec::new(), None);
            for offset in 0..4 {
                let page = world.list("User", None, sort.clone(), Start::After(position), 1).await;
                let same = world.list("User", None, sort.clone(), Start::Offset(offset), 1).await;
                assert_eq!(ids(&page), ids(&same));
                seen.extend(ids(&page));
                position = page.next;
            }
            assert_eq!((seen, position), (whole, None), "{name} {descending}");
        }
    }
}
