//! What an expression returned, as JSON: to a depth, a number of values and a size.

use rollcall_scim::Document;
use serde_json::Value as Json;
use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::{Heap, UnpackValue as _, Value};

const MAX_DEPTH: usize = 32;
const MAX_VALUES: usize = 10_000;
const MAX_BYTES: usize = 256 * 1024;

/// Why a value cannot be a result.
pub(crate) type Refused = String;

/// What is left of the limits.
struct Budget {
    values: usize,
    bytes: usize,
}

/// The object that an expression returned; `None` for `None`.
///
/// # Errors
///
/// A sentence: what it returned instead, or which limit it exceeds.
pub(crate) fn read<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<Option<Document>, Refused> {
    if value.is_none() {
        return Ok(None);
    }
    let mut budget = Budget { values: MAX_VALUES, bytes: MAX_BYTES };
    match convert(value, heap, MAX_DEPTH, &mut budget)? {
        Json::Object(document) => Ok(Some(document)),
        _ => Err(format!("it returned a value of type {}; return a dict or None", value.get_type())),
    }
}

fn convert<'v>(value: Value<'v>, heap: Heap<'v>, depth: usize, budget: &mut Budget) -> Result<Json, Refused> {
    let Some(values) = budget.values.checked_sub(1) else {
        return Err(format!("it returned more than {MAX_VALUES} values"));
    };
    budget.values = values;
    if let Some(text) = value.unpack_str() {
        spend(budget, text)?;
        return Ok(Json::String(text.to_owned()));
    }
    if value.is_none() {
        return Ok(Json::Null);
    }
    if let Some(flag) = value.unpack_bool() {
        return Ok(Json::Bool(flag));
    }
    if let Ok(Some(number)) = i64::unpack_value(value) {
        return Ok(Json::from(number));
    }
    if value.get_type() == "float" {
        let number = UnpackFloat::unpack_value(value).ok().flatten().map(|number| number.0);
        let number = number.and_then(serde_json::Number::from_f64);
        return number
            .map(Json::Number)
            .ok_or_else(|| "it returned a number that JSON does not have".to_owned());
    }
    if value.get_type() == "int" {
        return Err("it returned an integer past 64 bits".to_owned());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("it returned values nested deeper than {MAX_DEPTH}"));
    };
    if let Some(dict) = DictRef::from_value(value) {
        let mut object = Document::new();
        for (key, value) in dict.iter() {
            let Some(name) = key.unpack_str() else {
                return Err(format!(
                    "it returned a dict with a key of type {}; keys are text",
                    key.get_type()
                ));
            };
            spend(budget, name)?;
            object.insert(name.to_owned(), convert(value, heap, depth, budget)?);
        }
        return Ok(Json::Object(object));
    }
    let refuse = |_| format!("it returned a value of type {}", value.get_type());
    let elements = value.iterate(heap).map_err(refuse)?;
    elements.map(|element| convert(element, heap, depth, budget)).collect::<Result<_, _>>().map(Json::Array)
}

fn spend(budget: &mut Budget, text: &str) -> Result<(), Refused> {
    budget.bytes = budget
        .bytes
        .checked_sub(text.len())
        .ok_or_else(|| format!("it returned more than {} KB", MAX_BYTES / 1024))?;
    Ok(())
}
