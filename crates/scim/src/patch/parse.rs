//! From the JSON of a PATCH request to its operations.

use serde_json::Value;

use super::{Operation, PATCH_OP, Verb};
use crate::error::{ErrorType, ScimError};
use crate::filter::parse_value_path;
use crate::limits::MAX_PATCH_OPERATIONS;
use crate::rules::Rules;
use crate::validate::coerce::describe;

/// Reads the body. Names of members match in any case (RFC 7643 §2.1).
pub(super) fn body(body: Value, rules: &Rules) -> Result<Vec<Operation>, ScimError> {
    let Value::Object(body) = body else {
        let found = describe(&body);
        return Err(ScimError::invalid_syntax(format!("the body must be an object, found {found}")));
    };
    let mut schemas = None;
    let mut operations = None;
    for (key, value) in body {
        if key.eq_ignore_ascii_case("schemas") {
            schemas = Some(value);
        } else if key.eq_ignore_ascii_case("Operations") {
            operations = Some(value);
        }
    }
    check_schemas(schemas.as_ref(), rules)?;
    let items = match operations {
        Some(Value::Array(items)) if !items.is_empty() => items,
        _ => return Err(syntax("Operations: expected an array of one or more operations")),
    };
    if items.len() > MAX_PATCH_OPERATIONS {
        let many = format!("Operations: at most {MAX_PATCH_OPERATIONS} are taken, found {}", items.len());
        return Err(ScimError::too_large(many));
    }
    let operation = |(at, item)| {
        operation(item, rules).map_err(|Fault(kind, member, what)| {
            ScimError::new(kind, format!("Operations[{at}]{member}: {what}"))
        })
    };
    items.into_iter().enumerate().map(operation).collect()
}

fn check_schemas(sent: Option<&Value>, rules: &Rules) -> Result<(), ScimError> {
    let is_patch_op = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP));
    match sent {
        Some(Value::Array(items)) if items.iter().any(is_patch_op) => Ok(()),
        Some(Value::Array(items)) if items.is_empty() && rules.missing_schemas => Ok(()),
        Some(Value::Null) | None if rules.missing_schemas => Ok(()),
        Some(text) if rules.missing_schemas && is_patch_op(text) => Ok(()),
        _ => Err(syntax(&format!("schemas: must contain {PATCH_OP}"))),
    }
}

/// What is wrong with an operation: the kind, which member (`.path`, or none), and the words.
struct Fault(ErrorType, &'static str, String);

fn operation(item: Value, rules: &Rules) -> Result<Operation, Fault> {
    let Value::Object(item) = item else {
        let what = format!("expected an object, found {}", describe(&item));
        return Err(Fault(ErrorType::InvalidSyntax, "", what));
    };
    let (mut op, mut path, mut value) = (Value::Null, Value::Null, None);
    for (key, member) in item {
        if key.eq_ignore_ascii_case("op") {
            op = member;
        } else if key.eq_ignore_ascii_case("path") {
            path = member;
        } else if key.eq_ignore_ascii_case("value") {
            value = Some(member);
        }
    }
    let verb = op.as_str().and_then(|op| verb(op, rules)).ok_or_else(|| {
        Fault(ErrorType::InvalidSyntax, ".op", "expected add, remove or replace".to_owned())
    })?;
    let path = match path {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(
            parse_value_path(&text)
                .map_err(|error| Fault(ErrorType::InvalidPath, ".path", error.to_string()))?,
        ),
        other => {
            let what = format!("expected a string, found {}", describe(&other));
            return Err(Fault(ErrorType::InvalidPath, ".path", what));
        }
    };
    let operation = Operation { verb, path, value };
    check(&operation, rules)?;
    Ok(operation)
}

/// What the verb asks of path and value.
fn check(operation: &Operation, rules: &Rules) -> Result<(), Fault> {
    let fault = |kind, member, what: &str| Err(Fault(kind, member, what.to_owned()));
    let has_path = operation.path.is_some();
    match (operation.verb, &operation.value) {
        _ if !has_path && !rules.pathless_patch => {
            fault(ErrorType::InvalidSyntax, ".path", "a path is required")
        }
        (Verb::Remove, _) if !has_path => fault(ErrorType::NoTarget, ".path", "remove needs a path"),
        (Verb::Remove, Some(value)) if !value.is_null() && !rules.remove_with_value => {
            fault(ErrorType::InvalidSyntax, ".value", "remove takes no value: select values with a filter")
        }
        (Verb::Remove, _) => Ok(()),
        (_, None) => fault(ErrorType::InvalidValue, ".value", "a value is required"),
        (_, Some(value)) if !has_path && !value.is_object() => {
            let what = format!("without a path, expected an object, found {}", describe(value));
            fault(ErrorType::InvalidValue, ".value", &what)
        }
        _ => Ok(()),
    }
}

fn verb(op: &str, rules: &Rules) -> Option<Verb> {
    let names = [("add", Verb::Add), ("remove", Verb::Remove), ("replace", Verb::Replace)];
    let is_it = |name: &str| op == name || rules.op_any_case && op.eq_ignore_ascii_case(name);
    names.into_iter().find(|(name, _)| is_it(name)).map(|(_, verb)| verb)
}

fn syntax(detail: &str) -> ScimError {
    ScimError::invalid_syntax(detail)
}
