//! Keys below `provisioning` and `shapes`: how the application wants to be changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to change members and roles.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provisioning {
    /// Granting a role.
    #[serde(default)]
    pub add_user_role: Option<Operation>,
    /// Revoking one role. The others stay, whatever `op` says.
    #[serde(default)]
    pub remove_user_role: Option<Operation>,
    /// Adding a member.
    #[serde(default)]
    pub add_user_to_group: Option<Operation>,
    /// Removing one member. The others stay, whatever `op` says.
    #[serde(default)]
    pub remove_user_from_group: Option<Operation>,
}

/// One operation of a PATCH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Schema URN of the request.
    pub schemas: String,
    /// `add`, `remove` or `replace`, in any case.
    pub op: String,
    /// Attribute that is changed.
    pub path: String,
    /// Sub-attribute that holds the id or the role.
    pub value_path: String,
}

/// Forms of requests in which applications differ.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Shapes {
    /// How users are changed.
    pub update_user: UpdateMethod,
    /// How groups are changed.
    pub update_group: UpdateMethod,
    /// How roles of a user are changed.
    pub update_roles: UpdateMethod,
    /// How a member is added.
    pub member: MemberShape,
    /// How a member or role is removed.
    pub removal: MemberRemoval,
    /// Attributes left out of what is sent, such as `meta` or `schemas`.
    pub leave_out: Vec<String>,
}

/// How a resource is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UpdateMethod {
    /// PATCH with what changes.
    #[default]
    Patch,
    /// PUT of what was read with what changes, under `If-Match` when there is a version.
    Put,
}

/// How a member is added by PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MemberShape {
    /// Path `members`, value `[{"value": id}]`.
    #[default]
    Standard,
    /// Path `members`, value `{"members": [{"value": id}]}` (Salesforce).
    Wrapped,
    /// No path, value `{"members": [{"value": id, "display": name}]}` (WSO2).
    Pathless,
    /// Path `members`, value `[{"value": id, "$ref": URL, "display": name}]` (Keycloak).
    Detailed,
}

/// How a member or role is removed by PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MemberRemoval {
    /// By a path with a filter, `members[value eq "id"]` (RFC 7644 §3.5.2.2).
    #[default]
    ByFilter,
    /// By the path `members` and a value that names who goes. Some applications then remove everyone.
    ByValue,
}
