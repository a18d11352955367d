//! One member of a group.

use serde_json::{Value, json};

use super::{Outcome, Provisioner, WriteError, object, patch, patch_v1, selecting};
use crate::profile::{MemberRemoval, MemberShape};
use crate::transport::{PeerError, Request};

/// What the user itself says about a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Yes,
    No,
    /// The user names no groups, or cannot be read.
    Unknown,
}

impl Provisioner {
    /// The request that adds a member. `display`: the member's name, for applications that want it.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotConfigured`].
    pub fn plan_add_member(
        &self,
        group: &str,
        member: &str,
        display: Option<&str>,
    ) -> Result<Request, WriteError> {
        let configured = self.profile.provisioning.add_user_to_group.as_ref();
        let operation = configured.ok_or(WriteError::NotConfigured { key: "provisioning.addUserToGroup" })?;
        let (path, id) = (["Groups", group], operation.value_path.as_str());
        let mut element = object([(id, member.into())]);
        if self.is_v1() {
            return Ok(patch_v1(path, &operation.path, element));
        }
        let shape = self.profile.shapes.member;
        if let (Some(element), MemberShape::Detailed) = (element.as_object_mut(), shape) {
            element.insert("$ref".to_owned(), format!("{}/Users/{member}", self.transport.base()).into());
        }
        if let (Some(element), Some(display)) = (element.as_object_mut(), display)
            && matches!(shape, MemberShape::Detailed | MemberShape::Pathless)
        {
            element.insert("display".to_owned(), display.into());
        }
        let members = object([(operation.path.as_str(), json!([element.clone()]))]);
        // Always `add`: `replace` would put this member in the place of all others.
        let change = match shape {
            MemberShape::Standard | MemberShape::Detailed => {
                json!({"op": "add", "path": operation.path, "value": [element]})
            }
            MemberShape::Wrapped => json!({"op": "add", "path": operation.path, "value": members}),
            MemberShape::Pathless => json!({"op": "add", "value": members}),
        };
        Ok(patch(path, operation, change))
    }

    /// The request that removes one member, and no other.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotConfigured`].
    pub fn plan_remove_member(&self, group: &str, member: &str) -> Result<Request, WriteError> {
        let configured = self.profile.provisioning.remove_user_from_group.as_ref();
        let operation =
            configured.ok_or(WriteError::NotConfigured { key: "provisioning.removeUserFromGroup" })?;
        let (path, id) = (["Groups", group], operation.value_path.as_str());
        if self.is_v1() {
            let element = object([(id, member.into()), ("operation", "delete".into())]);
            return Ok(patch_v1(path, &operation.path, element));
        }
        let change = match self.profile.shapes.removal {
            MemberRemoval::ByFilter => {
                json!({"op": "remove", "path": selecting(&operation.path, id, member)})
            }
            MemberRemoval::ByValue => {
                json!({"op": "remove", "path": operation.path, "value": [object([(id, member.into())])]})
            }
        };
        Ok(patch(path, operation, change))
    }

    pub(super) async fn member_added(&self, group: &str, member: &str) -> Result<Outcome, WriteError> {
        // What is not configured is said before anything is asked.
        self.plan_add_member(group, member, None)?;
        let user = self.user_or_nothing(member).await?;
        if held(user.as_ref(), group) == Held::Yes {
            return Ok(Outcome::Already);
        }
        let request = self.plan_add_member(group, member, user.as_ref().and_then(shown))?;
        match self.send(&request).await {
            Ok(_) => Ok(Outcome::Done),
            Err(WriteError::Peer(PeerError::Conflict(_))) => Ok(Outcome::Already),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn member_removed(&self, group: &str, member: &str) -> Result<Outcome, WriteError> {
        let request = self.plan_remove_member(group, member)?;
        let user = self.user_or_nothing(member).await?;
        let before = match held(user.as_ref(), group) {
            Held::Unknown => self.held_by_filter(group, member).await,
            known => known,
        };
        // The request is sent even if the user is no member: what is known may be out of date.
        match self.send(&request).await {
            Ok(_) if before == Held::No => Ok(Outcome::Already),
            Ok(_) => Ok(Outcome::Done),
            Err(WriteError::Peer(error)) if error.is_gone() || error.scim_type() == Some("noTarget") => {
                Ok(Outcome::Already)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks whether the group has this member, without its other members.
    async fn held_by_filter(&self, group: &str, member: &str) -> Held {
        let filter = format!("id eq {} and members.value eq {}", Value::from(group), Value::from(member));
        let request = Request::get(["Groups"]).query("filter", filter).query("count", "1");
        let request = if self.profile.limits.no_attributes_parameter {
            request
        } else {
            request.query("attributes", "displayName")
        };
        let reply = self.transport.send(&request).await;
        let found = reply
            .ok()
            .and_then(|reply| reply.body)
            .and_then(|body| crate::read::resources(&self.profile, &body).map(|found| found.is_empty()));
        // That something came may also mean that the filter was not understood.
        if found == Some(true) { Held::No } else { Held::Unknown }
    }

    /// The user as it is, if it can be read. That it cannot is no reason not to change a group.
    async fn user_or_nothing(&self, id: &str) -> Result<Option<Value>, WriteError> {
        match self.transport.send(&Request::get(["Users", id])).await {
            Ok(reply) => Ok(reply.body),
            Err(error @ PeerError::Unauthorized(_)) => Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "the user cannot be read before the change");
                Ok(None)
            }
        }
    }
}

fn held(user: Option<&Value>, group: &str) -> Held {
    let Some(groups) = user.and_then(|user| user.get("groups")).and_then(Value::as_array) else {
        return Held::Unknown;
    };
    let is_direct = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("indirect");
    let is_it = |one: &Value| one.get("value").and_then(Value::as_str) == Some(group);
    if groups.iter().filter(is_direct).any(is_it) { Held::Yes } else { Held::No }
}

fn shown(user: &Value) -> Option<&str> {
    let name = |key: &str| user.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
    name("displayName").or_else(|| name("userName"))
}
