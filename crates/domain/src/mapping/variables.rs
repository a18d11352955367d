//! The variables of an expression: each top-level attribute under a name that Python would take.

use rollcall_scim::Document;
use rollcall_scim::schema::{Attribute, ResolvedType};
use serde_json::Value;

/// Variables that every expression has; no attribute takes their place.
pub const ALWAYS: [&str; 4] = ["data", "properties", "source", "request"];

/// The variable of a top-level attribute: every character that Python does not take in a name is `_`.
///
/// `urn:scim:schemas:extension:enterprise:2.0` is `urn_scim_schemas_extension_enterprise_2_0`. A name that
/// begins with a digit gets `_` in front.
///
/// ```
/// use rollcall_domain::mapping::variables::variable_name;
///
/// assert_eq!(variable_name("userName"), "userName");
/// assert_eq!(variable_name("x-mfa.state"), "x_mfa_state");
/// assert_eq!(variable_name("2fa"), "_2fa");
/// ```
pub fn variable_name(attribute: &str) -> String {
    let mut name: String =
        attribute.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// The variables that a resource type promises, with what they are when the resource lacks the attribute:
/// `None`, `{}` for a complex attribute or an extension, `[]` for a multi-valued one.
pub fn declared(kind: &ResolvedType) -> Document {
    let attributes = kind.attributes().map(|attribute| (variable_name(&attribute.name), absent(attribute)));
    let extensions =
        kind.extensions.iter().map(|(schema, _)| (variable_name(&schema.id), Value::Object(Document::new())));
    attributes.chain(extensions).collect()
}

fn absent(attribute: &Attribute) -> Value {
    if attribute.multi_valued {
        Value::Array(Vec::new())
    } else if attribute.is_complex() {
        Value::Object(Document::new())
    } else {
        Value::Null
    }
}

/// The attribute of `data` behind a variable, where there is one: of several, the one named exactly so,
/// then the first.
pub fn attribute<'a>(data: &'a Document, variable: &str) -> Option<&'a Value> {
    if let Some(value) = data.get(variable) {
        return Some(value);
    }
    // A name that was changed has a `_` that was not there. This is asked for every name in an expression.
    variable
        .contains('_')
        .then(|| data.iter().find(|(name, _)| is_named(variable, name)))?
        .map(|(_, value)| value)
}

/// Whether [`variable_name`] of the attribute is this.
fn is_named(variable: &str, attribute: &str) -> bool {
    let begins_with_digit = attribute.starts_with(|c: char| c.is_ascii_digit());
    let rest = if begins_with_digit { variable.strip_prefix('_') } else { Some(variable) };
    let made = attribute.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    rest.is_some_and(|rest| rest.chars().eq(made))
}

#[cfg(test)]
mod tests {
    use rollcall_scim::schema::Registry;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_user_lacks_is_none_or_empty() {
        let registry = Registry::builtin().unwrap();
        let declared = declared(registry.type_named("User").unwrap());
        for (name, value) in [
            ("userName", json!(null)),
            ("name", json!({})),
            ("emails", json!([])),
            ("active", json!(null)),
            ("urn_ietf_params_scim_schemas_extension_enterprise_2_0_User", json!({})),
        ] {
            assert_eq!(declared.get(name), Some(&value), "{name}");
        }
    }

    #[test]
    fn the_exact_name_wins_over_one_that_is_made_the_same() {
        let data = json!({ "a-b": 1, "a.b": 2, "a_b": 3, "c-d": 4, "c.d": 5 });
        let data = data.as_object().unwrap();
        assert_eq!(attribute(data, "a_b"), Some(&json!(3)));
        assert_eq!(attribute(data, "c_d"), Some(&json!(4)));
        assert_eq!(attribute(data, "none"), None);
        for name in ["urn:x:2.0", "2fa", "a-b.c", "é", "plain", "_", "1"] {
            let data = json!({ (name): 1 });
            assert_eq!(attribute(data.as_object().unwrap(), &variable_name(name)), Some(&json!(1)), "{name}");
            assert_eq!(attribute(data.as_object().unwrap(), "other_name"), None);
        }
    }
}
