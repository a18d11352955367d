//! JSON that is only looked at: values of `serde_json`, and answers whose text is not copied.
//!
//! An application's lists are most of what a sync reads. [`Node`] is such a list where it lies in the answer: its
//! strings are parts of it, its objects lists of members. [`Json`] is what paths ask of either kind of value.

mod parse;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub use parse::ParseError;

/// A value in an answer that is still there.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as it is written.
    Number(&'a str),
    /// Text; copied only where it has escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// Members in their order. Of two with one name the last counts.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// What a value is.
#[derive(Debug)]
pub enum View<'v, T> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as it is written.
    Number(&'v str),
    /// Text.
    Text(&'v str),
    /// A list.
    List(&'v [T]),
    /// An object: see [`Json::member`].
    Object,
}

/// A JSON value of one kind or another.
pub trait Json: Sized {
    /// What it is.
    fn view(&self) -> View<'_, Self>;

    /// A member of an object; of anything else none.
    fn member(&self, name: &str) -> Option<&Self>;

    /// The values of an object's members, in their order; of anything else none.
    fn values(&self) -> impl Iterator<Item = &Self>;

    /// The same as a value of its own.
    fn to_value(&self) -> Value;

    /// What a query of RFC 9535 finds.
    fn query(&self, path: &serde_json_path::JsonPath) -> Vec<&Self>;

    /// The text, if it is one.
    fn text(&self) -> Option<&str> {
        match self.view() {
            View::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list; of anything else none.
    fn list(&self) -> &[Self] {
        match self.view() {
            View::List(list) => list,
            _ => &[],
        }
    }

    /// Whether it is `null`.
    fn is_null(&self) -> bool {
        matches!(self.view(), View::Null)
    }
}

impl Json for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(it) => View::Bool(*it),
            Self::Number(number) => View::Number(number.as_str()),
            Self::String(text) => View::Text(text),
            Self::Array(list) => View::List(list),
            Self::Object(_) => View::Object,
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.get(name)
    }

    fn values(&self) -> impl Iterator<Item = &Self> {
        self.as_object().into_iter().flat_map(Map::values)
    }

    fn to_value(&self) -> Value {
        self.clone()
    }

    fn query(&self, path: &serde_json_path::JsonPath) -> Vec<&Self> {
        path.query(self).all()
    }
}

impl Json for Node<'_> {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(it) => View::Bool(*it),
            Self::Number(number) => View::Number(number),
            Self::Text(text) => View::Text(text),
            Self::List(list) => View::List(list),
            Self::Object(_) => View::Object,
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn values(&self) -> impl Iterator<Item = &Self> {
        let members = match self {
            Self::Object(members) => members.as_slice(),
            _ => &[],
        };
        let last = |at: usize, name: &str| !members.iter().skip(at + 1).any(|(later, _)| later == name);
        let kept = members.iter().enumerate().filter(move |(at, (name, _))| last(*at, name));
        kept.map(|(_, (_, value))| value)
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            // It was read as a number, so it is one.
            Self::Number(number) => serde_json::from_str(number).unwrap_or_default(),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(list) => list.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone().into_owned(), value.to_value())).collect()
            }
        }
    }

    fn query(&self, path: &serde_json_path::JsonPath) -> Vec<&Self> {
        use serde_json_path::PathElement;
        let copy = self.to_value();
        let found = path.query_located(&copy);
        let places = found.locations();
        let at = |place: &serde_json_path::NormalizedPath<'_>| {
            place.iter().try_fold(self, |node, element| match element {
                PathElement::Name(name) => node.member(name),
                PathElement::Index(at) => node.list().get(*at),
            })
        };
        places.filter_map(at).collect()
    }
}
