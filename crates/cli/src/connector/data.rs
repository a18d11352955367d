//! Attributes from arguments: as SCIM JSON, or under flat names.

use std::io::Read as _;
use std::path::Path;

use rollcall_connector::connid::Change;
use rollcall_connector::connid::change::{self, Delta};
use rollcall_connector::plan::Wanted;
use serde_json::{Map, Value, json};

use super::args::{Data, View};
use super::setup::text;
use crate::Failure;

/// An object's attributes.
pub(super) fn object(data: &Data, view: View) -> Result<Map<String, Value>, Failure> {
    let mut object = whole(data.data.as_deref())?;
    for (name, value) in pairs(&data.set)? {
        put(&mut object, view, &name, value);
    }
    if object.is_empty() {
        return Err(theirs("give the attributes: as a JSON object, or with --set NAME=VALUE"));
    }
    Ok(object)
}

/// What is to change.
pub(super) struct Given<'a> {
    pub(super) data: &'a Data,
    pub(super) is_delta: bool,
    pub(super) clear: &'a [String],
    pub(super) add: &'a [String],
    pub(super) remove: &'a [String],
}

impl Given<'_> {
    /// The change in the words of the view.
    pub(super) fn change(&self, view: View) -> Result<Change, Failure> {
        let mut object = whole(self.data.data.as_deref())?;
        let (set, add, remove) = (pairs(&self.data.set)?, pairs(self.add)?, pairs(self.remove)?);
        let cleared = self.clear.iter().map(|name| (name.clone(), Value::Null));
        if object.is_empty() && set.is_empty() && add.is_empty() && remove.is_empty() && self.clear.is_empty()
        {
            return Err(theirs("say what is to change: a JSON object, --set, --clear, --add or --remove"));
        }
        if view == View::Connid {
            let mut changes = change::read(&object, self.is_delta);
            changes.extend(set.into_iter().chain(cleared).map(|(name, value)| (name, Delta::Replace(value))));
            for (name, value) in add {
                delta(&mut changes, name, |add, _| add.push(value));
            }
            for (name, value) in remove {
                delta(&mut changes, name, |_, remove| remove.push(value));
            }
            return Ok(Change::Flat(changes));
        }
        let mut wanted = Wanted::default();
        if self.is_delta {
            let unknown = object.keys().find(|name| !["replace", "add", "remove"].contains(&name.as_str()));
            if let Some(name) = unknown {
                return Err(theirs(format!("--delta: {name} is none of replace, add and remove")));
            }
            let mut part = |name: &str| match object.remove(name) {
                Some(Value::Object(part)) => Ok(part),
                None => Ok(Map::new()),
                Some(_) => Err(theirs(format!("--delta: {name} must be an object"))),
            };
            wanted = Wanted { replace: part("replace")?, add: part("add")?, remove: part("remove")? };
        } else {
            wanted.replace = object;
        }
        for (name, value) in set.into_iter().chain(cleared) {
            put(&mut wanted.replace, view, &name, value);
        }
        for (given, part) in [(add, &mut wanted.add), (remove, &mut wanted.remove)] {
            for (name, value) in given {
                push(part, &name, value);
            }
        }
        Ok(Change::Scim(wanted))
    }
}

/// One more value of a change of this name.
fn delta(changes: &mut change::Changes, name: String, edit: impl FnOnce(&mut Vec<Value>, &mut Vec<Value>)) {
    let known =
        changes.iter().position(|(known, delta)| *known == name && matches!(delta, Delta::Change { .. }));
    let at = known.unwrap_or_else(|| {
        changes.push((name, Delta::Change { add: Vec::new(), remove: Vec::new() }));
        changes.len() - 1
    });
    if let Some((_, Delta::Change { add, remove })) = changes.get_mut(at) {
        edit(add, remove);
    }
}

/// A JSON object: the argument itself, a file, or standard input.
fn whole(data: Option<&str>) -> Result<Map<String, Value>, Failure> {
    let (text, origin) = match data {
        None => return Ok(Map::new()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            (text, "standard input".to_owned())
        }
        Some(given) => match given.strip_prefix('@') {
            Some(path) => (text(Path::new(path))?, path.to_owned()),
            None => (given.to_owned(), "DATA".to_owned()),
        },
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(theirs(format!("{origin}: a JSON object is wanted"))),
        Err(error) => Err(theirs(format!("{origin}: {error}"))),
    }
}

/// Names and values; a value is JSON, or else text.
fn pairs(given: &[String]) -> Result<Vec<(String, Value)>, Failure> {
    let pair = |text: &String| {
        let (name, value) =
            text.split_once('=').ok_or_else(|| theirs(format!("{text}: write NAME=VALUE")))?;
        Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
    };
    given.iter().map(pair).collect()
}

/// Sets an attribute. In the words of SCIM, its name is a path: `name.givenName`, `urn:…:User:department`.
fn put(object: &mut Map<String, Value>, view: View, name: &str, value: Value) {
    if view == View::Connid {
        object.insert(name.to_owned(), value);
        return;
    }
    *slot(object, &keys(name)) = value;
}

/// Adds to the values of an attribute.
fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    let slot = slot(object, &keys(name));
    match (slot.as_array_mut(), value) {
        (Some(values), Value::Array(more)) => values.extend(more),
        (Some(values), value) => values.push(value),
        (None, value @ Value::Array(_)) => *slot = value,
        (None, value) => *slot = json!([value]),
    }
}

fn keys(name: &str) -> Vec<String> {
    let (urn, rest) = match name.rsplit_once(':') {
        Some((urn, rest)) => (Some(urn), rest),
        None => (None, name),
    };
    urn.into_iter().chain(rest.split('.')).map(str::to_owned).collect()
}

fn slot<'o>(object: &'o mut Map<String, Value>, keys: &[String]) -> &'o mut Value {
    let (first, rest) = keys.split_first().map_or(("", keys), |(first, rest)| (first.as_str(), rest));
    let value = object.entry(first).or_insert(Value::Null);
    if rest.is_empty() {
        return value;
    }
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(inner) => slot(inner, rest),
        other => other,
    }
}

fn theirs(message: impl Into<String>) -> Failure {
    Failure::Theirs(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_put_where_their_path_leads() {
        let set = [
            "userName=ann",
            "name.givenName=A=B",
            "active=false",
            "urn:x:User:department=\"7\"",
            "nickName=1e",
        ];
        let data = Data { data: Some(r#"{"title": "Dr"}"#.to_owned()), set: set.map(str::to_owned).to_vec() };
        assert_eq!(
            Value::Object(object(&data, View::Scim).unwrap()),
            json!({"title": "Dr", "userName": "ann", "name": {"givenName": "A=B"}, "active": false, "urn:x:User": {"department": "7"}, "nickName": "1e"})
        );
        let flat = object(&data, View::Connid).unwrap();
        assert_eq!(flat["name.givenName"], "A=B");
        for wrong in ["[]", "{", "@/no/such/file"] {
            let data = Data { data: Some(wrong.to_owned()), set: Vec::new() };
            assert!(matches!(object(&data, View::Scim), Err(Failure::Theirs(_))), "{wrong}");
        }
    }
}
