//! Elements by role and accessible name, as someone with a screen reader finds them, and what is done with them.

use fantoccini::Locator;
use fantoccini::elements::Element;
use serde_json::{Value, json};

use super::{Browser, patiently};

/// Marks what was found, so that the driver finds it too.
const MARK: &str = "data-found";

impl Browser {
    /// Clicks what has this role (`button`, `link`, `checkbox`, `radio`, `tab`) and accessible name.
    pub async fn clicks(&self, role: &str, name: &str) {
        let element = self.finds(&[role], name).await;
        element.click().await.unwrap_or_else(|error| panic!("{role} {name:?}: {error}"));
    }

    /// Writes into the field of this label, of text or of a number, in the place of what it holds.
    pub async fn types(&self, label: &str, text: &str) {
        let field = self.finds(&["textbox", "spinbutton"], label).await;
        field.clear().await.unwrap_or_else(|error| panic!("{label:?}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{label:?}: {error}"));
    }

    /// Presses keys in whatever has the focus, at the end of what it holds.
    pub async fn presses(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("what has the focus");
        focused.send_keys(keys).await.expect("pressed keys");
    }

    /// Chooses an option by its text in the list of this label.
    pub async fn chooses(&self, label: &str, option: &str) {
        let list = self.finds(&["combobox"], label).await;
        list.select_by_label(option).await.unwrap_or_else(|error| panic!("{label:?} {option:?}: {error}"));
    }

    /// What the field of this role and label holds.
    pub async fn holds(&self, role: &str, label: &str) -> String {
        let value = self.finds(&[role], label).await.prop("value").await.expect("a value");
        value.unwrap_or_default()
    }

    /// Whether something has this role and accessible name now.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.marks(role, name).await.is_some()
    }

    /// What has one of these roles and this accessible name; waits until something does.
    async fn finds(&self, roles: &[&str], name: &str) -> Element {
        let mut found = None;
        let look = async || {
            for role in roles {
                if let Some(mark) = self.marks(role, name).await {
                    let selector = format!("[{MARK}=\"{mark}\"]");
                    found = self.client.find(Locator::Css(&selector)).await.ok();
                    break;
                }
            }
            found.is_some()
        };
        let seen = patiently(look).await;
        assert!(seen, "no {roles:?} {name:?} at {}:\n{}", self.path().await, self.shown().await);
        found.expect("what was found")
    }

    /// Marks the first that has this role and name, and returns the mark.
    async fn marks(&self, role: &str, name: &str) -> Option<String> {
        let evaluated = self.try_cdp("Runtime.evaluate", json!({ "expression": "document" })).await?;
        let document = evaluated["result"]["objectId"].as_str()?;
        let asked = json!({ "objectId": document, "accessibleName": name, "role": role });
        let answer = self.try_cdp("Accessibility.queryAXTree", asked).await?;
        let nodes = answer["nodes"].as_array()?;
        let node = nodes.iter().find(|node| node["ignored"] != true)?;
        let backend = &node["backendDOMNodeId"];
        let resolved = self.try_cdp("DOM.resolveNode", json!({ "backendNodeId": backend })).await?;
        let mark = backend.to_string();
        let call = json!({
            "objectId": resolved["object"]["objectId"],
            "functionDeclaration": format!("function (mark) {{ this.setAttribute('{MARK}', mark) }}"),
            "arguments": [{ "value": mark }],
        });
        let called = self.try_cdp("Runtime.callFunctionOn", call).await?;
        called.get("exceptionDetails").is_none_or(Value::is_null).then_some(mark)
    }
}
