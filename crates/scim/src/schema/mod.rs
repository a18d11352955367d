//! Schemas as data (RFC 7643 §2, §7): attributes with all their characteristics.

mod attribute;
mod registry;
mod resource_type;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use registry::{Registry, RegistryError};
pub use resource_type::{Extension, ResolvedType, ResourceType};

use serde::{Deserialize, Serialize};

/// The core User schema (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The enterprise extension of User (RFC 7643 §4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The core Group schema (RFC 7643 §4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The `GroupMembership` schema (draft-zollner-scim-group-members).
pub const GROUP_MEMBERSHIP: &str = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership";

/// One schema (RFC 7643 §7). Serialises as `/Schemas` shows it, without `meta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// Human-readable name.
    #[serde(default)]
    pub name: String,
    /// Human-readable description.
    #[serde(default)]
    pub description: String,
    /// The attributes, in the order shown.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of this name, in any case (RFC 7643 §2.1).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }
}
