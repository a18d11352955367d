//! Resource types, resources, entitlements and grants, in the words of Baton connectors.
//!
//! Serialised, they have the names of that protocol's JSON form (camelCase, enumerations by name), so that what
//! reads one tool's output reads the other's. Empty fields are left out.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// The resource type of users.
pub const USER: &str = "user";
/// The resource type of groups.
pub const GROUP: &str = "group";
/// The resource type of roles.
pub const ROLE: &str = "role";
/// The slug of the one entitlement that a group or role has.
pub const MEMBER: &str = "member";

/// A kind of resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceType {
    /// Such as [`USER`].
    pub id: String,
    /// For people, such as `User`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What resources of this type are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<Trait>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What a resource is to an access review. Prints as the protocol's name, `TRAIT_USER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// A person or service that holds things.
    User,
    /// Has members.
    Group,
    /// Has holders.
    Role,
    /// An application.
    App,
    /// Another, by the protocol's number.
    Other(i32),
}

/// What names a resource: its type and its id there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceId {
    /// The id of a [`ResourceType`].
    pub resource_type: String,
    /// The application's id.
    pub resource: String,
}

/// A user, group, role or another thing of the application.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its name.
    pub id: ResourceId,
    /// What it is in, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_resource_id: Option<ResourceId>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Traits with their data, and what else is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// What a principal can hold of a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entitlement {
    /// Of what.
    pub resource: Resource,
    /// `<resource type>:<resource>:<slug>`.
    pub id: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who can hold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grantable_to: Vec<ResourceType>,
    /// What else is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
    /// What holding it means.
    #[serde(skip_serializing_if = "Purpose::is_unspecified")]
    pub purpose: Purpose,
    /// A short word for it, such as [`MEMBER`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub slug: String,
}

/// What holding an entitlement means. Prints as the protocol's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Not said.
    #[default]
    Unspecified,
    /// One is in it: a group, a role.
    Assignment,
    /// One may do it.
    Permission,
    /// One owns it.
    Ownership,
    /// Another, by the protocol's number.
    Other(i32),
}

/// A principal holds an entitlement.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// What is held. Of its resource, often only the id is there.
    pub entitlement: Entitlement,
    /// Who holds it. Often only the id is there.
    pub principal: Resource,
    /// `<entitlement id>:<principal type>:<principal>`.
    pub id: String,
    /// What else is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// Data that are attached to a resource, entitlement or grant, by their type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "@type")]
pub enum Annotation {
    /// The resource is a user.
    #[serde(rename = "type.googleapis.com/c1.connector.v2.UserTrait")]
    User(UserTrait),
    /// The resource is a group.
    #[serde(rename = "type.googleapis.com/c1.connector.v2.GroupTrait")]
    Group(ProfileTrait),
    /// The resource is a role.
    #[serde(rename = "type.googleapis.com/c1.connector.v2.RoleTrait")]
    Role(ProfileTrait),
    /// Whoever holds these entitlements holds this grant's as well.
    #[serde(rename = "type.googleapis.com/c1.connector.v2.GrantExpandable")]
    Expandable(Expandable),
    /// Something that this program does not look into.
    #[serde(untagged)]
    Other {
        /// The protocol's name for it.
        #[serde(rename = "@type")]
        type_url: String,
        /// The message, as it was found; printed in base64.
        #[serde(serialize_with = "as_base64")]
        value: Vec<u8>,
    },
}

/// What makes a grant expandable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expandable {
    /// Entitlements whose holders hold this one too.
    pub entitlement_ids: Vec<String>,
    /// Only direct holders.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shallow: bool,
    /// Only holders of these types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_type_ids: Vec<String>,
}

/// The data of a group or role.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileTrait {
    /// Attributes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub profile: Map<String, Value>,
}

/// The data of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTrait {
    /// In the application's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Whether the account can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Attributes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub profile: Map<String, Value>,
    /// Who uses the account.
    #[serde(skip_serializing_if = "AccountType::is_unspecified")]
    pub account_type: AccountType,
    /// What is typed to sign in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub login: String,
    /// Other such names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub login_aliases: Vec<String>,
}

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// Such as `ann@example.com`.
    pub address: String,
    /// Whether it is the first to use.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_primary: bool,
}

/// Whether an account can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatus {
    /// Which.
    pub status: Status,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
}

/// The state of an account. Prints as the protocol's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// Not said.
    #[default]
    Unspecified,
    /// Can be used.
    Enabled,
    /// Cannot.
    Disabled,
    /// Is gone.
    Deleted,
    /// Another, by the protocol's number.
    Other(i32),
}

/// Who uses an account. Prints as the protocol's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountType {
    /// Not said.
    #[default]
    Unspecified,
    /// A person.
    Human,
    /// A program.
    Service,
    /// The application itself.
    System,
    /// Another, by the protocol's number.
    Other(i32),
}

/// Makes the two ways between an enumeration and the protocol's numbers, and its printed form.
macro_rules! numbered {
    ($kind:ident { $($variant:ident = $number:literal $name:literal),* $(,)? }) => {
        impl From<i32> for $kind {
            fn from(number: i32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }

        impl From<$kind> for i32 {
            fn from(value: $kind) -> Self {
                match value {
                    $($kind::$variant => $number,)*
                    $kind::Other(number) => number,
                }
            }
        }

        impl Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant => serializer.serialize_str($name),)*
                    // As the protocol's JSON form has numbers without a name.
                    Self::Other(number) => serializer.serialize_i32(*number),
                }
            }
        }
    };
}

numbered!(Trait { User = 1 "TRAIT_USER", Group = 2 "TRAIT_GROUP", Role = 3 "TRAIT_ROLE", App = 4 "TRAIT_APP" });
numbered!(Purpose {
    Unspecified = 0 "PURPOSE_VALUE_UNSPECIFIED",
    Assignment = 1 "PURPOSE_VALUE_ASSIGNMENT",
    Permission = 2 "PURPOSE_VALUE_PERMISSION",
    Ownership = 3 "PURPOSE_VALUE_OWNERSHIP",
});
numbered!(Status {
    Unspecified = 0 "STATUS_UNSPECIFIED",
    Enabled = 1 "STATUS_ENABLED",
    Disabled = 2 "STATUS_DISABLED",
    Deleted = 3 "STATUS_DELETED",
});
numbered!(AccountType {
    Unspecified = 0 "ACCOUNT_TYPE_UNSPECIFIED",
    Human = 1 "ACCOUNT_TYPE_HUMAN",
    Service = 2 "ACCOUNT_TYPE_SERVICE",
    System = 3 "ACCOUNT_TYPE_SYSTEM",
});

impl Purpose {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
    fn is_unspecified(&self) -> bool {
        *self == Self::Unspecified
    }
}

impl AccountType {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
    fn is_unspecified(&self) -> bool {
        *self == Self::Unspecified
    }
}

fn as_base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use base64::Engine as _;
    serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(bytes))
}

impl ResourceId {
    /// A name from its two parts.
    pub fn new(resource_type: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { resource_type: resource_type.into(), resource: resource.into() }
    }

    /// The id of this resource's [`MEMBER`] entitlement.
    pub fn member_entitlement(&self) -> String {
        format!("{self}:{MEMBER}")
    }
}

/// `<type>:<id>`.
impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource_type, self.resource)
    }
}

impl Resource {
    /// The data of a user, if this is one.
    pub fn user(&self) -> Option<&UserTrait> {
        self.annotations.iter().find_map(|annotation| match annotation {
            Annotation::User(user) => Some(user),
            _ => None,
        })
    }

    /// The attributes of its trait: a user's, group's or role's.
    pub fn profile(&self) -> Option<&Map<String, Value>> {
        self.annotations.iter().find_map(|annotation| match annotation {
            Annotation::User(user) => Some(&user.profile),
            Annotation::Group(data) | Annotation::Role(data) => Some(&data.profile),
            Annotation::Expandable(_) | Annotation::Other { .. } => None,
        })
    }
}

impl UserTrait {
    /// The primary address, else the first.
    pub fn email(&self) -> Option<&str> {
        let primary = self.emails.iter().find(|email| email.is_primary);
        primary.or(self.emails.first()).map(|email| email.address.as_str())
    }
}

impl Grant {
    /// What makes it reach further than its principal, if it does.
    pub fn expandable(&self) -> Option<&Expandable> {
        self.annotations.iter().find_map(|annotation| match annotation {
            Annotation::Expandable(expandable) => Some(expandable),
            _ => None,
        })
    }
}

/// The three types that a SCIM application has: users, groups and roles.
pub fn scim_resource_types() -> [ResourceType; 3] {
    [(USER, "User", Trait::User), (GROUP, "Group", Trait::Group), (ROLE, "Role", Trait::Role)].map(
        |(id, name, kind)| ResourceType {
            id: id.to_owned(),
            display_name: name.to_owned(),
            traits: vec![kind],
            description: String::new(),
        },
    )
}

/// The entitlement to be in a group or to have a role, with the names that the reference connector gives it.
///
/// Users can hold either; groups can be in groups.
pub fn member_of(resource: Resource) -> Entitlement {
    let [user, group, _] = scim_resource_types();
    let kind = resource.id.resource_type.clone();
    let name = &resource.display_name;
    Entitlement {
        id: resource.id.member_entitlement(),
        display_name: format!("{name} {kind} {MEMBER}"),
        description: format!("Member of {name} {kind}"),
        grantable_to: if kind == GROUP { vec![user, group] } else { vec![user] },
        annotations: Vec::new(),
        purpose: Purpose::Assignment,
        slug: MEMBER.to_owned(),
        resource,
    }
}

/// `principal` is in `resource`, or has it. A group's holders hold it too: the grant is expandable.
pub fn membership(resource: &Resource, principal: &ResourceId) -> Grant {
    let entitlement = resource.id.member_entitlement();
    let expandable = (principal.resource_type == GROUP).then(|| {
        Annotation::Expandable(Expandable {
            entitlement_ids: vec![principal.member_entitlement()],
            shallow: false,
            resource_type_ids: vec![USER.to_owned()],
        })
    });
    let of = Resource {
        id: resource.id.clone(),
        display_name: resource.display_name.clone(),
        ..Resource::default()
    };
    Grant {
        id: format!("{entitlement}:{principal}"),
        entitlement: Entitlement { resource: of, id: entitlement, ..Entitlement::default() },
        principal: Resource { id: principal.clone(), ..Resource::default() },
        annotations: expandable.into_iter().collect(),
    }
}

#[cfg(test)]
#[allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests {
    use expect_test::expect;

    use super::*;

    fn named(kind: &str, id: &str, name: &str) -> Resource {
        Resource { id: ResourceId::new(kind, id), display_name: name.to_owned(), ..Resource::default() }
    }

    #[test]
    fn ids_and_names_are_those_of_the_reference() {
        let entitlement = member_of(named(GROUP, "g1", "Staff"));
        let text = |entitlement: &Entitlement| {
            let Entitlement { id, display_name, description, .. } = entitlement;
            format!("{id} | {display_name} | {description}")
        };
        assert_eq!(text(&entitlement), "group:g1:member | Staff group member | Member of Staff group");
        let role = named(ROLE, "super_admin", "Super Admin");
        let expected = "role:super_admin:member | Super Admin role member | Member of Super Admin role";
        assert_eq!(text(&member_of(role.clone())), expected);
        assert_eq!(membership(&role, &ResourceId::new(USER, "u1")).id, "role:super_admin:member:user:u1");
    }

    #[test]
    fn a_group_in_a_group_is_a_group_whose_members_are_in_both() {
        let grant = membership(&named(GROUP, "all", "All"), &ResourceId::new(GROUP, "staff"));
        assert_eq!(grant.id, "group:all:member:group:staff");
        let expected = expect![[r#"
            {"entitlementIds":["group:staff:member"],"resourceTypeIds":["user"]}"#]];
        expected.assert_eq(&serde_json::to_string(grant.expandable().unwrap()).unwrap());
    }

    #[test]
    fn json_has_the_names_of_the_protocol_and_nothing_empty() {
        let user = Annotation::User(UserTrait {
            emails: vec![Email { address: "ann@example.com".to_owned(), is_primary: true }],
            status: Some(UserStatus { status: Status::Enabled, details: String::new() }),
            account_type: AccountType::Human,
            ..UserTrait::default()
        });
        let other = Annotation::Other { type_url: "type.googleapis.com/x.Y".to_owned(), value: vec![1, 2] };
        let resource = Resource { annotations: vec![user, other], ..named(USER, "u1", "Ann Lee") };
        let expected = expect![[r#"
            {"id":{"resourceType":"user","resource":"u1"},"displayName":"Ann Lee","annotations":[{"@type":"type.googleapis.com/c1.connector.v2.UserTrait","emails":[{"address":"ann@example.com","isPrimary":true}],"status":{"status":"STATUS_ENABLED"},"accountType":"ACCOUNT_TYPE_HUMAN"},{"@type":"type.googleapis.com/x.Y","value":"AQI="}]}"#]];
        expected.assert_eq(&serde_json::to_string(&resource).unwrap());
    }
}
