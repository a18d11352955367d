//! Schemas and resource types of a source.

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::Source;
use rollcall_scim::schema::{Registry, ResourceType, Schema};
use rollcall_store::SourceChange;

use super::source::{audited, subject, unfit};
use super::{Admin, AdminError};
use crate::{Service, directory};

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
        let reindex = directory::reindexed(source, &extended);
        let reindex = reindex.map_err(|error| AdminError::Invalid(error.detail))?;
        let entry = self.audit_entry(
            admin,
            "source.schemas.add",
            format!("{}/schemas", subject(source)),
            &audited(source),
            &audited(&extended),
        );
        let change = SourceChange { reindex, ..SourceChange::of(source, extended.clone()) };
        self.store.update_source(&change, &entry).await.map_err(unfit)?;
        Ok(extended)
    }
}
