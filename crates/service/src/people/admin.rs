//! Management of people: identities, who waits, what is held, mapping and policy of one source.

use std::sync::Arc;

use rollcall_domain::api::ApiScope;
use rollcall_domain::identity::Status;
use rollcall_domain::mapping::MappingSettings;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::{Answer, BreakerState, Held, Judged, Recomputation, StoredIdentity, Waiting};
use rollcall_domain::policy::decide::{Decision, Protocol};
use rollcall_domain::source::{Source, SourceKey};
use rollcall_store::people::{IdentityQuery, Rules};
use rollcall_store::write::Batch;
use rollcall_store::{SourceChange, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::IdentityChange;
use super::settings::policy as policy_of;
use crate::Service;
use crate::admin::{Admin, AdminError, Page, Paging};

/// How often a change of an identity is tried when sources change it at the same time.
const ATTEMPTS: usize = 8;
/// Held deprovisionings that are done or dropped in one transaction.
const PART: u32 = 100;

/// Which identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityFilter {
    /// Of this status.
    pub status: Option<Status>,
    /// With this user name, e-mail address or `externalId`, in any case.
    pub name: Option<String>,
}

impl Service {
    /// The tenant's identities, in the order they were made.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn identities(
        &self,
        admin: &Admin,
        filter: &IdentityFilter,
        paging: &Paging,
    ) -> Result<Page<StoredIdentity>, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        let query = IdentityQuery {
            status: filter.status,
            name: filter.name.clone(),
            after: position(paging),
            limit: paging.read(),
        };
        let found = self.store.identities(admin.tenant().key, &query).await.map_err(AdminError::Store)?;
        Ok(Page::of(found, paging, |stored| stored.key.to_string()))
    }

    /// One identity.
    ///
    /// # Errors
    ///
    /// `NotFound` when the tenant has none of this id.
    pub async fn identity(&self, admin: &Admin, id: &str) -> Result<StoredIdentity, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        self.stored_identity(admin, id).await
    }

    async fn stored_identity(&self, admin: &Admin, id: &str) -> Result<StoredIdentity, AdminError> {
        let missing = || AdminError::NotFound(format!("tenant {} has no identity {id}", admin.tenant().name));
        let id = Uuid::try_parse(id).map_err(|_| missing())?;
        let found = self.store.identity(admin.tenant().key, id).await.map_err(AdminError::Store)?;
        found.ok_or_else(missing)
    }

    /// Changes an identity, as the application.
    ///
    /// # Errors
    ///
    /// `Invalid` for what cannot be, `NotFound`.
    pub async fn change_identity(
        &self,
        admin: &Admin,
        id: &str,
        change: &IdentityChange,
    ) -> Result<StoredIdentity, AdminError> {
        admin.require(ApiScope::IdentitiesWrite)?;
        for _ in 0..ATTEMPTS {
            let stored = self.stored_identity(admin, id).await?;
            let after = change.apply(&stored.identity).map_err(AdminError::Invalid)?;
            if after == stored.identity {
                return Ok(stored);
            }
            let subject = format!("identities/{}", after.id);
            let entry = self.audit_entry(admin, "identity.update", subject, &Value::Null, &change.audited());
            let context = self.context(admin, SourceKey(0), None);
            match self.store.change_identity(context, stored.revision, after, &entry).await {
                Err(StoreError::Stale) => {}
                changed => return changed.map_err(AdminError::Store),
            }
        }
        Err(AdminError::Store(StoreError::Stale))
    }

    /// Users of a source that wait for someone to say who they are.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant.
    pub async fn matches(
        &self,
        admin: &Admin,
        source: &Source,
        paging: &Paging,
    ) -> Result<Page<Waiting>, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        admin.owns(source)?;
        let found = self.store.waiting(source.key, position(paging), paging.read()).await;
        Ok(Page::of(found.map_err(AdminError::Store)?, paging, |waiting| waiting.key.to_string()))
    }

    /// Says who a user that waits is; what was decided, where that is something.
    ///
    /// # Errors
    ///
    /// `NotFound` when it does not wait, or there is no such identity; `Conflict` when the identity stands for another
    /// user of the source.
    pub async fn answer_match(
        &self,
        admin: &Admin,
        source: &Source,
        resource: &str,
        answer: Answer,
    ) -> Result<Option<Judged>, AdminError> {
        admin.require(ApiScope::IdentitiesWrite)?;
        admin.owns(source)?;
        let missing = || AdminError::NotFound(format!("no user {resource} of source {} waits", source.slug));
        let id = Uuid::try_parse(resource).map_err(|_| missing())?;
        let rules = self.rules(source).await?;
        let subject = format!("sources/{}/matches/{id}", source.slug);
        let said = match answer {
            Answer::This(identity) => json!({ "answer": "this", "identity": identity }),
            Answer::New => json!({ "answer": "new" }),
            Answer::Refuse => json!({ "answer": "refuse" }),
        };
        let entry = self.audit_entry(admin, "match.answer", subject, &Value::Null, &said);
        let context = self.context(admin, source.key, Some(rules));
        match self.store.answer(context, id, answer, &entry).await {
            Err(StoreError::NotFound) => Err(missing()),
            Err(StoreError::Conflict { .. }) => Err(AdminError::Conflict(
                "the identity stands for another user of this source; one person is one user there"
                    .to_owned(),
            )),
            answered => answered.map_err(AdminError::Store),
        }
    }

    /// Says who signs in at the application, whose word it is that they did, and writes what comes of it.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant, `Conflict` for one without identities.
    pub async fn sign_in(
        &self,
        admin: &Admin,
        source: &Source,
        protocol: Protocol,
        profile: &Profile,
    ) -> Result<Decision, AdminError> {
        admin.require(ApiScope::IdentitiesWrite)?;
        admin.owns(source)?;
        let context = self.context(admin, source.key, Some(self.rules(source).await?));
        let new_id = self.ids.uuid(context.now);
        self.store.sign_in(context, protocol, profile.clone(), new_id).await.map_err(AdminError::Store)
    }

    /// The breaker of a source.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant.
    pub async fn breaker(&self, admin: &Admin, source: &Source) -> Result<BreakerState, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        admin.owns(source)?;
        // Its policy has no say in what is there.
        let rules = Rules::new(source.id, rollcall_domain::policy::settings::Policy::default());
        self.store.breaker(source.key, &rules).await.map_err(AdminError::Store)
    }

    /// The deprovisionings that the breaker holds.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant.
    pub async fn held(
        &self,
        admin: &Admin,
        source: &Source,
        paging: &Paging,
    ) -> Result<Page<Held>, AdminError> {
        admin.require(ApiScope::IdentitiesRead)?;
        admin.owns(source)?;
        let found = self.store.held(source.key, position(paging), paging.read()).await;
        Ok(Page::of(found.map_err(AdminError::Store)?, paging, |held| held.key.to_string()))
    }

    /// Does what the breaker holds (`approve`), or drops it, and closes it. How many there were.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant, `Conflict` for one without identities.
    pub async fn release_held(
        &self,
        admin: &Admin,
        source: &Source,
        approve: bool,
    ) -> Result<u64, AdminError> {
        admin.require(ApiScope::IdentitiesWrite)?;
        admin.owns(source)?;
        let rules = self.rules(source).await?;
        let action = if approve { "breaker.approve" } else { "breaker.reject" };
        let subject = format!("sources/{}/breaker", source.slug);
        let before = self.store.breaker(source.key, &rules).await.map_err(AdminError::Store)?;
        let entry = self.audit_entry(admin, action, subject, &json!({ "held": before.held }), &Value::Null);
        let context = self.context(admin, source.key, Some(rules));
        let until = context.now;
        self.store.close_breaker(context.clone(), &entry).await.map_err(AdminError::Store)?;
        let mut released = 0;
        loop {
            let part = self.store.release_held(context.clone(), approve, until, PART).await;
            let part = part.map_err(AdminError::Store)?.len();
            released += part as u64;
            if part < PART as usize {
                return Ok(released);
            }
        }
    }

    /// Where the last recomputation of a source stands; `None` when there never was one.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant.
    pub async fn recomputation(
        &self,
        admin: &Admin,
        source: &Source,
    ) -> Result<Option<Recomputation>, AdminError> {
        admin.require(ApiScope::MappingsRead)?;
        admin.owns(source)?;
        self.store.recomputation(source.key).await.map_err(AdminError::Store)
    }

    /// Has everyone of a source decided about anew.
    ///
    /// # Errors
    ///
    /// `NotFound` for a source of another tenant, `Conflict` for one without identities.
    pub async fn recompute_source(
        &self,
        admin: &Admin,
        source: &Source,
    ) -> Result<Recomputation, AdminError> {
        admin.require(ApiScope::MappingsWrite)?;
        admin.owns(source)?;
        self.rules(source).await?;
        self.begin_recomputation(source).await?;
        let begun = self.store.recomputation(source.key).await.map_err(AdminError::Store)?;
        begun.ok_or(AdminError::Store(StoreError::NotFound))
    }

    /// Sets or removes the mapping of a source as it was read, and has everyone decided about anew.
    ///
    /// # Errors
    ///
    /// `Invalid` with everything that is wrong; one that [`AdminError::is_superseded`] when the settings were changed
    /// since the source was read.
    pub async fn set_mapping(
        &self,
        admin: &Admin,
        source: &Source,
        mapping: Option<MappingSettings>,
    ) -> Result<(), AdminError> {
        let mut after = source.clone();
        after.settings.mapping = mapping;
        self.set_people(admin, source, &after, "source.mapping").await
    }

    /// Sets or removes the policy of a source as it was read, and has everyone decided about anew.
    ///
    /// # Errors
    ///
    /// `Invalid` with every key and value that is not known; the rest as [`Service::set_mapping`].
    pub async fn set_policy(
        &self,
        admin: &Admin,
        source: &Source,
        policy: Option<Value>,
    ) -> Result<(), AdminError> {
        let mut after = source.clone();
        after.settings.policy = policy;
        self.set_people(admin, source, &after, "source.policy").await
    }

    async fn set_people(
        &self,
        admin: &Admin,
        before: &Source,
        after: &Source,
        action: &str,
    ) -> Result<(), AdminError> {
        admin.require(ApiScope::MappingsWrite)?;
        admin.owns(before)?;
        if before == after {
            return Ok(());
        }
        self.check_people(after).await?;
        let said =
            |source: &Source| json!({ "mapping": source.settings.mapping, "policy": source.settings.policy });
        let subject = format!("sources/{}", after.slug);
        let entry = self.audit_entry(admin, action, subject, &said(before), &said(after));
        let recompute = after.settings.has_identities().then(|| self.clock.now());
        let change = SourceChange { recompute, ..SourceChange::of(before, after.clone()) };
        self.store.update_source(&change, &entry).await.map_err(AdminError::Store)
    }

    /// Ends all that a source says of people.
    pub(crate) async fn dismiss_people(&self, admin: &Admin, source: &Source) -> Result<(), AdminError> {
        let policy = self.store.tenant_policy(source.tenant).await.map_err(AdminError::Store)?;
        let policy = policy_of(source, policy.as_ref()).unwrap_or_default();
        let rules = Arc::new(Rules::new(source.id, policy));
        let context = self.context(admin, source.key, Some(rules));
        while self.store.dismiss(context.clone(), PART).await.map_err(AdminError::Store)? == PART as usize {}
        let mut after = Some(0);
        while let Some(key) = after {
            after = self.store.disown(context.clone(), key, PART).await.map_err(AdminError::Store)?;
        }
        Ok(())
    }

    /// What a source decides by.
    async fn rules(&self, source: &Source) -> Result<Arc<Rules>, AdminError> {
        let runtime = self.runtime(&source.slug).await.map_err(|error| AdminError::Invalid(error.detail))?;
        let rules = runtime.and_then(|runtime| Some(Arc::clone(&runtime.people.as_ref()?.rules)));
        rules.ok_or_else(|| {
            AdminError::Conflict(format!(
                "source {} has neither mapping nor policy: no identities come of it",
                source.slug
            ))
        })
    }

    fn context(&self, admin: &Admin, source: SourceKey, rules: Option<Arc<Rules>>) -> Batch {
        let manager = admin.manager();
        Batch {
            actor: manager.actor().to_owned(),
            request_id: manager.request_id().to_owned(),
            rules,
            ..Batch::by_rollcall(admin.tenant().key, source, self.clock.now())
        }
    }
}

/// Where a page begins.
fn position(paging: &Paging) -> i64 {
    paging.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0)
}
