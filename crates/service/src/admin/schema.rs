//! Schemas and resource types of a source.

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::Source;
use rollcall_scim::error::ScimError;
use rollcall_scim::schema::{Registry, ResourceType, Schema};

use super::source::{audited, subject};
use super::{Admin, AdminError};
use crate::{Service, directory, error};

impl Service {
    /// All schemas and resource types of a source, built in and added.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`; `Invalid` when what was added does not fit together.
    pub fn schemas_of(&self, admin: &Admin, source: &Source) -> Result<Registry, AdminError> {
        admin.require(ApiScope::SchemasRead)?;
        admin.owns(source)?;
        directory::registry(source).map_err(|error| AdminError::Invalid(error.detail))
    }

    /// Adds schemas and resource types to a source, and indexes what is there by them.
    ///
    /// # Errors
    ///
    /// `Invalid` when a definition cannot be, or resources that are there contradict its uniqueness.
    pub async fn add_schemas(
        &self,
        admin: &Admin,
        source: &Source,
        schemas: Vec<Schema>,
        resource_types: Vec<ResourceType>,
    ) -> Result<Source, AdminError> {
        admin.require(ApiScope::SchemasWrite)?;
        admin.owns(source)?;
        let mut extended = source.clone();
        for schema in schemas {
            extended.schemas.retain(|known| known.id != schema.id);
            extended.schemas.push(schema);
        }
        for kind in resource_types {
            extended.resource_types.retain(|known| known.name != kind.name);
            extended.resource_types.push(kind);
        }
        let refused = |error: ScimError| AdminError::Invalid(error.detail);
        let (before, after) =
            (directory::registry(source).map_err(refused)?, directory::registry(&extended).map_err(refused)?);
        for kind in
            after.types().iter().filter(|kind| before.type_named(kind.name()).is_some_and(|old| old != *kind))
        {
            self.store.reindex(source.key, kind).await.map_err(|error| {
                AdminError::Invalid(format!(
                    "the {}s that are there do not fit: {}",
                    kind.name(),
                    error::from_store(error)
                ))
            })?;
        }
        let entry = self.audit_entry(
            admin,
            "source.schemas.add",
            format!("{}/schemas", subject(source)),
            &audited(source),
            &audited(&extended),
        );
        self.store.update_source(&extended, &entry).await.map_err(AdminError::Store)?;
        Ok(extended)
    }
}
