//! Identities: the tenant's own record of a person, made from resources by mapping and policy.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_scim::Document;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::change::difference;
use crate::clock::Timestamp;
use crate::mapping::profile::Profile;

/// Whether an identity may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It may.
    Active,
    /// It may not; nothing of it is lost.
    Disabled,
    /// It may not, and says nothing of the person; what it said is sealed and comes back with them.
    Anonymized,
    /// It is gone; tombstones know its id.
    Deleted,
}

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// The application, or a person in the console.
    App,
    /// A sign-in.
    Sso,
    /// A source.
    Scim,
}

/// One attribute of an identity, and who wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The value.
    pub value: Value,
    /// Who wrote it last.
    pub origin: Origin,
    /// Which source that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Uuid>,
}

/// Attributes by name: the text fields of a profile, and `attributes.NAME` for extra ones.
pub type Attributes = BTreeMap<String, Held>;

/// A resource, or a sign-in, that an identity stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The source.
    pub source: Uuid,
    /// The resource; `None` for a link that a sign-in made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Uuid>,
    /// The source's own key of the person; of a sign-in, its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The source's last word on whether the person is active; true until it says otherwise.
    pub wanted: bool,
    /// Whether the source counts the person as active: it wants them so, and they are in a required group.
    pub active: bool,
    /// The identity was there before, and was taken over by a match.
    #[serde(default)]
    pub adopted: bool,
}

/// Whose grant of a role it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// The application's: no source ever takes it away.
    App,
    /// A source's, which takes away what it no longer grants.
    Source(Uuid),
}

/// A role that an identity has, and whose grant that is. The same role may be granted by several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The role's id.
    pub role: String,
    /// Whose it is.
    pub owner: Owner,
}

/// The tenant's own record of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its id, a UUIDv7 of ours.
    pub id: Uuid,
    /// Whether it may be used.
    pub status: Status,
    /// Who made it other than active; `None` while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<Origin>,
    /// What is known of the person.
    #[serde(default)]
    pub attributes: Attributes,
    /// What was known before it was made anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Attributes>,
    /// The roles.
    #[serde(default)]
    pub grants: BTreeSet<Grant>,
    /// Where it comes from.
    #[serde(default)]
    pub links: Vec<Link>,
    /// No source disables, deletes, renames or takes it over, nor takes roles away.
    #[serde(default)]
    pub protected: bool,
    /// When it is deleted, unless it comes back before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<Timestamp>,
}

/// What is kept of a resource that is gone, so that a rehire is recognised (DESIGN decision 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone {
    /// The source it was in.
    pub source: Uuid,
    /// Its `externalId`.
    pub external_id: String,
    /// The identity that it was linked to.
    pub identity: Uuid,
    /// When it went.
    pub at: Timestamp,
}

impl Status {
    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Anonymized => "anonymized",
            Self::Deleted => "deleted",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Active, Self::Disabled, Self::Anonymized, Self::Deleted];
        all.into_iter().find(|status| status.as_str() == name)
    }
}

impl Identity {
    /// A new, active identity of which nothing is known.
    pub fn new(id: Uuid) -> Self {
        Self {
            id,
            status: Status::Active,
            disabled_by: None,
            attributes: Attributes::new(),
            sealed: None,
            grants: BTreeSet::new(),
            links: Vec::new(),
            protected: false,
            delete_at: None,
        }
    }

    /// The text attribute of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(|held| held.value.as_str())
    }

    /// The roles, whoever granted them.
    pub fn roles(&self) -> BTreeSet<&str> {
        self.grants.iter().map(|grant| &*grant.role).collect()
    }

    /// What is other than in `before`, as change records tell it: `{"status":{"before":…,"after":…}}`, with
    /// attributes by name and all roles under `roles`. What is sealed is not told.
    pub fn difference(&self, before: Option<&Self>) -> Value {
        difference(&before.map(Self::told).unwrap_or_default(), &self.told())
    }

    fn told(&self) -> Document {
        let mut told = Document::new();
        told.insert("status".to_owned(), serde_json::to_value(self.status).unwrap_or_default());
        for (name, held) in &self.attributes {
            told.insert(name.clone(), held.value.clone());
        }
        if !self.grants.is_empty() {
            told.insert("roles".to_owned(), self.roles().into_iter().collect());
        }
        told
    }

    /// The link to a resource of this source.
    pub fn link(&self, source: Uuid) -> Option<&Link> {
        self.links.iter().find(|link| link.source == source && link.resource.is_some())
    }
}

impl Profile {
    /// What of the profile is kept with the identity, by name. Keys, groups, roles and `active` are not:
    /// they belong to the link and to policy.
    pub fn attributes_by_name(&self) -> BTreeMap<String, Value> {
        let texts = TEXTS.iter().filter_map(|name| {
            let text = self.text(name)?;
            Some(((*name).to_owned(), Value::String(text.to_owned())))
        });
        let extra = self.attributes.iter().map(|(name, value)| (format!("attributes.{name}"), value.clone()));
        texts.chain(extra).collect()
    }
}

/// The text attributes of an identity.
pub const TEXTS: [&str; 7] = ["subject", "userName", "email", "firstName", "lastName", "name", "phone"];
