//! The properties that were given, one by one and between each other.

use std::collections::BTreeMap;

use super::PROPERTIES;
use crate::connid::schema::Kinds;
use crate::profile::Fault;

/// What was given, and what is wrong with it.
pub(super) struct Given<'a> {
    pub(super) origin: &'a str,
    pub(super) values: BTreeMap<&'static str, (String, usize)>,
    pub(super) faults: Vec<Fault>,
}

impl Given<'_> {
    pub(super) fn fault(&mut self, line: usize, key: &str, reason: impl Into<String>) {
        let fault = Fault { file: self.origin.to_owned(), line, key: key.to_owned(), reason: reason.into() };
        self.faults.push(fault);
    }

    pub(super) fn take(
        &mut self,
        name: &str,
        value: &str,
        line: usize,
        variables: &dyn Fn(&str) -> Option<String>,
    ) {
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

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|(value, _)| value.clone())
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.values.get(name).map_or(default, |(value, _)| value.trim().eq_ignore_ascii_case("true"))
    }

    pub(super) fn line(&self, name: &str) -> usize {
        self.values.get(name).map_or(1, |(_, line)| *line)
    }

    /// What holds between properties.
    pub(super) fn check(&mut self) {
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
