//! An application under ConnId's operations.

use std::sync::Arc;

use parking_lot::RwLock;
use rollcall_scim::Document;
use rollcall_scim::filter::{Filter, FilterError};
use rollcall_scim::path::PathError;
use serde_json::Value;

use super::change::{self, Changes};
use super::error::OperationError;
use super::names::{NameError, Names};
use super::properties::Settings;
use super::schema::{Class, Kinds};
use super::{filter, resource, view};
use crate::discovery::Discovery;
use crate::plan::{How, Wanted};
use crate::profile::{Profile, ScimVersion, UpdateMethod};
use crate::transport::{Request, Shown, Transport};

/// An application, and what is known of its schemas.
///
/// Its schemas are asked for once, when a name comes up that the built-in ones do not have.
pub struct Connector {
    pub(super) transport: Transport,
    pub(super) profile: Arc<Profile>,
    pub(super) discovery: Discovery,
    settings: Settings,
    known: RwLock<Known>,
}

#[derive(Clone)]
struct Known {
    kinds: Arc<Kinds>,
    discovered: bool,
}

/// What is to become of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// In the words of SCIM.
    Scim(Wanted),
    /// By flat names.
    Flat(Changes),
}

impl Connector {
    /// A connector over this transport.
    ///
    /// # Errors
    ///
    /// [`OperationError::Schema`]: the schemas in `settings` are none.
    pub fn new(transport: Transport, profile: Profile, settings: Settings) -> Result<Self, OperationError> {
        let mut kinds = Kinds::builtin()?;
        if let Some(custom) = &settings.custom {
            kinds.customize(custom)?;
        }
        let discovery = Discovery::new(transport.clone(), &profile);
        let known = RwLock::new(Known { kinds: Arc::new(kinds), discovered: false });
        Ok(Self { transport, profile: Arc::new(profile), discovery, settings, known })
    }

    /// A request as it would be sent, without secrets.
    pub fn shown(&self, request: &Request) -> Shown {
        self.transport.shown(request)
    }

    /// The schemas as far as they are known.
    pub fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.known.read().kinds)
    }

    /// The schemas, with what the application says of itself.
    ///
    /// # Errors
    ///
    /// [`OperationError::Peer`]; that it says nothing is none.
    pub async fn discovered(&self) -> Result<Arc<Kinds>, OperationError> {
        let known = self.known.read().clone();
        if known.discovered {
            return Ok(known.kinds);
        }
        let (schemas, types) = (self.discovery.schemas().await?, self.discovery.resource_types().await?);
        let mut kinds = Kinds::clone(&known.kinds);
        kinds.discover(&schemas, &types);
        let kinds = Arc::new(kinds);
        *self.known.write() = Known { kinds: Arc::clone(&kinds), discovered: true };
        Ok(kinds)
    }

    /// How flat names of a class are written and read.
    pub fn names<'k>(&self, kinds: &'k Kinds, class: Class) -> Names<'k> {
        Names {
            kind: kinds.of(class),
            colon: self.settings.colon,
            top_level: &kinds.top_level,
            entitlement_ids: self.settings.entitlement_ids,
        }
    }

    /// An object under its flat names.
    pub fn flat(&self, class: Class, object: &Document) -> Document {
        let kinds = self.kinds();
        let mut object = object.clone();
        if class == Class::User {
            let settings = &self.settings;
            view::with_types(
                &mut object,
                settings.generic_type.as_deref(),
                settings.addresses_type.as_deref(),
            );
        }
        view::flatten(&object, &self.names(&kinds, class))
    }

    /// An object from flat names, each of which a schema must have.
    ///
    /// # Errors
    ///
    /// [`OperationError::Name`].
    pub async fn object(&self, class: Class, flat: &Document) -> Result<Document, OperationError> {
        let read = |kinds: &Kinds| {
            let names = self.names(kinds, class);
            let mut flat = flat.clone();
            if self.version() == ScimVersion::V1 {
                default_types(&mut flat);
            }
            flat.keys().try_for_each(|name| names.known(name).map(|_| ()))?;
            view::unflatten(&flat, &names)
        };
        let known = read(&self.kinds());
        match known {
            Err(NameError::Unknown(..)) => Ok(read(&*self.discovered().await?)?),
            known => Ok(known?),
        }
    }

    /// Parses a filter, in which names may be flat, and finds its attributes in the schema of a class.
    ///
    /// # Errors
    ///
    /// [`OperationError::Filter`].
    pub async fn filter(&self, class: Class, text: &str) -> Result<Filter, OperationError> {
        let read = |kinds: &Kinds| {
            let filter = filter::parse(text, &self.names(kinds, class))?;
            filter.bind(kinds.of(class)).map(|_| filter)
        };
        let known = read(&self.kinds());
        match known {
            Err(FilterError::Path(PathError::Undefined(..))) => Ok(read(&*self.discovered().await?)?),
            known => Ok(known?),
        }
    }

    /// What is wanted of an object. `current` must be there where [`Connector::needs_current`] says so.
    pub(super) async fn wanted(
        &self,
        class: Class,
        change: &Change,
        current: Option<&Document>,
    ) -> Result<Wanted, OperationError> {
        let Change::Flat(changes) = change else {
            let Change::Scim(wanted) = change else { return Ok(Wanted::default()) };
            return Ok(wanted.clone());
        };
        let typed = current.map(|current| {
            let mut typed = current.clone();
            let settings = &self.settings;
            view::with_types(
                &mut typed,
                settings.generic_type.as_deref(),
                settings.addresses_type.as_deref(),
            );
            typed
        });
        let read = |kinds: &Kinds| change::wanted(changes, typed.as_ref(), &self.names(kinds, class));
        let known = read(&self.kinds());
        match known {
            Err(NameError::Unknown(..)) => Ok(read(&*self.discovered().await?)?),
            known => Ok(known?),
        }
    }

    /// Whether a change can only be understood with the object at hand.
    pub(super) fn needs_current(&self, class: Class, change: &Change) -> bool {
        match change {
            Change::Scim(_) => false,
            Change::Flat(changes) => change::needs_current(changes, &self.names(&self.kinds(), class)),
        }
    }

    pub(super) fn version(&self) -> ScimVersion {
        self.profile.scim_version
    }

    /// How objects of a class are changed.
    pub(super) fn how(&self, class: Class) -> How {
        let (shapes, limits) = (&self.profile.shapes, &self.profile.limits);
        How {
            version: self.version(),
            update: match class {
                Class::User => shapes.update_user,
                Class::Group => shapes.update_group,
            },
            member: shapes.member,
            removal: shapes.removal,
            membership_changes: limits.membership_changes.and_then(|most| usize::try_from(most).ok()),
            leave_out: shapes.leave_out.clone(),
            base_url: self.transport.base().to_owned(),
        }
    }

    /// The same, by PUT.
    pub(super) fn how_by_put(&self, class: Class) -> How {
        How { update: UpdateMethod::Put, ..self.how(class) }
    }

    /// A resource as the application sent it, in the words of the schema.
    pub(super) fn read(&self, class: Class, sent: &Value) -> Document {
        resource::read(sent, self.kinds().of(class), self.version())
    }

    /// One object.
    ///
    /// # Errors
    ///
    /// - [`OperationError::Unknown`]: the application says that it is not there.
    /// - [`OperationError::Peer`]: anything else.
    pub async fn get(&self, class: Class, id: &str) -> Result<Document, OperationError> {
        let kinds = self.kinds();
        let request = Request::get([crate::plan::endpoint(kinds.of(class)), id]);
        match self.transport.send(&request).await {
            Ok(reply) => {
                let mut object = self.read(class, reply.json()?);
                // A version that only the header has is needed for PUT all the same.
                if let (Some(etag), Some(meta)) =
                    (reply.etag, object.get_mut("meta").and_then(Value::as_object_mut))
                {
                    meta.entry("version").or_insert_with(|| etag.into());
                }
                Ok(object)
            }
            Err(error) if error.is_gone() => {
                Err(OperationError::Unknown { class: class.name(), id: id.to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// In 1.1 an entitlement, role or certificate of the type `default` is one without.
fn default_types(flat: &mut Document) {
    const LISTS: &[&str] = &["entitlements", "roles", "x509Certificates"];
    let renamed = |name: &String| {
        let list = LISTS.iter().find(|list| name.starts_with(&format!("{list}.default.")));
        list.map_or_else(
            || name.clone(),
            |list| name.replacen(&format!("{list}.default."), &format!("{list}."), 1),
        )
    };
    *flat = flat.iter().map(|(name, value)| (renamed(name), value.clone())).collect();
}
