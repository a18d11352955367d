//! Properties as they are written, and what is wrong with them.

use serde_json::Value;

use super::*;
use crate::profile::{AuthType, Grant, ScimVersion, UpdateMethod};

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
