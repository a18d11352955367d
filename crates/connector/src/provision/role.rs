//! One role of a user.

use serde_json::{Map, Value, json};

use super::{Outcome, Provisioner, WriteError, object, patch, patch_v1, selecting};
use crate::profile::{JsonPath, MemberRemoval, Operation, UpdateMethod};
use crate::read::RoleRecord;
use crate::transport::{PeerError, Reply, Request};

/// Times that a user is read and written before others are let through.
const TRIES: u32 = 4;

impl Provisioner {
    /// The request that grants or revokes one role of a user that was read as `user`, with this version.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotConfigured`].
    pub fn plan_role(
        &self,
        id: &str,
        user: &Value,
        version: Option<&str>,
        role: &RoleRecord,
        granted: bool,
    ) -> Result<Request, WriteError> {
        let operation = self.role_operation(granted)?;
        if self.profile.shapes.update_roles == UpdateMethod::Put {
            let request = Request::put(["Users", id], self.replaced(user, operation, role, granted));
            return Ok(match version {
                Some(version) => request.header("If-Match", version),
                None => request,
            });
        }
        let path = ["Users", id];
        let sub = operation.value_path.as_str();
        let element = object([(sub, role.value.as_str().into())]);
        if self.is_v1() {
            let mut element = element;
            if let (Some(element), false) = (element.as_object_mut(), granted) {
                element.insert("operation".to_owned(), "delete".into());
            }
            return Ok(patch_v1(path, &operation.path, element));
        }
        let change = match (granted, self.profile.shapes.removal) {
            (true, _) => {
                // `replace` is for applications whose users have one role.
                let op = if operation.op.eq_ignore_ascii_case("replace") { "replace" } else { "add" };
                json!({"op": op, "path": operation.path, "value": [element]})
            }
            (false, MemberRemoval::ByFilter) => {
                json!({"op": "remove", "path": selecting(&operation.path, sub, &role.value)})
            }
            (false, MemberRemoval::ByValue) => {
                json!({"op": "remove", "path": operation.path, "value": [element]})
            }
        };
        Ok(patch(path, operation, change))
    }

    pub(super) async fn role_changed(
        &self,
        id: &str,
        role: &RoleRecord,
        granted: bool,
    ) -> Result<Outcome, WriteError> {
        self.role_operation(granted)?;
        for _ in 0..TRIES {
            let reply = match self.transport.send(&Request::get(["Users", id])).await {
                Err(error) if error.is_gone() && !granted => return Ok(Outcome::Already),
                other => other?,
            };
            let user = reply.json()?;
            if self.holds(user, role) == granted {
                return Ok(Outcome::Already);
            }
            let request = self.plan_role(id, user, version(&reply).as_deref(), role, granted)?;
            match self.transport.send(&request).await {
                Ok(_) => return Ok(Outcome::Done),
                // Someone else was faster: read again.
                Err(PeerError::PreconditionFailed(_)) => {}
                Err(error) if !granted && error.scim_type() == Some("noTarget") => {
                    return Ok(Outcome::Already);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(WriteError::Contended { user: id.to_owned(), tries: TRIES })
    }

    fn role_operation(&self, granted: bool) -> Result<&Operation, WriteError> {
        let given = &self.profile.provisioning;
        let (operation, key) = if granted {
            (&given.add_user_role, "provisioning.addUserRole")
        } else {
            (&given.remove_user_role, "provisioning.removeUserRole")
        };
        operation.as_ref().ok_or(WriteError::NotConfigured { key })
    }

    fn holds(&self, user: &Value, role: &RoleRecord) -> bool {
        let Some(paths) = &self.profile.user.roles else { return false };
        let value = |element: &Value| paths.name.first(element).cloned().or_else(|| Some(element.clone()));
        paths
            .path
            .elements(user)
            .into_iter()
            .filter_map(value)
            .any(|value| value.as_str() == Some(&role.value))
    }

    /// The user with this role more or less, and without what only the application writes.
    fn replaced(&self, user: &Value, operation: &Operation, role: &RoleRecord, granted: bool) -> Value {
        let mut body = user.as_object().cloned().unwrap_or_default();
        body.remove("meta");
        body.remove("groups");
        for name in &self.profile.shapes.leave_out {
            body.remove(name);
        }
        let name = self.profile.user.roles.as_ref().map(|paths| &paths.name);
        let mut roles = match body.remove(&operation.path) {
            Some(Value::Array(roles)) => roles,
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        };
        if granted {
            let mut element = Map::new();
            element.insert(operation.value_path.clone(), role.value.as_str().into());
            if let Some(display) = &role.display {
                element.insert("display".to_owned(), display.as_str().into());
            }
            roles.push(Value::Object(element));
        } else {
            roles.retain(|one| !is(name, one, &role.value));
        }
        body.insert(operation.path.clone(), Value::Array(roles));
        Value::Object(body)
    }
}

fn is(name: Option<&JsonPath>, role: &Value, value: &str) -> bool {
    let found = name.and_then(|name| name.first(role)).unwrap_or(role);
    found.as_str() == Some(value)
}

/// `ETag`, else `meta.version`.
fn version(reply: &Reply) -> Option<String> {
    let in_body = || reply.body.as_ref()?.get("meta")?.get("version")?.as_str().map(str::to_owned);
    reply.etag.clone().or_else(in_body)
}
