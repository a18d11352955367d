//! Groups of which a response shows the first members only (`max_members`): that it says so, and that nobody is
//! removed because they were not shown (ADR 36).

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use rollcall_domain::source::SourceKey;
use rollcall_scim::Document;
use rollcall_scim::error::{DIAGNOSTICS_SCHEMA, ScimError};
use rollcall_scim::schema::ResolvedType;
use rollcall_store::stamps::Stamp;
use rollcall_store::write::{MemberChange, Update, Write};
use rollcall_store::{AnyStore, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::members::Piece;
use crate::memberships::ENDPOINT;
use crate::resource::Prepared;
use crate::{Caller, Service, error};

/// Groups whose number of members is remembered.
const GROUPS: usize = 4_096;
/// Members looked at in one go.
const PAGE: u32 = 1_000;
/// What a resource's text begins with.
const SCHEMAS: &[u8] = b"{\"schemas\":[";

/// How many members groups have, each while its stamp holds.
pub(crate) struct Counts(quick_cache::sync::Cache<Uuid, (Stamp, u64)>);

impl Default for Counts {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(GROUPS))
    }
}

impl Counts {
    async fn of(&self, store: &AnyStore, source: SourceKey, group: Uuid) -> Result<u64, StoreError> {
        let stamp = store.stamps().of(group);
        if let Some((_, count)) = self.0.get(&group).filter(|(then, _)| *then == stamp) {
            return Ok(count);
        }
        let count = store.count_members(source, group).await?;
        self.0.insert(group, (stamp, count));
        Ok(count)
    }
}

/// The bound of a source.
#[derive(Clone)]
pub(crate) struct Cap {
    pub(crate) max: u32,
    counts: Arc<Counts>,
    /// Whether the caller can ask for the rest: SCIM 1.1 knows no memberships.
    memberships: bool,
}

impl Cap {
    /// How many members a group has, if a response does not show all.
    pub(crate) async fn exceeded(
        &self,
        store: &AnyStore,
        source: SourceKey,
        group: Uuid,
    ) -> Result<Option<u64>, ScimError> {
        let total = self.counts.of(store, source, group).await.map_err(error::from_store)?;
        Ok(Some(total).filter(|total| *total > u64::from(self.max)))
    }

    /// What is said beside the members that are shown, with a comma before it.
    pub(crate) fn notice(&self, base_url: &str, group: Uuid, total: u64) -> String {
        let mut members = Document::new();
        members.insert("total".to_owned(), total.into());
        members.insert("shown".to_owned(), self.max.into());
        if self.memberships {
            let rest = format!("{base_url}/{ENDPOINT}?filter=group.value%20eq%20%22{group}%22&cursor=");
            members.insert("rest".to_owned(), rest.into());
        }
        format!(",\"{DIAGNOSTICS_SCHEMA}\":{}", json!({ "members": members }))
    }
}

/// The group whose members follow this text.
pub(crate) fn group_at_front(pieces: &VecDeque<Piece>) -> Option<Uuid> {
    match (pieces.front(), pieces.get(1)) {
        (Some(Piece::Text(_)), Some(Piece::Members { group, .. })) => Some(*group),
        _ => None,
    }
}

/// The beginning of a resource with one more schema: that of the notice.
pub(crate) fn with_schema(text: &Bytes) -> Bytes {
    let end = text.windows(2).position(|two| two == b"\"]").filter(|_| text.starts_with(SCHEMAS));
    let Some((before, after)) = end.and_then(|end| text.split_at_checked(end + 1)) else {
        return text.clone();
    };
    [before, format!(",\"{DIAGNOSTICS_SCHEMA}\"").as_bytes(), after].concat().into()
}

impl Caller {
    /// The body of a POST or PUT without our notice, which clients send back as they read it.
    pub(crate) fn unnoticed(&self, kind: &ResolvedType, mut body: Value) -> Value {
        if self.runtime.source.settings.max_members == 0 || !kind.has_members() {
            return body;
        }
        let ours = |name: &str| name.eq_ignore_ascii_case(DIAGNOSTICS_SCHEMA);
        if let Value::Object(fields) = &mut body {
            fields.retain(|name, _| !ours(name));
            let named = |(name, _): &(&String, &mut Value)| name.eq_ignore_ascii_case("schemas");
            if let Some((_, Value::Array(schemas))) = fields.iter_mut().find(named) {
                schemas.retain(|urn| !urn.as_str().is_some_and(ours));
            }
        }
        body
    }
}

impl Service {
    /// The bound of the caller's source, where there is one.
    pub(crate) fn cap(&self, caller: &Caller) -> Option<Cap> {
        let max = caller.runtime.source.settings.max_members;
        let cap = || Cap { max, counts: Arc::clone(&self.counts), memberships: !caller.speaks_v1() };
        (max > 0).then(cap)
    }

    /// Refuses to make a group's members those of a list that lacks some who are not shown: whoever read the group,
    /// changed the list and sent it back does not know them.
    ///
    /// # Errors
    ///
    /// 400 `mutability`.
    pub(crate) async fn check_replaced(&self, caller: &Caller, prepared: &Prepared) -> Result<(), ScimError> {
        let max = caller.runtime.source.settings.max_members;
        let Write::Update(Update { members, .. }) = &prepared.write else { return Ok(()) };
        if max == 0 {
            return Ok(());
        }
        for change in members {
            let MemberChange::Replace(values) = change else { continue };
            let values: HashSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
            if self.lacks_unshown(caller.runtime.source.key, prepared.id, max, &values).await? {
                return Err(ScimError::mutability(format!(
                    "members: this group has more than the {max} members that are shown, and the list lacks some of \
                     the others, who would be removed; add and remove members by PATCH, or at /{ENDPOINT}"
                ))
                .at("members"));
            }
        }
        Ok(())
    }

    async fn lacks_unshown(
        &self,
        source: SourceKey,
        group: Uuid,
        max: u32,
        values: &HashSet<String>,
    ) -> Result<bool, ScimError> {
        let (mut shown, mut after) = (max, 0);
        loop {
            let limit = if shown > 0 { shown.min(PAGE) } else { PAGE };
            let rows = self.store.members(source, group, after, limit).await.map_err(error::from_store)?;
            let Some(last) = rows.last() else { return Ok(false) };
            after = last.key;
            if shown > 0 {
                shown -= u32::try_from(rows.len()).unwrap_or(shown).min(shown);
            } else if rows.iter().any(|row| !values.contains(&row.value.to_lowercase())) {
                return Ok(true);
            }
        }
    }
}
