//! Profiles: what a good one says, and what is wrong with a bad one, by file, line and key.

#![allow(
    clippy::unwrap_used,
    clippy::needless_raw_string_hashes,
    reason = "helpers of tests may stop a test; expect-test writes raw strings"
)]

use std::path::Path;

use expect_test::{Expect, expect};
use rollcall_connector::profile::{
    AuthType, Grant, MemberShape, Paging, Profile, ProfileError, ScimVersion, UpdateMethod, builtins, keys,
    schema,
};
use rollcall_testkit::peer::SAMPLE;

/// The least that a profile says.
const LEAST: &str = "\
apiEndpoint: https://api.example.com/scim/v2
auth: {authType: apiKey}
user: {id: id, firstName: name.givenName, lastName: name.familyName, primaryEmail: userName, active: active}
pagination: {totalResults: totalResults, itemsPerPage: itemsPerPage, startIndex: startIndex}
";

fn load(text: &str) -> Result<Profile, ProfileError> {
    Profile::parse(text, "app.yaml", &|name| (name == "HOST").then(|| "api.example.com".to_owned()))
}

#[test]
fn the_documented_example_works_as_printed() {
    let profile = load(SAMPLE).unwrap();
    assert_eq!(profile.auth.auth_type, AuthType::Oauth2);
    assert!(profile.has_scim_header && !profile.user.has_groups_on_user);
    assert_eq!(profile.user.primary_email.unwrap().as_str(), "emails[?(@.primary==true)].value");
    assert_eq!(profile.provisioning.remove_user_from_group.unwrap().op, "replace");
    assert_eq!(profile.group.unwrap().members.unwrap().id.as_str(), "value");
}

#[test]
fn the_least_profile_has_defaults_for_the_rest() {
    let profile = load(LEAST).unwrap();
    assert_eq!((profile.scim_version, profile.pagination.page_size), (ScimVersion::V2, 100));
    assert!(!profile.has_scim_header && profile.group.is_none() && profile.user.roles.is_none());
    assert!(profile.provisioning.add_user_to_group.is_none());
}

#[test]
fn an_empty_path_is_no_path() {
    let profile = load(&LEAST.replace("active: active", "active: active, firstEmail: \"\", roles:")).unwrap();
    assert!(profile.user.first_email.is_none() && profile.user.roles.is_none());
}

#[test]
fn later_keys_of_the_reference_are_keys_too() {
    let text = LEAST.replace("primaryEmail: userName", "skipUserEmails: true").replace(
        "auth: {authType: apiKey}",
        "\
auth:
  authType: customTokenSource
  withCustomTokenRequest: true
  authUrl: https://auth.example.com/token
  tokenRequestDefaults:
    contentType: application/x-www-form-urlencoded
    headers: {X-A: a}
    queryParams: {b: b}
    formBodyValues: {c: c}
requestDefaults:
  headers: {X-D: d}
  queryParams: {e: e}",
    );
    let profile = load(&text).unwrap();
    assert_eq!(profile.auth.token_request_defaults.form_body_values["c"], "c");
    assert_eq!(
        (profile.request_defaults.headers["X-D"].as_str(), profile.user.skip_user_emails),
        ("d", true)
    );
}

#[test]
fn variables_are_filled_in() {
    let with = |endpoint: &str| LEAST.replace("https://api.example.com", endpoint);
    assert_eq!(load(&with("https://${HOST}")).unwrap().api_endpoint, "https://api.example.com/scim/v2");
    let literal = load(&with("https://${HOST}/$${HOST}")).unwrap().api_endpoint;
    assert_eq!(literal, "https://api.example.com/${HOST}/scim/v2");
}

/// A fault is told before any request, with file, line and key.
#[test]
fn every_fault_is_named_with_file_line_and_key() {
    let edit = |from: &str, to: &str| {
        assert!(SAMPLE.contains(from), "{from}");
        SAMPLE.replacen(from, to, 1)
    };
    let cases: &[(String, Expect)] = &[
        (String::new(), expect!["app.yaml:1: is nothing, not a mapping"]),
        (
            "a: [".to_owned(),
            expect!["app.yaml:2: not YAML: while parsing a node, did not find expected node content"],
        ),
        (
            edit("hasScimHeader: true", "hasScimHeaders: true"),
            expect!["app.yaml:4: hasScimHeaders is not a key here; hasScimHeader is"],
        ),
        (
            edit("hasScimHeader: true", "hasScimHeader: \"yes\""),
            expect!["app.yaml:4: hasScimHeader is text, not true or false"],
        ),
        (edit("hasScimHeader: true", "frobnicate: 1"), expect!["app.yaml:4: frobnicate is not a key here"]),
        (edit("  authType: \"oauth2\"\n", ""), expect!["app.yaml:6: auth.authType is missing"]),
        (
            edit("\"oauth2\"", "\"magic\""),
            expect![[
                r#"app.yaml:7: auth.authType is "magic", not one of basic, oauth2, apiKey, basicTokenSource, customTokenSource, none"#
            ]],
        ),
        (
            edit("apiEndpoint: \"https://api.example.com/scim/v2/\"\n", ""),
            expect!["app.yaml:1: apiEndpoint is missing"],
        ),
        (
            edit("https://api.example.com/scim/v2/", "api.example.com"),
            expect![[
                r#"app.yaml:2: apiEndpoint "api.example.com" is not a URL with scheme and host, such as https://api.example.com/scim/v2"#
            ]],
        ),
        (
            edit("https://api.example.com/scim/v2/", "https://${NOBODY}/"),
            expect!["app.yaml:2: apiEndpoint needs the environment variable NOBODY"],
        ),
        (
            edit("emails[?(@.primary==true)].value", "emails[?(@.primary=true)].value"),
            expect![[
                r#"app.yaml:17: user.primaryEmail "emails[?(@.primary=true)].value" is not a JSONPath: RFC 9535 has no such form; look at brackets, quotes and `==`"#
            ]],
        ),
        (
            edit("    path: \"roles\"\n    name: \"value\"", "    path: \"roles[\"\n    name: 7"),
            expect![[r#"
                app.yaml:26: user.roles.path "roles[" is not a JSONPath: RFC 9535 has no such form; look at brackets, quotes and `==`
                app.yaml:27: user.roles.name is a whole number, not text"#]],
        ),
        (
            edit("  startIndex: \"startIndex\"", "  startIndex: \"startIndex\"\n  pageSize: 0"),
            expect!["app.yaml:40: pagination.pageSize is 0, not between 1 and 10000"],
        ),
        (edit("    op: \"add\"\n", ""), expect!["app.yaml:41: provisioning.addUserToGroup.op is missing"]),
        (
            edit("shouldObtainToken: false", "shouldObtainToken: true")
                .replace("  authUrl: \"https://example.com/oauth/token\"\n", "")
                .replace("  tokenPath: \"access_token\"\n", ""),
            expect![[r#"
                app.yaml:6: auth.authUrl is missing: a token is to be obtained
                app.yaml:6: auth.tokenPath is missing: shouldObtainToken is true"#]],
        ),
        (
            edit("  primaryEmail: \"emails[?(@.primary==true)].value\"\n", ""),
            expect!["app.yaml:12: user.primaryEmail is missing: give it, or skipUserEmails: true"],
        ),
        (
            edit("hasGroupsOnUser: false", "hasGroupsOnUser: true").replace(
                "  userGroup:\n    path: \"groups\"\n    name: \"display\"\n    id: \"value\"\n",
                "",
            ),
            expect!["app.yaml:12: user.userGroup is missing: hasGroupsOnUser is true"],
        ),
        (edit("auth:\n", "auth:\n  authType: basic\n"), expect!["app.yaml:8: auth.authType is there twice"]),
        (
            format!("{SAMPLE}http: {{tls: {{keyFile: a.pem}}}}\n"),
            expect!["app.yaml:61: http.tls.certificateFile is missing: a key is given"],
        ),
        (
            format!("{SAMPLE}http: {{retry: {{attempts: 1.5}}}}\n"),
            expect!["app.yaml:61: http.retry.attempts is a number, not a whole number"],
        ),
    ];
    for (text, expected) in cases {
        let faults = load(text).err().map_or_else(|| "no fault".to_owned(), |error| error.to_string());
        expected.assert_eq(&faults);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Profile::load(Path::new("/nonexistent/app.yaml"), &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "/nonexistent/app.yaml cannot be read");
}

/// A small file that grows when aliases are put in does not take the memory.
#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut lines = vec!["a: &a [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for (name, before) in
        ["b", "c", "d", "e", "f", "g", "h"].into_iter().zip(["a", "b", "c", "d", "e", "f", "g"])
    {
        let list = vec![format!("*{before}"); 10].join(", ");
        lines.push(format!("{name}: &{name} [{list}]"));
    }
    let text = lines.join("\n");
    assert!(load(&text).is_err());
    assert!(load(&"[".repeat(100_000)).is_err());
}

#[test]
fn the_schema_and_the_page_of_keys_are_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap_or_default();
    let printed = format!("{}\n", serde_json::to_string_pretty(schema()).unwrap());
    assert!(read("profile.schema.json") == printed, "docs/profile.schema.json is old: run scripts/generate");
    assert!(read("profile-keys.md") == keys(), "docs/profile-keys.md is old: run scripts/generate");
}

fn builtin(name: &str) -> Profile {
    Profile::builtin(name, &|name| {
        Some(if name.ends_with("URL") { "https://app.example.com/scim" } else { "x" }.to_owned())
    })
    .unwrap()
}

#[test]
fn every_built_in_profile_is_sound_and_says_what_it_is_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut names: Vec<String> = builtins().iter().map(|builtin| builtin.name.to_owned()).collect();
    for name in &names {
        let profile = builtin(name);
        assert_eq!(profile.name.as_deref(), Some(name.as_str()));
        assert!(profile.description.is_some_and(|text| text.len() > 20), "{name}");
        assert!(profile.api_endpoint.starts_with("https://"), "{name}");
    }
    files.sort();
    names.sort();
    assert_eq!(files, names, "each file is built in, and nothing else");
}

/// What is peculiar about each application is in its profile.
#[test]
fn built_in_profiles_know_their_applications() {
    let aws = builtin("AWS");
    assert_eq!(aws.limits.membership_changes, Some(100));
    assert_eq!(aws.limits.filter_operators, Some(vec!["eq".to_owned(), "and".to_owned()]));
    assert_eq!((aws.pagination.style, aws.pagination.page_size), (Paging::Cursor, 100));
    assert_eq!(builtin("salesforce").shapes.member, MemberShape::Wrapped);
    assert_eq!(builtin("wso2").shapes.member, MemberShape::Pathless);
    assert_eq!(builtin("keycloak").shapes.member, MemberShape::Detailed);
    assert!(builtin("egnyte").limits.no_attributes_parameter);
    assert_eq!(builtin("google").pagination.style, Paging::None);
    assert_eq!(builtin("slack").scim_version, ScimVersion::V1);
    let zoom = builtin("zoom");
    assert_eq!(
        (zoom.auth.grant, zoom.shapes.update_roles),
        (Some(Grant::AccountCredentials), UpdateMethod::Put)
    );
    assert!(zoom.user.has_groups_on_user && builtin("sap-success-factors").user.skip_user_emails);
    assert!(builtin("whimsical").group.is_none());
    let error = Profile::builtin("foo", &|_| None).unwrap_err().to_string();
    assert!(error.contains("foo") && error.contains("slack"), "{error}");
}
