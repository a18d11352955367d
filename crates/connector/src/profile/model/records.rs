//! Keys below `user`, `group` and `pagination`: where things are in answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::JsonPath;

/// Where things are in a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPaths {
    /// Id.
    pub id: JsonPath,
    /// Name to sign in with.
    #[serde(default)]
    pub user_name: Option<JsonPath>,
    /// Given name.
    pub first_name: JsonPath,
    /// Family name.
    pub last_name: JsonPath,
    /// Name to show; first and last name when not given.
    #[serde(default)]
    pub display_name: Option<JsonPath>,
    /// The address to use.
    #[serde(default)]
    pub primary_email: Option<JsonPath>,
    /// The address to use when there is no primary one.
    #[serde(default)]
    pub first_email: Option<JsonPath>,
    /// Users have no e-mail addresses: `primaryEmail` need not be given.
    #[serde(default)]
    pub skip_user_emails: bool,
    /// Whether the user may sign in.
    pub active: JsonPath,
    /// Users name their groups.
    #[serde(default)]
    pub has_groups_on_user: bool,
    /// Where a user's groups are, with `hasGroupsOnUser`.
    #[serde(default)]
    pub user_group: Option<UserGroupPaths>,
    /// Where a user's roles are. Without it, roles are not read.
    #[serde(default)]
    pub roles: Option<RolePaths>,
}

/// Where things are in the groups of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserGroupPaths {
    /// The groups, from the user.
    pub path: JsonPath,
    /// Display name, from the group.
    pub name: JsonPath,
    /// Id, from the group; looked up by name when not given.
    #[serde(default)]
    pub id: Option<JsonPath>,
}

/// Where things are in the roles of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolePaths {
    /// The roles, from the user.
    pub path: JsonPath,
    /// The role's value, from the role: what is sent to grant it.
    pub name: JsonPath,
    /// Name to show, from the role.
    #[serde(default)]
    pub display: Option<JsonPath>,
}

/// Where things are in a group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupPaths {
    /// Id.
    pub id: JsonPath,
    /// Name to show.
    pub display_name: JsonPath,
    /// Where members are. Without it, members are not read from groups.
    #[serde(default)]
    pub members: Option<MemberPaths>,
    /// Whether lists of groups have their members.
    #[serde(default)]
    pub members_in_list: MembersInList,
}

/// Where things are in the members of a group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberPaths {
    /// The members, from the group.
    pub path: JsonPath,
    /// Id, from the member.
    pub id: JsonPath,
    /// Name to show, from the member.
    #[serde(default)]
    pub display_name: Option<JsonPath>,
    /// `User` or `Group`, from the member; `type` when not given.
    #[serde(default, rename = "type")]
    pub kind: Option<JsonPath>,
}

/// Whether lists of groups have their members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MembersInList {
    /// Found out: groups without members are read one by one until a list has shown some.
    #[default]
    Auto,
    /// Yes: a group without members is empty.
    Always,
    /// No: every group is read by itself.
    Never,
}

/// Where things are in a list, and how to ask for the next part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pagination {
    /// How many there are.
    pub total_results: JsonPath,
    /// How many came. What came is counted, so this is only compared with it.
    pub items_per_page: JsonPath,
    /// Which came first. What was asked for is known, so this is only compared with it.
    pub start_index: JsonPath,
    /// The cursor of the next page (RFC 9865); `nextCursor` when not given.
    #[serde(default)]
    pub next_cursor: Option<JsonPath>,
    /// The records; `Resources[*]` when not given.
    #[serde(default)]
    pub resources: Option<JsonPath>,
    /// How to ask for the next part.
    #[serde(default)]
    pub style: Paging,
    /// Records to ask for at a time. 1 to 10000.
    #[serde(default = "Pagination::default_page_size")]
    #[schemars(range(min = 1, max = 10_000))]
    pub page_size: u32,
}

impl Pagination {
    pub(crate) const fn default_page_size() -> u32 {
        100
    }
}

/// How to ask for the next part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Paging {
    /// By index, by cursor once the application gives one.
    #[default]
    Auto,
    /// By index (RFC 7644 §3.4.2.4).
    Index,
    /// By cursor (RFC 9865).
    Cursor,
    /// Not at all: the first answer is everything.
    None,
}
