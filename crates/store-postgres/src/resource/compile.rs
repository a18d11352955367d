//! Compiling a condition to SQL with bound parameters.
//!
//! A condition becomes a *key set*, a SELECT of resource keys driven by an index, or a *probe*, a test
//! of one resource `r`. Of terms joined by `and` the one that selects least drives; the others probe. A key set is made
//! into an array, so that the planner reads it first, whatever it thinks of its size.

use std::fmt::Write as _;
use std::ops::Bound as Edge;

use rollcall_store::plan::{Condition, parse_id};
use uuid::Uuid;

use crate::column::Parameter;

/// Where a condition is compiled.
pub(crate) struct Scope<'a> {
    pub(crate) source: i64,
    pub(crate) collection: i64,
    /// Keys of the attributes that the collection has rows of.
    pub(crate) attributes: &'a [(String, i64)],
}

/// A bound value.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(i64),
    /// Text in a BYTEA column.
    Text(Vec<u8>),
    Id(Uuid),
}

impl Value {
    pub(crate) fn parameter(&self) -> &(dyn Parameter + '_) {
        match self {
            Self::Number(number) => number,
            Self::Text(text) => text,
            Self::Id(id) => id,
        }
    }
}

/// SQL with its parameters, numbered from 1.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// A condition on `resource AS r`, with its type.
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Value>,
    /// Whether an index selects; else every resource of the type is looked at.
    pub(crate) driven: bool,
}

impl Compiled {
    /// The parameters with more of them.
    pub(crate) fn with<'a>(&'a self, more: &'a [Value]) -> Vec<&'a (dyn Parameter + 'a)> {
        self.parameters.iter().chain(more).map(Value::parameter).collect()
    }

    /// The number of the parameter that comes so many after the last.
    pub(crate) fn after(&self, more: usize) -> usize {
        self.parameters.len() + more
    }
}

/// Compiles the selection of resources `r` of a type.
pub(crate) fn selection(condition: &Condition, scope: &Scope<'_>) -> Compiled {
    let mut compiler = Compiler { scope, parameters: Vec::new() };
    let collection = compiler.bind(Value::Number(scope.collection));
    let (sql, driven) = match condition {
        Condition::All => (format!("r.collection = {collection}"), false),
        condition => {
            let keys = compiler.keys(condition);
            // The sum keeps the planner from walking the whole type instead.
            (format!("r.key = ANY(ARRAY({keys})) AND r.collection + 0 = {collection}"), true)
        }
    };
    Compiled { sql, parameters: compiler.parameters, driven }
}

struct Compiler<'a> {
    scope: &'a Scope<'a>,
    parameters: Vec<Value>,
}

impl Compiler<'_> {
    fn bind(&mut self, value: Value) -> String {
        self.parameters.push(value);
        format!("${}", self.parameters.len())
    }

    fn text(&mut self, text: &str) -> String {
        self.bind(Value::Text(text.as_bytes().to_vec()))
    }

    fn id(&mut self, id: Uuid) -> String {
        self.bind(Value::Id(id))
    }

    fn collection(&mut self) -> String {
        self.bind(Value::Number(self.scope.collection))
    }

    /// The key of an attribute; one without rows has none, and selects nothing.
    fn attribute(&mut self, path: &str) -> String {
        let key = self.scope.attributes.iter().find(|(name, _)| name == path).map_or(0, |(_, key)| *key);
        self.bind(Value::Number(key))
    }

    /// A SELECT of the keys that satisfy the condition.
    fn keys(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::All => {
                let collection = self.collection();
                format!("SELECT key FROM resource WHERE collection = {collection}")
            }
            Condition::None => "SELECT key FROM resource WHERE FALSE".to_owned(),
            Condition::Id(id) => {
                let id = self.id(*id);
                format!("SELECT key FROM resource WHERE id = {id}")
            }
            Condition::IndexEq { .. } | Condition::IndexRange { .. } => {
                let collection = self.collection();
                let test = self.value(condition, "v");
                format!("SELECT v.resource FROM value AS v WHERE v.collection = {collection} AND {test}")
            }
            Condition::Created(..) | Condition::Modified(..) => {
                let collection = self.collection();
                let test = self.millis(condition, "");
                format!("SELECT key FROM resource WHERE collection = {collection}{test}")
            }
            Condition::HasMember(value) => self.has_member(value),
            Condition::MemberOf(group) => {
                let id = self.id(*group);
                format!(
                    "WITH RECURSIVE inside (key) AS (\
                     SELECT m.member_key FROM resource AS g JOIN membership AS m ON m.group_key = g.key \
                     WHERE g.id = {id} UNION SELECT m.member_key FROM inside JOIN membership AS m \
                     ON m.group_key = inside.key) SELECT key FROM inside"
                )
            }
            Condition::And(terms) => self.driven(terms),
            Condition::Or(terms) => {
                let parts: Vec<String> = terms.iter().map(|term| format!("({})", self.keys(term))).collect();
                parts.join(" UNION ALL ")
            }
        }
    }

    fn driven(&mut self, terms: &[Condition]) -> String {
        let best = terms.iter().enumerate().min_by_key(|(_, term)| rank(term)).map(|(at, _)| at);
        let mut sql = "SELECT r.key FROM resource AS r WHERE r.key = ANY(ARRAY(".to_owned();
        if let Some(term) = best.and_then(|at| terms.get(at)) {
            sql.push_str(&self.keys(term));
        }
        sql.push_str("))");
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
            Condition::All => "TRUE".to_owned(),
            Condition::None => "FALSE".to_owned(),
            Condition::Id(id) => {
                let id = self.id(*id);
                format!("r.id = {id}")
            }
            Condition::IndexEq { .. } | Condition::IndexRange { .. } => {
                let test = self.value(condition, "v");
                format!("EXISTS (SELECT 1 FROM value AS v WHERE v.resource = r.key AND {test})")
            }
            Condition::Created(..) | Condition::Modified(..) => {
                format!("TRUE{}", self.millis(condition, "r."))
            }
            Condition::HasMember(_) | Condition::MemberOf(_) => {
                format!("r.key = ANY(ARRAY({}))", self.keys(condition))
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
                format!("{row}.attribute = {attribute} AND {row}.value = {value}")
            }
            Condition::IndexRange { attribute, low, high } => {
                let mut sql = format!("{row}.attribute = {}", self.attribute(attribute));
                sql.push_str(&self.edge(low, row, [">=", ">"]));
                sql.push_str(&self.edge(high, row, ["<=", "<"]));
                sql
            }
            _ => "FALSE".to_owned(),
        }
    }

    fn edge(&mut self, edge: &Edge<String>, row: &str, [included, excluded]: [&str; 2]) -> String {
        match edge {
            Edge::Included(value) => format!(" AND {row}.value {included} {}", self.text(value)),
            Edge::Excluded(value) => format!(" AND {row}.value {excluded} {}", self.text(value)),
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
                let at = self.bind(Value::Number(*at));
                let _ = write!(sql, " AND {row}{column} {operator} {at}"); // does not fail on a string
            }
        }
        sql
    }

    fn has_member(&mut self, value: &str) -> String {
        let source = self.bind(Value::Number(self.scope.source));
        let folded = self.text(&crate::column::folded(value));
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
