//! The messages of package `c1.connector.v2` that a `.c1z` holds, from their field numbers.
//!
//! Only what this program reads or writes; other fields are skipped. Enumerations are their numbers.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

/// Before the full name of a message in an [`Any`].
pub(super) const TYPE_PREFIX: &str = "type.googleapis.com/c1.connector.v2.";

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResourceType {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) display_name: String,
    #[prost(int32, repeated, tag = "3")]
    pub(crate) traits: Vec<i32>,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResourceId {
    #[prost(string, tag = "1")]
    pub(crate) resource_type: String,
    #[prost(string, tag = "2")]
    pub(crate) resource: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, optional, tag = "1")]
    pub(crate) id: Option<ResourceId>,
    #[prost(message, optional, tag = "2")]
    pub(crate) parent_resource_id: Option<ResourceId>,
    #[prost(string, tag = "3")]
    pub(crate) display_name: String,
    #[prost(message, repeated, tag = "4")]
    pub(crate) annotations: Vec<Any>,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
    /// 1: from a listing.
    #[prost(int32, tag = "8")]
    pub(crate) creation_source: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Entitlement {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(string, tag = "3")]
    pub(crate) display_name: String,
    #[prost(string, tag = "4")]
    pub(crate) description: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) grantable_to: Vec<ResourceType>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) annotations: Vec<Any>,
    #[prost(int32, tag = "7")]
    pub(crate) purpose: i32,
    #[prost(string, tag = "8")]
    pub(crate) slug: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Grant {
    #[prost(message, optional, tag = "1")]
    pub(crate) entitlement: Option<Entitlement>,
    #[prost(message, optional, tag = "2")]
    pub(crate) principal: Option<Resource>,
    #[prost(string, tag = "3")]
    pub(crate) id: String,
    #[prost(message, repeated, tag = "4")]
    pub(crate) annotations: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct UserTrait {
    #[prost(message, repeated, tag = "1")]
    pub(crate) emails: Vec<Email>,
    #[prost(message, optional, tag = "2")]
    pub(crate) status: Option<Status>,
    #[prost(message, optional, tag = "3")]
    pub(crate) profile: Option<Struct>,
    #[prost(int32, tag = "5")]
    pub(crate) account_type: i32,
    #[prost(string, tag = "6")]
    pub(crate) login: String,
    #[prost(string, repeated, tag = "7")]
    pub(crate) login_aliases: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Email {
    #[prost(string, tag = "1")]
    pub(crate) address: String,
    #[prost(bool, tag = "2")]
    pub(crate) is_primary: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) status: i32,
    #[prost(string, tag = "2")]
    pub(crate) details: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GroupTrait {
    #[prost(message, optional, tag = "2")]
    pub(crate) profile: Option<Struct>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RoleTrait {
    #[prost(message, optional, tag = "1")]
    pub(crate) profile: Option<Struct>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GrantExpandable {
    #[prost(string, repeated, tag = "1")]
    pub(crate) entitlement_ids: Vec<String>,
    #[prost(bool, tag = "2")]
    pub(crate) shallow: bool,
    #[prost(string, repeated, tag = "3")]
    pub(crate) resource_type_ids: Vec<String>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `google.protobuf.Struct`, its keys in order: equal data are equal bytes.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Struct {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) fields: BTreeMap<String, Value>,
}

/// `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Kind {
    #[prost(int32, tag = "1")]
    Null(i32),
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Bool(bool),
    #[prost(message, tag = "5")]
    Struct(Struct),
    #[prost(message, tag = "6")]
    List(ListValue),
}

/// `google.protobuf.ListValue`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListValue {
    #[prost(message, repeated, tag = "1")]
    pub(crate) values: Vec<Value>,
}
