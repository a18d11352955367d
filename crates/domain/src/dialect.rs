//! Dialects: how the peers of a source bend the RFC, as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rollcall_scim::rules::Rules;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const DIALECTS: &str = include_str!("dialects.toml");

/// The dialect of a source whose operator named none.
pub const DEFAULT_DIALECT: &str = "generic";

/// What becomes of a member that names no resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// 400 `invalidValue`.
    Refuse,
    /// Kept until a resource of that id or `externalId` arrives.
    Pending,
}

/// One dialect: a table of switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialect {
    /// What it is for, in one line.
    pub description: String,
    /// The switches of parsing, validation and PATCH.
    pub rules: Rules,
    /// What becomes of a member that names no resource.
    pub unknown_members: UnknownMembers,
    /// A PATCH answers 204 instead of 200 with the resource.
    pub patch_no_content: bool,
    /// A second group of the same `displayName` is 409 `uniqueness`.
    pub unique_group_names: bool,
    /// ServiceProviderConfig says `interopProfileConformant: true`.
    pub interop_profile: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            description: String::new(),
            rules: Rules::default(),
            unknown_members: UnknownMembers::Refuse,
            patch_no_content: false,
            unique_group_names: false,
            interop_profile: false,
        }
    }
}

impl Dialect {
    /// The dialect with some switches set otherwise, each under its name: `unique_group_names`, `rules.path_keys`.
    ///
    /// # Errors
    ///
    /// A sentence that says which switch there is not, or which value does not fit.
    pub fn with(&self, switches: &Map<String, Value>) -> Result<Self, String> {
        if switches.is_empty() {
            return Ok(self.clone());
        }
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in switches {
            let place = match name.split_once('.') {
                Some(("rules", rule)) => all.pointer_mut("/rules").map(|rules| (rules, rule)),
                _ => Some((&mut all, name.as_str())),
            };
            let known = place.and_then(|(place, name)| place.get_mut(name));
            let known = known.filter(|known| !known.is_object() && name != "description");
            let Some(known) = known else {
                return Err(format!("switches: there is no switch {name:?}; docs/dialects.md names them"));
            };
            let before = std::mem::replace(known, value.clone());
            if let Err(error) = serde_json::from_value::<Self>(all.clone()) {
                return Err(format!("switches: {name} cannot be {value}: {error}; it is {before} now"));
            }
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

static ALL: LazyLock<BTreeMap<String, Dialect>> =
    LazyLock::new(|| toml::from_str(DIALECTS).unwrap_or_default());

/// Every dialect by name.
pub fn all() -> &'static BTreeMap<String, Dialect> {
    &ALL
}

/// The dialect of this name.
pub fn named(name: &str) -> Option<&'static Dialect> {
    ALL.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_set_by_their_names() {
        let generic = &all()[DEFAULT_DIALECT];
        let with = |switches: Value| generic.with(switches.as_object().unwrap());
        let set = with(serde_json::json!({
            "unique_group_names": true, "rules.complex_replace": "whole", "unknown_members": "pending",
        }));
        let mut expected = generic.clone();
        expected.unique_group_names = true;
        expected.rules.complex_replace = rollcall_scim::rules::ComplexReplace::Whole;
        expected.unknown_members = UnknownMembers::Pending;
        assert_eq!(set, Ok(expected));
        assert_eq!(with(serde_json::json!({})), Ok(generic.clone()));
        for (switches, error) in [
            (serde_json::json!({ "nonsense": true }), "there is no switch \"nonsense\""),
            (serde_json::json!({ "rules.nonsense": true }), "there is no switch"),
            (serde_json::json!({ "rules": {} }), "there is no switch"),
            (serde_json::json!({ "description": "x" }), "there is no switch"),
            (serde_json::json!({ "unique_group_names": "yes" }), "unique_group_names cannot be \"yes\""),
            (serde_json::json!({ "rules.complex_replace": "half" }), "rules.complex_replace cannot be"),
        ] {
            assert!(with(switches.clone()).is_err_and(|found| found.contains(error)), "{switches}");
        }
    }

    #[test]
    fn the_table_of_dialects_parses_and_generic_is_the_default() {
        let table: BTreeMap<String, Dialect> = toml::from_str(DIALECTS).unwrap();
        let generic =
            Dialect { description: table[DEFAULT_DIALECT].description.clone(), ..Dialect::default() };
        assert_eq!(table[DEFAULT_DIALECT], generic);
    }
}
