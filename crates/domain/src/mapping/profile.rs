//! The normalised profile: what a source says of a person, in the same few fields whatever the provider sends.

use rollcall_scim::Document;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a source says of a person. Absent fields say nothing: they are not 'empty'.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Profile {
    /// Who it is for sign-in protocols: OpenID Connect `sub`, SAML `NameID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The provider's own key of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The `userName` of the resource; no path maps to it, an expression may set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// One address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// One telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether the person may sign in; `None` when the source does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Groups the person is in, each by the id that role mapping knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Roles the person has at the provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Extra fields.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub attributes: Document,
}

/// What a source says of a group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GroupProfile {
    /// The provider's own key of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name to show. Never a key: it may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Extra fields.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub attributes: Document,
}

/// Names that an expression may use for a field, beside the field's own.
const ALIASES: &[(&str, &str)] = &[
    ("username", "userName"),
    ("is_active", "active"),
    ("external_id", "externalId"),
    ("displayName", "name"),
    ("first_name", "firstName"),
    ("last_name", "lastName"),
];

/// A field that an expression returned and the profile cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(String);

impl Profile {
    /// The fields by name, as expressions see them in `properties`; absent ones are left out.
    pub fn to_properties(&self) -> Document {
        document(self)
    }

    /// The profile that these properties are: `username` means `userName` and `is_active` means `active`,
    /// `null` means absent, `"True"` and kin are booleans, numbers are taken for text.
    ///
    /// # Errors
    ///
    /// A sentence that names the field and what it takes.
    pub fn from_properties(properties: Document) -> Result<Self, ProfileError> {
        read(properties, USER_FIELDS)
    }

    /// The text field of this name.
    pub fn text(&self, field: &str) -> Option<&str> {
        match field {
            "subject" => &self.subject,
            "externalId" => &self.external_id,
            "userName" => &self.user_name,
            "email" => &self.email,
            "firstName" => &self.first_name,
            "lastName" => &self.last_name,
            "name" => &self.name,
            "phone" => &self.phone,
            _ => &None,
        }
        .as_deref()
    }
}

impl GroupProfile {
    /// The fields by name, as expressions see them in `properties`.
    pub fn to_properties(&self) -> Document {
        document(self)
    }

    /// The profile that these properties are, as [`Profile::from_properties`].
    ///
    /// # Errors
    ///
    /// A sentence that names the field and what it takes.
    pub fn from_properties(properties: Document) -> Result<Self, ProfileError> {
        read(properties, GROUP_FIELDS)
    }
}

/// What a field takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Boolean,
    Texts,
    Object,
}

const USER_FIELDS: &[(&str, Takes)] = &[
    ("subject", Takes::Text),
    ("externalId", Takes::Text),
    ("userName", Takes::Text),
    ("email", Takes::Text),
    ("firstName", Takes::Text),
    ("lastName", Takes::Text),
    ("name", Takes::Text),
    ("phone", Takes::Text),
    ("active", Takes::Boolean),
    ("groups", Takes::Texts),
    ("roles", Takes::Texts),
    ("attributes", Takes::Object),
];
const GROUP_FIELDS: &[(&str, Takes)] =
    &[("externalId", Takes::Text), ("name", Takes::Text), ("attributes", Takes::Object)];

fn document(profile: &impl Serialize) -> Document {
    match serde_json::to_value(profile) {
        Ok(Value::Object(fields)) => fields,
        _ => Document::new(),
    }
}

fn read<T: serde::de::DeserializeOwned>(
    properties: Document,
    fields: &[(&str, Takes)],
) -> Result<T, ProfileError> {
    let mut taken = Document::new();
    for (name, value) in properties.into_iter().filter(|(_, value)| !value.is_null()) {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(&*name, |(_, field)| field);
        let Some((_, kind)) = fields.iter().find(|(field, _)| *field == name) else {
            let known: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
            return Err(ProfileError(format!(
                "{name} is not a field of the profile; there are {}; put other things under attributes",
                known.join(", ")
            )));
        };
        if let Some(value) = fit(name, *kind, value)? {
            taken.insert(name.to_owned(), value);
        }
    }
    serde_json::from_value(Value::Object(taken)).map_err(|error| ProfileError(error.to_string()))
}

/// The value as the field takes it; `None` for empty text, which says nothing.
fn fit(name: &str, takes: Takes, value: Value) -> Result<Option<Value>, ProfileError> {
    let refuse = |what: &str, value: &Value| Err(ProfileError(format!("{name} takes {what}, not {value}")));
    Ok(match takes {
        Takes::Text => match text_of(&value) {
            Some(text) if text.is_empty() => None,
            Some(text) => Some(Value::String(text)),
            None => return refuse("text", &value),
        },
        Takes::Boolean => match boolean_of(&value) {
            Some(value) => Some(Value::Bool(value)),
            None => return refuse("true or false", &value),
        },
        Takes::Texts => match texts_of(&value) {
            Some(texts) => Some(Value::Array(texts.into_iter().map(Value::String).collect())),
            None => return refuse("a list of texts", &value),
        },
        Takes::Object if value.is_object() => Some(value),
        Takes::Object => return refuse("an object", &value),
    })
}

/// Text, or a number as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A boolean, or `"True"`, `"false"` and kin, which Entra ID sends.
pub(super) fn boolean_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Texts, or objects by their `value`, each once and in order; a single one is a list of one.
pub(super) fn texts_of(value: &Value) -> Option<Vec<String>> {
    let values = match value {
        Value::Array(values) => values.iter().collect(),
        single => vec![single],
    };
    let mut texts: Vec<String> = Vec::new();
    for value in values {
        let text = text_of(value.get("value").unwrap_or(value))?;
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Some(texts)
}
