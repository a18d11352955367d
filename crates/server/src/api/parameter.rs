//! Query parameters: what each takes is said once, and checked and described from that.

use serde_json::{Value, json};

use super::problem::Problem;

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is for.
    pub about: &'static str,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text but an empty one.
    Text,
    /// A whole number within these bounds.
    Number(u64, u64),
    /// One of these.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
}

/// Items in a page when the client does not say.
pub(crate) const DEFAULT_LIMIT: u32 = 100;
/// Items in a page at most.
pub(crate) const MAX_LIMIT: u32 = 1_000;

/// Which tenant. Every route within a tenant takes it.
pub(crate) const TENANT: Parameter = Parameter {
    name: "tenant",
    kind: Kind::Text,
    about: "Name of the tenant; without, the one that the token is bound to, else `default`",
};

/// A tenant that a list is narrowed to.
pub(crate) const ONLY_TENANT: Parameter = Parameter {
    name: "tenant",
    kind: Kind::Text,
    about: "What belongs to this tenant only; without, all that the token reaches",
};

/// How many.
pub(crate) const LIMIT: Parameter = Parameter {
    name: "limit",
    kind: Kind::Number(1, MAX_LIMIT as u64),
    about: "Items in the page at most; 100 unless said",
};

/// Where to go on.
pub(crate) const CURSOR: Parameter = Parameter {
    name: "cursor",
    kind: Kind::Text,
    about: "`next_cursor` of the page before, with the same other parameters",
};

impl Parameter {
    /// Whether it takes this value.
    pub(crate) fn check(&self, value: &str) -> Result<(), Problem> {
        let refuse = |wanted: String| {
            Err(Problem::invalid(format!("{}: {value:?} does not fit; give {wanted}", self.name)))
        };
        match self.kind {
            Kind::Text if value.is_empty() => refuse("some text, or leave the parameter out".to_owned()),
            Kind::Number(least, most) => {
                let fits = value.parse::<u64>().is_ok_and(|number| (least..=most).contains(&number));
                if fits { Ok(()) } else { refuse(format!("a number from {least} to {most}")) }
            }
            Kind::Choice(choices) if !choices.contains(&value) => refuse(choices.join(" or ")),
            Kind::Flag if !matches!(value, "true" | "false") => refuse("true or false".to_owned()),
            Kind::Text | Kind::Choice(_) | Kind::Flag => Ok(()),
        }
    }

    /// In the description.
    pub(crate) fn describe(&self) -> Value {
        let schema = match self.kind {
            Kind::Text => json!({ "type": "string", "minLength": 1 }),
            Kind::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Choice(choices) => json!({ "type": "string", "enum": choices }),
            Kind::Flag => json!({ "type": "boolean" }),
        };
        json!({ "name": self.name, "in": "query", "description": self.about, "schema": schema })
    }
}
