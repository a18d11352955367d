//! Creating an account, once.

use serde_json::{Map, Value, json};

use super::{Account, CORE_V1, Created, Provisioner, WriteError};
use crate::transport::{PeerError, Request};

const CORE_V2: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Times that a creation is sent whose answer does not come.
const TRIES: u32 = 3;

impl Provisioner {
    /// The request that creates an account.
    pub fn plan_create(&self, account: &Account) -> Request {
        let mut body = Map::new();
        let core = if self.is_v1() { CORE_V1 } else { CORE_V2 };
        let extensions = account.profile.keys().filter(|key| key.to_ascii_lowercase().starts_with("urn:"));
        let schemas: Vec<&str> = std::iter::once(core).chain(extensions.map(String::as_str)).collect();
        body.insert("schemas".to_owned(), schemas.into());
        body.insert("userName".to_owned(), account.login.as_str().into());
        if let Some(email) = &account.email {
            body.insert("emails".to_owned(), json!([{"value": email, "type": "work", "primary": true}]));
        }
        for (key, value) in &account.profile {
            put(&mut body, key, value);
        }
        for name in &self.profile.shapes.leave_out {
            body.remove(name);
        }
        Request::post(["Users"], Value::Object(body))
    }

    pub(super) async fn account_created(&self, account: &Account) -> Result<Created, WriteError> {
        let request = self.plan_create(account);
        for attempt in 1..=TRIES {
            match self.transport.send(&request).await {
                Ok(reply) => return self.created(account, reply.body).await,
                Err(PeerError::Conflict(said)) => {
                    let found = self.account_named(&account.login).await?;
                    // After a try whose answer was lost, this is ours.
                    let already = attempt == 1;
                    let found = found.ok_or(WriteError::Peer(PeerError::Conflict(said)))?;
                    return Ok(Created { already, ..found });
                }
                Err(error) if error.is_uncertain() => {
                    if let Some(found) = self.account_named(&account.login).await? {
                        return Ok(found);
                    }
                    if attempt == TRIES {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(WriteError::NoId { login: account.login.clone() })
    }

    async fn created(&self, account: &Account, body: Option<Value>) -> Result<Created, WriteError> {
        let raw = body.unwrap_or(Value::Null);
        if let Some(id) = self.id(&raw) {
            return Ok(Created { id, already: false, raw });
        }
        let found = self.account_named(&account.login).await?;
        found.ok_or_else(|| WriteError::NoId { login: account.login.clone() })
    }

    /// The user of this name, compared again in case the application does not know the filter.
    async fn account_named(&self, login: &str) -> Result<Option<Created>, WriteError> {
        let request = Request::get(["Users"]).query("filter", format!("userName eq {}", Value::from(login)));
        let reply = self.send(&request).await?;
        let found = crate::read::resources(&self.profile, reply.json()?).unwrap_or_default();
        let same = |raw: &&Value| {
            let name = raw.get("userName").and_then(Value::as_str);
            name.is_some_and(|name| name.eq_ignore_ascii_case(login))
        };
        let raw = found.into_iter().find(same).cloned();
        Ok(raw.and_then(|raw| Some(Created { id: self.id(&raw)?, already: false, raw })))
    }

    fn id(&self, raw: &Value) -> Option<String> {
        let found = self.profile.user.id.first(raw)?;
        found.as_str().map(str::to_owned).or_else(|| found.as_u64().map(|number| number.to_string()))
    }
}

/// Sets a SCIM attribute, or what a short name stands for. An object goes into what is there.
fn put(body: &mut Map<String, Value>, key: &str, value: &Value) {
    let name = |part: &str| object_of(part, value);
    let (key, value) = match key {
        "first_name" | "firstName" => ("name", name("givenName")),
        "last_name" | "lastName" => ("name", name("familyName")),
        "display_name" => ("displayName", value.clone()),
        "username" | "user_name" | "login" => ("userName", value.clone()),
        "schemas" => return,
        other => (other, value.clone()),
    };
    match (body.get_mut(key), value) {
        (Some(Value::Object(into)), Value::Object(more)) => into.extend(more),
        (_, value) => {
            body.insert(key.to_owned(), value);
        }
    }
}

fn object_of(part: &str, value: &Value) -> Value {
    let mut object = Map::new();
    object.insert(part.to_owned(), value.clone());
    Value::Object(object)
}
