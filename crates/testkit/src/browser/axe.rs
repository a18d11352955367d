//! Whether a page is accessible, as axe-core sees it.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{Browser, Scheme};

/// From the root of the workspace.
const AXE: &str = "scripts/axe/node_modules/axe-core/axe.min.js";
/// WCAG 2.2 AA, and what axe-core knows beside.
const RUN: &str = "return axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', \
                   'wcag21aa', 'wcag22aa', 'best-practice'] }).then(found => JSON.stringify(found.violations))";
/// Colours follow the scheme when the page is painted, not before: two frames later it is.
pub(super) const PAINTED: &str =
    "return new Promise(then => requestAnimationFrame(() => requestAnimationFrame(() => then(1))))";

impl Browser {
    /// Checks the page as it is, in light and in dark. The text says what is wrong, a line each; empty: nothing.
    pub async fn complaints(&self) -> String {
        let mut complaints = String::new();
        for scheme in [Scheme::Light, Scheme::Dark] {
            self.scheme(scheme).await;
            let found = self.lasting_violations().await;
            for violation in found.as_array().expect("a list of violations") {
                let nodes = violation["nodes"].as_array().into_iter().flatten();
                for node in nodes {
                    let (rule, summary) = (&violation["id"], &node["failureSummary"]);
                    let _ = writeln!(complaints, "{scheme:?} {rule} {}: {summary}", node["target"]);
                }
            }
        }
        self.scheme(Scheme::Light).await;
        complaints
    }

    /// That axe-core has nothing to say about the page, in light and in dark.
    pub async fn is_accessible(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{}:\n{complaints}", self.path().await);
    }

    /// What is wrong still when the page has had time: on a busy machine some elements have their new colours later than
    /// others.
    async fn lasting_violations(&self) -> Value {
        let mut tries = 0;
        loop {
            self.evaluate(PAINTED).await;
            let found = self.violations().await;
            tries += 1;
            if tries == 4 || found.as_array().is_some_and(Vec::is_empty) {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    }

    async fn violations(&self) -> Value {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
        if self.evaluate("return typeof axe").await != json!("object") {
            let script = std::fs::read_to_string(root.join(AXE));
            let script = script.unwrap_or_else(|error| panic!("{AXE}: {error}; scripts/test installs it"));
            self.client.execute(&script, Vec::new()).await.expect("axe-core");
        }
        let found = self.client.execute(RUN, Vec::new()).await.expect("an answer of axe-core");
        serde_json::from_str(found.as_str().expect("a text")).expect("a list of violations")
    }
}
