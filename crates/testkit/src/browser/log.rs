//! What the browser did behind the page.

use serde_json::Value;

use super::{Browser, patiently};

impl Browser {
    /// That since this was asked last nothing was asked of another host, nothing was refused by the page's own policy,
    /// no script failed, and nothing was logged as an error, but for answers of these statuses.
    pub async fn is_clean_but_for(&self, statuses: &[u16]) {
        let complaints = self.dirt(statuses).await;
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    /// What of that is not so, since this was asked last.
    async fn dirt(&self, statuses: &[u16]) -> Vec<String> {
        let mut complaints = self.foreign().await;
        for entry in self.logged("browser").await {
            let message = entry["message"].as_str().unwrap_or_default();
            let expected =
                statuses.iter().any(|status| message.contains(&format!("with a status of {status} ")));
            if !expected && matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")) {
                complaints.push(message.to_owned());
            }
        }
        complaints
    }

    /// Whether something that says this comes to be wrong; waits for it.
    pub async fn becomes_dirty(&self, told: &str) -> bool {
        patiently(async || self.dirt(&[]).await.iter().any(|complaint| complaint.contains(told))).await
    }

    /// [`Browser::is_clean_but_for`] without an exception.
    pub async fn is_clean(&self) {
        self.is_clean_but_for(&[]).await;
    }

    /// Requests to other hosts.
    async fn foreign(&self) -> Vec<String> {
        let mut foreign = Vec::new();
        for entry in self.logged("performance").await {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default())
                .expect("an entry of the log");
            let message = &message["message"];
            if message["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = message["params"]["request"]["url"].as_str().unwrap_or_default();
            let own = url.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/'));
            // The browser's own pages are not ours: chrome:, about:, data:.
            let travels = ["http:", "https:", "ws:", "wss:"].iter().any(|scheme| url.starts_with(scheme));
            if travels && !own {
                foreign.push(format!("another host was asked: {url}"));
            }
        }
        foreign
    }
}
