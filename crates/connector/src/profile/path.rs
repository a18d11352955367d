//! Paths into an answer: JSONPath (RFC 9535), as people write it in profiles.
//!
//! Ours over the RFC: `$.` in front may be left out; names with `-` and schema URNs need no quotes
//! (`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department`); `` ` `` quotes as well as `'` and `"`.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::steps::{self, Step};
use crate::json::{Json, View};

/// A path that parsed.
#[derive(Clone)]
pub struct JsonPath {
    text: String,
    query: serde_json_path::JsonPath,
    /// The way of a path that is one of the usual: each is gone for every record.
    steps: Option<Vec<Step>>,
}

/// Why a path does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a JSONPath: {reason}")]
pub struct PathError {
    /// The path as written.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl JsonPath {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// [`PathError`]: empty, or not in the grammar of RFC 9535 §2 after what this module adds.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let fail = |reason: String| PathError { text: text.to_owned(), reason };
        if text.trim().is_empty() {
            return Err(fail("it is empty".to_owned()));
        }
        let full = complete(text.trim());
        let query = serde_json_path::JsonPath::parse(&full)
            .map_err(|_| fail("RFC 9535 has no such form; look at brackets, quotes and `==`".to_owned()))?;
        Ok(Self { text: text.to_owned(), query, steps: steps::of(&full) })
    }

    /// All values at the path, in document order. What is not there is no value, wherever the path breaks off.
    pub fn all<'v, T: Json>(&self, document: &'v T) -> Vec<&'v T> {
        let mut all = Vec::new();
        let _: ControlFlow<()> = self.each(document, &mut |found| {
            all.push(found);
            ControlFlow::Continue(())
        });
        all
    }

    /// The first value at the path; the first element when that is a list. `null` is no value.
    pub fn first<'v, T: Json>(&self, document: &'v T) -> Option<&'v T> {
        let mut found = self.node(document)?;
        while let View::List(elements) = found.view() {
            found = elements.first()?;
        }
        (!found.is_null()).then_some(found)
    }

    /// The elements at the path: of a list each, of an object itself, of anything else the value.
    pub fn elements<'v, T: Json>(&self, document: &'v T) -> Vec<&'v T> {
        let mut elements = Vec::new();
        let _: ControlFlow<()> = self.each(document, &mut |found| {
            match found.view() {
                View::List(list) => elements.extend(list),
                View::Null => {}
                _ => elements.push(found),
            }
            ControlFlow::Continue(())
        });
        elements
    }

    /// Whether anything is at the path, be it an empty list.
    pub fn exists<T: Json>(&self, document: &T) -> bool {
        self.node(document).is_some_and(|found| !found.is_null())
    }

    /// The first value at the path, as it is.
    fn node<'v, T: Json>(&self, document: &'v T) -> Option<&'v T> {
        match self.each(document, &mut ControlFlow::Break) {
            ControlFlow::Break(found) => Some(found),
            ControlFlow::Continue(()) => None,
        }
    }

    /// Goes over the values at the path, as far as `each` wants to.
    fn each<'v, T: Json, B>(
        &self,
        document: &'v T,
        each: &mut impl FnMut(&'v T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        match &self.steps {
            Some(steps) => steps::walk(steps, document, each),
            None => document.query(&self.query).into_iter().try_for_each(each),
        }
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `text` with `$` in front and with quotes where the RFC wants them.
fn complete(text: &str) -> String {
    let mut full = String::with_capacity(text.len() + 8);
    full.push('$');
    let mut rest = match text.strip_prefix('$') {
        Some(rest) => rest,
        None if text.starts_with('[') => text,
        None => return segments(full, text, true),
    };
    if let Some(dotted) = rest.strip_prefix('.').filter(|dotted| !dotted.starts_with('.')) {
        return segments(full, dotted, true);
    }
    if rest.starts_with("..") {
        full.push_str("..");
        rest = rest.trim_start_matches('.');
        return segments_after_descent(full, rest);
    }
    segments(full, rest, false)
}

fn segments_after_descent(mut full: String, rest: &str) -> String {
    let (name, rest) = name(rest);
    push_name(&mut full, name, false);
    segments(full, rest, false)
}

/// Copies segments; `named`: `rest` begins with a name whose dot is already taken off.
fn segments(mut full: String, mut rest: &str, mut named: bool) -> String {
    loop {
        if named {
            let (segment, after) = name(rest);
            push_name(&mut full, segment, true);
            rest = after;
            named = false;
        } else if let Some(after) = rest.strip_prefix("..") {
            full.push_str("..");
            if after.starts_with('[') {
                rest = after;
            } else {
                let (segment, after) = name(after);
                push_name(&mut full, segment, false);
                rest = after;
            }
        } else if let Some(after) = rest.strip_prefix(['.', ':']) {
            rest = after;
            named = true;
        } else if rest.starts_with('[') {
            let end = bracket_end(rest);
            let (inside, after) = rest.split_at(end);
            full.push_str(&requote(inside));
            rest = after;
        } else {
            full.push_str(rest);
            return full;
        }
    }
}

/// Appends a name segment, quoted where the shorthand of the RFC does not take it, such as `x-y`, `$ref`, a URN.
fn push_name(full: &mut String, name: &str, dotted: bool) {
    let plain = |one: char| one.is_ascii_alphanumeric() || one == '_' || !one.is_ascii();
    let odd = |one: char| plain(one) || matches!(one, '-' | '$' | ':' | '.' | '%' | '+' | '/');
    let is_short = !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(plain);
    if is_short || name == "*" || !name.chars().all(odd) {
        if dotted {
            full.push('.');
        }
        full.push_str(name);
    } else {
        full.push_str("[\"");
        full.push_str(name);
        full.push_str("\"]");
    }
}

/// Splits the first name off. A URN ends where its last part does, not at the dot of its version.
fn name(text: &str) -> (&str, &str) {
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        return text.split_at(urn_end(text));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    text.split_at(end)
}

/// Where a URN ends that an attribute may follow, as `.name`, `[`, or `:name` after a URN such as `…:2.0:User`.
fn urn_end(text: &str) -> usize {
    let run = text.find(['[', ' ', '=', ')']).unwrap_or(text.len());
    let (run, _) = text.split_at(run);
    let tail = run.rfind(':').map_or(0, |colon| colon + 1);
    let (before, last) = run.split_at(tail);
    let parts: Vec<&str> = before.trim_end_matches(':').split(':').collect();
    if parts.len() > 2 && parts.iter().rev().nth(1).is_some_and(|part| is_version(part)) {
        return tail - 1;
    }
    // A version, `1.0`, is part of the URN.
    let version = last.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(last.len());
    let version = if last.starts_with(|one: char| one.is_ascii_digit()) { version } else { 0 };
    let (number, after) = last.split_at(version);
    let number = number.trim_end_matches('.').len();
    if version > 0 && number < version {
        return tail + number;
    }
    after.find('.').map_or(run.len(), |dot| tail + version + dot)
}

fn is_version(part: &str) -> bool {
    part.split_once('.')
        .is_some_and(|(major, minor)| [major, minor].iter().all(|digits| digits.parse::<u8>().is_ok()))
}

/// Where the bracket that `text` begins with is closed, quotes minded.
fn bracket_end(text: &str) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, one) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(mark) if one == mark => quote = None,
            Some(_) => escaped = one == '\\',
            None => match one {
                '\'' | '"' | '`' => quote = Some(one),
                '[' => depth += 1,
                ']' if depth == 1 => return at + 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    text.len()
}

/// `` `text` `` becomes `"text"`.
fn requote(text: &str) -> Cow<'_, str> {
    if !text.contains('`') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut quote) = (String::with_capacity(text.len()), None);
    for one in text.chars() {
        match quote {
            Some('`') if one == '`' => {
                quote = None;
                out.push('"');
            }
            Some('`') if matches!(one, '"' | '\\') => out.extend(['\\', one]),
            Some(mark) => {
                quote = (one != mark).then_some(mark);
                out.push(one);
            }
            None => {
                if matches!(one, '\'' | '"' | '`') {
                    quote = Some(one);
                }
                out.push(if one == '`' { '"' } else { one });
            }
        }
    }
    Cow::Owned(out)
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonPath({:?})", self.text)
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for JsonPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for JsonPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for JsonPath {
    fn schema_name() -> Cow<'static, str> {
        "JsonPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "json-path",
            "description": "JSONPath (RFC 9535); `$.` in front may be left out."
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::Node;

    /// The document of the reference's table, and a URN with a number in it.
    fn document() -> Value {
        json!({
            "id": "u1", "num": 7, "active": true, "name": {"givenName": "A"}, "nul": null,
            "emails": [
                {"value": "a@x", "primary": false, "type": "home", "n": 1},
                {"value": "b@x", "primary": true, "type": "work", "n": 2},
            ],
            "none": [], "roles": {"value": "r"}, "x-y": 1,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "manager": {"value": "m"}},
            "urn:scim:schemas:extension:enterprise:1.0": {"department": "E"},
        })
    }

    /// baton-scim, defect 5: filters needed `$`, had `==` and `!=` only, and no single quotes.
    #[test]
    fn a_path_finds_what_it_says_and_nothing_else() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let document = document();
        let text = document.to_string();
        let node = Node::parse(text.as_bytes()).unwrap();
        for (path, expected) in [
            ("id", json!(["u1"])),
            ("$.id", json!(["u1"])),
            ("$", json!([document])),
            ("name.givenName", json!(["A"])),
            ("$.name.givenName", json!(["A"])),
            ("name['givenName']", json!(["A"])),
            (r#"name["givenName"]"#, json!(["A"])),
            ("$['name']['givenName']", json!(["A"])),
            ("name[`givenName`]", json!(["A"])),
            ("name.familyName", json!([])),
            ("missing.a.b", json!([])),
            ("nul.a", json!([])),
            ("id.a", json!([])),
            ("emails[0].value", json!(["a@x"])),
            ("emails[-1].value", json!(["b@x"])),
            ("emails[5].value", json!([])),
            ("none[0].value", json!([])),
            ("emails[*].value", json!(["a@x", "b@x"])),
            ("emails[0,1].value", json!(["a@x", "b@x"])),
            ("emails[0:1].value", json!(["a@x"])),
            ("emails[?(@.primary==true)].value", json!(["b@x"])),
            ("$.emails[?(@.primary==true)].value", json!(["b@x"])),
            ("emails[?@.primary == true].value", json!(["b@x"])),
            ("emails[?(@.primary)].value", json!(["a@x", "b@x"])),
            ("emails[?(@.type=='work')].value", json!(["b@x"])),
            (r#"emails[?(@.type=="work")].value"#, json!(["b@x"])),
            ("emails[?(@.type==`work`)].value", json!(["b@x"])),
            ("emails[?(@.type=='work' && @.primary==true)].value", json!(["b@x"])),
            ("emails[?(@.type=='home' || @.primary==true)].value", json!(["a@x", "b@x"])),
            ("emails[?(@.n>1)].value", json!(["b@x"])),
            ("emails[?(@.n<=1)].value", json!(["a@x"])),
            ("emails[?(@.type!='work')].value", json!(["a@x"])),
            ("emails[?(!(@.type=='work'))].value", json!(["a@x"])),
            ("emails[?match(@.value, 'b.*')].value", json!(["b@x"])),
            ("$..value", json!(["r", "m", "a@x", "b@x"])),
            ("x-y", json!([1])),
            ("$.x-y", json!([1])),
            ("$['x-y']", json!([1])),
            (&format!("{urn}.department"), json!(["D"])),
            (&format!("$.{urn}.department"), json!(["D"])),
            (&format!("{urn}.manager.value"), json!(["m"])),
            (&format!("{urn}:department"), json!(["D"])),
            (&format!("{urn}:manager.value"), json!(["m"])),
            (&format!("['{urn}'].department"), json!(["D"])),
            (&format!("$[\"{urn}\"]['department']"), json!(["D"])),
            ("urn:scim:schemas:extension:enterprise:1.0.department", json!(["E"])),
            ("urn:scim:schemas:extension:enterprise:1.0['department']", json!(["E"])),
        ] {
            let query = JsonPath::parse(path).unwrap_or_else(|error| panic!("{error}"));
            let (mut found, mut expected) = (json!(query.all(&document)), expected);
            let nodes = query.all(&node);
            assert_eq!(nodes.iter().map(|node| node.to_value()).collect::<Value>(), found, "{path}");
            if path == "$..value" {
                // The RFC leaves open in which order an object's members come.
                for list in [&mut found, &mut expected] {
                    list.as_array_mut().unwrap().sort_by_key(ToString::to_string);
                }
            }
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn where_one_value_is_wanted_a_list_gives_its_first() {
        let document = document();
        for (path, expected) in [
            ("emails[*].value", Some(json!("a@x"))),
            ("emails[?(@.primary==true)].value", Some(json!("b@x"))),
            ("emails[?(@.type=='other')].value", None),
            ("none", None),
            ("nul", None),
            ("num", Some(json!(7))),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap().first(&document).cloned(), expected, "{path}");
        }
    }

    #[test]
    fn an_object_where_a_list_is_expected_is_one_element() {
        let document = document();
        for (path, count) in [("roles", 1), ("emails", 2), ("none", 0), ("missing", 0), ("nul", 0)] {
            assert_eq!(JsonPath::parse(path).unwrap().elements(&document).len(), count, "{path}");
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for path in
            ["", "  ", "emails[", "emails[?(@.a=1)]", "emails[?(@.primary==true].value", "a b", "a..", "a["]
        {
            let error = JsonPath::parse(path).unwrap_err().to_string();
            assert!(error.contains("is not a JSONPath"), "{path}: {error}");
        }
    }
}
