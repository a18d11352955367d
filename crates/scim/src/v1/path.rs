//! Attribute paths in the words of 1.1, and back: `urn:…:enterprise:1.0:manager.managerId`.

use super::{ENTERPRISE, decode_urn, encode_urn, is_core};
use crate::path::AttributePath;
use crate::schema::{ENTERPRISE_USER, GROUP, USER};

/// The path as a 1.1 peer reads it: core attributes without URN, the manager's `value` as `managerId`.
///
/// ```
/// use rollcall_scim::{path::AttributePath, v1};
///
/// let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value".parse()?;
/// assert_eq!(v1::path::encode(&path).to_string(), "urn:scim:schemas:extension:enterprise:1.0:manager.managerId");
/// # Ok::<(), rollcall_scim::path::PathError>(())
/// ```
pub fn encode(path: &AttributePath) -> AttributePath {
    if path.to_string().eq_ignore_ascii_case(ENTERPRISE_USER) {
        return whole(ENTERPRISE);
    }
    let is_core = |urn: &str| [USER, GROUP].iter().any(|core| urn.eq_ignore_ascii_case(core));
    let urn = path.urn.as_deref().filter(|urn| !is_core(urn)).map(|urn| encode_urn(urn).to_owned());
    let sub = renamed(path, urn.as_deref() == Some(ENTERPRISE), "value", "managerId");
    AttributePath { urn, name: path.name.clone(), sub }
}

/// The path in the words of 2.0; the core URN, of whichever form, is left out.
pub fn decode(path: &AttributePath) -> AttributePath {
    if path.to_string().eq_ignore_ascii_case(ENTERPRISE) {
        return whole(ENTERPRISE_USER);
    }
    let urn = path.urn.as_deref().filter(|urn| !is_core(urn)).map(|urn| decode_urn(urn).to_owned());
    let sub = renamed(path, urn.as_deref() == Some(ENTERPRISE_USER), "managerId", "value");
    AttributePath { urn, name: path.name.clone(), sub }
}

/// The sub-attribute, under its other name when it is the manager's id.
fn renamed(path: &AttributePath, is_enterprise: bool, from: &str, to: &str) -> Option<String> {
    let is_manager = is_enterprise && path.name.eq_ignore_ascii_case("manager");
    let sub = path.sub.as_deref()?;
    Some(if is_manager && sub.eq_ignore_ascii_case(from) { to } else { sub }.to_owned())
}

/// A path that is a schema's URN. Its last part is read like a name: `…:enterprise`, `1`, `0`.
fn whole(urn: &str) -> AttributePath {
    urn.parse().unwrap_or_else(|_| AttributePath::named(urn))
}
