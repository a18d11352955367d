//! Mapping and policy as settings: checked when they are set, made ready when a source is read.

use std::sync::Arc;

use rollcall_domain::api::ApiScope;
use rollcall_domain::mapping::{Mapping, MappingSettings};
use rollcall_domain::policy::PolicyDocument;
use rollcall_domain::policy::settings::Policy;
use rollcall_domain::source::Source;
use rollcall_scim::schema::{Registry, ResolvedType};
use rollcall_store::people::Rules;
use serde_json::Value;

use super::preview::{Preview, Sample, Tried};
use crate::admin::{Admin, AdminError};
use crate::{Runtime, Service, directory};

/// What a source with identities decides by.
pub(crate) struct People {
    pub(crate) mapping: Mapping,
    pub(crate) rules: Arc<Rules>,
}

impl People {
    /// The settings of a source, made ready; `None` for a source without identities.
    pub(crate) fn new(
        source: &Source,
        registry: &Registry,
        tenant: Option<&Value>,
    ) -> Result<Option<Self>, Vec<String>> {
        let settings = &source.settings;
        if !settings.has_identities() {
            return Ok(None);
        }
        let user = registry.type_named("User").ok_or_else(|| vec!["there is no type User".to_owned()])?;
        let mapping = compiled(settings.mapping.as_ref(), user);
        let own = written(settings.policy.as_ref());
        let inherited = written(tenant);
        match (mapping, own, inherited) {
            (Ok(mapping), Ok(own), Ok(inherited)) => {
                let policy = PolicyDocument::resolve(&own, &inherited);
                Ok(Some(Self { mapping, rules: Arc::new(Rules::new(source.id, policy)) }))
            }
            (mapping, own, inherited) => {
                let errors = [mapping.err(), own.err(), inherited.err()];
                Err(errors.into_iter().flatten().flatten().collect())
            }
        }
    }
}

pub(crate) fn compiled(
    settings: Option<&MappingSettings>,
    user: &ResolvedType,
) -> Result<Mapping, Vec<String>> {
    let usual = MappingSettings::default();
    let mapping = settings.unwrap_or(&usual).compile(user);
    mapping.map_err(|errors| errors.iter().map(|error| format!("mapping: {error}")).collect())
}

/// The policy that holds for a source, its own keys before its tenant's.
pub(crate) fn policy(source: &Source, tenant: Option<&Value>) -> Result<Policy, Vec<String>> {
    let own = written(source.settings.policy.as_ref())?;
    Ok(PolicyDocument::resolve(&own, &written(tenant)?))
}

fn written(policy: Option<&Value>) -> Result<PolicyDocument, Vec<String>> {
    let parsed = policy.map_or_else(|| Ok(PolicyDocument::default()), PolicyDocument::parse);
    parsed.map_err(|errors| errors.iter().map(|error| format!("policy: {error}")).collect())
}

impl Service {
    /// Checks mapping and policy of a source, expressions included.
    ///
    /// # Errors
    ///
    /// `Refused` with everything that is wrong.
    pub(crate) async fn check_people(&self, source: &Source) -> Result<(), AdminError> {
        if !source.settings.has_identities() {
            return Ok(());
        }
        let registry = directory::registry(source).map_err(|error| AdminError::Invalid(error.detail))?;
        let people = People::new(source, &registry, None).map_err(|errors| refused(&errors))?;
        let Some(people) = people else { return Ok(()) };
        let mapping = people.mapping;
        let all: Vec<_> = mapping.users.into_iter().chain(mapping.groups).collect();
        if all.is_empty() {
            return Ok(());
        }
        let Some(expressions) = &self.expressions else {
            return Err(AdminError::Invalid("this server evaluates no expressions".to_owned()));
        };
        match expressions.check(&all).await {
            Ok(failures) if failures.is_empty() => Ok(()),
            Ok(failures) => Err(refused(&failures)),
            Err(error) => Err(AdminError::Invalid(format!("the expressions could not be checked: {error}"))),
        }
    }

    /// The policy that holds for sources of the tenant that do not say otherwise, as written.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn tenant_policy(&self, admin: &Admin) -> Result<Option<Value>, AdminError> {
        admin.require(ApiScope::MappingsRead)?;
        self.store.tenant_policy(admin.tenant().key).await.map_err(AdminError::Store)
    }

    /// Sets or removes the policy of a tenant. Everyone it may mean something for is decided about anew.
    ///
    /// # Errors
    ///
    /// `Invalid` with every key and value that is not known.
    pub async fn set_tenant_policy(&self, admin: &Admin, policy: Option<&Value>) -> Result<(), AdminError> {
        admin.require(ApiScope::MappingsWrite)?;
        written(policy).map_err(|errors| refused(&errors))?;
        let tenant = admin.tenant();
        let before = self.store.tenant_policy(tenant.key).await.map_err(AdminError::Store)?;
        if before.as_ref() == policy {
            return Ok(());
        }
        let nothing = Value::Null;
        let (before, after) = (before.as_ref().unwrap_or(&nothing), policy.unwrap_or(&nothing));
        let entry =
            self.audit_entry(admin, "tenant.policy", format!("tenants/{}", tenant.name), before, after);
        let sources = self.store.sources(tenant.key).await.map_err(AdminError::Store)?;
        let concerned = sources.iter().filter(|source| source.settings.has_identities());
        let concerned: Vec<_> = concerned.map(|source| source.key).collect();
        let recompute = (concerned.as_slice(), self.clock.now());
        self.store.set_tenant_policy(tenant.key, policy, recompute, &entry).await.map_err(AdminError::Store)
    }

    /// Decides about everyone of the source anew, beside everything else; a server does it, now or when it runs.
    pub(crate) async fn begin_recomputation(&self, source: &Source) -> Result<(), AdminError> {
        let now = self.clock.now();
        self.store.begin_recomputation(source.key, now).await.map_err(AdminError::Store)
    }

    /// What mapping and policy of this source, as they are here, would change, from the user after this key on.
    ///
    /// # Errors
    ///
    /// `Invalid` for settings that cannot be, or users of which nothing can be said now.
    pub async fn preview(
        &self,
        admin: &Admin,
        source: &Source,
        after: i64,
        count: u32,
    ) -> Result<Preview, AdminError> {
        admin.require(ApiScope::MappingsWrite)?;
        admin.owns(source)?;
        let runtime = self.supposed_runtime(source).await?;
        let Some(people) = &runtime.people else { return Ok(Preview::default()) };
        self.foretell(&runtime, people, after, count).await.map_err(|error| AdminError::Invalid(error.detail))
    }

    /// What mapping and policy of this source, as they are here, make of a sample, over what is stored.
    ///
    /// # Errors
    ///
    /// `Invalid` for settings that cannot be, or a sample that the source would refuse.
    pub async fn try_out(&self, admin: &Admin, source: &Source, sample: Sample) -> Result<Tried, AdminError> {
        // Who may set a mapping may try one, and who may see it.
        if admin.require(ApiScope::MappingsWrite).is_err() {
            admin.require(ApiScope::MappingsRead)?;
        }
        admin.owns(source)?;
        let runtime = self.supposed_runtime(source).await?;
        let Some(people) = &runtime.people else {
            return Err(AdminError::Invalid(format!(
                "source {} has neither mapping nor policy: no identities come of it",
                source.slug
            )));
        };
        self.try_sample(&runtime, people, sample).await.map_err(|error| AdminError::Invalid(error.detail))
    }

    /// A source with settings that are not stored, ready to be asked.
    async fn supposed_runtime(&self, source: &Source) -> Result<Runtime, AdminError> {
        self.check_people(source).await?;
        let policy = self.store.tenant_policy(source.tenant).await.map_err(AdminError::Store)?;
        directory::suppose(source.clone(), policy.as_ref()).map_err(|error| AdminError::Invalid(error.detail))
    }
}

fn refused(errors: &[impl ToString]) -> AdminError {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    AdminError::Invalid(lines.join("\n       "))
}
