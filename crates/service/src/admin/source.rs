//! Sources.

use rollcall_domain::api::ApiScope;
use rollcall_domain::credential::{Credential, Token};
use rollcall_domain::dialect;
use rollcall_domain::source::{
    MIN_REQUESTS_PER_SECOND, Source, SourceKey, SourceSettings, SourceStatus, check_slug,
};
use rollcall_domain::tenant::{DEFAULT_TENANT, Tenant};
use rollcall_store::{SourceChange, StoreError};
use serde_json::{Value, json};

use super::{Admin, AdminError, Configuration, NewCredential, Page, Paging, no_source, taken};
use crate::{Service, directory};

/// How often a deletion is tried when people come while it goes on.
const ATTEMPTS: usize = 16;

/// Characters of a name.
const MAX_NAME: usize = 100;

/// What a source is made with.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Its name within the tenant: see [`check_slug`].
    pub slug: String,
    /// Name of its dialect.
    pub dialect: String,
    /// Its settings.
    pub settings: SourceSettings,
}

/// Which sources of a tenant.
#[derive(Debug, Clone, Default)]
pub struct SourceFilter {
    /// In this state only.
    pub status: Option<SourceStatus>,
    /// Of this dialect only.
    pub dialect: Option<String>,
}

impl Service {
    /// Makes a source with a first credential, and returns both with the token, which is not shown again.
    ///
    /// Its slug in URLs has the tenant's name before it, with a dot between, but in the default tenant (ADR 22).
    ///
    /// # Errors
    ///
    /// `Invalid` for a bad slug, an unknown dialect or bad settings; `Conflict` for a slug that the tenant has.
    pub async fn create_source(
        &self,
        admin: &Admin,
        new: NewSource,
        credential: NewCredential,
    ) -> Result<(Source, Credential, Token), AdminError> {
        let source = self.add_source(admin, new, SourceStatus::Active).await?;
        let (credential, token) = self.first_token(admin, &source, credential).await?;
        Ok((source, credential, token))
    }

    /// Makes a source without a credential.
    ///
    /// # Errors
    ///
    /// As [`Service::create_source`].
    pub async fn add_source(
        &self,
        admin: &Admin,
        new: NewSource,
        status: SourceStatus,
    ) -> Result<Source, AdminError> {
        admin.require(ApiScope::SourcesWrite)?;
        check_slug(local(admin.tenant(), &new.slug)).map_err(AdminError::Invalid)?;
        check_dialect(&new.dialect, &new.settings)?;
        check_settings(&new.settings)?;
        let now = self.clock.now();
        let mut source = Source {
            key: SourceKey(0),
            tenant: admin.tenant.key,
            id: self.ids.uuid(now),
            slug: address(admin.tenant(), &new.slug),
            dialect: new.dialect,
            status,
            settings: new.settings,
            schemas: Vec::new(),
            resource_types: Vec::new(),
            created: now,
            generation: 1,
        };
        if source.settings.has_identities() {
            admin.require(ApiScope::MappingsWrite)?;
        }
        self.check_people(&source).await?;
        let entry =
            self.audit_entry(admin, "source.create", subject(&source), &Value::Null, &audited(&source));
        let made = self.store.create_source(&source, &entry).await;
        source.key = made.map_err(|error| taken(error, "source", &source.slug))?;
        Ok(source)
    }

    /// The tenant's sources, by slug.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn sources(
        &self,
        admin: &Admin,
        filter: &SourceFilter,
        paging: &Paging,
    ) -> Result<Page<Source>, AdminError> {
        admin.require(ApiScope::SourcesRead)?;
        let mut all = self.store.sources(admin.tenant.key).await.map_err(AdminError::Store)?;
        all.retain(|source| {
            filter.status.is_none_or(|status| source.status == status)
                && filter.dialect.as_ref().is_none_or(|dialect| source.dialect == *dialect)
        });
        Ok(Page::within(all, paging, |source| source.slug.clone()))
    }

    /// The tenant's source of this slug, with or without the tenant's name before it.
    ///
    /// # Errors
    ///
    /// `NotFound` when the tenant has none.
    pub async fn source(&self, admin: &Admin, slug: &str) -> Result<Source, AdminError> {
        // What cannot be the tenant's is not even read: another's takes as long to be not there as nothing.
        let own = if local(admin.tenant(), slug).contains('.') { "" } else { slug };
        let found = self.store.source(&address(admin.tenant(), own)).await.map_err(AdminError::Store)?;
        let ours = found.filter(|source| source.tenant == admin.tenant.key);
        ours.ok_or_else(|| no_source(admin.tenant(), slug))
    }

    /// Changes status, dialect or settings of a source that was read: what was changed since is not overwritten.
    ///
    /// # Errors
    ///
    /// `Invalid` for an unknown dialect or bad settings; one that [`AdminError::is_superseded`].
    pub async fn change_source(
        &self,
        admin: &Admin,
        before: &Source,
        source: &Source,
    ) -> Result<(), AdminError> {
        admin.require(ApiScope::SourcesWrite)?;
        admin.owns(before)?;
        admin.owns(source)?;
        check_dialect(&source.dialect, &source.settings)?;
        check_settings(&source.settings)?;
        if *before == (Source { generation: before.generation, ..source.clone() }) {
            return Ok(());
        }
        let is_decided_otherwise = before.settings.mapping != source.settings.mapping
            || before.settings.policy != source.settings.policy;
        if is_decided_otherwise {
            admin.require(ApiScope::MappingsWrite)?;
            self.check_people(source).await?;
        }
        let entry =
            self.audit_entry(admin, "source.update", subject(source), &audited(before), &audited(source));
        let recompute = is_decided_otherwise && source.settings.has_identities();
        let reindex = directory::reindexed(before, source);
        let change = SourceChange {
            reindex: reindex.map_err(|error| AdminError::Invalid(error.detail))?,
            recompute: recompute.then(|| self.clock.now()),
            ..SourceChange::of(before, source.clone())
        };
        self.store.update_source(&change, &entry).await.map_err(unfit)
    }

    /// Deletes a source with all its resources. What it says of people ends first, as if all its users were deleted:
    /// their identities lose its links and roles, and policy says what becomes of those whom nobody else wants active.
    /// A source with identities is paused before. One whose deletion was interrupted can be deleted again.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn delete_source(&self, admin: &Admin, source: &Source) -> Result<(), AdminError> {
        admin.require(ApiScope::SourcesWrite)?;
        admin.owns(source)?;
        if source.settings.has_identities() && source.status == SourceStatus::Active {
            let paused = Configuration { status: Some(SourceStatus::Paused), ..Configuration::default() };
            self.configure_source(admin, &source.slug, paused).await?;
        }
        let entry = self.audit_entry(admin, "source.delete", subject(source), &audited(source), &Value::Null);
        for _ in 0..ATTEMPTS {
            self.dismiss_people(admin, source).await?;
            match self.store.delete_source(source.key, &entry).await {
                // What was under way when it was paused has made someone.
                Err(StoreError::Stale) => {}
                deleted => return deleted.map_err(AdminError::Store),
            }
        }
        Err(AdminError::Store(StoreError::Stale))
    }
}

/// What there is does not fit new settings.
pub(super) fn unfit(error: StoreError) -> AdminError {
    match error {
        StoreError::Conflict { .. } => AdminError::Invalid(format!(
            "the resources that are there do not fit: {}",
            crate::error::from_store(error)
        )),
        error => AdminError::Store(error),
    }
}

/// A source's slug as URLs have it.
fn address(tenant: &Tenant, slug: &str) -> String {
    let slug = local(tenant, slug);
    if tenant.name == DEFAULT_TENANT { slug.to_owned() } else { format!("{}.{slug}", tenant.name) }
}

/// A source's slug without its tenant.
pub(super) fn local<'a>(tenant: &Tenant, slug: &'a str) -> &'a str {
    if tenant.name == DEFAULT_TENANT {
        return slug;
    }
    slug.strip_prefix(&*tenant.name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(slug)
}

/// A source in the audit.
pub(super) fn subject(source: &Source) -> String {
    format!("sources/{}", source.slug)
}

/// What the audit keeps of a source.
pub(super) fn audited(source: &Source) -> Value {
    json!({
        "id": source.id,
        "dialect": source.dialect,
        "status": source.status,
        "settings": source.settings,
        "schemas": source.schemas,
        "resource_types": source.resource_types,
    })
}

fn check_dialect(name: &str, settings: &SourceSettings) -> Result<(), AdminError> {
    if let Some(dialect) = dialect::named(name) {
        return dialect.with(&settings.switches).map(drop).map_err(AdminError::Invalid);
    }
    let known: Vec<&str> = dialect::all().keys().map(String::as_str).collect();
    Err(AdminError::Invalid(format!("there is no dialect {name:?}; there are {}", known.join(", "))))
}

fn check_settings(settings: &SourceSettings) -> Result<(), AdminError> {
    if settings.name.chars().count() > MAX_NAME || settings.name.chars().any(char::is_control) {
        return Err(AdminError::Invalid(format!("name: write at most {MAX_NAME} characters")));
    }
    let rate = settings.requests_per_second;
    if rate > 0 && rate < MIN_REQUESTS_PER_SECOND {
        return Err(AdminError::Invalid(format!(
            "requests_per_second: {rate} is below {MIN_REQUESTS_PER_SECOND}; 0 is no limit"
        )));
    }
    if settings.default_page_size == 0 || settings.max_page_size < settings.default_page_size {
        return Err(AdminError::Invalid(
            "default_page_size must be at least 1 and at most max_page_size".to_owned(),
        ));
    }
    Ok(())
}
