//! A file read without the code that wrote it: container, tables and messages from the description of the format.
//!
//! Messages are taken apart here, field by field: nothing is shared with `rollcall_access` but the file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rollcall_access::c1z::{GrantFilter, Writer};
use rusqlite::Connection;

use crate::app::{self, App, begun, leak};
use crate::common::{self, group, role, user};

const USERS: usize = 1_000;
const GROUPS: usize = 100;
const MEMBERS: usize = 50;
const ROLES: [(&str, &str); 3] = [("super_admin", "Super Admin"), ("admin", "Admin"), ("member", "Member")];

/// A message: the values of each field, in order.
type Fields<'a> = BTreeMap<u64, Vec<Field<'a>>>;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn message(mut bytes: &[u8]) -> Fields<'_> {
    let mut fields = Fields::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(value)
            }
            other => panic!("wire type {other}"),
        };
        fields.entry(key >> 3).or_default().push(value);
    }
    fields
}

fn bytes<'a>(fields: &Fields<'a>, field: u64) -> &'a [u8] {
    let Some(Field::Bytes(bytes)) = fields.get(&field).map(|values| values[0]) else { panic!("no {field}") };
    bytes
}

fn text<'a>(fields: &Fields<'a>, field: u64) -> &'a str {
    std::str::from_utf8(bytes(fields, field)).unwrap()
}

/// `ResourceId`: 1 type, 2 id.
fn id(of: &[u8]) -> (String, String) {
    let fields = message(of);
    (text(&fields, 1).to_owned(), text(&fields, 2).to_owned())
}

/// The texts of a Struct: 1 map<string, Value>, Value 3 string.
fn profile(of: &[u8]) -> BTreeMap<String, String> {
    let fields = message(of);
    let entries = fields[&1].iter().map(|entry| {
        let Field::Bytes(entry) = entry else { panic!("{entry:?}") };
        let entry = message(entry);
        (text(&entry, 1).to_owned(), text(&message(bytes(&entry, 2)), 3).to_owned())
    });
    entries.collect()
}

/// The one annotation (4) of a resource: its type, and its message.
fn annotation<'a>(resource: &Fields<'a>) -> (&'a str, Fields<'a>) {
    let any = message(bytes(resource, 4));
    (text(&any, 1), message(bytes(&any, 2)))
}

fn database(file: &Path) -> (tempfile::NamedTempFile, Connection) {
    let packed = std::fs::read(file).unwrap();
    assert_eq!(packed[..5], [0x43, 0x31, 0x5A, 0x46, 0x00]);
    let unpacked = zstd::stream::decode_all(&packed[5..]).unwrap();
    let mut database = tempfile::NamedTempFile::new().unwrap();
    database.write_all(&unpacked).unwrap();
    let connection = Connection::open(database.path()).unwrap();
    (database, connection)
}

/// The members of a group.
fn members(group: usize) -> impl Iterator<Item = String> {
    (0..MEMBERS).map(move |member| format!("user:u{:05}", (group * 7 + member) % USERS))
}

/// A file that resources and grants were handed to one by one.
fn written(folder: &Path) -> PathBuf {
    let path = folder.join("written.c1z");
    let mut writer = Writer::create(&path, common::run("2Z0sYPjHHlyGJ7yGqXRZzFfZ7tk", 0)).unwrap();
    let mut resources: Vec<_> = (0..USERS).map(|n| user(&format!("u{n:05}"), &format!("User {n}"))).collect();
    resources.extend((0..GROUPS).map(|n| group(&format!("g{n:05}"), &format!("Group {n}"))));
    resources.extend(ROLES.map(|(id, name)| role(id, name)));
    let mut grants = Vec::new();
    for n in 0..GROUPS {
        grants.extend(members(n).map(|member| (format!("group:g{n:05}"), member)));
    }
    grants.extend((0..USERS).map(|n| (format!("role:{}", ROLES[n % 3].0), format!("user:u{n:05}"))));
    grants.push(("group:g00000".to_owned(), "group:g00001".to_owned()));
    let grants: Vec<_> = grants.iter().map(|(of, to)| (of.as_str(), to.as_str())).collect();
    common::fill(&mut writer, &resources, &grants);
    writer.finish().unwrap();
    path
}

/// A file that a sync made.
fn synced(folder: &Path) -> PathBuf {
    let path = folder.join("synced.c1z");
    let users = (0..USERS).map(|n| app::user(&format!("u{n:05}"), &[ROLES[n % 3]]));
    let groups = (0..GROUPS).map(|n| {
        let nested = (n == 0).then(|| "group:g00001".to_owned());
        let members: Vec<String> = members(n).chain(nested).collect();
        app::group(&format!("g{n:05}"), &members.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let app = App { users: users.collect(), groups: groups.collect(), page: 100, ..App::default() };
    app::run(leak(app), &path, begun("a", 0)).unwrap().unwrap();
    path
}

#[test]
fn a_file_of_a_thousand_users_is_read_by_the_description_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    check(&written(folder.path()), "2026-11-22 01:30:22.250", "User 17 Lee");
    check(&synced(folder.path()), "2026-11-22 01:30:26.250", "U00017 Lee");
}

fn check(path: &Path, ended: &str, seventeenth: &str) {
    let (_unpacked, database) = database(path);
    let count = |table: &str| -> usize {
        let count = format!("select count(*) from {table}");
        let count: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
        count.try_into().unwrap()
    };
    let grants = GROUPS * MEMBERS + USERS + 1;
    assert_eq!(count("v1_resource_types"), 3);
    assert_eq!(count("v1_resources"), USERS + GROUPS + ROLES.len());
    assert_eq!(count("v1_entitlements"), GROUPS + ROLES.len());
    assert_eq!(count("v1_grants"), grants);
    assert_eq!(count("v1_assets"), 0);

    let sync: (String, String, String, String) = database
        .query_row("select sync_id, started_at, ended_at, sync_token from v1_sync_runs", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!((sync.0.len(), sync.3.as_str()), (27, ""));
    assert_eq!((sync.1.as_str(), sync.2.as_str()), ("2026-11-22 01:30:21.250", ended));

    check_resources(&database, seventeenth);
    check_entitlements(&database);
    check_grants(&database);

    // And the program's own reader agrees.
    let file = common::open(path);
    let stats = file.view(None).unwrap().stats().unwrap();
    assert_eq!((stats.resource_types, stats.entitlements), (3, 103));
    assert_eq!(stats.grants, grants as u64);
    let resources: Vec<_> = stats.resources.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(resources, [("group", 100), ("role", 3), ("user", 1000)]);
    let mut read = 0;
    let done: Result<(), rollcall_access::c1z::C1zError> =
        file.view(None).unwrap().grants(GrantFilter::All, |_| {
            read += 1;
            Ok(())
        });
    done.unwrap();
    assert_eq!(read, grants);
}

fn rows<const N: usize>(database: &Connection, what: &str) -> Vec<([String; N], Vec<u8>)> {
    let mut statement = database.prepare(what).unwrap();
    let rows = statement.query_map([], |row| {
        let columns = std::array::from_fn(|column| {
            row.get::<_, Option<String>>(column).unwrap().unwrap_or_else(|| "NULL".to_owned())
        });
        Ok((columns, row.get(N)?))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn check_resources(database: &Connection, seventeenth: &str) {
    let types = rows::<1>(database, "select external_id, data from v1_resource_types order by id");
    for ((columns, data), (id, name, kind)) in
        types.iter().zip([("user", "User", 1), ("group", "Group", 2), ("role", "Role", 3)])
    {
        let fields = message(data);
        assert_eq!((columns[0].as_str(), text(&fields, 1), text(&fields, 2)), (id, id, name));
        assert_eq!(bytes(&fields, 3), [kind], "traits are packed");
    }
    let resources = rows::<6>(
        database,
        "select resource_type_id, external_id, parent_resource_type_id, parent_resource_id, sync_id, \
         discovered_at, data from v1_resources order by id",
    );
    for (columns, data) in &resources {
        let fields = message(data);
        let (kind, resource) = id(bytes(&fields, 1));
        assert_eq!(columns[0], kind);
        assert_eq!(columns[1], format!("{kind}:{resource}"));
        assert_eq!((columns[2].as_str(), columns[3].as_str()), ("NULL", "NULL"));
        assert_eq!(columns[5], "2026-11-22 01:30:21.250");
        assert_eq!(fields[&8], [Field::Number(1)], "it was found by listing");
        let (name, of) = annotation(&fields);
        let (expected, attributes) = match kind.as_str() {
            "user" => ("UserTrait", profile(bytes(&of, 3))),
            "group" => ("GroupTrait", profile(bytes(&of, 2))),
            _ => ("RoleTrait", profile(bytes(&of, 1))),
        };
        assert_eq!(name, format!("type.googleapis.com/c1.connector.v2.{expected}"));
        assert_eq!(attributes[&format!("{kind}_id")], resource);
        if kind == "user" {
            let email = message(bytes(&of, 1));
            assert_eq!(text(&email, 1), format!("{resource}@example.com"));
            assert_eq!(email[&2], [Field::Number(1)], "it is the primary one");
            assert_eq!(message(bytes(&of, 2))[&1], [Field::Number(1)], "the user is enabled");
        }
    }
    assert_eq!(text(&message(&resources[17].1), 3), seventeenth);
}

fn check_entitlements(database: &Connection) {
    let entitlements = rows::<3>(
        database,
        "select resource_type_id, resource_id, external_id, data from v1_entitlements order by id",
    );
    for (columns, data) in &entitlements {
        let fields = message(data);
        let resource = message(bytes(&fields, 1));
        assert_eq!(id(bytes(&resource, 1)), (columns[0].clone(), columns[1].clone()));
        assert_eq!(columns[2], format!("{}:{}:member", columns[0], columns[1]));
        assert_eq!((text(&fields, 2), text(&fields, 8)), (columns[2].as_str(), "member"));
        assert_eq!(fields[&7], [Field::Number(1)], "it is an assignment");
        let name = text(&resource, 3);
        assert_eq!(text(&fields, 3), format!("{name} {} member", columns[0]));
        assert_eq!(text(&fields, 4), format!("Member of {name} {}", columns[0]));
        let Field::Bytes(first) = fields[&5][0] else { panic!("{fields:?}") };
        assert_eq!(text(&message(first), 1), "user");
        assert_eq!(fields[&5].len(), if columns[0] == "group" { 2 } else { 1 });
    }
}

fn check_grants(database: &Connection) {
    let grants = rows::<6>(
        database,
        "select resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
         principal_resource_id, external_id, data from v1_grants order by id",
    );
    for (columns, data) in &grants {
        let fields = message(data);
        let entitlement = message(bytes(&fields, 1));
        assert_eq!(text(&entitlement, 2), columns[2]);
        let resource = message(bytes(&entitlement, 1));
        assert_eq!(id(bytes(&resource, 1)), (columns[0].clone(), columns[1].clone()));
        let principal = message(bytes(&fields, 2));
        assert_eq!(id(bytes(&principal, 1)), (columns[3].clone(), columns[4].clone()));
        assert_eq!(text(&fields, 3), columns[5]);
        assert_eq!(columns[5], format!("{}:{}:{}", columns[2], columns[3], columns[4]));
        assert_eq!(fields.contains_key(&4), columns[3] == "group", "groups, and only they, are expanded");
    }
    let nested = grants.iter().find(|(columns, _)| columns[3] == "group").unwrap();
    let (name, expandable) = annotation(&message(&nested.1));
    assert_eq!(name, "type.googleapis.com/c1.connector.v2.GrantExpandable");
    assert_eq!(text(&expandable, 1), "group:g00001:member");
    assert_eq!(text(&expandable, 3), "user");
}

#[test]
fn the_tables_and_indexes_are_the_reference_s() {
    let folder = tempfile::tempdir().unwrap();
    let (_unpacked, database) = database(&synced(folder.path()));
    let columns = |table: &str| -> String {
        let mut statement = database
            .prepare("select name || ' ' || type || iif(\"notnull\", '!', '') || iif(pk, '#', '') from pragma_table_info(?)")
            .unwrap();
        let rows = statement.query_map([table], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap().join(", ").to_lowercase()
    };
    for (table, expected) in [
        (
            "v1_resource_types",
            "id integer#, external_id text!, data blob!, sync_id text!, discovered_at datetime!",
        ),
        (
            "v1_resources",
            "id integer#, resource_type_id text!, external_id text!, parent_resource_type_id text, \
             parent_resource_id text, data blob!, sync_id text!, discovered_at datetime!",
        ),
        (
            "v1_entitlements",
            "id integer#, resource_type_id text!, resource_id text!, external_id text!, data blob!, sync_id text!, \
             discovered_at datetime!",
        ),
        (
            "v1_grants",
            "id integer#, resource_type_id text!, resource_id text!, entitlement_id text!, \
             principal_resource_type_id text!, principal_resource_id text!, external_id text!, data blob!, \
             sync_id text!, discovered_at datetime!",
        ),
        (
            "v1_sync_runs",
            "id integer#, sync_id text!, started_at datetime!, ended_at datetime, sync_token text!",
        ),
        (
            "v1_assets",
            "id integer#, external_id text!, content_type text!, data blob!, sync_id text!, discovered_at datetime!",
        ),
    ] {
        assert_eq!(columns(table), expected, "{table}");
    }
    let mut statement = database
        .prepare("select name, (select group_concat(name) from pragma_index_info(indexes.name)) from sqlite_schema indexes where type = 'index' order by name")
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok(format!("{} ({})", row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let indexes = rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let expected = [
        "idx_assets_external_sync_v1 (external_id,sync_id)",
        "idx_entitlements_external_sync_v1 (external_id,sync_id)",
        "idx_entitlements_resource_id_v1 (resource_type_id,resource_id)",
        "idx_grants_entitlement_id_principal_id_v1 (entitlement_id,principal_resource_type_id,principal_resource_id)",
        "idx_grants_external_sync_v1 (external_id,sync_id)",
        "idx_grants_principal_id_v1 (principal_resource_type_id,principal_resource_id)",
        "idx_grants_resource_type_id_resource_id_v1 (resource_type_id,resource_id)",
        "idx_resource_types_external_sync_v1 (external_id,sync_id)",
        "idx_resources_external_sync_v1 (parent_resource_type_id,parent_resource_id)",
        "idx_resources_parent_resource_id_v1 (external_id,sync_id)",
        "idx_resources_resource_type_id_v1 (resource_type_id)",
        "idx_sync_runs_sync_id_v1 (sync_id)",
    ];
    assert_eq!(indexes, expected);
    let numbers: (i64, i64, i64, String) = database
        .query_row(
            "select (select * from pragma_page_size), (select * from pragma_user_version), \
             (select * from pragma_application_id), (select * from pragma_encoding)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(numbers, (4096, 0, 0, "UTF-8".to_owned()));
}
