//! How each provider is connected, step by step.

use askama::Template;
use rollcall_domain::dialect;

use crate::text;

/// Providers with instructions of their own, in the order in which they are offered.
const PROVIDERS: [&str; 7] = ["okta", "entra", "google", "onelogin", "jumpcloud", "ping", "generic"];

/// The steps, with the source's own values.
#[derive(Clone, Template)]
#[template(path = "sources/guide.html")]
pub(super) struct Guide {
    pub(super) title: String,
    /// As HTML.
    steps: Vec<String>,
}
crate::ui::part!(Guide);

impl Guide {
    /// For a source of this dialect, whose base URL this is.
    pub(super) fn new(dialect: &str, base_url: &str) -> Self {
        let known = PROVIDERS.iter().find(|name| **name == dialect).unwrap_or(&"generic");
        let keys = (1..).map(|number| format!("guide.{known}.step_{number}"));
        let texts = keys.map_while(|key| text::find(&key).map(|_| text::fill(&key, &[&base_url])));
        Self {
            title: text::fill("guide.title", &[&provider(known)]),
            steps: texts.map(|text| text::rich(&text)).collect(),
        }
    }
}

/// What a provider is called.
pub(super) fn provider(dialect: &str) -> &'static str {
    text::find(&format!("guide.{dialect}.name")).unwrap_or_else(|| text::t("guide.generic.name"))
}

/// All that can be chosen: dialect, name. Those with instructions come first.
pub(super) fn providers() -> Vec<(&'static str, &'static str)> {
    let others = dialect::all().keys().filter(|name| !PROVIDERS.contains(&name.as_str()));
    let names = PROVIDERS.into_iter().chain(others.map(String::as_str));
    names.map(|name| (name, text::find(&format!("guide.{name}.name")).unwrap_or(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_steps_with_the_source_s_url() {
        for name in PROVIDERS {
            let guide = Guide::new(name, "https://example.com/scim/okta/v2");
            assert!(guide.steps.len() >= 3, "{name}");
            assert!(
                guide.steps.iter().any(|step| step.contains("https://example.com/scim/okta/v2")),
                "{name}"
            );
            assert!(!guide.render().unwrap().contains('{'), "{name} has a gap");
        }
        assert!(providers().iter().all(|(dialect, _)| dialect::named(dialect).is_some()));
        assert_eq!(providers().len(), dialect::all().len());
    }
}
