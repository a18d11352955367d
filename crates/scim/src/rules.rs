//! How far a peer may bend the RFC: the switches that parsing, validation and PATCH read.
//!
//! A dialect (`rollcall-domain`) is a named set of these. The default is `generic`: RFC-exact, and
//! tolerant of what does no harm. Each field is one switch, documented in `docs/dialects.md`.

use serde::{Deserialize, Serialize};

/// What becomes of an attribute or schema URI that no schema defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownAttributes {
    /// Stored and returned as sent.
    Keep,
    /// 400 `invalidSyntax` (interoperability profile §5.3).
    Reject,
}

/// What `replace` of a whole complex attribute does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplexReplace {
    /// Sets the sub-attributes sent and keeps the others (RFC 7644 §3.5.2.3).
    Merge,
    /// Replaces the whole value (interoperability profile §6.5.2.1).
    Whole,
}

/// The switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a table of switches is what this is")]
pub struct Rules {
    /// What becomes of attributes that no schema defines.
    pub unknown_attributes: UnknownAttributes,
    /// What `replace` of a whole complex attribute does.
    pub complex_replace: ComplexReplace,
    /// `"True"`, `"false"` and kin are booleans where the schema says boolean.
    pub string_booleans: bool,
    /// A body without `schemas` is taken as that of the endpoint, or as a `PatchOp`.
    pub missing_schemas: bool,
    /// PATCH `op` in any case (`Add`, `REPLACE`).
    pub op_any_case: bool,
    /// PATCH operations without `path`, whose value is an object of paths.
    pub pathless_patch: bool,
    /// Keys of a body, or of a path-less value, may be dotted or URN-qualified paths (`name.givenName`).
    pub path_keys: bool,
    /// `remove` of a multi-valued attribute with values removes those only; when off, 400 `invalidSyntax`.
    pub remove_with_value: bool,
    /// A bare string where a complex value is wanted means its `value`, a one-element array its element,
    /// and a single value where an array is wanted an array of one.
    pub bare_complex_value: bool,
    /// `replace` on a value path that matches nothing creates the element instead of 400 `noTarget`.
    pub create_on_replace_miss: bool,
    /// `""` is no value: it removes the attribute in PATCH, and is left out of a body.
    pub empty_string_removes: bool,
    /// A PATCH path that names a read-only attribute is ignored instead of 400 `mutability`.
    pub ignore_read_only_patch: bool,
    /// A value path must end in a sub-attribute, and match one element (interoperability profile §6.5).
    /// `remove` of `members[…]` is excepted (ours): there is no other way to remove one member.
    pub value_path_needs_sub_attribute: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            unknown_attributes: UnknownAttributes::Keep,
            complex_replace: ComplexReplace::Merge,
            string_booleans: true,
            missing_schemas: true,
            op_any_case: true,
            pathless_patch: true,
            path_keys: true,
            remove_with_value: true,
            bare_complex_value: true,
            create_on_replace_miss: false,
            empty_string_removes: false,
            ignore_read_only_patch: false,
            value_path_needs_sub_attribute: false,
        }
    }
}
