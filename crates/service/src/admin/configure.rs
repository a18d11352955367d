//! Configuring a source as a whole: made when it is not there, changed where something is said, tokens untouched.

use rollcall_domain::api::ApiScope;
use rollcall_domain::credential::{Credential, Token};
use rollcall_domain::source::{Source, SourceSettings, SourceStatus};
use rollcall_store::StoreError;
use serde_json::{Map, Value};

use super::{Admin, AdminError, NewCredential, NewSource};
use crate::Service;

/// Settings that decide about identities: they have a scope of their own.
const OF_MAPPING: [&str; 2] = ["mapping", "policy"];

/// What a source is to be like. What is left out stays as it is, or has its default in a new source.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Name of its dialect.
    pub dialect: Option<String>,
    /// Whether it answers.
    pub status: Option<SourceStatus>,
    /// Settings by name; `null` is the default.
    pub settings: Map<String, Value>,
    /// The generation of the settings that this was made from; `None`: it is for whatever they are.
    pub from: Option<u64>,
}

/// How often a change is tried anew when the settings change meanwhile.
const ATTEMPTS: usize = 8;

impl Service {
    /// Makes the source of this slug, or changes it. Returns it, and whether it was made.
    ///
    /// No token is issued and none is changed: configuration and rotation are apart.
    ///
    /// # Errors
    ///
    /// `Invalid` for a bad slug, an unknown dialect, and settings that are not there or cannot be; one that
    /// [`AdminError::is_superseded`] when the settings are not those that this was made from.
    pub async fn configure_source(
        &self,
        admin: &Admin,
        slug: &str,
        wanted: Configuration,
    ) -> Result<(Source, bool), AdminError> {
        admin.require(ApiScope::SourcesWrite)?;
        if OF_MAPPING.iter().any(|name| wanted.settings.contains_key(*name)) {
            admin.require(ApiScope::MappingsWrite)?;
        }
        let superseded = || AdminError::Store(StoreError::Superseded);
        for _ in 0..ATTEMPTS {
            let before = match self.source(admin, slug).await {
                Ok(source) => source,
                Err(AdminError::NotFound(_)) => return Ok((self.made(admin, slug, wanted).await?, true)),
                Err(error) => return Err(error),
            };
            if wanted.from.is_some_and(|generation| generation != before.generation) {
                return Err(superseded());
            }
            let mut source = before.clone();
            source.settings = merged(&source.settings, wanted.settings.clone())?;
            source.dialect = wanted.dialect.clone().unwrap_or(source.dialect);
            source.status = wanted.status.unwrap_or(source.status);
            match self.change_source(admin, &before, &source).await {
                Err(error) if error.is_superseded() => {}
                changed => return changed.map(|()| (source, false)),
            }
        }
        Err(superseded())
    }

    /// Makes a source with a first token. `Conflict` when the tenant has one of this slug.
    ///
    /// # Errors
    ///
    /// As [`Service::create_source`].
    pub async fn make_source(
        &self,
        admin: &Admin,
        slug: &str,
        wanted: Configuration,
        credential: NewCredential,
    ) -> Result<(Source, Credential, Token), AdminError> {
        if OF_MAPPING.iter().any(|name| wanted.settings.contains_key(*name)) {
            admin.require(ApiScope::MappingsWrite)?;
        }
        let source = self.made(admin, slug, wanted).await?;
        let (credential, token) = self.first_token(admin, &source, credential).await?;
        Ok((source, credential, token))
    }

    async fn made(&self, admin: &Admin, slug: &str, wanted: Configuration) -> Result<Source, AdminError> {
        let new = NewSource {
            slug: slug.to_owned(),
            dialect: wanted.dialect.unwrap_or_else(|| "generic".to_owned()),
            settings: merged(&SourceSettings::default(), wanted.settings)?,
        };
        self.add_source(admin, new, wanted.status.unwrap_or(SourceStatus::Active)).await
    }
}

/// Settings with some of them set anew.
///
/// # Errors
///
/// `Invalid`: a name that is no setting, or a value that does not fit.
pub fn merged(settings: &SourceSettings, wanted: Map<String, Value>) -> Result<SourceSettings, AdminError> {
    let refuse = |error: serde_json::Error| AdminError::Invalid(format!("settings: {error}"));
    let mut all = serde_json::to_value(settings).map_err(refuse)?;
    if let Some(fields) = all.as_object_mut() {
        merge(fields, wanted, &OF_MAPPING);
    }
    serde_json::from_value(all).map_err(refuse)
}

/// Sets fields anew, those of objects one by one but where the object is one thing; `null` takes a field away.
fn merge(fields: &mut Map<String, Value>, wanted: Map<String, Value>, whole: &[&str]) {
    for (name, value) in wanted {
        match (fields.get_mut(&name), value) {
            (_, Value::Null) => drop(fields.remove(&name)),
            (Some(Value::Object(known)), Value::Object(more)) if !whole.contains(&&*name) => {
                merge(known, more, &[]);
            }
            (_, value) => drop(fields.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(settings: &SourceSettings, wanted: Value) -> Result<SourceSettings, String> {
        let Value::Object(wanted) = wanted else { unreachable!() };
        merged(settings, wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_stays_and_null_is_the_default() {
        let usual = SourceSettings::default();
        let changed = set(&usual, json!({ "burst": 7, "max_request_bytes": 200_000 })).unwrap();
        assert_eq!((changed.burst, changed.max_request_bytes), (7, 200_000));
        assert_eq!(set(&changed, json!({ "burst": null })).unwrap().burst, usual.burst);
        assert_eq!(set(&changed, json!({})).unwrap(), changed);
        let logged = set(&usual, json!({ "request_log": { "max_days": 3 } })).unwrap();
        assert_eq!((logged.request_log.max_days, logged.request_log.max_mib), (3, usual.request_log.max_mib));
    }

    #[test]
    fn what_is_no_setting_or_does_not_fit_is_an_error() {
        let usual = SourceSettings::default();
        assert!(set(&usual, json!({ "bursts": 7 })).unwrap_err().contains("unknown field `bursts`"));
        assert!(set(&usual, json!({ "burst": "x" })).unwrap_err().contains("invalid type"));
        assert!(set(&usual, json!({ "burst": -1 })).is_err());
    }
}
