//! The values of `members`, which are kept apart from the body of a group.

use std::collections::HashSet;

use serde_json::Value;

use super::coerce::{is_unassigned, mismatch};
use super::place::Place;
use crate::error::{ErrorType, ScimError};
use crate::rules::{Rules, UnknownAttributes};
use crate::schema::Attribute;

/// The `value` of each member, in order, each once. `$ref`, `type` and `display` are not kept.
///
/// Linear in the number of members, which no limit bounds but that of the body.
///
/// # Errors
///
/// `invalidValue` for a member without a `value`; `invalidSyntax` for a sub-attribute that is not
/// defined, where the rules reject those.
pub(crate) fn values(
    sent: &Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Vec<String>, ScimError> {
    let items = match sent {
        sent if is_unassigned(sent, rules) => &[],
        Value::Array(items) => items.as_slice(),
        Value::Object(_) | Value::String(_) if rules.bare_complex_value => std::slice::from_ref(sent),
        other => return Err(mismatch("an array", other, place)),
    };
    let mut seen = HashSet::with_capacity(items.len());
    let mut values = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let value = member(item, attribute, rules, &place.index(at))?;
        if seen.insert(value) {
            values.push(value.to_owned());
        }
    }
    Ok(values)
}

fn member<'v>(
    item: &'v Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<&'v str, ScimError> {
    let value = match item {
        Value::Object(element) => {
            let mut value = &Value::Null;
            for (name, part) in element {
                if name.eq_ignore_ascii_case("value") {
                    value = part;
                } else if rules.unknown_attributes == UnknownAttributes::Reject
                    && attribute.sub(name).is_none()
                {
                    let unknown = "no schema defines this attribute";
                    return Err(place.name(name).error(ErrorType::InvalidSyntax, unknown));
                }
            }
            value
        }
        Value::String(_) if rules.bare_complex_value => item,
        other => return Err(mismatch("an object", other, place)),
    };
    match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::String(_) | Value::Null => {
            Err(place.name("value").error(ErrorType::InvalidValue, "a member needs a value"))
        }
        other => Err(mismatch("a string", other, &place.name("value"))),
    }
}
