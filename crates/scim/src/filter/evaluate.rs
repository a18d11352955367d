//! Evaluating a bound filter.
//!
//! A comparison holds when any value of the attribute satisfies it; `ne` is the negation of `eq`, so
//! it holds for an absent attribute, and of a multi-valued one when no value is equal (ours: RFC 7644
//! is silent). Values of another type than the schema's satisfy nothing.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Bound, CompareOp, Target};
use crate::Document;
use crate::value::{Scalar, compare, fold};

impl Bound {
    /// Whether the document satisfies the filter. Names in the document are in schema case; what the
    /// filter [`mentions`](Bound::mentions) of `meta`, `members` and `groups` must be in it.
    ///
    /// ```
    /// use rollcall_scim::{filter::Filter, schema::Registry};
    ///
    /// let registry = Registry::builtin()?;
    /// let user = registry.type_named("User").unwrap();
    /// let filter = Filter::parse(r#"userName sw "AN" and not (title pr)"#)?.bind(user)?;
    /// let document = serde_json::json!({ "userName": "ann" });
    /// assert!(filter.matches(document.as_object().unwrap()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches(&self, document: &Document) -> bool {
        self.holds(Root::Document(document))
    }

    /// The same for one element of a multi-valued attribute, with targets relative to it.
    pub fn matches_element(&self, element: &Value) -> bool {
        self.holds(Root::Element(element))
    }

    fn holds(&self, root: Root<'_>) -> bool {
        match self {
            Self::Compare(target, op, Some(value)) => compares(root, target, *op, value),
            Self::Compare(target, op, None) => root.any(target, &is_present) == (*op == CompareOp::Ne),
            Self::Present(target) => root.any(target, &is_present),
            Self::Element(target, inner) => root.any(target, &|value| inner.matches_element(value)),
            Self::And(terms) => terms.iter().all(|term| term.holds(root)),
            Self::Or(terms) => terms.iter().any(|term| term.holds(root)),
            Self::Not(term) => !term.holds(root),
        }
    }
}

/// What targets are looked up in.
#[derive(Clone, Copy)]
enum Root<'a> {
    Document(&'a Document),
    Element(&'a Value),
}

impl<'a> Root<'a> {
    fn get(self, target: &Target) -> Option<&'a Value> {
        match (self, &target.extension) {
            (Self::Document(document), None) => document.get(&target.attribute),
            (Self::Document(document), Some(urn)) => document.get(urn)?.get(&target.attribute),
            (Self::Element(Value::Object(element)), _) => element.get(&target.attribute),
            // The element of a simple attribute is its own `value`.
            (Self::Element(element), _) => (target.attribute == "value").then_some(element),
        }
    }

    /// Whether any value of the target passes the test.
    fn any(self, target: &Target, test: &dyn Fn(&Value) -> bool) -> bool {
        let Some(value) = self.get(target) else {
            return false;
        };
        match &target.sub {
            None => any_of(value, test),
            Some(sub) => any_of(value, &|element| element.get(sub).is_some_and(|leaf| any_of(leaf, test))),
        }
    }
}

fn any_of(value: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(values) => values.iter().any(test),
        single => test(single),
    }
}

/// Whether a value is there and not empty (RFC 7644 §3.4.2.2 `pr`).
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

fn compares(root: Root<'_>, target: &Target, op: CompareOp, literal: &Scalar) -> bool {
    if op == CompareOp::Ne {
        return !compares(root, target, CompareOp::Eq, literal);
    }
    if let Scalar::Text(text) = literal {
        let wanted = fold(text, target.case_exact);
        return root.any(target, &|value| {
            value.as_str().is_some_and(|text| text_satisfies(op, &fold(text, target.case_exact), &wanted))
        });
    }
    root.any(target, &|value| {
        let value = Scalar::read(value, target.kind);
        let order = value.and_then(|value| compare(&value, literal, target.case_exact));
        order.is_some_and(|order| order_satisfies(op, order))
    })
}

fn text_satisfies(op: CompareOp, value: &str, wanted: &str) -> bool {
    match op {
        CompareOp::Co => value.contains(wanted),
        CompareOp::Sw => value.starts_with(wanted),
        CompareOp::Ew => value.ends_with(wanted),
        _ => order_satisfies(op, value.cmp(wanted)),
    }
}

fn order_satisfies(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}
