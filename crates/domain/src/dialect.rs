//! Dialects: how the peers of a source bend the RFC, as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rollcall_scim::rules::Rules;
use serde::{Deserialize, Serialize};

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
    fn the_table_of_dialects_parses_and_generic_is_the_default() {
        let table: BTreeMap<String, Dialect> = toml::from_str(DIALECTS).unwrap();
        let generic =
            Dialect { description: table[DEFAULT_DIALECT].description.clone(), ..Dialect::default() };
        assert_eq!(table[DEFAULT_DIALECT], generic);
    }
}
