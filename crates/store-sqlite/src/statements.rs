//! Every literal statement prepares, and no statement of the hot path scans.

use rusqlite::Connection;

use crate::options::Options;
use crate::resource::compile::{Scope, selection};
use crate::{
    accepted, accounts, api_token, audit, change, credential, delivery, group, groups, history, members,
    membership, memberships, names, pending, people, reindex, resource, retention, session, source,
};
use crate::{tenant, tombstone};
use rollcall_store::plan::Condition;

/// Statements that read a whole small table on purpose.
const SMALL: &[&str] = &[
    "SELECT key, id, name FROM tenant ORDER BY name",
    "SELECT randomblob",
    accounts::ALL,
    people::recomputation::OPEN,
    history::NOTE,
    history::FORGET,
    "SELECT id, sealed, public, created FROM signing_key ORDER BY key",
    "SELECT id FROM signing_key ORDER BY key DESC LIMIT 1",
    "SELECT key, tenant, id, kind, status, settings, secrets, generation, created\n    FROM endpoint ORDER BY key",
];

fn database() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    let connection = crate::connection::open_writer(&path, &Options::default()).unwrap();
    (directory, connection)
}

fn all() -> Vec<&'static str> {
    [
        accepted::STATEMENTS,
        api_token::STATEMENTS,
        audit::STATEMENTS,
        change::STATEMENTS,
        credential::STATEMENTS,
        delivery::apart::STATEMENTS,
        delivery::endpoint::STATEMENTS,
        delivery::log::STATEMENTS,
        delivery::progress::STATEMENTS,
        delivery::signing::STATEMENTS,
        group::STATEMENTS,
        groups::STATEMENTS,
        history::STATEMENTS,
        members::STATEMENTS,
        membership::STATEMENTS,
        memberships::STATEMENTS,
        names::STATEMENTS,
        pending::STATEMENTS,
        reindex::STATEMENTS,
        resource::WRITE_STATEMENTS,
        resource::get::STATEMENTS,
        resource::list::STATEMENTS,
        resource::value::STATEMENTS,
        retention::STATEMENTS,
        session::STATEMENTS,
        source::REMOVE,
        source::STATEMENTS,
        tenant::STATEMENTS,
        tombstone::STATEMENTS,
        &accounts::statements(),
        &people::statements(),
    ]
    .concat()
}

/// The lines of `EXPLAIN QUERY PLAN`.
pub(crate) fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for at in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(at, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines
}

/// Whether a line reads a whole table or index; what a subquery has collected may be read whole.
pub(crate) fn scans(line: &str) -> bool {
    let collected =
        ["SCAN inside", "SCAN (subquery", "SCAN CONSTANT ROW", "SCAN e VIRTUAL", "SCAN json_each VIRTUAL"];
    line.starts_with("SCAN") && !collected.iter().any(|start| line.starts_with(start))
}

#[test]
fn every_statement_prepares_and_none_scans() {
    let (_directory, connection) = database();
    for sql in all() {
        connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let scanning: Vec<_> = plan(&connection, sql).into_iter().filter(|line| scans(line)).collect();
        let small = SMALL.iter().any(|small| sql.starts_with(small));
        // Removing a source goes through its collections and attributes, of which there are few.
        assert!(scanning.is_empty() || small, "{sql}\n{scanning:#?}");
    }
}

#[test]
fn no_condition_scans() {
    use std::ops::Bound as Edge;
    let (_directory, connection) = database();
    let attributes = [("userName".to_owned(), 1)];
    let scope = Scope { source: 1, collection: 1, attributes: &attributes };
    let name = |value: &str| Condition::IndexEq { attribute: "userName".to_owned(), value: value.to_owned() };
    let range = Condition::IndexRange {
        attribute: "userName".to_owned(),
        low: Edge::Included("a".to_owned()),
        high: Edge::Excluded("b".to_owned()),
    };
    let id = uuid::Uuid::from_u128(1);
    let member = Condition::HasMember(id.to_string());
    let conditions = [
        Condition::All,
        Condition::Id(id),
        name("a"),
        range.clone(),
        Condition::Created(Some(1), None),
        Condition::Modified(Some(1), Some(2)),
        member.clone(),
        Condition::MemberOf(id),
        Condition::And(vec![range.clone(), Condition::Modified(None, Some(2)), Condition::MemberOf(id)]),
        Condition::Or(vec![
            name("a"),
            member,
            Condition::And(vec![name("b"), range, Condition::MemberOf(id)]),
        ]),
    ];
    for condition in conditions {
        let compiled = selection(&condition, &scope);
        let key = if compiled.driven { "+r.key" } else { "r.key" };
        let sql = format!(
            "SELECT r.key FROM resource AS r WHERE {} AND {key} > 1 ORDER BY r.key LIMIT 10",
            compiled.sql
        );
        let lines = plan(&connection, &sql);
        assert!(!lines.iter().any(|line| scans(line)), "{condition}\n{sql}\n{lines:#?}");
        let walks = |line: &&String| line.contains("rowid>?") || line.contains("collection=? AND rowid>?");
        assert!(!compiled.driven || lines.iter().find(walks).is_none(), "{condition}\n{lines:#?}");
    }
}
