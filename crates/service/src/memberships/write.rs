//! Joining and leaving: changes of a group's members, each of one.

use std::sync::Arc;

use rollcall_domain::credential::Scope;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::validate;
use rollcall_store::StoreError;
use rollcall_store::plan::parse_id;
use rollcall_store::write::{MemberChange, Update, Write};
use serde_json::Value;
use uuid::Uuid;

use super::show::{represent, version};
use super::{id, parse};
use crate::render::Representation;
use crate::resource::{Precondition, Prepared, Shape, refused};
use crate::{Caller, Service, error};

impl Service {
    /// Makes someone a member of a group.
    ///
    /// # Errors
    ///
    /// 400 `invalidValue` for an unknown group or member, 409 for one that is a member; 403.
    pub async fn create_membership(
        &self,
        caller: &Caller,
        body: Value,
        shape: &Shape,
    ) -> Result<Representation, ScimError> {
        let made = self.join(caller, body, shape).await;
        match self.renewed(caller, refused(&made)).await? {
            Some((caller, body)) => self.join(&caller, body, shape).await,
            None => made,
        }
    }

    async fn join(&self, caller: &Caller, body: Value, shape: &Shape) -> Result<Representation, ScimError> {
        let projection = shape.projection(caller.runtime.registry.membership())?;
        let prepared = self.joining(caller, body).await?;
        let (group, member) = (prepared.id, prepared.member.unwrap_or_default());
        let done = self.commit(caller, prepared.write.clone(), None).await;
        done.map_err(|error| refusal(Some(&prepared), error))?;
        let made = self.membership_of(caller, group, member).await?;
        represent(caller, &made, &projection)
    }

    /// A POST as a write.
    pub(crate) async fn joining(&self, caller: &Caller, body: Value) -> Result<Prepared, ScimError> {
        caller.require(Scope::Write)?;
        let kind = caller.runtime.registry.membership();
        let accepted = validate::resource(body, kind, caller.rules(), None)?.document;
        let known = |name: &&String| name.as_str() == "schemas" || kind.core.attribute(name).is_some();
        if let Some(other) = accepted.keys().find(|name| !known(name)) {
            let detail = format!("{other}: a membership has a group and a member, and keeps nothing else");
            return Err(ScimError::invalid_value(detail).at(other.as_str()));
        }
        let id = |name: &str| {
            let path = format!("{name}.value");
            let text = accepted.get(name).and_then(|party| party.get("value")).and_then(Value::as_str);
            parse_id(text.unwrap_or_default()).ok_or_else(|| unknown(&path, text.unwrap_or_default()))
        };
        let (group, member) = (id("group")?, id("member")?);
        self.membership_write(caller, group, member, MemberChange::Join(member)).await
    }

    /// A DELETE as a write; 404 and 412 where it cannot be one.
    pub(crate) async fn leaving(
        &self,
        caller: &Caller,
        id: &str,
        precondition: &Precondition,
    ) -> Result<Prepared, ScimError> {
        caller.require(Scope::Write)?;
        let (group, member) = parse(id).ok_or_else(error::not_found)?;
        if let Precondition::Versions(versions) = precondition {
            let found = self.membership_of(caller, group, member).await?;
            if !versions.contains(&version(&found)) {
                return Err(error::from_store(StoreError::VersionMismatch));
            }
        }
        self.membership_write(caller, group, member, MemberChange::Leave(member)).await
    }

    async fn membership_write(
        &self,
        caller: &Caller,
        group: Uuid,
        member: Uuid,
        change: MemberChange,
    ) -> Result<Prepared, ScimError> {
        let kind = self.kind_of_group(caller, group).await?;
        let write = Write::Update(Update {
            id: group,
            kind: kind.name().to_owned(),
            if_version: None,
            content: None,
            same_index: false,
            members: vec![change],
            replaced: false,
            difference: Value::Null,
        });
        let member = Some(member);
        Ok(Prepared { kind, id: group, member, write, read_first: false, document: None, said: None })
    }

    /// The type of a group: the one that has members, of several the one that has this id.
    async fn kind_of_group(&self, caller: &Caller, group: Uuid) -> Result<Arc<ResolvedType>, ScimError> {
        let runtime = &caller.runtime;
        let mut kinds = runtime.registry.types().iter().filter(|kind| kind.has_members());
        let first = kinds.next().ok_or_else(error::not_found)?;
        for other in kinds {
            let found = self.store.get(runtime.source.key, other.name(), group).await;
            if found.map_err(error::from_store)?.is_some() {
                return Ok(Arc::clone(other));
            }
        }
        Ok(Arc::clone(first))
    }

    /// Ends a membership.
    ///
    /// # Errors
    ///
    /// 403, 404, 412.
    pub async fn delete_membership(
        &self,
        caller: &Caller,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), ScimError> {
        let done = self.leave(caller, id, precondition).await;
        match self.renewed(caller, refused(&done)).await? {
            Some((caller, _)) => self.leave(&caller, id, precondition).await,
            None => done,
        }
    }

    async fn leave(&self, caller: &Caller, id: &str, precondition: &Precondition) -> Result<(), ScimError> {
        let prepared = self.leaving(caller, id, precondition).await?;
        self.commit(caller, prepared.write, None).await.map_err(error::from_store)?;
        Ok(())
    }
}

/// What a client is told of a write that the store refused: where it was one of a membership, in its words.
pub(crate) fn refusal(prepared: Option<&Prepared>, refused: StoreError) -> ScimError {
    let joining = |prepared: &&Prepared| {
        matches!(&prepared.write, Write::Update(Update { members, .. })
            if matches!(members.as_slice(), [MemberChange::Join(_)]))
    };
    let parties = prepared.filter(joining).and_then(|prepared| Some((prepared.id, prepared.member?)));
    match (parties, refused) {
        (Some((group, _)), StoreError::NotFound) => unknown("group.value", &group.to_string()),
        (Some((_, member)), StoreError::UnknownMember(_)) => unknown("member.value", &member.to_string()),
        (Some((group, member)), StoreError::Conflict { attribute, .. }) => ScimError {
            conflicting_id: Some(id(group, member)),
            ..ScimError::new(ErrorType::Uniqueness, "the member is in this group already").at(attribute)
        },
        (_, refused) => error::from_store(refused),
    }
}

fn unknown(path: &str, value: &str) -> ScimError {
    ScimError::invalid_value(format!("{path}: no resource has the id {value:?}; create it first")).at(path)
}

/// 405: another group or member is another membership.
pub(crate) fn unchangeable() -> ScimError {
    let detail = "a membership cannot be changed: delete it, and create another";
    ScimError::new(ErrorType::MethodNotAllowed, detail)
}
