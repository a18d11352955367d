//! What is known of a user, a group, a role.

use serde::{Deserialize, Serialize};

/// A user as the profile maps it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRecord {
    /// The application's id; a number becomes its digits.
    pub id: String,
    /// Name to sign in with.
    pub user_name: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Name to show, as the application has it.
    pub display_name: Option<String>,
    /// The primary address, else the first.
    pub email: Option<String>,
    /// All addresses, `email` first, each once.
    pub emails: Vec<String>,
    /// May sign in. True where the application does not say.
    pub active: bool,
    /// Roles, each once.
    pub roles: Vec<RoleRecord>,
    /// Groups that the user itself names (`hasGroupsOnUser`).
    pub groups: Vec<GroupLink>,
}

impl UserRecord {
    /// First and last name, else what the application shows, else the name to sign in with, the address, the id.
    pub fn shown_name(&self) -> String {
        let names: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        if !names.is_empty() {
            return names.join(" ");
        }
        let next = [&self.display_name, &self.user_name, &self.email].into_iter().flatten().next();
        next.unwrap_or(&self.id).clone()
    }
}

/// A role of a user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleRecord {
    /// What identifies it, and what is sent to grant it.
    pub value: String,
    /// Name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// A group that a user names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLink {
    /// Its id, where the application gives it; else it is to be looked up by name.
    pub id: Option<String>,
    /// Its display name.
    pub name: String,
}

/// A group as the profile maps it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRecord {
    /// The application's id.
    pub id: String,
    /// Name to show; the id where there is none.
    pub display_name: String,
    /// Direct members, each once.
    pub members: Vec<MemberRecord>,
}

/// A direct member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRecord {
    /// Id of the user or group.
    pub id: String,
    /// Name to show.
    pub display: Option<String>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A user.
    User,
    /// A group in the group.
    Group,
    /// The application does not say.
    Unknown,
}
