//! Compiling a condition to SQL with bound parameters.
//!
//! A condition becomes a *key set*, a SELECT of resource keys driven by an index, or a *probe*, a test
//! of one resource `r`. Of terms joined by `and` the one that selects least drives; the others probe.

use std::fmt::Write as _;
use std::ops::Bound as Edge;

use rollcall_store::plan::{Condition, parse_id};
use rusqlite::types::Value;

use crate::error::IdColumn;

/// Where a condition is compiled.
pub(crate) struct Scope<'a> {
    pub(crate) source: i64,
    pub(crate) collection: i64,
    /// Keys of the attributes that the collection has rows of.
    pub(crate) attributes: &'a [(String, i64)],
}

/// SQL with its parameters, numbered from 1.
pub(crate) struct Compiled {
    /// A condition on `resource AS r`, without its type.
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Value>,
    /// Whether an index selects; else every resource of the type is looked at.
    pub(crate) driven: bool,
}

/// Compiles the selection of resources `r` of a type.
pub(crate) fn selection(condition: &Condition, scope: &Scope<'_>) -> Compiled {
    let mut compiler = Compiler { scope, parameters: Vec::new() };
    let collection = compiler.bind(Value::Integer(scope.collection));
    let (sql, driven) = match condition {
        Condition::All => (format!("r.collection = {collection}"), false),
        condition => {
            let keys = compiler.keys(condition);
            // The plus keeps SQLite from walking the whole type instead.
            (format!("r.key IN ({keys}) AND +r.collection = {collection}"), true)
        }
    };
    Compiled { sql, parameters: compiler.parameters, driven }
}

/// Whether a selection is a few index entries, to be read where the request is.
pub(crate) fn is_short(condition: &Condition) -> bool {
    match condition {
        Condition::None | Condition::Id(_) | Condition::IndexEq { .. } | Condition::HasMember(_) => true,
        Condition::And(terms) => terms.iter().any(is_short),
        Condition::Or(terms) => terms.len() <= 16 && terms.iter().all(is_short),
        _ => false,
    }
}

struct Compiler<'a> {
    scope: &'a Scope<'a>,
    parameters: Vec<Value>,
}

impl Compiler<'_> {
    fn bind(&mut self, value: Value) -> String {
        self.parameters.push(value);
        format!("?{}", self.parameters.len())
    }

    fn text(&mut self, text: &str) -> String {
        self.bind(Value::Text(text.to_owned()))
    }

    fn id(&mut self, id: uuid::Uuid) -> String {
        self.bind(Value::Blob(IdColumn(id).0.as_bytes().to_vec()))
    }

    /// The key of an attribute; one without rows has none, and selects nothing.
    fn attribute(&mut self, path: &str) -> String {
        let key = self.scope.attributes.iter().find(|(name, _)| name == path).map_or(0, |(_, key)| *key);
        self.bind(Value::Integer(key))
    }

    /// A SELECT of the keys that satisfy the condition.
    fn keys(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::All => {
                let collection = self.bind(Value::Integer(self.scope.collection));
                format!("SELECT key FROM resource WHERE collection = {collection}")
            }
            Condition::None => "SELECT key FROM resource WHERE 0".to_owned(),
            Condition::Id(id) => {
                let id = self.id(*id);
                format!("SELECT key FROM resource WHERE id = {id}")
            }
            Condition::IndexEq { .. } | Condition::IndexRange { .. } => {
                let collection = self.bind(Value::Integer(self.scope.collection));
                let test = self.value(condition, "");
                format!("SELECT resource FROM value WHERE collection = {collection} AND {test}")
            }
            Condition::Created(..) | Condition::Modified(..) => {
                let collection = self.bind(Value::Integer(self.scope.collection));
                let test = self.millis(condition, "");
                format!("SELECT key FROM resource WHERE collection = {collection}{test}")
            }
            Condition::HasMember(value) => self.has_member(value),
            Condition::MemberOf(group) => {
                let id = self.id(*group);
                format!(
                    "SELECT key FROM (WITH RECURSIVE inside (key) AS (\
                     SELECT m.member_key FROM resource AS g JOIN membership AS m ON m.group_key = g.key \
                     WHERE g.id = {id} UNION SELECT m.member_key FROM inside JOIN membership AS m \
                     ON m.group_key = inside.key) SELECT key FROM inside)"
                )
            }
            Condition::And(terms) => self.driven(terms),
            Condition::Or(terms) => {
                let parts: Vec<String> = terms.iter().map(|term| self.keys(term)).collect();
                parts.join(" UNION ALL ")
            }
        }
    }

    fn driven(&mut self, terms: &[Condition]) -> String {
        let best = terms.iter().enumerate().min_by_key(|(_, term)| rank(term)).map(|(at, _)| at);
        let mut sql = "SELECT r.key FROM resource AS r WHERE r.key IN (".to_owned();
        if let Some(term) = best.and_then(|at| terms.get(at)) {
            sql.push_str(&self.keys(term));
        }
        sql.push(')');
        for (at, term) in terms.iter().enumerate() {
            if Some(at) != best {
                sql.push_str(" AND ");
                sql.push_str(&self.probe(term));
            }
        }
        sql
    }

    /// A test of the resource `r`.
    fn probe(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::All => "1".to_owned(),
            Condition::None => "0".to_owned(),
            Condition::Id(id) => {
                let id = self.id(*id);
                format!("+r.id = {id}")
            }
            Condition::IndexEq { .. } | Condition::IndexRange { .. } => {
                let test = self.value(condition, "v.");
                format!(
                    "EXISTS (SELECT 1 FROM (SELECT value ->> 0 AS attribute, value ->> 1 AS value \
                     FROM json_each(r.entries)) AS v WHERE {test})"
                )
            }
            Condition::Created(..) | Condition::Modified(..) => {
                format!("1{}", self.millis(condition, "+r."))
            }
            Condition::HasMember(_) | Condition::MemberOf(_) => {
                format!("+r.key IN ({})", self.keys(condition))
            }
            Condition::And(terms) => self.joined(terms, " AND "),
            Condition::Or(terms) => self.joined(terms, " OR "),
        }
    }

    fn joined(&mut self, terms: &[Condition], word: &str) -> String {
        let parts: Vec<String> = terms.iter().map(|term| self.probe(term)).collect();
        format!("({})", parts.join(word))
    }

    fn value(&mut self, condition: &Condition, row: &str) -> String {
        match condition {
            Condition::IndexEq { attribute, value } => {
                let (attribute, value) = (self.attribute(attribute), self.text(value));
                format!("{row}attribute = {attribute} AND {row}value = {value}")
            }
            Condition::IndexRange { attribute, low, high } => {
                let mut sql = format!("{row}attribute = {}", self.attribute(attribute));
                sql.push_str(&self.edge(low, row, [">=", ">"]));
                sql.push_str(&self.edge(high, row, ["<=", "<"]));
                sql
            }
            _ => "0".to_owned(),
        }
    }

    fn edge(&mut self, edge: &Edge<String>, row: &str, [included, excluded]: [&str; 2]) -> String {
        match edge {
            Edge::Included(value) => format!(" AND {row}value {included} {}", self.text(value)),
            Edge::Excluded(value) => format!(" AND {row}value {excluded} {}", self.text(value)),
            Edge::Unbounded => String::new(),
        }
    }

    fn millis(&mut self, condition: &Condition, row: &str) -> String {
        let (column, from, to) = match condition {
            Condition::Created(from, to) => ("created", from, to),
            Condition::Modified(from, to) => ("modified", from, to),
            _ => return String::new(),
        };
        let mut sql = String::new();
        for (at, operator) in [(from, ">="), (to, "<=")] {
            if let Some(at) = at {
                let at = self.bind(Value::Integer(*at));
                let _ = write!(sql, " AND {row}{column} {operator} {at}"); // does not fail on a string
            }
        }
        sql
    }

    fn has_member(&mut self, value: &str) -> String {
        let source = self.bind(Value::Integer(self.scope.source));
        let folded = self.text(value);
        let pending =
            format!("SELECT group_key FROM pending_member WHERE source = {source} AND folded = {folded}");
        let Some(id) = parse_id(value) else { return pending };
        let id = self.id(id);
        format!(
            "SELECT m.group_key FROM resource AS g JOIN membership AS m ON m.member_key = g.key \
             WHERE g.id = {id} UNION ALL {pending}"
        )
    }
}

/// What to begin with: the condition that selects least, by its kind.
fn rank(condition: &Condition) -> u8 {
    match condition {
        Condition::None | Condition::Id(_) => 0,
        Condition::IndexEq { .. } => 1,
        Condition::HasMember(_) => 2,
        Condition::And(terms) => terms.iter().map(rank).min().unwrap_or(8),
        Condition::Or(terms) => terms.iter().map(rank).max().unwrap_or(8),
        Condition::MemberOf(_) => 3,
        Condition::IndexRange { high, .. } if *high != Edge::Unbounded => 4,
        Condition::IndexRange { .. } => 6,
        Condition::Created(..) | Condition::Modified(..) => 5,
        Condition::All => 8,
    }
}
