//! Between the model and the messages.

use prost::{DecodeError, Message as _};
use serde_json::{Map, Number, Value};

use super::messages::{self, Any, Kind, Struct, TYPE_PREFIX};
use crate::model::{
    Annotation, Email, Entitlement, Expandable, Grant, ProfileTrait, Resource, ResourceId, ResourceType,
    UserStatus, UserTrait,
};

/// A resource that was found by listing (`CREATION_SOURCE_CONNECTOR_LIST_RESOURCES`).
const LISTED: i32 = 1;

/// What is kept as a message.
pub(crate) trait Wire: Sized {
    /// As bytes; equal values are equal bytes.
    fn encode(&self) -> Vec<u8>;

    /// From bytes.
    ///
    /// # Errors
    ///
    /// They are not such a message.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

macro_rules! wire {
    ($($kind:ident),*) => {$(
        impl Wire for $kind {
            fn encode(&self) -> Vec<u8> {
                messages::$kind::from(self).encode_to_vec()
            }

            fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                messages::$kind::decode(bytes).and_then(Self::try_from)
            }
        }
    )*};
}

wire!(ResourceType, Resource, Entitlement, Grant);

impl From<&ResourceType> for messages::ResourceType {
    fn from(from: &ResourceType) -> Self {
        Self {
            id: from.id.clone(),
            display_name: from.display_name.clone(),
            traits: from.traits.iter().map(|kind| i32::from(*kind)).collect(),
            description: from.description.clone(),
        }
    }
}

impl TryFrom<messages::ResourceType> for ResourceType {
    type Error = DecodeError;

    fn try_from(from: messages::ResourceType) -> Result<Self, DecodeError> {
        let messages::ResourceType { id, display_name, traits, description } = from;
        Ok(Self { id, display_name, traits: traits.into_iter().map(Into::into).collect(), description })
    }
}

impl From<&ResourceId> for messages::ResourceId {
    fn from(from: &ResourceId) -> Self {
        Self { resource_type: from.resource_type.clone(), resource: from.resource.clone() }
    }
}

impl From<messages::ResourceId> for ResourceId {
    fn from(from: messages::ResourceId) -> Self {
        Self { resource_type: from.resource_type, resource: from.resource }
    }
}

impl From<&Resource> for messages::Resource {
    fn from(from: &Resource) -> Self {
        Self {
            id: Some((&from.id).into()),
            parent_resource_id: from.parent_resource_id.as_ref().map(Into::into),
            display_name: from.display_name.clone(),
            annotations: from.annotations.iter().map(Into::into).collect(),
            description: from.description.clone(),
            // One with a trait is the resource itself; one without only names it.
            creation_source: if from.annotations.is_empty() { 0 } else { LISTED },
        }
    }
}

impl TryFrom<messages::Resource> for Resource {
    type Error = DecodeError;

    fn try_from(from: messages::Resource) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.id.unwrap_or_default().into(),
            parent_resource_id: from.parent_resource_id.map(Into::into),
            display_name: from.display_name,
            description: from.description,
            annotations: annotations(from.annotations)?,
        })
    }
}

impl From<&Entitlement> for messages::Entitlement {
    fn from(from: &Entitlement) -> Self {
        Self {
            resource: Some((&from.resource).into()),
            id: from.id.clone(),
            display_name: from.display_name.clone(),
            description: from.description.clone(),
            grantable_to: from.grantable_to.iter().map(Into::into).collect(),
            annotations: from.annotations.iter().map(Into::into).collect(),
            purpose: from.purpose.into(),
            slug: from.slug.clone(),
        }
    }
}

impl TryFrom<messages::Entitlement> for Entitlement {
    type Error = DecodeError;

    fn try_from(from: messages::Entitlement) -> Result<Self, DecodeError> {
        let types = from.grantable_to.into_iter().map(TryInto::try_into);
        Ok(Self {
            resource: from.resource.unwrap_or_default().try_into()?,
            id: from.id,
            display_name: from.display_name,
            description: from.description,
            grantable_to: types.collect::<Result<_, _>>()?,
            annotations: annotations(from.annotations)?,
            purpose: from.purpose.into(),
            slug: from.slug,
        })
    }
}

impl From<&Grant> for messages::Grant {
    fn from(from: &Grant) -> Self {
        Self {
            entitlement: Some((&from.entitlement).into()),
            principal: Some((&from.principal).into()),
            id: from.id.clone(),
            annotations: from.annotations.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<messages::Grant> for Grant {
    type Error = DecodeError;

    fn try_from(from: messages::Grant) -> Result<Self, DecodeError> {
        Ok(Self {
            entitlement: from.entitlement.unwrap_or_default().try_into()?,
            principal: from.principal.unwrap_or_default().try_into()?,
            id: from.id,
            annotations: annotations(from.annotations)?,
        })
    }
}

fn annotations(from: Vec<Any>) -> Result<Vec<Annotation>, DecodeError> {
    from.into_iter().map(TryInto::try_into).collect()
}

impl From<&Annotation> for Any {
    fn from(from: &Annotation) -> Self {
        let any = |name: &str, value| Self { type_url: format!("{TYPE_PREFIX}{name}"), value };
        match from {
            Annotation::User(user) => any("UserTrait", messages::UserTrait::from(user).encode_to_vec()),
            Annotation::Group(group) => {
                any("GroupTrait", messages::GroupTrait { profile: structure(&group.profile) }.encode_to_vec())
            }
            Annotation::Role(role) => {
                any("RoleTrait", messages::RoleTrait { profile: structure(&role.profile) }.encode_to_vec())
            }
            Annotation::Expandable(expandable) => {
                any("GrantExpandable", messages::GrantExpandable::from(expandable).encode_to_vec())
            }
            Annotation::Other { type_url, value } => {
                Self { type_url: type_url.clone(), value: value.clone() }
            }
        }
    }
}

impl TryFrom<Any> for Annotation {
    type Error = DecodeError;

    fn try_from(from: Any) -> Result<Self, DecodeError> {
        let bytes = from.value.as_slice();
        Ok(match from.type_url.strip_prefix(TYPE_PREFIX) {
            Some("UserTrait") => Self::User(messages::UserTrait::decode(bytes)?.into()),
            Some("GroupTrait") => {
                Self::Group(ProfileTrait { profile: object(messages::GroupTrait::decode(bytes)?.profile) })
            }
            Some("RoleTrait") => {
                Self::Role(ProfileTrait { profile: object(messages::RoleTrait::decode(bytes)?.profile) })
            }
            Some("GrantExpandable") => Self::Expandable(messages::GrantExpandable::decode(bytes)?.into()),
            _ => Self::Other { type_url: from.type_url, value: from.value },
        })
    }
}

impl From<&Expandable> for messages::GrantExpandable {
    fn from(from: &Expandable) -> Self {
        Self {
            entitlement_ids: from.entitlement_ids.clone(),
            shallow: from.shallow,
            resource_type_ids: from.resource_type_ids.clone(),
        }
    }
}

impl From<messages::GrantExpandable> for Expandable {
    fn from(from: messages::GrantExpandable) -> Self {
        let messages::GrantExpandable { entitlement_ids, shallow, resource_type_ids } = from;
        Self { entitlement_ids, shallow, resource_type_ids }
    }
}

impl From<&UserTrait> for messages::UserTrait {
    fn from(from: &UserTrait) -> Self {
        let email =
            |email: &Email| messages::Email { address: email.address.clone(), is_primary: email.is_primary };
        let status = |from: &UserStatus| messages::Status {
            status: from.status.into(),
            details: from.details.clone(),
        };
        Self {
            emails: from.emails.iter().map(email).collect(),
            status: from.status.as_ref().map(status),
            profile: structure(&from.profile),
            account_type: from.account_type.into(),
            login: from.login.clone(),
            login_aliases: from.login_aliases.clone(),
        }
    }
}

impl From<messages::UserTrait> for UserTrait {
    fn from(from: messages::UserTrait) -> Self {
        let email = |email: messages::Email| Email { address: email.address, is_primary: email.is_primary };
        let status =
            |from: messages::Status| UserStatus { status: from.status.into(), details: from.details };
        Self {
            emails: from.emails.into_iter().map(email).collect(),
            status: from.status.map(status),
            profile: object(from.profile),
            account_type: from.account_type.into(),
            login: from.login,
            login_aliases: from.login_aliases,
        }
    }
}

fn structure(object: &Map<String, Value>) -> Option<Struct> {
    (!object.is_empty()).then(|| fields(object))
}

fn fields(object: &Map<String, Value>) -> Struct {
    Struct { fields: object.iter().map(|(name, value)| (name.clone(), value.into())).collect() }
}

impl From<&Value> for messages::Value {
    fn from(from: &Value) -> Self {
        let kind = match from {
            Value::Null => Kind::Null(0),
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(value) => Kind::Number(value.as_f64().unwrap_or_default()),
            Value::String(text) => Kind::Text(text.clone()),
            Value::Array(values) => {
                Kind::List(messages::ListValue { values: values.iter().map(Into::into).collect() })
            }
            Value::Object(object) => Kind::Struct(fields(object)),
        };
        Self { kind: Some(kind) }
    }
}

fn object(from: Option<Struct>) -> Map<String, Value> {
    from.unwrap_or_default().fields.into_iter().map(|(name, value)| (name, value.into())).collect()
}

impl From<messages::Value> for Value {
    fn from(from: messages::Value) -> Self {
        match from.kind {
            None | Some(Kind::Null(_)) => Self::Null,
            Some(Kind::Bool(value)) => Self::Bool(value),
            Some(Kind::Number(value)) => number(value),
            Some(Kind::Text(text)) => Self::String(text),
            Some(Kind::List(list)) => Self::Array(list.values.into_iter().map(Into::into).collect()),
            Some(Kind::Struct(structure)) => Self::Object(object(Some(structure))),
        }
    }
}

/// Whole numbers print without a point; what JSON has no number for is null.
fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within bounds")]
        return Value::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{AccountType, GROUP, ROLE, Status, USER, member_of, membership, scim_resource_types};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat()
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("{value}") };
        object
    }

    #[test]
    fn a_resource_type_has_the_reference_s_bytes() {
        let [_, _, role] = scim_resource_types();
        assert_eq!(hex(&role.encode()), "0A04726F6C651204526F6C651A0103");
    }

    #[test]
    fn a_group_has_the_reference_s_bytes_around_its_trait() {
        let profile = object(json!({ "group_name": "Group 0", "group_id": "f00000" }));
        let group = Resource {
            id: ResourceId::new(GROUP, "f00000"),
            display_name: "Group 0".to_owned(),
            annotations: vec![Annotation::Group(ProfileTrait { profile })],
            ..Resource::default()
        };
        let bytes = hex(&group.encode());
        assert!(bytes.starts_with("0A0F0A0567726F75701206663030303030" /* id */), "{bytes}");
        assert!(bytes.contains("1A0747726F75702030" /* display_name */), "{bytes}");
        assert!(bytes.ends_with("4001" /* creation_source */), "{bytes}");
    }

    #[test]
    fn what_is_written_is_read() {
        let profile = object(json!({ "a": [1, 2.5, null, true, { "b": "c" }], "é": "" }));
        let user = Resource {
            id: ResourceId::new(USER, "u1"),
            parent_resource_id: Some(ResourceId::new("org", "o1")),
            display_name: "Ann".to_owned(),
            description: "first".to_owned(),
            annotations: vec![
                Annotation::User(UserTrait {
                    emails: vec![Email { address: "a@example.com".to_owned(), is_primary: true }],
                    status: Some(UserStatus { status: Status::Disabled, details: "left".to_owned() }),
                    profile,
                    account_type: AccountType::Other(9),
                    login: "ann".to_owned(),
                    login_aliases: vec!["a".to_owned()],
                }),
                Annotation::Other { type_url: "x".to_owned(), value: vec![0, 255] },
            ],
        };
        assert_eq!(Resource::decode(&user.encode()).unwrap(), user);
        let role = Resource { id: ResourceId::new(ROLE, "r"), ..Resource::default() };
        let entitlement = member_of(role.clone());
        assert_eq!(Entitlement::decode(&entitlement.encode()).unwrap(), entitlement);
        let grant = membership(&role, &ResourceId::new(GROUP, "g"));
        assert_eq!(Grant::decode(&grant.encode()).unwrap(), grant);
    }

    #[test]
    fn bad_bytes_are_errors() {
        for bytes in [&[0x0A][..], &[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], &[0xFF; 11], &[0x1A, 1, 0xFF]] {
            assert!(Resource::decode(bytes).is_err(), "{bytes:?}");
        }
        // Lists within lists, deeper than anybody writes: an error, not the end of the stack.
        let mut nested = Vec::new();
        for field in [0x0A_u8, 0x32].into_iter().cycle().take(10_000) {
            let mut outer = vec![field];
            prost::encoding::encode_varint(nested.len() as u64, &mut outer);
            outer.append(&mut nested);
            nested = outer;
        }
        assert!(messages::Value::decode(nested.as_slice()).is_err());
    }
}
