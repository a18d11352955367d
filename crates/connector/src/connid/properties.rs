//! The properties of ConnId's SCIM bundle, as a profile and credentials.
//!
//! Every property of the bundle and the older names of its documentation are read, from a `.properties` file, a
//! JSON object, or a list as Apache Syncope keeps it. What a property says is done; where the bundle itself
//! does something else, `docs/connector.md` says so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::java;
use super::schema::Kinds;
use crate::profile::{
    Auth, AuthType, ClientAuth, Fault, Grant, JsonPath, MemberRemoval, Profile, ProfileError, Proxy,
    Redirects, ScimVersion, UpdateMethod,
};
use crate::secret::{Credentials, Secret};

/// What stands in a properties file, ready for use.
#[derive(Debug, Clone)]
pub struct Properties {
    /// The application.
    pub profile: Profile,
    /// What opens it.
    pub credentials: Credentials,
    /// How objects are seen.
    pub settings: Settings,
}

/// How objects are seen under ConnId's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `urn:…:User:department` when true, `urn:…:User.department` otherwise.
    pub colon: bool,
    /// The `type` of values that have none: e-mails, phone numbers and kin.
    pub generic_type: Option<String>,
    /// The `type` of addresses that have none.
    pub addresses_type: Option<String>,
    /// `entitlements` are ids.
    pub entitlement_ids: bool,
    /// Schemas beside those of RFC 7643 (`customAttributesJSON`).
    pub custom: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { colon: true, generic_type: None, addresses_type: None, entitlement_ids: false, custom: None }
    }
}

/// Every property: its name, the values that it takes, and which are secret.
///
/// The last three are not the bundle's: `updateMethod` is the older name of `updateUserMethod`,
/// `connectorName` tells which of its two connectors is meant, `scimVersion` is ours.
const PROPERTIES: &[(&str, Takes)] = &[
    ("baseAddress", Takes::Text),
    ("accept", Takes::Text),
    ("contentType", Takes::Text),
    ("username", Takes::Text),
    ("password", Takes::Text),
    ("bearerToken", Takes::Text),
    ("clientId", Takes::Text),
    ("clientSecret", Takes::Text),
    ("customAttributesJSON", Takes::Text),
    ("updateUserMethod", Takes::One(METHODS)),
    ("updateGroupMethod", Takes::One(METHODS)),
    ("explicitGroupAddOnCreate", Takes::Flag),
    ("replaceMembersOnUpdate", Takes::Flag),
    ("accessTokenNodeId", Takes::Text),
    ("accessTokenBaseAddress", Takes::Text),
    ("accessTokenContentType", Takes::Text),
    ("accessTokenAccept", Takes::Text),
    ("addressesType", Takes::Text),
    ("genericComplexType", Takes::Text),
    ("manageComplexEntitlements", Takes::Flag),
    ("scimProvider", Takes::One(&["STANDARD", "SALESFORCE", "WSO2", "AWS", "KEYCLOAK", "EGNYTE"])),
    ("proxyServerType", Takes::One(&["HTTP", "SOCKS"])),
    ("proxyServerHost", Takes::Text),
    ("proxyServerPort", Takes::Number),
    ("proxyServerUser", Takes::Text),
    ("proxyServerPassword", Takes::Text),
    ("followHttpRedirects", Takes::Flag),
    ("requestAttributesOnSearch", Takes::Flag),
    ("useColonOnExtensionAttributes", Takes::Flag),
    ("authHttpHeaderName", Takes::Text),
    ("authHttpHeaderValue", Takes::Text),
    ("enableURLPathEncoding", Takes::Flag),
    ("enableMemberRemovalByPath", Takes::Flag),
    ("updateMethod", Takes::One(METHODS)),
    ("connectorName", Takes::Text),
    ("scimVersion", Takes::One(&["1.1", "2.0"])),
];

const METHODS: &[&str] = &["PUT", "PATCH"];

/// What a property takes. Names of choices match in any case.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Text,
    Flag,
    Number,
    One(&'static [&'static str]),
}

impl Takes {
    /// Why a value does not do.
    fn complaint(self, value: &str) -> Option<String> {
        let one_of = |choices: &[&str]| {
            let is_one = choices.iter().any(|choice| choice.eq_ignore_ascii_case(value));
            (!is_one).then(|| format!("is {value:?}, but must be {}", choices.join(" or ")))
        };
        match self {
            Self::Text => None,
            Self::Flag => one_of(&["true", "false"]),
            Self::Number => {
                value.parse::<u16>().is_err().then(|| format!("is {value:?}, but must be a port, 1 to 65535"))
            }
            Self::One(choices) => one_of(choices),
        }
    }
}

/// All names of properties, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|(name, _)| *name)
}

/// Reads properties. `origin` is what messages call the text; `variables` gives what `${NAME}` in a value
/// stands for.
///
/// # Errors
///
/// [`ProfileError::Faults`]: all that is wrong, each with its line and property.
pub fn read(
    text: &str,
    origin: &str,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Properties, ProfileError> {
    let mut given = Given { origin, values: BTreeMap::new(), faults: Vec::new() };
    let pairs = if text.trim_start().starts_with(['{', '[']) {
        match json(text) {
            Ok(pairs) => pairs,
            Err((line, reason)) => {
                given.fault(line, "", reason);
                Vec::new()
            }
        }
    } else {
        java::read(text)
    };
    for found in pairs {
        given.take(&found.name, &found.value, found.line, variables);
    }
    if given.faults.is_empty() {
        given.check();
    }
    if !given.faults.is_empty() {
        return Err(ProfileError::Faults(given.faults));
    }
    given.properties()
}

/// Name, value and line of each property of a JSON text: of an object, or of the list that Apache Syncope keeps
/// (`[{"schema": {"name": …}, "values": […]}]`, also under `conf`).
fn json(text: &str) -> Result<Vec<java::Property>, (usize, String)> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| (error.line(), format!("not JSON: {error}")))?;
    let line = |name: &str| {
        let quoted = format!("\"{name}\"");
        text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
    };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let property = |name: &str, value: &Value| java::Property {
        name: name.to_owned(),
        value: plain(value),
        line: line(name),
    };
    let value = value.get("conf").cloned().unwrap_or(value);
    Ok(match value {
        Value::Object(object) => object.iter().map(|(name, value)| property(name, value)).collect(),
        Value::Array(items) => {
            let pair = |item: &Value| {
                let name = item.pointer("/schema/name").or(item.get("name"))?.as_str()?;
                Some(property(name, item.pointer("/values/0").unwrap_or(&Value::Null)))
            };
            items.iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    })
}

/// What was given, and what is wrong with it.
struct Given<'a> {
    origin: &'a str,
    values: BTreeMap<&'static str, (String, usize)>,
    faults: Vec<Fault>,
}

impl Given<'_> {
    fn fault(&mut self, line: usize, key: &str, reason: impl Into<String>) {
        let fault = Fault { file: self.origin.to_owned(), line, key: key.to_owned(), reason: reason.into() };
        self.faults.push(fault);
    }

    fn take(&mut self, name: &str, value: &str, line: usize, variables: &dyn Fn(&str) -> Option<String>) {
        let Some((name, takes)) = PROPERTIES.iter().find(|(known, _)| *known == name) else {
            let near = PROPERTIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let hint = near.map_or_else(
                || "docs/connector.md lists them".to_owned(),
                |(near, _)| format!("did you mean {near}?"),
            );
            self.fault(line, name, format!("is not a property of the connector; {hint}"));
            return;
        };
        let value = match substituted(value, variables) {
            Ok(value) => value,
            Err(variable) => {
                return self.fault(line, name, format!("needs the variable {variable}, which is not set"));
            }
        };
        // A property that is there and empty is not given.
        if value.trim().is_empty() {
            return;
        }
        if let Some(complaint) = takes.complaint(value.trim()) {
            return self.fault(line, name, complaint);
        }
        self.values.insert(name, (value, line));
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|(value, _)| value.clone())
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.values.get(name).map_or(default, |(value, _)| value.trim().eq_ignore_ascii_case("true"))
    }

    fn line(&self, name: &str) -> usize {
        self.values.get(name).map_or(1, |(_, line)| *line)
    }

    /// What holds between properties.
    fn check(&mut self) {
        let has = |given: &Self, name: &str| given.values.contains_key(name);
        if !has(self, "baseAddress") {
            self.fault(1, "baseAddress", "is missing: give the base URL of the SCIM service");
        } else if !self.text("baseAddress").is_some_and(|url| is_url(&url)) {
            self.fault(self.line("baseAddress"), "baseAddress", "must begin with https:// or http://");
        }
        for (one, other) in [
            ("authHttpHeaderName", "authHttpHeaderValue"),
            ("proxyServerUser", "proxyServerPassword"),
            ("proxyServerHost", "proxyServerPort"),
            ("username", "password"),
            ("clientId", "clientSecret"),
        ] {
            for (there, missing) in [(one, other), (other, one)] {
                if has(self, there) && !has(self, missing) {
                    self.fault(
                        self.line(there),
                        missing,
                        format!("is missing: {there} is given, and needs it"),
                    );
                }
            }
        }
        if has(self, "accessTokenBaseAddress") != has(self, "clientId") && !has(self, "bearerToken") {
            let what = "is missing: clientId, clientSecret and accessTokenBaseAddress go together";
            self.fault(
                self.line("clientId"),
                if has(self, "clientId") { "accessTokenBaseAddress" } else { "clientId" },
                what,
            );
        }
        let opens = ["bearerToken", "clientId", "username", "authHttpHeaderName"];
        if !opens.iter().any(|name| has(self, name)) {
            let what = "no credentials: give bearerToken, username and password, authHttpHeaderName and authHttpHeaderValue, \
                        or clientId, clientSecret and accessTokenBaseAddress";
            self.fault(1, "", what);
        }
        if let Some(custom) = self.text("customAttributesJSON") {
            let checked = Kinds::builtin().and_then(|mut kinds| kinds.customize(&custom));
            if let Err(error) = checked {
                let reason = error.to_string().replace("customAttributesJSON: ", "");
                self.fault(self.line("customAttributesJSON"), "customAttributesJSON", reason);
            }
        }
    }

    fn properties(&self) -> Result<Properties, ProfileError> {
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

fn is_url(text: &str) -> bool {
    let text = text.trim();
    ["https://", "http://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    })
}

/// `${NAME}` replaced; the name, when it has no value.
fn substituted(text: &str, variables: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&variables(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Properties {
        read(text, "x.properties", &|_| None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn faults(text: &str) -> String {
        read(text, "x.properties", &|_| None).unwrap_err().to_string()
    }

    const BASE: &str = "baseAddress=https://x/scim/v2/\n";

    #[test]
    fn every_property_is_taken_from_either_form() {
        let value = |name: &str, takes: Takes| match (name, takes) {
            ("baseAddress" | "accessTokenBaseAddress", _) => "https://x/scim/v2/",
            ("customAttributesJSON", _) => r#"{"id": "urn:x:extension:A", "attributes": []}"#,
            (_, Takes::Text) => "text",
            (_, Takes::Flag) => "true",
            (_, Takes::Number) => "8080",
            (_, Takes::One(choices)) => choices[0],
        };
        let pairs: Vec<(&str, &str)> =
            PROPERTIES.iter().map(|(name, takes)| (*name, value(name, *takes))).collect();
        let java: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let object: serde_json::Map<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let list: Vec<Value> = pairs
            .iter()
            .map(|(name, value)| serde_json::json!({"schema": {"name": name}, "values": [value]}))
            .collect();
        for text in
            [java.concat(), Value::Object(object).to_string(), serde_json::json!({"conf": list}).to_string()]
        {
            let found = parsed(&text);
            assert_eq!(found.profile.api_endpoint, "https://x/scim/v2");
            assert_eq!(found.profile.scim_version, ScimVersion::V1);
            assert_eq!(found.settings.generic_type.as_deref(), Some("text"));
            assert_eq!(found.profile.http.proxy.as_ref().unwrap().url, "http://text:8080");
            assert_eq!(found.profile.request_defaults.headers["text"], "text");
        }
    }

    #[test]
    fn what_opens_the_application_is_chosen_as_documented() {
        let token = "clientId=c\nclientSecret=s\naccessTokenBaseAddress=https://idp/token";
        for (text, auth_type, grant, url) in [
            ("bearerToken=t\nusername=u\npassword=p".to_owned(), AuthType::Oauth2, None, None),
            ("username=u\npassword=p".to_owned(), AuthType::Basic, None, None),
            ("authHttpHeaderName=apikey\nauthHttpHeaderValue=k".to_owned(), AuthType::None, None, None),
            (token.to_owned(), AuthType::Oauth2, Some(Grant::ClientCredentials), Some("https://idp/token")),
            (
                format!("{token}?grant_type=client_credentials&x=y\nusername=u\npassword=p"),
                AuthType::Oauth2,
                Some(Grant::ClientCredentials),
                Some("https://idp/token?x=y"),
            ),
            (
                format!("{token}\nusername=u\npassword=p"),
                AuthType::Oauth2,
                Some(Grant::Password),
                Some("https://idp/token"),
            ),
        ] {
            let auth = parsed(&format!("{BASE}{text}")).profile.auth;
            let found = (auth.auth_type, auth.should_obtain_token, auth.grant, auth.auth_url.as_deref());
            assert_eq!(found, (auth_type, grant.is_some(), grant, url), "{text}");
        }
    }

    #[test]
    fn the_version_is_said_or_seen() {
        for (text, version) in [
            ("baseAddress=https://x/v2/", ScimVersion::V2),
            ("baseAddress=https://x/v1/", ScimVersion::V1),
            (
                "baseAddress=https://x/scim\nconnectorName=net.tirasa.connid.bundles.scim.v11.SCIMv11Connector",
                ScimVersion::V1,
            ),
            ("baseAddress=https://x/v1\nscimVersion=2.0", ScimVersion::V2),
        ] {
            assert_eq!(parsed(&format!("{text}\nbearerToken=t")).profile.scim_version, version, "{text}");
        }
    }

    /// facts §1 and the exchanges: no credentials, `updateGroupMethod=BOGUS` and kin validate in the reference.
    #[test]
    fn what_cannot_work_is_refused_before_any_request_with_its_line() {
        for (text, fault) in [
            ("bearerToken=t", "x.properties:1: baseAddress is missing"),
            (
                "baseAddress=ftp://x\nbearerToken=t",
                "x.properties:1: baseAddress must begin with https:// or http://",
            ),
            (BASE, "no credentials"),
            (
                "baseAddress=https://x\nbearerToken=t\nupdateGroupMethod=BOGUS",
                "x.properties:3: updateGroupMethod is \"BOGUS\", but must be PUT or PATCH",
            ),
            ("baseAddress=https://x\nbearerToken=t\nupdateUserMethod=DELETE", "must be PUT or PATCH"),
            (
                "baseAddress=https://x\nbearerToken=t\nscimProvider=OKTA",
                "scimProvider is \"OKTA\", but must be STANDARD or",
            ),
            (
                "baseAddress=https://x\nbearerToken=t\ncustomAttributesJSON=garbage",
                "x.properties:3: customAttributesJSON expected value",
            ),
            ("baseAddress=https://x\nbearerToken=t\nproxyServerHost=p", "proxyServerPort is missing"),
            ("baseAddress=https://x\nbearerToken=t\nproxyServerType=WRONG", "must be HTTP or SOCKS"),
            ("baseAddress=https://x\nbearerToken=t\nproxyServerUser=u", "proxyServerPassword is missing"),
            ("baseAddress=https://x\nauthHttpHeaderName=a", "authHttpHeaderValue is missing"),
            ("baseAddress=https://x\nclientId=a\nclientSecret=b", "accessTokenBaseAddress is missing"),
            ("baseAddress=https://x\nbearerToken=t\nupdateusermethod=PUT", "did you mean updateUserMethod?"),
            ("baseAddress=https://x\nbearerToken=${NOT_SET}", "needs the variable NOT_SET"),
            ("{\"baseAddress\": \n nonsense", "x.properties:2: not JSON"),
        ] {
            let found = faults(text);
            assert!(found.contains(fault), "{text}\n{found}");
        }
    }

    #[test]
    fn methods_match_in_any_case_and_the_older_name_does() {
        for (text, user, group) in [
            ("", UpdateMethod::Patch, UpdateMethod::Patch),
            ("updateGroupMethod=put", UpdateMethod::Patch, UpdateMethod::Put),
            ("updateMethod=PUT", UpdateMethod::Put, UpdateMethod::Patch),
            ("updateUserMethod=patch\nupdateMethod=PUT", UpdateMethod::Patch, UpdateMethod::Patch),
        ] {
            let shapes = parsed(&format!("{BASE}bearerToken=t\n{text}")).profile.shapes;
            assert_eq!((shapes.update_user, shapes.update_group), (user, group), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let found = parsed(&format!(
            "{BASE}bearerToken=hunter2\nusername=u\npassword=hunter3\nproxyServerUser=u\nproxyServerPassword=hunter4"
        ));
        let shown = format!("{:?}", found.credentials);
        assert!(!shown.contains("hunter"), "{shown}");
        let found = read(&format!("{BASE}bearerToken=${{TOKEN}}"), "x", &|name| {
            (name == "TOKEN").then(|| "v".to_owned())
        });
        assert_eq!(found.unwrap().credentials.token.unwrap().reveal(), "v");
    }
}
