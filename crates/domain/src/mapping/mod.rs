//! Mapping: how a source's resources become normalised profiles, first by paths, then by expressions.

pub mod expression;
pub mod extract;
pub mod keys;
pub mod merge;
pub mod path;
pub mod profile;
pub mod variables;

use std::collections::BTreeMap;

use rollcall_scim::schema::ResolvedType;
use serde::{Deserialize, Serialize};

use expression::{Expression, MAX_EXPRESSION_BYTES, MAX_EXPRESSIONS, OnError};
use extract::Extractor;
use keys::KEYS;
use path::MappingPathError;

/// Extra fields of one source.
pub const MAX_EXTRA_FIELDS: usize = 200;

/// What an operator sets about the mapping of a source. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MappingSettings {
    /// Paths.
    pub profile: ProfileSettings,
    /// Expressions.
    pub expressions: Expressions,
    /// What happens to a request when an expression fails.
    pub on_expression_error: OnError,
}

/// Where the fields of a profile come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ProfileSettings {
    /// Path by key; the keys are [`keys::KEYS`].
    pub mapping: BTreeMap<String, String>,
    /// Path by name of an extra field, which goes to `attributes` of the profile.
    pub extra_fields: BTreeMap<String, String>,
}

/// The expressions of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expressions {
    /// For users.
    pub users: Vec<Expression>,
    /// For groups.
    pub groups: Vec<Expression>,
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The file or body is not of the shape of [`MappingSettings`].
    #[error("{0}")]
    Shape(String),
    /// `mapping` has a key that there is not.
    #[error("mapping.{0} is not a key; there are {all}; other fields go under extraFields", all = key_names())]
    UnknownKey(String),
    /// A path cannot be used.
    #[error("{key}: {reason}")]
    Path {
        /// `mapping.KEY` or `extraFields.NAME`.
        key: String,
        /// What is wrong with the path.
        reason: MappingPathError,
    },
    /// An expression cannot be used, whatever is in it.
    #[error("expression {name:?} {reason}")]
    Expression {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// More than can be taken.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many can be.
        limit: usize,
    },
}

fn key_names() -> String {
    KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
}

/// A mapping that was checked, ready to be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Reads profiles of users.
    pub extractor: Extractor,
    /// Expressions for users, in the order of their names.
    pub users: Vec<Expression>,
    /// Expressions for groups, in the order of their names.
    pub groups: Vec<Expression>,
    /// What happens to a request when one fails.
    pub on_error: OnError,
}

impl MappingSettings {
    /// Reads settings from JSON.
    ///
    /// # Errors
    ///
    /// [`MappingError::Shape`], naming what is not known and what there is instead.
    pub fn from_json(value: serde_json::Value) -> Result<Self, MappingError> {
        serde_json::from_value(value).map_err(|error| MappingError::Shape(error.to_string()))
    }

    /// Checks everything that can be checked without running an expression.
    ///
    /// # Errors
    ///
    /// All that is wrong, not only the first.
    pub fn compile(&self, user: &ResolvedType) -> Result<Mapping, Vec<MappingError>> {
        let mut errors: Vec<MappingError> = Vec::new();
        let unknown = self.profile.mapping.keys().filter(|name| KEYS.iter().all(|key| key.name != **name));
        errors.extend(unknown.cloned().map(MappingError::UnknownKey));
        if self.profile.extra_fields.len() > MAX_EXTRA_FIELDS {
            errors.push(MappingError::TooMany { what: "extra fields", limit: MAX_EXTRA_FIELDS });
        }
        let users = ordered(&self.expressions.users, &mut errors);
        let groups = ordered(&self.expressions.groups, &mut errors);
        match Extractor::new(self, user) {
            Ok(extractor) if errors.is_empty() => {
                Ok(Mapping { extractor, users, groups, on_error: self.on_expression_error })
            }
            Ok(_) => Err(errors),
            Err(more) => Err(errors.into_iter().chain(more).collect()),
        }
    }
}

/// Expressions in the order of their names.
fn ordered(expressions: &[Expression], errors: &mut Vec<MappingError>) -> Vec<Expression> {
    if expressions.len() > MAX_EXPRESSIONS {
        errors.push(MappingError::TooMany { what: "expressions", limit: MAX_EXPRESSIONS });
    }
    let mut expressions = expressions.to_vec();
    expressions.sort_by(|one, other| one.name.cmp(&other.name));
    let mut refuse = |expression: &Expression, reason| {
        errors.push(MappingError::Expression { name: expression.name.clone(), reason });
    };
    for expression in &expressions {
        if expression.name.is_empty() || expression.name.len() > 128 {
            refuse(expression, "needs a name of 1 to 128 bytes");
        }
        if expression.expression.len() > MAX_EXPRESSION_BYTES {
            refuse(expression, "is longer than 16 KB");
        }
    }
    for pair in expressions.windows(2) {
        if let [one, other] = pair
            && one.name == other.name
        {
            refuse(other, "has the name of another one");
        }
    }
    expressions
}
