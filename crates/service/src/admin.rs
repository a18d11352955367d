//! Management: tenants, sources and credentials, for whoever holds the database.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::{Credential, Scope, Token};
use rollcall_domain::dialect;
use rollcall_domain::source::{
    MIN_REQUESTS_PER_SECOND, Source, SourceKey, SourceSettings, SourceStatus, check_slug,
};
use rollcall_domain::tenant::Tenant;
use rollcall_scim::error::ScimError;
use rollcall_scim::schema::{ResourceType, Schema};
use rollcall_store::StoreError;
use uuid::Uuid;

use crate::{Service, directory, error};

/// Why management did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The operator's to mend: says how.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
}

/// What a source is made with.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Its slug.
    pub slug: String,
    /// Name of its dialect.
    pub dialect: String,
    /// Its settings.
    pub settings: SourceSettings,
}

/// What a credential is issued with.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when it is not taken any more.
    pub expires: Option<Timestamp>,
    /// The resource that `/Me` stands for.
    pub subject: Option<Uuid>,
}

impl Default for NewCredential {
    fn default() -> Self {
        Self { scopes: vec![Scope::Read, Scope::Write], expires: None, subject: None }
    }
}

impl Service {
    /// The tenant of this name.
    ///
    /// # Errors
    ///
    /// `Refused` when there is none.
    pub async fn tenant(&self, name: &str) -> Result<Tenant, AdminError> {
        let tenant = self.store.tenant(name).await.map_err(AdminError::Store)?;
        tenant.ok_or_else(|| {
            AdminError::Refused(format!(
                "there is no tenant {name:?}; create it with `rollcall tenant create {name}`"
            ))
        })
    }

    /// Makes a tenant.
    ///
    /// # Errors
    ///
    /// `Refused` when the name is no slug or taken.
    pub async fn create_tenant(&self, name: &str) -> Result<Tenant, AdminError> {
        check_slug(name).map_err(AdminError::Refused)?;
        let id = self.ids.uuid(self.clock.now());
        self.store.create_tenant(id, name).await.map_err(|error| taken(error, "tenant", name))
    }

    /// All tenants.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, AdminError> {
        self.store.tenants().await.map_err(AdminError::Store)
    }

    /// Makes a source with a first credential, and returns both with the token, which is not shown again.
    ///
    /// # Errors
    ///
    /// `Refused` for a bad slug, an unknown dialect, bad settings, or a slug that is taken.
    pub async fn create_source(
        &self,
        tenant: &Tenant,
        new: NewSource,
        credential: NewCredential,
    ) -> Result<(Source, Credential, Token), AdminError> {
        check_slug(&new.slug).map_err(AdminError::Refused)?;
        check_dialect(&new.dialect)?;
        check_settings(&new.settings)?;
        let now = self.clock.now();
        let mut source = Source {
            key: SourceKey(0),
            tenant: tenant.key,
            id: self.ids.uuid(now),
            slug: new.slug,
            dialect: new.dialect,
            status: SourceStatus::Active,
            settings: new.settings,
            schemas: Vec::new(),
            resource_types: Vec::new(),
            created: now,
        };
        source.key =
            self.store.create_source(&source).await.map_err(|error| taken(error, "source", &source.slug))?;
        let (credential, token) = self.issue_token(&source, credential).await?;
        Ok((source, credential, token))
    }

    /// The tenant's sources.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn sources(&self, tenant: &Tenant) -> Result<Vec<Source>, AdminError> {
        self.store.sources(tenant.key).await.map_err(AdminError::Store)
    }

    /// The tenant's source of this slug.
    ///
    /// # Errors
    ///
    /// `Refused` when the tenant has none.
    pub async fn source(&self, tenant: &Tenant, slug: &str) -> Result<Source, AdminError> {
        let source = self.store.source(slug).await.map_err(AdminError::Store)?;
        source.filter(|source| source.tenant == tenant.key).ok_or_else(|| {
            AdminError::Refused(format!(
                "tenant {} has no source {slug:?}; `rollcall source list` shows those there are",
                tenant.name
            ))
        })
    }

    /// Writes a source that was changed: status, dialect or settings.
    ///
    /// # Errors
    ///
    /// `Refused` for an unknown dialect or bad settings.
    pub async fn update_source(&self, source: &Source) -> Result<(), AdminError> {
        check_dialect(&source.dialect)?;
        check_settings(&source.settings)?;
        self.store.update_source(source).await.map_err(AdminError::Store)
    }

    /// Deletes a source with all its resources.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn delete_source(&self, source: &Source) -> Result<(), AdminError> {
        self.store.delete_source(source.key).await.map_err(AdminError::Store)
    }

    /// Adds schemas and resource types to a source, and indexes what is there by them.
    ///
    /// # Errors
    ///
    /// `Refused` when a definition cannot be, or resources that are there contradict its uniqueness.
    pub async fn add_schemas(
        &self,
        source: &Source,
        schemas: Vec<Schema>,
        resource_types: Vec<ResourceType>,
    ) -> Result<Source, AdminError> {
        let mut extended = source.clone();
        for schema in schemas {
            extended.schemas.retain(|known| known.id != schema.id);
            extended.schemas.push(schema);
        }
        for kind in resource_types {
            extended.resource_types.retain(|known| known.name != kind.name);
            extended.resource_types.push(kind);
        }
        let refused = |error: ScimError| AdminError::Refused(error.detail);
        let (before, after) =
            (directory::registry(source).map_err(refused)?, directory::registry(&extended).map_err(refused)?);
        for kind in
            after.types().iter().filter(|kind| before.type_named(kind.name()).is_some_and(|old| old != *kind))
        {
            self.store.reindex(source.key, kind).await.map_err(|error| {
                AdminError::Refused(format!(
                    "the {}s that are there do not fit: {}",
                    kind.name(),
                    error::from_store(error)
                ))
            })?;
        }
        self.store.update_source(&extended).await.map_err(AdminError::Store)?;
        Ok(extended)
    }

    /// Issues a credential. The token is not shown again.
    ///
    /// # Errors
    ///
    /// `Refused` when it has no scope or has expired already.
    pub async fn issue_token(
        &self,
        source: &Source,
        new: NewCredential,
    ) -> Result<(Credential, Token), AdminError> {
        let now = self.clock.now();
        if new.scopes.is_empty() || new.expires.is_some_and(|at| at <= now) {
            return Err(AdminError::Refused(
                "a token needs a scope, and an expiry in the future or none".to_owned(),
            ));
        }
        let token = Token::generate(self.ids.as_ref());
        let credential = Credential {
            id: self.ids.uuid(now),
            source: source.key,
            prefix: token.prefix().to_owned(),
            digest: self.token_key.digest(&token),
            scopes: new.scopes,
            subject: new.subject,
            created: now,
            expires: new.expires,
            revoked: None,
            last_used: None,
        };
        self.store.add_credential(&credential).await.map_err(AdminError::Store)?;
        Ok((credential, token))
    }

    /// All credentials of a source.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn credentials(&self, source: &Source) -> Result<Vec<Credential>, AdminError> {
        self.store.credentials(source.key).await.map_err(AdminError::Store)
    }

    /// Revokes a credential, named by its id or public prefix.
    ///
    /// # Errors
    ///
    /// `Refused` when the source has no such credential.
    pub async fn revoke_token(&self, source: &Source, name: &str) -> Result<Credential, AdminError> {
        let mut credential = self.credential(source, name).await?;
        credential.revoked = Some(credential.revoked.unwrap_or_else(|| self.clock.now()));
        self.store.update_credential(&credential).await.map_err(AdminError::Store)?;
        Ok(credential)
    }

    /// Issues a credential like an old one, which goes on for `overlap_ms` and then expires.
    ///
    /// # Errors
    ///
    /// `Refused` when the source has no such credential.
    pub async fn rotate_token(
        &self,
        source: &Source,
        name: &str,
        overlap_ms: i64,
    ) -> Result<(Credential, Token), AdminError> {
        let mut old = self.credential(source, name).await?;
        let lifetime = old.expires.map(|at| at.0 - old.created.0);
        let now = self.clock.now();
        let new = NewCredential {
            scopes: old.scopes.clone(),
            expires: lifetime.map(|lifetime| Timestamp(now.0 + lifetime)),
            subject: old.subject,
        };
        let issued = self.issue_token(source, new).await?;
        let end = Timestamp(now.0 + overlap_ms.max(0));
        old.expires = Some(old.expires.map_or(end, |at| at.min(end)));
        self.store.update_credential(&old).await.map_err(AdminError::Store)?;
        Ok(issued)
    }

    async fn credential(&self, source: &Source, name: &str) -> Result<Credential, AdminError> {
        let all = self.credentials(source).await?;
        let found = all.into_iter().find(|known| known.prefix == name || known.id.to_string() == name);
        found.ok_or_else(|| {
            AdminError::Refused(format!(
                "source {} has no token {name:?}; `rollcall token list {0}` shows them",
                source.slug
            ))
        })
    }
}

fn taken(error: StoreError, what: &str, name: &str) -> AdminError {
    match error {
        StoreError::Conflict { .. } => {
            AdminError::Refused(format!("{what} {name:?} exists already; choose another name"))
        }
        error => AdminError::Store(error),
    }
}

fn check_dialect(name: &str) -> Result<(), AdminError> {
    if dialect::named(name).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = dialect::all().keys().map(String::as_str).collect();
    Err(AdminError::Refused(format!("there is no dialect {name:?}; there are {}", known.join(", "))))
}

fn check_settings(settings: &SourceSettings) -> Result<(), AdminError> {
    let rate = settings.requests_per_second;
    if rate > 0 && rate < MIN_REQUESTS_PER_SECOND {
        return Err(AdminError::Refused(format!(
            "requests_per_second: {rate} is below {MIN_REQUESTS_PER_SECOND}; 0 is no limit"
        )));
    }
    if settings.default_page_size == 0 || settings.max_page_size < settings.default_page_size {
        return Err(AdminError::Refused(
            "default_page_size must be at least 1 and at most max_page_size".to_owned(),
        ));
    }
    Ok(())
}
