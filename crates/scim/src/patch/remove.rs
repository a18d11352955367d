//! `remove` with a value: takes away the values named, never all.

use std::collections::HashSet;

use serde_json::Value;

use crate::error::ScimError;
use crate::rules::Rules;
use crate::schema::Attribute;
use crate::validate::coerce;
use crate::validate::merge::{identity, value_identity};
use crate::validate::place::Place;

/// Removes from `values` what `sent` names: by `value` and, where it is given, `type`; by the whole
/// when it has no `value`. Linear in both.
pub(super) fn named(
    values: &mut Vec<Value>,
    sent: &Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    let sent = match sent {
        Value::Array(items) => Value::Array(items.clone()),
        single => Value::Array(vec![single.clone()]),
    };
    let Some(Value::Array(named)) = coerce::value(sent, attribute, rules, place)? else { return Ok(()) };
    let mut exact = HashSet::new();
    let mut by_value = HashSet::new();
    for item in &named {
        match value_identity(item, attribute).filter(|_| item.get("type").is_none()) {
            Some(value) => by_value.insert(value),
            None => exact.insert(identity(item, attribute)),
        };
    }
    values.retain(|value| {
        let is_named = exact.contains(&identity(value, attribute))
            || value_identity(value, attribute).is_some_and(|value| by_value.contains(&value));
        !is_named
    });
    Ok(())
}
