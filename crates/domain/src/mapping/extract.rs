//! Extraction: from a resource to a profile, by paths, with a note of where each field came from.

use rollcall_scim::Document;
use rollcall_scim::schema::ResolvedType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::keys::{KEYS, Key, Kind};
use super::path::{Found, MappingPath, primary};
use super::profile::{GroupProfile, Profile, boolean_of, text_of, texts_of};
use super::{MappingError, MappingSettings};

/// A mapping made ready for one resource type.
#[derive(Debug, Clone, PartialEq)]
pub struct Extractor {
    /// The keys with their paths: first the one configured, where there is one, then the built-in one.
    fields: Vec<(&'static Key, Vec<MappingPath>)>,
    extra: Vec<(String, MappingPath)>,
    user_name: MappingPath,
}

/// Where one field of a profile came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldTrace {
    /// The field: a mapping key, or `attributes.` and the name of an extra field.
    pub field: String,
    /// The path that found it, or those that were tried.
    pub path: String,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why something that was found was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A profile, and where each field came from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extraction {
    /// What was found.
    pub profile: Profile,
    /// One entry a field, in the order of the keys.
    pub fields: Vec<FieldTrace>,
}

impl Extractor {
    /// Makes a mapping ready.
    ///
    /// # Errors
    ///
    /// Every path that cannot be used, with its key.
    pub fn new(settings: &MappingSettings, kind: &ResolvedType) -> Result<Self, Vec<MappingError>> {
        let mut errors = Vec::new();
        let mut parse = |key: String, path: &str| match MappingPath::parse(path, kind) {
            Ok(path) => Some(path),
            Err(reason) => {
                errors.push(MappingError::Path { key, reason });
                None
            }
        };
        let mut fields = Vec::new();
        for key in KEYS {
            let configured = settings.profile.mapping.get(key.name);
            let configured = configured.and_then(|path| parse(format!("mapping.{}", key.name), path));
            let usual = parse(format!("mapping.{}", key.name), key.default);
            fields.push((key, configured.into_iter().chain(usual).collect()));
        }
        let mut extra = Vec::new();
        for (name, path) in &settings.profile.extra_fields {
            extra.extend(parse(format!("extraFields.{name}"), path).map(|path| (name.clone(), path)));
        }
        let user_name = parse("userName".to_owned(), "userName");
        match user_name {
            Some(user_name) if errors.is_empty() => Ok(Self { fields, extra, user_name }),
            _ => Err(errors),
        }
    }

    /// Reads a whole resource; what of it is not there is not in the profile.
    pub fn extract(&self, document: &Document) -> Extraction {
        let mut extraction = Extraction::default();
        for (key, paths) in &self.fields {
            let (value, trace) = read_field(key, paths, document);
            if let Some(value) = value {
                set(&mut extraction.profile, key.name, &value);
            }
            extraction.fields.push(trace);
        }
        extraction.profile.user_name =
            self.user_name.find(document).and_then(|found| text_of(found.values.first()?));
        for (name, path) in &self.extra {
            let found = path.find(document);
            let value = found.as_ref().map(|found| one_or_all(&found.values));
            extraction.fields.push(FieldTrace {
                field: format!("attributes.{name}"),
                path: found.map_or_else(|| path.to_string(), |found| found.path.to_owned()),
                value: value.clone(),
                note: None,
            });
            if let Some(value) = value {
                extraction.profile.attributes.insert(name.clone(), value);
            }
        }
        extraction
    }
}

/// Reads a group: its `externalId` and `displayName`.
pub fn extract_group(document: &Document) -> GroupProfile {
    let text = |name: &str| document.get(name).and_then(text_of).filter(|text| !text.is_empty());
    GroupProfile { external_id: text("externalId"), name: text("displayName"), attributes: Document::new() }
}

fn one_or_all(values: &[Value]) -> Value {
    match values {
        [value] => value.clone(),
        values => Value::Array(values.to_vec()),
    }
}

/// The first thing found that the field can take.
fn read_field(key: &Key, paths: &[MappingPath], document: &Document) -> (Option<Value>, FieldTrace) {
    let mut refused = None;
    for alternative in paths.iter().flat_map(MappingPath::alternatives) {
        let Some(found) = alternative(document) else { continue };
        match take(key.kind, &found) {
            Ok(value) => {
                let trace = trace(key, found.path, Some(value.clone()), refused);
                return (Some(value), trace);
            }
            Err(note) => refused = refused.or(Some(format!("{}: {note}", found.path))),
        }
    }
    let tried: Vec<String> = paths.iter().map(ToString::to_string).collect();
    (None, trace(key, &tried.join(" | "), None, refused))
}

fn trace(key: &Key, path: &str, value: Option<Value>, note: Option<String>) -> FieldTrace {
    FieldTrace { field: key.name.to_owned(), path: path.to_owned(), value, note }
}

/// The values as the field takes them, or why it does not.
fn take(kind: Kind, found: &Found<'_>) -> Result<Value, String> {
    let elements: Vec<&Value> = found.values.iter().collect();
    let first = primary(&elements).unwrap_or(&Value::Null);
    let single = first.get("value").unwrap_or(first);
    match kind {
        Kind::Text => text_of(single).map(Value::String).ok_or_else(|| format!("{single} is no text")),
        Kind::Email => match text_of(single) {
            Some(text) if is_address(&text) => Ok(Value::String(text)),
            Some(_) | None => Err("not an e-mail address".to_owned()),
        },
        Kind::Boolean => {
            boolean_of(single).map(Value::Bool).ok_or_else(|| format!("{single} is neither true nor false"))
        }
        Kind::Texts => {
            let texts = texts_of(&Value::Array(found.values.clone())).ok_or("not a list of texts")?;
            Ok(Value::Array(texts.into_iter().map(Value::String).collect()))
        }
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

fn set(profile: &mut Profile, field: &str, value: &Value) {
    let text = || text_of(value);
    match field {
        "subject" => profile.subject = text(),
        "externalId" => profile.external_id = text(),
        "email" => profile.email = text(),
        "firstName" => profile.first_name = text(),
        "lastName" => profile.last_name = text(),
        "name" => profile.name = text(),
        "phone" => profile.phone = text(),
        "active" => profile.active = value.as_bool(),
        "groups" => profile.groups = texts_of(value).unwrap_or_default(),
        "roles" => profile.roles = texts_of(value).unwrap_or_default(),
        _ => {}
    }
}
