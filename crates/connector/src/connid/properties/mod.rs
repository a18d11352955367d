//! The properties of ConnId's SCIM bundle, as a profile and credentials.
//!
//! Every property of the bundle and the older names of its documentation are read, from a `.properties` file, a
//! JSON object, or a list as Apache Syncope keeps it. What a property says is done; where the bundle itself
//! does something else, `docs/connector.md` says so.

mod given;
mod profile;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use self::given::Given;
use super::java;
use crate::profile::{Profile, ProfileError};
use crate::secret::Credentials;

/// What stands in a properties file, ready for use.
#[derive(Debug, Clone)]
pub struct Properties {
    /// The application.
    pub profile: Profile,
    /// What opens it.
    pub credentials: Credentials,
    /// How objects are seen.
    pub settings: Settings,
}

/// How objects are seen under ConnId's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `urn:…:User:department` when true, `urn:…:User.department` otherwise.
    pub colon: bool,
    /// The `type` of values that have none: e-mails, phone numbers and kin.
    pub generic_type: Option<String>,
    /// The `type` of addresses that have none.
    pub addresses_type: Option<String>,
    /// `entitlements` are ids.
    pub entitlement_ids: bool,
    /// Schemas beside those of RFC 7643 (`customAttributesJSON`).
    pub custom: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { colon: true, generic_type: None, addresses_type: None, entitlement_ids: false, custom: None }
    }
}

/// Every property: its name, the values that it takes, and which are secret.
///
/// The last three are not the bundle's: `updateMethod` is the older name of `updateUserMethod`,
/// `connectorName` tells which of its two connectors is meant, `scimVersion` is ours.
const PROPERTIES: &[(&str, Takes)] = &[
    ("baseAddress", Takes::Text),
    ("accept", Takes::Text),
    ("contentType", Takes::Text),
    ("username", Takes::Text),
    ("password", Takes::Text),
    ("bearerToken", Takes::Text),
    ("clientId", Takes::Text),
    ("clientSecret", Takes::Text),
    ("customAttributesJSON", Takes::Text),
    ("updateUserMethod", Takes::One(METHODS)),
    ("updateGroupMethod", Takes::One(METHODS)),
    ("explicitGroupAddOnCreate", Takes::Flag),
    ("replaceMembersOnUpdate", Takes::Flag),
    ("accessTokenNodeId", Takes::Text),
    ("accessTokenBaseAddress", Takes::Text),
    ("accessTokenContentType", Takes::Text),
    ("accessTokenAccept", Takes::Text),
    ("addressesType", Takes::Text),
    ("genericComplexType", Takes::Text),
    ("manageComplexEntitlements", Takes::Flag),
    ("scimProvider", Takes::One(&["STANDARD", "SALESFORCE", "WSO2", "AWS", "KEYCLOAK", "EGNYTE"])),
    ("proxyServerType", Takes::One(&["HTTP", "SOCKS"])),
    ("proxyServerHost", Takes::Text),
    ("proxyServerPort", Takes::Number),
    ("proxyServerUser", Takes::Text),
    ("proxyServerPassword", Takes::Text),
    ("followHttpRedirects", Takes::Flag),
    ("requestAttributesOnSearch", Takes::Flag),
    ("useColonOnExtensionAttributes", Takes::Flag),
    ("authHttpHeaderName", Takes::Text),
    ("authHttpHeaderValue", Takes::Text),
    ("enableURLPathEncoding", Takes::Flag),
    ("enableMemberRemovalByPath", Takes::Flag),
    ("updateMethod", Takes::One(METHODS)),
    ("connectorName", Takes::Text),
    ("scimVersion", Takes::One(&["1.1", "2.0"])),
];

const METHODS: &[&str] = &["PUT", "PATCH"];

/// What a property takes. Names of choices match in any case.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Text,
    Flag,
    Number,
    One(&'static [&'static str]),
}

impl Takes {
    /// Why a value does not do.
    fn complaint(self, value: &str) -> Option<String> {
        let one_of = |choices: &[&str]| {
            let is_one = choices.iter().any(|choice| choice.eq_ignore_ascii_case(value));
            (!is_one).then(|| format!("is {value:?}, but must be {}", choices.join(" or ")))
        };
        match self {
            Self::Text => None,
            Self::Flag => one_of(&["true", "false"]),
            Self::Number => {
                value.parse::<u16>().is_err().then(|| format!("is {value:?}, but must be a port, 1 to 65535"))
            }
            Self::One(choices) => one_of(choices),
        }
    }
}

/// All names of properties, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|(name, _)| *name)
}

/// Reads properties. `origin` is what messages call the text; `variables` gives what `${NAME}` in a value
/// stands for.
///
/// # Errors
///
/// [`ProfileError::Faults`]: all that is wrong, each with its line and property.
pub fn read(
    text: &str,
    origin: &str,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Properties, ProfileError> {
    let mut given = Given { origin, values: BTreeMap::new(), faults: Vec::new() };
    let pairs = if text.trim_start().starts_with(['{', '[']) {
        match json(text) {
            Ok(pairs) => pairs,
            Err((line, reason)) => {
                given.fault(line, "", reason);
                Vec::new()
            }
        }
    } else {
        java::read(text)
    };
    for found in pairs {
        given.take(&found.name, &found.value, found.line, variables);
    }
    if given.faults.is_empty() {
        given.check();
    }
    if !given.faults.is_empty() {
        return Err(ProfileError::Faults(given.faults));
    }
    given.properties()
}

/// Name, value and line of each property of a JSON text: of an object, or of the list that Apache Syncope keeps
/// (`[{"schema": {"name": …}, "values": […]}]`, also under `conf`).
fn json(text: &str) -> Result<Vec<java::Property>, (usize, String)> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| (error.line(), format!("not JSON: {error}")))?;
    let line = |name: &str| {
        let quoted = format!("\"{name}\"");
        text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
    };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let property = |name: &str, value: &Value| java::Property {
        name: name.to_owned(),
        value: plain(value),
        line: line(name),
    };
    let value = value.get("conf").cloned().unwrap_or(value);
    Ok(match value {
        Value::Object(object) => object.iter().map(|(name, value)| property(name, value)).collect(),
        Value::Array(items) => {
            let pair = |item: &Value| {
                let name = item.pointer("/schema/name").or(item.get("name"))?.as_str()?;
                Some(property(name, item.pointer("/values/0").unwrap_or(&Value::Null)))
            };
            items.iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    })
}
