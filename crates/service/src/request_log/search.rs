//! Looking into the request log.

use std::ops::RangeInclusive;

use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{LoggedRequest, RequestSummary};
use rollcall_domain::source::Source;
use rollcall_scim::value::Scalar;
use rollcall_store::StoreError;
use rollcall_store::index::encode;
use rollcall_store::plan::parse_id;
use rollcall_store::query::Stored;
use rollcall_store::request_log::Search;
use serde_json::Value;

use crate::Service;
use crate::admin::{Admin, AdminError, Page, Paging};
use crate::render;

/// What is looked for. Everything that is said must be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// A person or group: `userName`, `externalId`, a mail address, or an id.
    pub user: Option<String>,
    /// Statuses: `409`, `4xx`, `400-599`.
    pub status: Option<String>,
    /// The method, in any case.
    pub method: Option<String>,
    /// Then or later.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

impl Service {
    /// Requests of a source of the tenant, the latest first. Those that were answered before this are there, unless
    /// very many wait to be written.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound` without such a source, `Invalid` for a status or position that is none, `Store`.
    pub async fn requests(
        &self,
        admin: &Admin,
        slug: &str,
        filter: &RequestFilter,
        paging: &Paging,
    ) -> Result<Page<RequestSummary>, AdminError> {
        admin.require(ApiScope::RequestsRead)?;
        let source = self.source(admin, slug).await?;
        self.catch_up_request_log().await;
        let subjects = match &filter.user {
            Some(user) => Some(self.subjects(&source, user).await.map_err(AdminError::Store)?),
            None => None,
        };
        let before = paging.after.as_deref().map(str::parse).transpose();
        let search = Search {
            subjects,
            status: filter.status.as_deref().map_or(Ok(0..=u16::MAX), statuses)?,
            method: filter.method.as_deref().map(str::to_ascii_uppercase),
            since: filter.since.unwrap_or(Timestamp(i64::MIN)),
            until: filter.until.unwrap_or(Timestamp(i64::MAX)),
            before: before.map_err(|_| AdminError::Invalid("cursor: not one of this list".to_owned()))?,
            limit: paging.read(),
        };
        let found = self.store.requests(source.key, &search).await.map_err(AdminError::Store)?;
        let Page { items, next } = Page::of(found, paging, |(position, _)| position.to_string());
        Ok(Page { items: items.into_iter().map(|(_, summary)| summary).collect(), next })
    }

    /// One request of a source of the tenant.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound` without such a source, or when its log does not have the request, `Store`.
    pub async fn request(&self, admin: &Admin, slug: &str, id: &str) -> Result<LoggedRequest, AdminError> {
        admin.require(ApiScope::RequestsRead)?;
        let source = self.source(admin, slug).await?;
        self.catch_up_request_log().await;
        let found = self.store.request(source.key, id).await.map_err(AdminError::Store)?;
        found.ok_or_else(|| {
            AdminError::NotFound(format!(
                "source {} has no request {id:?} in its log; it may be too old, or of a sort that is not kept",
                source.slug
            ))
        })
    }

    /// What the log may know a person by: what was asked for, and of the user that this names, the id and names.
    async fn subjects(&self, source: &Source, user: &str) -> Result<Vec<i64>, StoreError> {
        let mut names = vec![user.to_owned()];
        if let Some(stored) = self.named(source, user).await? {
            names.push(stored.id.to_string());
            let body = render::parse(&stored.body).unwrap_or_default();
            let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
            names.extend([text("userName"), text("externalId")].into_iter().flatten());
        } else {
            let (external, name) = (encoded(user, true), encoded(user, false));
            let gone = self.store.tombstones(source.key, "User", Some(&external), Some(&name)).await?;
            names.extend(gone.first().map(|tombstone| tombstone.id.to_string()));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names.iter().map(|name| self.subject_key().digest(name)).collect())
    }

    /// The user of this id, `userName` or `externalId`.
    async fn named(&self, source: &Source, user: &str) -> Result<Option<Stored>, StoreError> {
        if let Some(id) = parse_id(user) {
            return self.store.get(source.key, "User", id).await;
        }
        for (attribute, case_exact) in [("userName", false), ("externalId", true)] {
            let value = encoded(user, case_exact);
            if let Some((stored, _)) = self.store.find(source.key, "User", attribute, &value).await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }
}

fn encoded(text: &str, case_exact: bool) -> String {
    encode(&Scalar::Text(text.to_owned()), case_exact)
}

/// `409`, `4xx`, `400-599`.
fn statuses(text: &str) -> Result<RangeInclusive<u16>, AdminError> {
    let refused = || AdminError::Invalid(format!("{text:?} is no status: use 409, 4xx or 400-599"));
    let number = |text: &str| text.trim().parse::<u16>().map_err(|_| refused());
    if let Some(class) = text.strip_suffix("xx") {
        let class = number(class).ok().filter(|class| (1..=5).contains(class)).ok_or_else(refused)?;
        return Ok(class * 100..=class * 100 + 99);
    }
    match text.split_once('-') {
        Some((first, last)) => Ok(number(first)?..=number(last)?),
        None => number(text).map(|status| status..=status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_one_a_class_or_a_range() {
        for (text, expected) in
            [("409", Some(409..=409)), ("4xx", Some(400..=499)), ("400-599", Some(400..=599))]
        {
            assert_eq!(statuses(text).ok(), expected);
        }
        for text in ["", "xx", "9xx", "4x", "ok", "-", "70000"] {
            assert!(statuses(text).is_err(), "{text}");
        }
    }
}
