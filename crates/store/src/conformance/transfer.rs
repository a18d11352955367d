//! A database as a whole.

use super::world::{Backend, World};
use crate::StoreError;
use crate::transfer::{Cell, Export, Row, TABLES, Table, table};

/// All rows of a table, two at a time.
async fn rows(export: &mut dyn Export, table: &'static Table) -> Vec<Row> {
    let (mut found, mut after) = (Vec::new(), None::<Row>);
    loop {
        let page = export.page(table, after.as_deref(), 2).await.unwrap();
        after = page.last().map(|row| row.iter().take(table.key).cloned().collect());
        found.extend(page.iter().cloned());
        if page.len() < 2 {
            return found;
        }
    }
}

/// What is written after an export has begun is not in it, however late it is read.
pub async fn an_export_is_of_one_moment(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let group = world.group("team", &[bob, ann]).await;
    let mut export = world.store.export().await.unwrap();
    world.delete("User", ann).await.unwrap();
    world.user("cat").await;
    let ids = |rows: Vec<Row>| rows.iter().map(|row| row[2].clone()).collect::<Vec<_>>();
    let then = ids(rows(&mut *export, table("resource").unwrap()).await);
    assert_eq!(then, [ann, bob, group].map(Cell::Id));
    assert_eq!(rows(&mut *export, table("membership").unwrap()).await.len(), 2);
    assert_eq!(rows(&mut *export, table("tombstone").unwrap()).await.len(), 0);
    assert_eq!(rows(&mut *export, table("change").unwrap()).await.len(), 3);
    let mut now = world.store.export().await.unwrap();
    assert_eq!(rows(&mut *now, table("membership").unwrap()).await.len(), 1);
    assert_eq!(rows(&mut *now, table("tombstone").unwrap()).await.len(), 1);
    for table in TABLES {
        for row in rows(&mut *now, table).await {
            assert_eq!(row.len(), table.columns.len(), "{}", table.name);
        }
    }
}

/// The index rows of a resource are exported with it, those that are unique as such.
pub async fn a_resource_is_exported_with_its_index(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.create("User", serde_json::json!({"userName": "Ann", "emails": [{"value": "A@x"}]})).await.unwrap();
    let mut export = world.store.export().await.unwrap();
    let paths = rows(&mut *export, table("attribute").unwrap()).await;
    let path = |key: i64| {
        let found = paths.iter().find(|row| row[0] == Cell::Integer(key)).unwrap();
        found[2].text().unwrap().to_owned()
    };
    let resources = rows(&mut *export, table("resource").unwrap()).await;
    let entries: Vec<(i64, String, bool)> =
        serde_json::from_str(resources[0].last().unwrap().text().unwrap()).unwrap();
    let mut entries: Vec<_> =
        entries.into_iter().map(|(key, value, unique)| (path(key), value, unique)).collect();
    entries.sort();
    let wanted = [
        ("emails.value".to_owned(), "a@x".to_owned(), false),
        ("userName".to_owned(), "ann".to_owned(), true),
    ];
    assert_eq!(entries, wanted);
}

/// Nothing is imported into a database that somebody has written to; and a database in use has no faults.
pub async fn an_import_needs_a_new_database(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let group = world.group("team", &[]).await;
    world.delete("Group", group).await.unwrap();
    world.user("ann").await;
    assert!(!world.store.is_new().await.unwrap());
    assert_eq!(world.store.begin_import("{}").await, Err(StoreError::Stale));
    assert_eq!(world.store.importing().await.unwrap(), None);
    assert_eq!(world.store.faults().await.unwrap(), [""; 0]);
    assert!(world.store.schema().await.unwrap() > 0);
}
