//! Test: whether the application answers, and what it says that it can do.

use rollcall_scim::v1::discovery::decode_config;
use serde_json::Value;

use super::connector::Connector;
use super::error::OperationError;
use crate::profile::ScimVersion;
use crate::transport::Request;

/// What a test found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Base URL.
    pub base_url: String,
    /// `1.1` or `2.0`.
    pub scim_version: &'static str,
    /// Users that there are, where the application says so.
    pub users: Option<u64>,
    /// Whether the application describes itself (`ServiceProviderConfig`).
    pub describes_itself: bool,
    /// What it says that it can do, by name: `patch`, `bulk`, `filter`, `sort`, `etag`, `changePassword`.
    pub can: Vec<(String, bool)>,
    /// Resource types, by name.
    pub resource_types: Vec<String>,
    /// Schemas, by URN.
    pub schemas: Vec<String>,
}

impl Connector {
    /// Asks for one user, then for what the application says of itself.
    ///
    /// # Errors
    ///
    /// [`OperationError::Peer`]: it does not answer, does not accept the credentials, or answers no list.
    pub async fn test(&self) -> Result<Report, OperationError> {
        let one = Request::get(["Users"]).query("startIndex", "1").query("count", "1");
        let reply = self.transport.send(&one).await?;
        let pagination = &self.profile.pagination;
        let list = reply.json()?;
        if crate::read::resources(&self.profile, list).is_none()
            && pagination.total_results.first(list).is_none()
        {
            return Err(OperationError::Unreadable(
                "the answer to GET Users is JSON, but no list of users; check the base URL".to_owned(),
            ));
        }
        let config = self.discovery.service_provider_config().await?;
        let config = match (config.as_object(), self.version()) {
            (Some(config), ScimVersion::V1) => decode_config(config),
            (Some(config), ScimVersion::V2) => config.clone(),
            (None, _) => rollcall_scim::Document::new(),
        };
        let supported = |(name, value): (&String, &Value)| {
            value.get("supported").and_then(Value::as_bool).map(|can| (name.clone(), can))
        };
        let texts = |items: &[Value], name: &str| {
            items.iter().filter_map(|item| item.get(name)?.as_str()).map(str::to_owned).collect()
        };
        Ok(Report {
            base_url: self.transport.base().to_owned(),
            scim_version: if self.version() == ScimVersion::V1 { "1.1" } else { "2.0" },
            users: pagination
                .total_results
                .first(list)
                .and_then(|total| total.as_u64().or_else(|| total.as_str()?.trim().parse().ok())),
            describes_itself: config.keys().any(|name| name != "schemas"),
            can: config.iter().filter_map(supported).collect(),
            resource_types: texts(&self.discovery.resource_types().await?, "name"),
            schemas: texts(&self.discovery.schemas().await?, "id"),
        })
    }
}
