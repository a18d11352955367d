//! Changes by flat names, as what is wanted of the resource.
//!
//! A flat name of a typed value (`emails.work.value`) stands for the values of that type only: those of other
//! types stay, and so does what else the values of that type have.

use rollcall_scim::Document;
use serde_json::{Value, json};

use super::names::{NameError, Names, Part, Place};
use super::view;
use crate::plan::Wanted;

/// What is to become of one flat name.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// It has this value, or these values; `null` or `[]` for none.
    Replace(Value),
    /// Some values come, others go.
    Change {
        /// Values to add.
        add: Vec<Value>,
        /// Values to remove.
        remove: Vec<Value>,
    },
}

/// Changes by flat name, in order.
pub type Changes = Vec<(String, Delta)>;

/// Reads changes: each value of `flat` replaces; an object with `add`, `remove` or `replace` says which
/// (ConnId's `AttributeDelta`).
pub fn read(flat: &Document, is_delta: bool) -> Changes {
    let list = |value: Option<&Value>| match value {
        Some(Value::Array(values)) => values.clone(),
        Some(Value::Null) | None => Vec::new(),
        Some(single) => vec![single.clone()],
    };
    let delta = |value: &Value| match value {
        Value::Object(parts) if is_delta && parts.contains_key("replace") => {
            Delta::Replace(parts.get("replace").cloned().unwrap_or_default())
        }
        Value::Object(parts) if is_delta && (parts.contains_key("add") || parts.contains_key("remove")) => {
            Delta::Change { add: list(parts.get("add")), remove: list(parts.get("remove")) }
        }
        value => Delta::Replace(value.clone()),
    };
    flat.iter().map(|(name, value)| (name.clone(), delta(value))).collect()
}

/// Whether the changes can only be understood with the resource at hand.
pub fn needs_current(changes: &Changes, names: &Names<'_>) -> bool {
    changes.iter().any(|(name, delta)| {
        let is_value = |sub: &str| sub == "value";
        match names.place(name).part {
            Part::Typed(_, sub) => !(matches!(delta, Delta::Change { .. }) && is_value(&sub)),
            _ => false,
        }
    })
}

/// What is wanted of the resource. `current` must be there where [`needs_current`] says so.
///
/// # Errors
///
/// [`NameError`]: a name that no schema has, or a value of another type.
pub fn wanted(changes: &Changes, current: Option<&Document>, names: &Names<'_>) -> Result<Wanted, NameError> {
    let mut wanted = Wanted::default();
    let mut flat = Document::new();
    let mut lists: Vec<List<'_>> = Vec::new();
    for (name, delta) in changes {
        let place = known(name, names)?;
        if is_echo(&place) {
            continue;
        }
        match (&place.part, delta) {
            (Part::Typed(kind, sub), _) => {
                let is_it = |list: &&mut List<'_>| list.urn == place.urn && list.attribute == place.attribute;
                let step = Step { name, kind: kind.clone(), sub: sub.clone(), delta };
                match lists.iter_mut().find(is_it) {
                    Some(list) => list.steps.push(step),
                    None => lists.push(List {
                        urn: place.urn.clone(),
                        attribute: place.attribute.clone(),
                        steps: vec![step],
                    }),
                }
            }
            (_, Delta::Replace(value)) => drop(flat.insert(name.clone(), value.clone())),
            (_, Delta::Change { add, remove }) => {
                change(&place, name, add, remove, current, names, &mut wanted, &mut flat)?;
            }
        }
    }
    for (name, value) in view::unflatten(&flat, names)? {
        merge(&mut wanted.replace, name, value);
    }
    for list in lists {
        list.into_wanted(current, names, &mut wanted)?;
    }
    Ok(wanted)
}

/// A part of what is wanted beside what is there: extensions come in several.
fn merge(into: &mut Document, name: String, value: Value) {
    match (into.get_mut(&name), value) {
        (Some(Value::Object(known)), Value::Object(parts)) => known.extend(parts),
        (_, value) => drop(into.insert(name, value)),
    }
}

/// The place of a name that a schema has; 1.1's `operation` is one of every list.
fn known(name: &str, names: &Names<'_>) -> Result<Place, NameError> {
    let place = names.place(name);
    let is_operation = matches!(&place.part, Part::Typed(_, sub) if sub == "operation");
    if is_operation && names.attribute(place.urn.as_deref(), &place.attribute).is_some() {
        return Ok(place);
    }
    names.known(name)
}

/// What the application sets, and is often part of what was read.
fn is_echo(place: &Place) -> bool {
    place.urn.is_none() && matches!(place.attribute.as_str(), "id" | "schemas" | "meta")
}

#[expect(clippy::too_many_arguments, reason = "one step of `wanted`, which owns what is filled here")]
fn change(
    place: &Place,
    name: &str,
    add: &[Value],
    remove: &[Value],
    current: Option<&Document>,
    names: &Names<'_>,
    wanted: &mut Wanted,
    flat: &mut Document,
) -> Result<(), NameError> {
    let attribute = names.attribute(place.urn.as_deref(), &place.attribute);
    let is_multiple = attribute.is_some_and(|attribute| attribute.multi_valued) && place.part == Part::Whole;
    if !is_multiple {
        // One value: the last that comes is it; one that goes is gone if it was it.
        let known =
            current.map(|current| view::flatten(current, names).get(name).cloned().unwrap_or_default());
        if let Some(value) = add.last() {
            flat.insert(name.to_owned(), value.clone());
        } else if known.is_none_or(|known| remove.contains(&known)) && !remove.is_empty() {
            flat.insert(name.to_owned(), Value::Null);
        }
        return Ok(());
    }
    let is_ids = names.is_id_list(place.urn.as_deref(), &place.attribute);
    let path: Vec<&str> = place.urn.as_deref().into_iter().chain([&*place.attribute]).collect();
    for (values, part) in [(add, &mut wanted.add), (remove, &mut wanted.remove)] {
        if values.is_empty() {
            continue;
        }
        let values: Vec<Value> = match attribute.filter(|_| !is_ids) {
            Some(attribute) => values
                .iter()
                .map(|value| view::typed(name, value, Some(attribute)))
                .collect::<Result<_, _>>()?,
            None => values
                .iter()
                .map(|id| if id.is_object() { id.clone() } else { json!({ "value": id }) })
                .collect(),
        };
        view::put(part, &path, &Value::Array(values));
    }
    Ok(())
}

/// What happens to the values of one attribute.
struct List<'a> {
    urn: Option<String>,
    attribute: String,
    steps: Vec<Step<'a>>,
}

/// What happens to a part of the values of one type.
struct Step<'a> {
    name: &'a str,
    kind: Option<String>,
    sub: String,
    delta: &'a Delta,
}

impl List<'_> {
    fn into_wanted(
        mut self,
        current: Option<&Document>,
        names: &Names<'_>,
        wanted: &mut Wanted,
    ) -> Result<(), NameError> {
        // Who comes and goes first, then what each of them has.
        self.steps.sort_by_key(|step| match step.sub.as_str() {
            "operation" => 0,
            "value" => 1,
            _ => 2,
        });
        let path: Vec<&str> = self.urn.as_deref().into_iter().chain([&*self.attribute]).collect();
        let is_value_delta =
            |step: &Step<'_>| step.sub == "value" && matches!(step.delta, Delta::Change { .. });
        if current.is_none() && self.steps.iter().all(is_value_delta) {
            for step in &self.steps {
                let Delta::Change { add, remove } = step.delta else { continue };
                for (values, part) in [(add, &mut wanted.add), (remove, &mut wanted.remove)] {
                    let mut elements = match view::find(part, &path) {
                        Some(Value::Array(elements)) => elements.clone(),
                        _ => Vec::new(),
                    };
                    elements.extend(values.iter().map(|value| element(step.kind.as_deref(), value)));
                    if !elements.is_empty() {
                        view::put(part, &path, &Value::Array(elements));
                    }
                }
            }
            return Ok(());
        }
        let mut values = match current.and_then(|current| view::find(current, &path)) {
            Some(Value::Array(values)) => values.clone(),
            _ => Vec::new(),
        };
        let deleted: Vec<Option<String>> = self.deletions(&mut values);
        for step in self.steps.iter().filter(|step| step.sub != "operation" && !deleted.contains(&step.kind))
        {
            step.apply(&mut values, &self, names)?;
        }
        values
            .retain(|value| value.as_object().is_none_or(|element| element.keys().any(|key| key != "type")));
        view::put(&mut wanted.replace, &path, &Value::Array(values));
        Ok(())
    }

    /// Carries out `operation: delete` and says for which types: what is given beside it names who goes.
    fn deletions(&self, values: &mut Vec<Value>) -> Vec<Option<String>> {
        let mut deleted = Vec::new();
        for step in self.steps.iter().filter(|step| step.sub == "operation") {
            let is_delete =
                |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("delete"));
            if !matches!(step.delta, Delta::Replace(value) if is_delete(value)) {
                continue;
            }
            let named = self.steps.iter().find(|other| other.sub == "value" && other.kind == step.kind);
            let named = named.and_then(|step| match step.delta {
                Delta::Replace(value) => Some(value.clone()),
                Delta::Change { .. } => None,
            });
            values.retain(|value| {
                let is_named = named.as_ref().is_none_or(|named| value.get("value") == Some(named));
                !(is_named && has_type(value, step.kind.as_deref()))
            });
            deleted.push(step.kind.clone());
        }
        deleted
    }
}

impl Step<'_> {
    fn apply(&self, values: &mut Vec<Value>, list: &List<'_>, names: &Names<'_>) -> Result<(), NameError> {
        let attribute = names.attribute(list.urn.as_deref(), &list.attribute);
        let definition = attribute.and_then(|attribute| attribute.sub(&self.sub));
        let kind = self.kind.as_deref();
        match self.delta {
            Delta::Replace(value) => {
                let column = view::typed_all(self.name, value, definition)?;
                set_column(values, kind, &self.sub, &column);
            }
            Delta::Change { add, remove } if self.sub == "value" => {
                values.retain(|value| {
                    let is_gone = value.get("value").is_some_and(|value| remove.contains(value));
                    !(is_gone && has_type(value, kind))
                });
                for value in add {
                    let value = view::typed(self.name, value, definition)?;
                    let is_there =
                        |known: &Value| known.get("value") == Some(&value) && has_type(known, kind);
                    if !values.iter().any(is_there) {
                        values.push(element(kind, &value));
                    }
                }
            }
            Delta::Change { add, remove } => {
                let current =
                    values.iter().find(|value| has_type(value, kind)).and_then(|value| value.get(&self.sub));
                if !add.is_empty() {
                    let add = Value::Array(add.clone());
                    set_column(values, kind, &self.sub, &view::typed_all(self.name, &add, definition)?);
                } else if current.is_some_and(|current| remove.contains(current)) {
                    set_column(values, kind, &self.sub, &[]);
                }
            }
        }
        Ok(())
    }
}

/// Gives the values of one type this part, in order. Of `value`, there are as many as the column has.
fn set_column(values: &mut Vec<Value>, kind: Option<&str>, sub: &str, column: &[Value]) {
    let mut places: Vec<usize> =
        (0..values.len()).filter(|at| values.get(*at).is_some_and(|value| has_type(value, kind))).collect();
    if sub == "value" {
        for at in places.split_off(column.len().min(places.len())).into_iter().rev() {
            values.remove(at);
        }
    }
    if column.is_empty() {
        for at in places {
            values.get_mut(at).and_then(Value::as_object_mut).map(|value| value.shift_remove(sub));
        }
        return;
    }
    for (at, part) in column.iter().enumerate() {
        let slot = if let Some(place) = places.get(at) {
            values.get_mut(*place)
        } else {
            let mut fresh = Document::new();
            kind.map(|kind| fresh.insert("type".to_owned(), kind.into()));
            values.push(Value::Object(fresh));
            values.last_mut()
        };
        let Some(element) = slot.and_then(Value::as_object_mut) else { continue };
        if part.is_null() {
            element.shift_remove(sub);
        } else {
            element.insert(sub.to_owned(), part.clone());
        }
    }
}

fn element(kind: Option<&str>, value: &Value) -> Value {
    match kind {
        Some(kind) => json!({ "value": value, "type": kind }),
        None => json!({ "value": value }),
    }
}

/// Whether a value is of a type; case does not count (RFC 7643 §2.4).
fn has_type(value: &Value, kind: Option<&str>) -> bool {
    match (value.get("type").and_then(Value::as_str), kind) {
        (Some(found), Some(kind)) => found.eq_ignore_ascii_case(kind),
        (None, None) => true,
        _ => false,
    }
}
