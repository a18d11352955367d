//! One value against its attribute definition: typed, in schema case, without what is unassigned.

use std::ptr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::merge;
use super::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::limits::{MAX_JSON_DEPTH, MAX_STRING_BYTES, MAX_VALUES};
use crate::rules::{Rules, UnknownAttributes};
use crate::schema::{Attribute, AttributeType, Mutability};
use crate::value::parse_instant;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Coerces a value to what `attribute` defines; `None` is unassigned (RFC 7643 §2.5).
///
/// Read-only sub-attributes are left out, write-only ones are checked and left out. Whether required
/// parts are there is not looked at: see [`super::whole`].
///
/// # Errors
///
/// `invalidValue` for another type, format or size; `invalidSyntax` for an attribute given twice, or
/// one that is not defined where the rules reject those.
pub(crate) fn value(
    sent: Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    if is_unassigned(&sent, rules) {
        return Ok(None);
    }
    match (attribute.multi_valued, sent) {
        (true, Value::Array(items)) => elements(items, attribute, rules, place),
        (true, item) if rules.bare_complex_value => elements(vec![item], attribute, rules, place),
        (true, other) => Err(mismatch("an array", &other, place)),
        (false, Value::Array(mut items))
            if attribute.is_complex() && rules.bare_complex_value && items.len() == 1 =>
        {
            single(items.pop().unwrap_or_default(), attribute, rules, place)
        }
        (false, other) => single(other, attribute, rules, place),
    }
}

/// Coerces one value, or one element of a multi-valued attribute; `None` when nothing is assigned.
pub(crate) fn single(
    sent: Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    if is_unassigned(&sent, rules) {
        return Ok(None);
    }
    if attribute.is_complex() {
        let object = match sent {
            Value::Object(object) => object,
            Value::String(text) if rules.bare_complex_value && attribute.sub("value").is_some() => {
                if text.is_empty() {
                    return Ok(None);
                }
                Document::from_iter([("value".to_owned(), Value::String(text))])
            }
            other => return Err(mismatch("an object", &other, place)),
        };
        let object = fields(object, &attribute.sub_attributes, rules, place)?;
        return Ok((!object.is_empty()).then_some(Value::Object(object)));
    }
    scalar(sent, attribute.kind, rules, place).map(Some)
}

/// Coerces the attributes of an object: a complex value, or an extension.
pub(crate) fn fields(
    sent: Document,
    attributes: &[Attribute],
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Document, ScimError> {
    let mut document = Document::with_capacity(sent.len());
    let mut seen = Seen::default();
    for (key, sent) in sent {
        let found = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(&key));
        let Some(attribute) = found else {
            seen.unknown(&key, rules, place)?;
            keep_raw(&mut document, key, sent, place)?;
            continue;
        };
        seen.known(attribute, place)?;
        if let Some(value) = writable(sent, attribute, rules, place)? {
            insert(&mut document, key, attribute, value);
        }
    }
    Ok(document)
}

/// The value of an attribute as it is to be stored; `None` also when it is read-only or write-only.
pub(crate) fn writable(
    sent: Value,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(None);
    }
    let value = value(sent, attribute, rules, &place.name(&attribute.name))?;
    Ok(value.filter(|_| attribute.mutability != Mutability::WriteOnly))
}

/// Inserts under the name in schema case, taking over the key where it has that already.
pub(crate) fn insert(document: &mut Document, key: String, attribute: &Attribute, value: Value) {
    let key = if key == attribute.name { key } else { attribute.name.clone() };
    document.insert(key, value);
}

/// Keeps an attribute that no schema defines as it was sent, unless it is `null`.
pub(crate) fn keep_raw(
    document: &mut Document,
    key: String,
    sent: Value,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    check_raw(&sent, 0, &place.name(&key))?;
    if !sent.is_null() {
        document.insert(key, sent);
    }
    Ok(())
}

/// What an object has named so far.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    known: Vec<&'a Attribute>,
    unknown: std::collections::HashSet<String>,
}

impl<'a> Seen<'a> {
    /// Notes a defined attribute; an error when it was there already, in whatever case.
    pub(crate) fn known(&mut self, attribute: &'a Attribute, place: &Place<'_>) -> Result<(), ScimError> {
        if self.known.iter().any(|seen| ptr::eq(*seen, attribute)) {
            return Err(twice(&attribute.name, place));
        }
        self.known.push(attribute);
        Ok(())
    }

    /// The same for one that no schema defines, which the rules may reject.
    pub(crate) fn unknown(&mut self, key: &str, rules: &Rules, place: &Place<'_>) -> Result<(), ScimError> {
        if rules.unknown_attributes == UnknownAttributes::Reject {
            return Err(place.name(key).error(ErrorType::InvalidSyntax, "no schema defines this attribute"));
        }
        if !self.unknown.insert(key.to_ascii_lowercase()) {
            return Err(twice(key, place));
        }
        Ok(())
    }

    /// Whether this attribute was named.
    pub(crate) fn has(&self, attribute: &Attribute) -> bool {
        self.known.iter().any(|seen| ptr::eq(*seen, attribute))
    }
}

/// Whether the value means that there is none (RFC 7643 §2.5).
pub(crate) fn is_unassigned(value: &Value, rules: &Rules) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => rules.empty_string_removes && text.is_empty(),
        _ => false,
    }
}

fn elements(
    items: Vec<Value>,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    if items.len() > MAX_VALUES {
        let many = format!("expected at most {MAX_VALUES} values, found {}", items.len());
        return Err(place.error(ErrorType::InvalidValue, many));
    }
    let mut values = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        values.extend(single(item, attribute, rules, &place.index(at))?);
    }
    merge::duplicates(&mut values, attribute);
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

fn scalar(sent: Value, kind: AttributeType, rules: &Rules, place: &Place<'_>) -> Result<Value, ScimError> {
    match (kind, sent) {
        (AttributeType::Boolean, Value::Bool(flag)) => Ok(Value::Bool(flag)),
        (AttributeType::Boolean, Value::String(text)) if rules.string_booleans => {
            boolean(&text).map(Value::Bool).ok_or_else(|| {
                place.error(ErrorType::InvalidValue, "expected true or false, found another string")
            })
        }
        (AttributeType::Decimal, Value::Number(number)) => {
            finite(&number, place)?;
            Ok(Value::Number(number))
        }
        (AttributeType::Integer, Value::Number(number)) => integer(&number)
            .map(Value::from)
            .ok_or_else(|| place.error(ErrorType::InvalidValue, "expected a whole number of 64 bits")),
        (
            AttributeType::String
            | AttributeType::Reference
            | AttributeType::DateTime
            | AttributeType::Binary,
            Value::String(text),
        ) => self::text(text, kind, place).map(Value::String),
        (_, other) => Err(mismatch(expected(kind), &other, place)),
    }
}

fn text(text: String, kind: AttributeType, place: &Place<'_>) -> Result<String, ScimError> {
    let fault = if text.len() > MAX_STRING_BYTES {
        "the string is too long"
    } else if kind == AttributeType::DateTime && parse_instant(&text).is_none() {
        "expected a date and time such as 2026-01-31T12:00:00Z"
    } else if kind == AttributeType::Binary && !is_base64(&text) {
        "expected base64"
    } else {
        return Ok(text);
    };
    Err(place.error(ErrorType::InvalidValue, fault))
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// A whole number: `3`, and `3.0` within the range in which every whole number has a double.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the fraction is zero")]
fn integer(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|_| number.is_f64())?;
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    })
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok() || URL_SAFE.decode(text).is_ok()
}

/// A number that others can read: JSON's grammar has no bounds, and our parser keeps its text.
fn finite(number: &serde_json::Number, place: &Place<'_>) -> Result<(), ScimError> {
    if number.as_f64().is_some_and(f64::is_finite) {
        return Ok(());
    }
    Err(place.error(ErrorType::InvalidValue, "the number is out of range"))
}

fn check_raw(value: &Value, depth: usize, place: &Place<'_>) -> Result<(), ScimError> {
    if depth > MAX_JSON_DEPTH {
        return Err(place.error(ErrorType::InvalidSyntax, "the value nests too deep"));
    }
    match value {
        Value::String(text) if text.len() > MAX_STRING_BYTES => {
            Err(place.error(ErrorType::InvalidValue, "the string is too long"))
        }
        Value::Number(number) => finite(number, place),
        Value::Array(items) => items.iter().try_for_each(|item| check_raw(item, depth + 1, place)),
        Value::Object(object) => object.values().try_for_each(|item| check_raw(item, depth + 1, place)),
        _ => Ok(()),
    }
}

fn twice(name: &str, place: &Place<'_>) -> ScimError {
    place.name(name).error(ErrorType::InvalidSyntax, "the attribute is there twice")
}

/// "expected a string, found a number".
pub(crate) fn mismatch(expected: &str, found: &Value, place: &Place<'_>) -> ScimError {
    place.error(ErrorType::InvalidValue, format_args!("expected {expected}, found {}", describe(found)))
}

fn expected(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String | AttributeType::Reference => "a string",
        AttributeType::Boolean => "true or false",
        AttributeType::Decimal => "a number",
        AttributeType::Integer => "a whole number",
        AttributeType::DateTime => "a date and time as a string",
        AttributeType::Binary => "base64 as a string",
        AttributeType::Complex => "an object",
    }
}

/// What a JSON value is, with its article.
pub(crate) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
