//! Every literal statement prepares against the migrated schema, and no statement of the hot path scans.
//!
//! `enable_seqscan = off` makes the planner read a whole table only where no index answers.

use std::ops::Bound as Edge;

use rollcall_store::plan::Condition;
use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::Database;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::resource::compile::{Compiled, Scope, Value, selection};
use crate::{
    PostgresStore, accepted, accounts, api_token, audit, change, credential, delivery, group, groups,
    history, lease, members, membership, memberships, names, nodes, pending, people, reindex, request_log,
    resource, retention, session, source, tenant, tombstone, wave,
};

/// Statements that read a whole small table on purpose: tenants, keys, endpoints, accounts, what is looked at.
const SMALL: &[&str] = &[
    "SELECT key, id, name FROM tenant",
    "SELECT (SELECT epoch FROM installation",
    "SELECT id, sealed, public, created FROM signing_key",
    "SELECT id FROM signing_key",
    "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision FROM account",
    "SELECT key, tenant, id, kind, status, settings, secrets, generation, created\n    FROM endpoint",
];

fn all() -> Vec<&'static str> {
    [
        accepted::STATEMENTS,
        api_token::STATEMENTS,
        audit::STATEMENTS,
        change::STATEMENTS,
        credential::STATEMENTS,
        group::STATEMENTS,
        groups::STATEMENTS,
        history::STATEMENTS,
        lease::STATEMENTS,
        members::STATEMENTS,
        memberships::STATEMENTS,
        membership::STATEMENTS,
        names::STATEMENTS,
        nodes::STATEMENTS,
        pending::STATEMENTS,
        reindex::STATEMENTS,
        resource::WRITE_STATEMENTS,
        resource::get::STATEMENTS,
        resource::list::STATEMENTS,
        resource::value::STATEMENTS,
        retention::STATEMENTS,
        session::STATEMENTS,
        session::known::STATEMENTS,
        source::REMOVE,
        source::STATEMENTS,
        tenant::STATEMENTS,
        tombstone::STATEMENTS,
        &wave::statements(),
        &accounts::statements(),
        &delivery::statements(),
        &people::statements(),
        &request_log::statements(),
    ]
    .concat()
}

async fn database() -> (Database, Client) {
    let database = TestPostgres::empty().await;
    drop(PostgresStore::open(database.url(), &crate::Options::default()).await.unwrap());
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
    (database, client)
}

/// The plan of a statement whatever its parameters are.
async fn plan(client: &Client, sql: &str) -> Vec<String> {
    let prepared = client.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let nulls = vec!["NULL"; prepared.params().len()].join(", ");
    let kinds: Vec<&str> = prepared.params().iter().map(tokio_postgres::types::Type::name).collect();
    let (kinds, nulls) = if kinds.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("({})", kinds.join(", ")), format!("({nulls})"))
    };
    client.batch_execute(&format!("PREPARE planned {kinds} AS {sql}")).await.unwrap();
    let rows = client.simple_query(&format!("EXPLAIN EXECUTE planned {nulls}")).await.unwrap();
    client.batch_execute("DEALLOCATE planned").await.unwrap();
    let line = |message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    rows.into_iter().filter_map(line).collect()
}

/// Whether a line reads a whole table or index.
fn scans(line: &str) -> bool {
    line.contains("Seq Scan on") && !line.contains("Seq Scan on installation")
}

#[tokio::test]
async fn every_statement_prepares_and_none_scans() {
    let (_database, client) = database().await;
    for sql in all() {
        let lines = plan(&client, sql).await;
        let small = SMALL.iter().any(|small| sql.starts_with(small));
        assert!(small || !lines.iter().any(|line| scans(line)), "{sql}\n{lines:#?}");
    }
}

#[tokio::test]
async fn no_condition_scans() {
    let (_database, client) = database().await;
    let attributes = [("userName".to_owned(), 1)];
    let scope = Scope { source: 1, collection: 1, attributes: &attributes };
    let name = |value: &str| Condition::IndexEq { attribute: "userName".to_owned(), value: value.to_owned() };
    let range = Condition::IndexRange {
        attribute: "userName".to_owned(),
        low: Edge::Included("a".to_owned()),
        high: Edge::Excluded("b".to_owned()),
    };
    let id = Uuid::from_u128(1);
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
        let after = compiled.after(1);
        let sql = format!(
            "SELECT r.key FROM resource AS r WHERE {} AND r.key > ${after} ORDER BY r.key LIMIT 10",
            typed(&compiled)
        );
        let lines = plan(&client, &sql).await;
        assert!(!lines.iter().any(|line| scans(line)), "{condition}\n{sql}\n{lines:#?}");
        // What an index selects is not looked for among everything of the type.
        let walks = |line: &&String| line.contains("using resource_collection on resource r");
        assert!(!compiled.driven || lines.iter().find(walks).is_none(), "{condition}\n{lines:#?}");
    }
}

/// The condition with the types of its parameters, which the driver sends apart.
fn typed(compiled: &Compiled) -> String {
    let mut typed = compiled.sql.clone();
    for (at, value) in compiled.parameters.iter().enumerate().rev() {
        let kind = match value {
            Value::Number(_) => "BIGINT",
            Value::Text(_) => "BYTEA",
            Value::Id(_) => "UUID",
        };
        typed = typed.replace(&format!("${}", at + 1), &format!("CAST(#{} AS {kind})", at + 1));
    }
    typed.replace('#', "$")
}
