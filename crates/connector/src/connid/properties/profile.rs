//! From properties to a profile and credentials.

use super::given::Given;
use super::{Properties, Settings};
use crate::profile::{
    Auth, AuthType, ClientAuth, Grant, JsonPath, MemberRemoval, Profile, ProfileError, Proxy, Redirects,
    ScimVersion, UpdateMethod,
};
use crate::secret::{Credentials, Secret};

impl Given<'_> {
    pub(super) fn properties(&self) -> Result<Properties, ProfileError> {
        let base = self.text("baseAddress").unwrap_or_default().trim().trim_end_matches('/').to_owned();
        let provider = self.text("scimProvider").unwrap_or_else(|| "standard".to_owned());
        let mut profile = builtin(provider.trim(), &base)?;
        profile.api_endpoint = base;
        profile.scim_version = self.version(&profile);
        self.http(&mut profile);
        profile.auth = self.auth();
        let method = |name: &str| {
            let method = self.text(name)?;
            Some(if method.trim().eq_ignore_ascii_case("PUT") {
                UpdateMethod::Put
            } else {
                UpdateMethod::Patch
            })
        };
        if let Some(method) = method("updateUserMethod").or(method("updateMethod")) {
            profile.shapes.update_user = method;
        }
        if let Some(method) = method("updateGroupMethod") {
            profile.shapes.update_group = method;
        }
        if !self.flag("enableMemberRemovalByPath", true) {
            profile.shapes.removal = MemberRemoval::ByValue;
        }
        if !self.flag("requestAttributesOnSearch", true) {
            profile.limits.no_attributes_parameter = true;
        }
        let settings = Settings {
            colon: self.flag("useColonOnExtensionAttributes", true),
            generic_type: self.text("genericComplexType"),
            addresses_type: self.text("addressesType"),
            entitlement_ids: self.flag("manageComplexEntitlements", false),
            custom: self.text("customAttributesJSON"),
        };
        Ok(Properties { profile, credentials: self.credentials(), settings })
    }

    /// What is said, else what the connector's name or the base address says.
    fn version(&self, profile: &Profile) -> ScimVersion {
        let said = self.text("scimVersion").map(|version| version.trim() == "1.1");
        let named = self.text("connectorName").map(|name| name.contains("v11"));
        let addressed =
            profile.api_endpoint.rsplit('/').next().is_some_and(|last| matches!(last, "v1" | "v11" | "v1.1"));
        if said.or(named).unwrap_or(addressed) { ScimVersion::V1 } else { ScimVersion::V2 }
    }

    fn http(&self, profile: &mut Profile) {
        let http = &mut profile.http;
        http.accept = self.text("accept").or_else(|| Some("application/json".to_owned()));
        http.content_type = self.text("contentType").or_else(|| Some("application/json".to_owned()));
        http.redirects =
            if self.flag("followHttpRedirects", false) { Redirects::Any } else { Redirects::None };
        if let (Some(host), Some(port)) = (self.text("proxyServerHost"), self.text("proxyServerPort")) {
            let is_socks =
                self.text("proxyServerType").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("SOCKS"));
            let scheme = if is_socks { "socks5" } else { "http" };
            http.proxy = Some(Proxy { url: format!("{scheme}://{}:{}", host.trim(), port.trim()) });
        }
        if let (Some(name), Some(value)) = (self.text("authHttpHeaderName"), self.text("authHttpHeaderValue"))
        {
            profile.request_defaults.headers.insert(name, value);
        }
    }

    /// A given token goes first, then a token to obtain, then name and password.
    fn auth(&self) -> Auth {
        let mut auth = Auth::default();
        if self.text("bearerToken").is_some() {
            auth.auth_type = AuthType::Oauth2;
        } else if let Some(url) = self.text("accessTokenBaseAddress") {
            auth.auth_type = AuthType::Oauth2;
            auth.should_obtain_token = true;
            // The bundle sends no grant_type: people write it into the URL.
            let is_password = url.contains("grant_type=password")
                || self.text("username").is_some() && !url.contains("grant_type=");
            auth.grant = Some(if is_password { Grant::Password } else { Grant::ClientCredentials });
            auth.auth_url = Some(without_grant_type(url.trim()));
            auth.client_auth = ClientAuth::Body;
            auth.token_path = self.text("accessTokenNodeId").and_then(|node| JsonPath::parse(&node).ok());
            let defaults = &mut auth.token_request_defaults;
            defaults.content_type = self.text("accessTokenContentType");
            if let Some(accept) = self.text("accessTokenAccept") {
                defaults.headers.insert("Accept".to_owned(), accept);
            }
        } else if self.text("username").is_some() {
            auth.auth_type = AuthType::Basic;
        }
        auth
    }

    fn credentials(&self) -> Credentials {
        let secret = |name: &str| self.text(name).map(Secret::new);
        Credentials {
            token: secret("bearerToken"),
            username: self.text("username"),
            password: secret("password"),
            client_id: self.text("clientId"),
            client_secret: secret("clientSecret"),
            proxy_username: self.text("proxyServerUser"),
            proxy_password: secret("proxyServerPassword"),
            ..Credentials::default()
        }
    }
}

/// The profile of a provider, whatever variables it asks for being the base URL.
fn builtin(provider: &str, base: &str) -> Result<Profile, ProfileError> {
    Profile::builtin(&provider.to_ascii_lowercase(), &|_| Some(base.to_owned()))
}

/// The URL without a `grant_type` in its query: the request has its own.
fn without_grant_type(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.starts_with("grant_type=") && !pair.is_empty()).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}
