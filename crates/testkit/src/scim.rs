//! What tests make and look at over and over: users, groups, members, lists.

use serde_json::{Value, json};

use crate::{Client, Reply};

impl Client {
    /// Makes a user of this `userName`; its id.
    pub async fn user(&self, user_name: &str) -> String {
        self.post("/Users", json!({ "userName": user_name })).await.expect(201).id()
    }

    /// Makes a group with these members; its id.
    pub async fn group(&self, display_name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|value| json!({ "value": value })).collect();
        let body = json!({ "displayName": display_name, "members": members });
        self.post("/Groups", body).await.expect(201).id()
    }

    /// The values of a group's members, in order.
    pub async fn members(&self, group: &str) -> Vec<String> {
        texts(&self.get(&format!("/Groups/{group}")).await.expect(200).body["members"], "value")
    }

    /// Everything that the source shows, for a comparison of before and after.
    pub async fn everything(&self) -> Value {
        self.get("?count=1000").await.expect(200).body["Resources"].take()
    }
}

impl Reply {
    /// This attribute of each of the `Resources`, in order.
    pub fn column(&self, attribute: &str) -> Vec<String> {
        texts(&self.body["Resources"], attribute)
    }

    /// What the error of a conflict says beyond RFC 7644; `Null` for every other.
    pub fn diagnostics(&self) -> &Value {
        &self.body["urn:rollcall:params:scim:api:messages:2.0:Diagnostics"]
    }
}

/// This part of each of the elements, as text.
fn texts(elements: &Value, name: &str) -> Vec<String> {
    let elements = elements.as_array().into_iter().flatten();
    elements.map(|element| element[name].as_str().unwrap_or_default().to_owned()).collect()
}
