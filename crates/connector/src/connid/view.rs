//! A resource under ConnId's flat names, and back, without loss.
//!
//! Values of one `type` share names: two work e-mails are `emails.work.value: [a, b]`, and what else they
//! have stands in the same order (`emails.work.primary: [null, true]`). What has no flat name is kept under
//! [`OTHER`]. The order between values of different types is not kept: it means nothing (RFC 7643 §2.4).

use rollcall_scim::Document;
use rollcall_scim::schema::{Attribute, AttributeType};
use serde_json::{Map, Value, json};

use super::names::{ENABLE, NAME, NameError, Names, OTHER, Part, Place, UID};

/// Writes a resource under flat names, `__UID__`, `__NAME__` and `__ENABLE__` first.
pub fn flatten(resource: &Document, names: &Names<'_>) -> Document {
    let mut flat = Document::new();
    let mut other = Document::new();
    for (name, value) in resource {
        if let (true, Value::Object(extension)) = (is_urn(name), value) {
            for (attribute, value) in extension {
                if !attribute_into(&mut flat, names, Some(name), attribute, value) {
                    put(&mut other, &[name, attribute], value);
                }
            }
            if extension.is_empty() {
                other.insert(name.clone(), value.clone());
            }
        } else if name.starts_with("__") || !attribute_into(&mut flat, names, None, name, value) {
            other.insert(name.clone(), value.clone());
        }
    }
    if !other.is_empty() {
        flat.insert(OTHER.to_owned(), Value::Object(other));
    }
    let aliases = [(UID, "id"), (NAME, names.name_attribute()), (ENABLE, "active")];
    let aliases =
        aliases.into_iter().filter_map(|(alias, name)| Some((alias.to_owned(), flat.get(name)?.clone())));
    let mut whole: Document = aliases.collect();
    whole.extend(flat);
    whole
}

/// Reads a resource from flat names, `type`s and numbers as the schema has them (`"7"` for an integer is 7).
///
/// # Errors
///
/// [`NameError::Type`] and [`NameError::Twice`].
pub fn unflatten(flat: &Document, names: &Names<'_>) -> Result<Document, NameError> {
    let mut resource = match flat.get(OTHER) {
        Some(Value::Object(other)) => other.clone(),
        _ => Document::new(),
    };
    let mut lists = Lists::default();
    let mut seen: Vec<(Place, &str, &Value)> = Vec::new();
    for (name, value) in flat.iter().filter(|(name, _)| *name != OTHER) {
        let place = names.place(name);
        if let Some((_, other, known)) = seen.iter().find(|(known, ..)| *known == place) {
            if *known != value {
                return Err(NameError::Twice((*other).to_owned(), name.clone()));
            }
            continue;
        }
        seen.push((place.clone(), name, value));
        let attribute = names.attribute(place.urn.as_deref(), &place.attribute);
        if is_column(&place, names) {
            let sub = match &place.part {
                Part::Typed(_, sub) | Part::Beside(sub) => sub.as_str(),
                Part::Whole | Part::Sub(_) => "value",
            };
            let definition = attribute.and_then(|attribute| attribute.sub(sub));
            lists.add(&place, sub, typed_all(name, value, definition)?);
            continue;
        }
        let (keys, value) = match &place.part {
            Part::Sub(sub) => {
                let definition = attribute.and_then(|attribute| attribute.sub(sub));
                (Some(sub.as_str()), typed(name, value, definition)?)
            }
            _ if attribute.is_some_and(|attribute| attribute.multi_valued) => {
                let value = if value.is_array() || value.is_null() { value.clone() } else { json!([value]) };
                (None, typed(name, &value, attribute)?)
            }
            _ => (None, typed(name, value, attribute)?),
        };
        let path: Vec<&str> =
            place.urn.as_deref().into_iter().chain([&*place.attribute]).chain(keys).collect();
        put(&mut resource, &path, &value);
    }
    lists.into_resource(&mut resource);
    Ok(resource)
}

/// Gives values without `type` the type that an application's own mean.
pub fn with_types(resource: &mut Document, generic: Option<&str>, addresses: Option<&str>) {
    const COMPLEX: &[&str] =
        &["emails", "phoneNumbers", "ims", "photos", "roles", "x509Certificates", "entitlements"];
    for (name, value) in resource.iter_mut() {
        let kind = match name.as_str() {
            "addresses" => addresses,
            other if COMPLEX.contains(&other) => generic,
            _ => None,
        };
        let (Some(kind), Value::Array(elements)) = (kind, value) else { continue };
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            element.entry("type").or_insert_with(|| kind.into());
        }
    }
}

/// Whether a name is a column of a list of complex values.
pub(super) fn is_column(place: &Place, names: &Names<'_>) -> bool {
    match &place.part {
        Part::Typed(..) | Part::Beside(_) => true,
        Part::Whole => names.is_id_list(place.urn.as_deref(), &place.attribute),
        Part::Sub(_) => false,
    }
}

/// Adds one attribute under its flat names; false, and nothing added, when these would lose something.
fn attribute_into(
    flat: &mut Document,
    names: &Names<'_>,
    urn: Option<&str>,
    name: &str,
    value: &Value,
) -> bool {
    let Some(entries) = entries(names, urn, name, value) else { return false };
    let back = unflatten(&entries, names).ok();
    let container = back.as_ref().and_then(|back| match urn {
        Some(urn) => back.get(urn)?.as_object(),
        None => Some(back),
    });
    let is_kept = container
        .is_some_and(|found| found.len() == 1 && found.get(name).is_some_and(|found| is_equal(found, value)));
    let is_free = entries.keys().all(|entry| !flat.contains_key(entry));
    if is_kept && is_free {
        flat.extend(entries);
    }
    is_kept && is_free
}

/// The flat names of an attribute; `None` when it has none.
fn entries(names: &Names<'_>, urn: Option<&str>, name: &str, value: &Value) -> Option<Document> {
    let urn = urn.map(str::to_owned);
    let printed = |part: Part| names.print(&Place { urn: urn.clone(), attribute: name.to_owned(), part });
    let mut entries = Document::new();
    match value {
        Value::Array(elements) if elements.iter().all(Value::is_object) && !elements.is_empty() => {
            let elements: Vec<&Document> = elements.iter().filter_map(Value::as_object).collect();
            if names.is_id_list(urn.as_deref(), name) {
                for (sub, column) in columns(&elements, None) {
                    let part = if sub == "value" { Part::Whole } else { Part::Beside(sub.to_owned()) };
                    entries.insert(printed(part), Value::Array(column));
                }
                return Some(entries);
            }
            for kind in kinds(&elements)? {
                let of_kind: Vec<&Document> =
                    elements.iter().copied().filter(|element| type_of(element) == kind).collect();
                for (sub, mut column) in columns(&of_kind, Some("type")) {
                    let value = if column.len() == 1 { column.pop()? } else { Value::Array(column) };
                    entries.insert(printed(Part::Typed(kind.map(str::to_owned), sub.to_owned())), value);
                }
            }
        }
        Value::Object(parts) if !parts.is_empty() => {
            for (sub, value) in parts {
                entries.insert(printed(Part::Sub(sub.clone())), value.clone());
            }
        }
        other => drop(entries.insert(printed(Part::Whole), other.clone())),
    }
    Some(entries)
}

/// The types in order of appearance; `None` when one is no text.
fn kinds<'e>(elements: &[&'e Document]) -> Option<Vec<Option<&'e str>>> {
    let mut kinds = Vec::new();
    for element in elements {
        if element.get("type").is_some_and(|kind| !kind.is_string()) {
            return None;
        }
        let kind = type_of(element);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Some(kinds)
}

fn type_of(element: &Document) -> Option<&str> {
    element.get("type").and_then(Value::as_str)
}

/// Each sub-attribute that an element has, with its values in the order of the elements.
fn columns<'e>(elements: &[&'e Document], without: Option<&str>) -> Vec<(&'e str, Vec<Value>)> {
    let mut names: Vec<&str> = Vec::new();
    for name in elements.iter().flat_map(|element| element.keys()) {
        if Some(name.as_str()) != without && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let column =
        |name: &str| elements.iter().map(|element| element.get(name).cloned().unwrap_or_default()).collect();
    names.into_iter().map(|name| (name, column(name))).collect()
}

/// Lists of complex values, put together from their columns.
#[derive(Default)]
struct Lists(Vec<List>);

/// The values of one attribute and type.
struct List {
    place: Place,
    kind: Option<String>,
    columns: Vec<(String, Vec<Value>)>,
}

impl Lists {
    fn add(&mut self, place: &Place, sub: &str, column: Vec<Value>) {
        let kind = match &place.part {
            Part::Typed(kind, _) => kind.clone(),
            _ => None,
        };
        let is_it = |list: &&mut List| {
            list.place.urn == place.urn && list.place.attribute == place.attribute && list.kind == kind
        };
        match self.0.iter_mut().find(is_it) {
            Some(list) => list.columns.push((sub.to_owned(), column)),
            None => self.0.push(List { place: place.clone(), kind, columns: vec![(sub.to_owned(), column)] }),
        }
    }

    fn into_resource(self, resource: &mut Document) {
        for list in self.0 {
            let path: Vec<&str> =
                list.place.urn.as_deref().into_iter().chain([&*list.place.attribute]).collect();
            let mut elements = match find(resource, &path) {
                Some(Value::Array(elements)) => elements.clone(),
                _ => Vec::new(),
            };
            let count = list.columns.iter().map(|(_, column)| column.len()).max().unwrap_or_default();
            for at in 0..count {
                let mut element = Map::new();
                for (sub, column) in &list.columns {
                    if let Some(value) = column.get(at).filter(|value| !value.is_null()) {
                        element.insert(sub.clone(), value.clone());
                    }
                }
                if element.is_empty() {
                    continue;
                }
                if let Some(kind) = &list.kind {
                    element.insert("type".to_owned(), kind.as_str().into());
                }
                elements.push(Value::Object(element));
            }
            put(resource, &path, &Value::Array(elements));
        }
    }
}

/// The values of a column, each as the schema has it.
pub(super) fn typed_all(
    name: &str,
    value: &Value,
    attribute: Option<&Attribute>,
) -> Result<Vec<Value>, NameError> {
    match value {
        Value::Array(values) => values.iter().map(|value| typed(name, value, attribute)).collect(),
        Value::Null => Ok(Vec::new()),
        single => Ok(vec![typed(name, single, attribute)?]),
    }
}

/// A value as the schema has it; text that reads like a number or a boolean is one where it should be.
pub(super) fn typed(name: &str, value: &Value, attribute: Option<&Attribute>) -> Result<Value, NameError> {
    let Some(attribute) = attribute else { return Ok(value.clone()) };
    if let Value::Array(values) = value {
        return values.iter().map(|value| typed(name, value, Some(attribute))).collect();
    }
    let text = value.as_str().map(str::trim);
    let (converted, expected) = match attribute.kind {
        AttributeType::Integer => {
            (text.and_then(|text| text.parse::<i64>().ok()).map(Value::from), "a whole number")
        }
        AttributeType::Decimal => {
            (text.and_then(|text| text.parse::<f64>().ok()).map(Value::from), "a number")
        }
        AttributeType::Boolean => {
            let flag =
                text.filter(|text| ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(text)));
            (flag.map(|text| Value::from(text.eq_ignore_ascii_case("true"))), "true or false")
        }
        _ => return Ok(value.clone()),
    };
    let fits = match attribute.kind {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    };
    match converted {
        _ if fits || value.is_null() => Ok(value.clone()),
        Some(converted) => Ok(converted),
        None => Err(NameError::Type { name: name.to_owned(), expected, found: value.to_string() }),
    }
}

pub(super) fn find<'r>(resource: &'r Document, path: &[&str]) -> Option<&'r Value> {
    let (last, above) = path.split_last()?;
    above.iter().try_fold(resource, |object, key| object.get(*key)?.as_object())?.get(*last)
}

pub(super) fn put(resource: &mut Document, path: &[&str], value: &Value) {
    match path {
        [] => {}
        [last] => drop(resource.insert((*last).to_owned(), value.clone())),
        [first, rest @ ..] => {
            let inner = resource.entry(*first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// Equal, but for the order of values that are objects.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(ones), Value::Array(others)) if ones.iter().all(Value::is_object) => {
            let mut left: Vec<&Value> = others.iter().collect();
            ones.len() == others.len()
                && ones.iter().all(|one| {
                    let at = left.iter().position(|other| *other == one);
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        _ => one == other,
    }
}
