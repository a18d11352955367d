//! Policy: what a profile means: who it is, what may change, which roles, and what becomes of leavers.
//!
//! A [`PolicyDocument`] is what an operator wrote for a source or a tenant; [`PolicyDocument::resolve`] lays the
//! source's over the tenant's over the defaults. [`decide::decide`] is pure.

pub mod breaker;
pub mod checks;
pub mod decide;
pub mod keys;
pub mod leave;
mod matching;
pub mod roles;
pub mod settings;
mod sign_in;
mod update;

use std::collections::BTreeMap;

use rollcall_scim::Document;
use serde_json::Value;

use keys::{KEYS, Key};
use settings::Policy;

/// A policy as written: some of the keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyDocument {
    set: BTreeMap<&'static str, Value>,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no object.
    #[error("a policy is an object")]
    Shape,
    /// A key that there is not.
    #[error("{key} is not a key of a policy; {there}")]
    UnknownKey {
        /// Its dotted path.
        key: String,
        /// The keys there are.
        there: String,
    },
    /// A value that its key does not take.
    #[error("{key} takes {takes}, not {value}")]
    Value {
        /// Its dotted path.
        key: &'static str,
        /// What it takes.
        takes: String,
        /// What was there, cut where long.
        value: String,
    },
}

impl PolicyDocument {
    /// Checks a policy as written. `null` is a key that is not set.
    ///
    /// # Errors
    ///
    /// Every key and value that is not known, with what is.
    pub fn parse(value: &Value) -> Result<Self, Vec<PolicyError>> {
        let Value::Object(document) = value else { return Err(vec![PolicyError::Shape]) };
        let (mut set, mut errors) = (BTreeMap::new(), Vec::new());
        collect("", document, &mut set, &mut errors);
        if errors.is_empty() { Ok(Self { set }) } else { Err(errors) }
    }

    /// The policy as nested JSON, only what is set.
    pub fn to_json(&self) -> Value {
        let mut document = Document::new();
        for (path, value) in &self.set {
            put(&mut document, path, value.clone());
        }
        Value::Object(document)
    }

    /// What is set at a path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.set.get(path)
    }

    /// The policy that holds for a source: its own keys, where it has none the tenant's, else the defaults.
    ///
    /// # Panics
    ///
    /// Never: what is set was checked, and a test reads the defaults.
    pub fn resolve(source: &Self, tenant: &Self) -> Policy {
        let mut document = Document::new();
        for key in KEYS {
            let value = source.get(key.path).or_else(|| tenant.get(key.path)).cloned();
            put(&mut document, key.path, value.unwrap_or_else(|| key.default_value()));
        }
        let policy = serde_json::from_value(Value::Object(document));
        #[expect(
            clippy::expect_used,
            reason = "every value was checked against its key; a test reads the defaults"
        )]
        policy.expect("a checked policy")
    }
}

impl Default for Policy {
    /// The policy that holds where nobody set anything.
    fn default() -> Self {
        PolicyDocument::resolve(&PolicyDocument::default(), &PolicyDocument::default())
    }
}

impl Key {
    /// What holds where nobody says.
    pub fn default_value(&self) -> Value {
        serde_json::from_str(self.default).unwrap_or_default()
    }
}

fn collect(
    prefix: &str,
    document: &Document,
    set: &mut BTreeMap<&'static str, Value>,
    errors: &mut Vec<PolicyError>,
) {
    for (name, value) in document.iter().filter(|(_, value)| !value.is_null()) {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let below = format!("{path}.");
        match (KEYS.iter().find(|key| key.path == path), value) {
            (Some(key), value) if key.values.takes(value) => {
                set.insert(key.path, value.clone());
            }
            (Some(key), value) => errors.push(PolicyError::Value {
                key: key.path,
                takes: key.values.describe(),
                value: crate::mapping::expression::shortened(value, 200),
            }),
            (None, Value::Object(inner)) if KEYS.iter().any(|key| key.path.starts_with(&below)) => {
                collect(&path, inner, set, errors);
            }
            (None, _) => errors.push(PolicyError::UnknownKey { there: there(prefix), key: path }),
        }
    }
}

/// The keys directly below a prefix, for people.
fn there(prefix: &str) -> String {
    let below = |key: &&Key| match prefix {
        "" => key.path.split('.').next(),
        prefix => key.path.strip_prefix(prefix)?.strip_prefix('.')?.split('.').next(),
    };
    let mut names: Vec<&str> = KEYS.iter().filter_map(|key| below(&key)).collect();
    names.dedup();
    let place = if prefix.is_empty() { "there are".to_owned() } else { format!("{prefix} has") };
    format!("{place} {}", names.join(", "))
}

fn put(document: &mut Document, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            document.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let slot = document.entry(first.to_owned()).or_insert_with(|| Value::Object(Document::new()));
            if let Value::Object(inner) = slot {
                put(inner, rest, value);
            }
        }
    }
}
