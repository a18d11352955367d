//! Mapping paths: where in a resource a field comes from.
//!
//! A path is an attribute path of RFC 7644 §3.10, perhaps with a value filter (`emails[type eq "work"].value`),
//! and these short forms: `emails.primary` is the `value` of the primary element, or of the first when none is;
//! `emails.value` is every value. Paths joined by `+` are put together with a space, and of those joined by `|`
//! the first that finds something is taken. A name that no schema defines is looked up as it is written.

use std::fmt;

use rollcall_scim::Document;
use rollcall_scim::filter::{Bound, FilterError, parse_value_path};
use rollcall_scim::path::{AttributeRef, PathError, Resolved, ValuePath};
use rollcall_scim::schema::ResolvedType;
use serde_json::Value;

use super::profile::text_of;

/// Bytes of one mapping path.
pub const MAX_MAPPING_PATH_BYTES: usize = 4 * 1024;

/// Where a field comes from: alternatives of joined terms.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingPath {
    alternatives: Vec<Alternative>,
}

/// Terms joined by `+`; most often one.
#[derive(Debug, Clone, PartialEq)]
struct Alternative {
    written: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    /// An attribute that a schema defines.
    Attribute(Place),
    /// A whole extension.
    Extension(String),
    /// What no schema defines.
    Literal(String),
}

/// An attribute in schema case, elements of it, and the part that is wanted.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    extension: Option<String>,
    attribute: String,
    pick: Pick,
    sub: Option<String>,
}

/// Which elements of a multi-valued attribute.
#[derive(Debug, Clone, PartialEq)]
enum Pick {
    All,
    /// The primary one, or the first.
    Primary,
    Where(Bound),
}

/// What a path found, and by which of its alternatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// The alternative, as written.
    pub path: &'a str,
    /// What is there; at least one value.
    pub values: Vec<Value>,
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingPathError {
    /// It is empty, or has an empty part between `|` and `+`.
    #[error("a path is missing; write one such as userName or emails.primary")]
    Empty,
    /// Longer than [`MAX_MAPPING_PATH_BYTES`].
    #[error("the path is longer than {MAX_MAPPING_PATH_BYTES} bytes")]
    TooLong,
    /// It does not fit the grammar.
    #[error("{path}: {reason}")]
    Path {
        /// The part between `|` and `+`.
        path: String,
        /// What is wrong with it.
        reason: PathError,
    },
    /// Its value filter does not fit the attribute.
    #[error("{path}: {reason}")]
    Filter {
        /// The part between `|` and `+`.
        path: String,
        /// What is wrong with the filter.
        reason: FilterError,
    },
}

impl MappingPath {
    /// Reads a path against a resource type.
    ///
    /// # Errors
    ///
    /// [`MappingPathError`]: what does not fit, and where.
    pub fn parse(src: &str, kind: &ResolvedType) -> Result<Self, MappingPathError> {
        if src.len() > MAX_MAPPING_PATH_BYTES {
            return Err(MappingPathError::TooLong);
        }
        let alternative = |written: &str| {
            let terms = split(written, '+').into_iter().map(|term| Term::parse(term.trim(), kind));
            Ok(Alternative { written: written.trim().to_owned(), terms: terms.collect::<Result<_, _>>()? })
        };
        let alternatives = split(src, '|').into_iter().map(alternative).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// What the first alternative that finds something finds.
    pub fn find<'a>(&'a self, document: &Document) -> Option<Found<'a>> {
        self.alternatives().find_map(|alternative| alternative(document))
    }

    /// Each alternative, to be tried in turn.
    pub fn alternatives<'a>(&'a self) -> impl Iterator<Item = impl Fn(&Document) -> Option<Found<'a>>> {
        self.alternatives.iter().map(|alternative| move |document: &Document| alternative.find(document))
    }

    /// The names in it that no schema of the resource type defines.
    pub fn undefined(&self) -> impl Iterator<Item = &str> {
        let terms = self.alternatives.iter().flat_map(|alternative| &alternative.terms);
        terms.filter_map(|term| if let Term::Literal(name) = term { Some(&**name) } else { None })
    }
}

impl fmt::Display for MappingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for alternative in &self.alternatives {
            write!(f, "{separator}{}", alternative.written)?;
            separator = " | ";
        }
        Ok(())
    }
}

/// Parts between a separator that is in no bracket and in no quotes.
fn split(src: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut in_quotes, mut is_escaped) = (false, false);
    for (at, c) in src.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_quotes => is_escaped = true,
            '"' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(src.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(src.get(start..).unwrap_or_default());
    parts
}

impl Alternative {
    fn find(&self, document: &Document) -> Option<Found<'_>> {
        let values = match &*self.terms {
            [term] => term.find(document),
            terms => {
                let texts = terms.iter().filter_map(|term| term.find(document).first().and_then(text_of));
                let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
                if texts.is_empty() { Vec::new() } else { vec![Value::String(texts.join(" "))] }
            }
        };
        (!values.is_empty()).then_some(Found { path: &self.written, values })
    }
}

impl Term {
    fn parse(src: &str, kind: &ResolvedType) -> Result<Self, MappingPathError> {
        if src.is_empty() {
            return Err(MappingPathError::Empty);
        }
        let refuse = |reason| MappingPathError::Path { path: src.to_owned(), reason };
        let path = parse_value_path(src).map_err(refuse)?;
        match path.path.resolve(kind) {
            Ok(Resolved::Extension(schema)) => Ok(Self::Extension(schema.id.clone())),
            Ok(Resolved::Attribute(found)) => Place::new(src, &path, &found).map(Self::Attribute),
            // `emails.primary` of an attribute without a `primary` of its own is no attribute path.
            Err(error) if path.filter.is_some() => Err(refuse(error)),
            Err(_) => Ok(Self::Literal(src.to_owned())),
        }
    }

    fn find(&self, document: &Document) -> Vec<Value> {
        match self {
            Self::Attribute(place) => place.find(document),
            Self::Extension(urn) => present(document.get(urn)),
            Self::Literal(name) => present(literal(document, name)),
        }
    }
}

/// A value that says something, as a list of itself.
fn present(value: Option<&Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().filter(|value| says_something(value)).cloned().collect(),
        Some(value) if says_something(value) => vec![value.clone()],
        Some(_) => Vec::new(),
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// A member of this name, of an object named by a URN before the last colon, or of one before a dot.
fn literal<'a>(document: &'a Document, name: &str) -> Option<&'a Value> {
    let inside = |(parent, child): (&str, &str)| literal(document.get(parent)?.as_object()?, child);
    document.get(name).or_else(|| name.rsplit_once(':').and_then(inside)).or_else(|| {
        let start = name.rfind(':').map_or(0, |at| at + 1);
        let dot = start + name.get(start..)?.find('.')?;
        inside((name.get(..dot)?, name.get(dot + 1..)?))
    })
}

impl Place {
    fn new(src: &str, path: &ValuePath, found: &AttributeRef<'_>) -> Result<Self, MappingPathError> {
        let attribute = found.attribute;
        let mut sub = found.sub.map(|sub| sub.name.clone());
        let mut pick = Pick::All;
        if attribute.multi_valued && sub.as_deref() == Some("primary") {
            pick = Pick::Primary;
            sub = attribute.sub("value").map(|value| value.name.clone());
        }
        if let Some(filter) = &path.filter {
            let refuse = |reason| MappingPathError::Filter { path: src.to_owned(), reason };
            pick = Pick::Where(filter.bind_element(attribute).map_err(refuse)?);
        }
        if let Some(name) = &path.sub {
            let undefined = || MappingPathError::Path {
                path: src.to_owned(),
                reason: PathError::Undefined(name.clone(), attribute.name.clone()),
            };
            sub = Some(attribute.sub(name).ok_or_else(undefined)?.name.clone());
        }
        let extension = found.extension.map(|schema| schema.id.clone());
        Ok(Self { extension, attribute: attribute.name.clone(), pick, sub })
    }

    fn find(&self, document: &Document) -> Vec<Value> {
        let value = match &self.extension {
            None => document.get(&self.attribute),
            Some(urn) => document.get(urn).and_then(|extension| extension.get(&self.attribute)),
        };
        let elements: Vec<&Value> = match value {
            None => return Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
        };
        let picked = match &self.pick {
            Pick::All => elements,
            Pick::Primary => primary(&elements).into_iter().collect(),
            Pick::Where(bound) => {
                elements.into_iter().filter(|element| bound.matches_element(element)).collect()
            }
        };
        let part = |element: &Value| match &self.sub {
            None => present(Some(element)),
            // The element of a simple attribute is its own `value`.
            Some(sub) if sub == "value" && !element.is_object() => present(Some(element)),
            Some(sub) => present(element.get(sub)),
        };
        picked.into_iter().flat_map(part).collect()
    }
}

/// The element that is primary, or the first.
pub(super) fn primary<'a>(elements: &[&'a Value]) -> Option<&'a Value> {
    let is_primary = |element: &&&Value| {
        element.get("primary").is_some_and(|primary| super::profile::boolean_of(primary) == Some(true))
    };
    elements.iter().find(is_primary).or(elements.first()).copied()
}

#[cfg(test)]
mod tests {
    use rollcall_scim::schema::Registry;
    use serde_json::json;

    use super::*;

    fn parse(path: &str) -> Result<MappingPath, MappingPathError> {
        let registry = Registry::builtin().unwrap();
        MappingPath::parse(path, registry.type_named("User").unwrap())
    }

    #[test]
    fn paths_find_what_they_say() {
        let document = json!({
            "userName": "ann", "nickName": "", "title": "Lead | Deputy",
            "name": { "givenName": "Ann", "familyName": "Bee" },
            "emails": [
                { "value": "ann@home.example", "type": "home" },
                { "value": "ann@work.example", "type": "work", "primary": true },
            ],
            "phoneNumbers": [{ "value": "+1 2" }, { "value": "+3 4", "primary": "False" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                { "department": "Tools", "manager": { "value": "m1", "displayName": "Mo" } },
            "urn:scim:schemas:extension:enterprise:2.0": { "department": "Old" },
            "badge.no": 7,
            "custom": { "level": { "x": 1 } },
        });
        for (path, found) in [
            ("userName", json!(["ann"])),
            ("USERNAME", json!(["ann"])),
            ("name.givenName", json!(["Ann"])),
            ("name.formatted", json!([])),
            ("nickName", json!([])),
            ("emails.primary", json!(["ann@work.example"])),
            ("phoneNumbers.primary", json!(["+1 2"])),
            ("emails.value", json!(["ann@home.example", "ann@work.example"])),
            (r#"emails[type eq "home"].value"#, json!(["ann@home.example"])),
            (r#"emails[type eq "home|+" or primary eq true].value"#, json!(["ann@work.example"])),
            (r#"emails[type eq "other"].value"#, json!([])),
            ("photos.primary", json!([])),
            ("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", json!(["Bee"])),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", json!(["Tools"])),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName", json!(["Mo"])),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
                json!([{ "value": "m1", "displayName": "Mo" }]),
            ),
            ("urn:scim:schemas:extension:enterprise:2.0:department", json!(["Old"])),
            ("badge.no", json!([7])),
            ("custom.level", json!([{ "x": 1 }])),
            ("custom.none", json!([])),
            ("name.givenName + name.familyName", json!(["Ann Bee"])),
            ("name.middleName + name.familyName", json!(["Bee"])),
            ("displayName | name.formatted | name.givenName + name.familyName", json!(["Ann Bee"])),
            ("displayName|title", json!(["Lead | Deputy"])),
        ] {
            let parsed = parse(path).unwrap();
            let values = parsed.find(document.as_object().unwrap()).map(|found| found.values);
            assert_eq!(json!(values.unwrap_or_default()), found, "{path}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (path, error) in [
            ("", "a path is missing; write one such as userName or emails.primary"),
            ("userName | ", "a path is missing; write one such as userName or emails.primary"),
            (
                r"emails[type eq work].value",
                "emails[type eq work].value: expected a value (text goes in double quotes) at byte 15",
            ),
            (
                r#"emails[colour eq "red"].value"#,
                r#"emails[colour eq "red"].value: colour is not an attribute of emails"#,
            ),
            (
                r#"emails[type eq "work"].colour"#,
                r#"emails[type eq "work"].colour: colour is not an attribute of emails"#,
            ),
            (r#"boxes[size eq "x"].value"#, r#"boxes[size eq "x"].value: boxes is not an attribute of User"#),
        ] {
            assert_eq!(parse(path).unwrap_err().to_string(), error, "{path}");
        }
        let parsed = parse("userName | mail.address").unwrap();
        assert_eq!(parsed.undefined().collect::<Vec<_>>(), ["mail.address"]);
        assert_eq!(parsed.to_string(), "userName | mail.address");
    }
}
