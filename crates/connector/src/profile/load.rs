//! Loading a profile: YAML, then the schema, then what no schema says.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use schemars::{Schema, schema_for};
use serde::Deserialize as _;
use serde_json::Value;

use super::check;
use super::model::{AuthType, Grant, Profile};
use super::yaml::{self, Document};

/// Looks a variable up.
type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema_for!(Profile));

/// The JSON Schema of profiles; `docs/profile.schema.json` is this.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// Something wrong in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, or where else the text is from.
    pub file: String,
    /// Line, from 1; of a missing key, the line of what it is missing in.
    pub line: usize,
    /// Path of the key, such as `auth.authType`; empty for the whole.
    pub key: String,
    /// What is wrong, as a continuation of the key.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, key, reason } = self;
        let space = if key.is_empty() { "" } else { " " };
        write!(f, "{file}:{line}: {key}{space}{reason}")
    }
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Everything that is wrong with it, in the order of its lines.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
    /// There is no built-in profile of this name.
    #[error("there is no built-in profile {name:?}; there are {}", known.join(", "))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Profile {
    /// Reads and checks a file. `variables` gives what `${NAME}` stands for.
    ///
    /// # Errors
    ///
    /// - [`ProfileError::Unreadable`].
    /// - [`ProfileError::Faults`]: all that is wrong, each with file, line and key.
    pub fn load(path: &Path, variables: Variables<'_>) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ProfileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string(), variables)
    }

    /// Checks a text; `origin` is what messages call it.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Faults`].
    pub fn parse(text: &str, origin: &str, variables: Variables<'_>) -> Result<Self, ProfileError> {
        let fault = |line, key: &str, reason: String| Fault {
            file: origin.to_owned(),
            line,
            key: key.to_owned(),
            reason,
        };
        let mut document = yaml::read(text).map_err(|(line, reason)| {
            ProfileError::Faults(vec![fault(line, "", format!("not YAML: {reason}"))])
        })?;
        let mut faults: Vec<Fault> = std::mem::take(&mut document.faults)
            .into_iter()
            .map(|(line, key, reason)| fault(line, &key, reason))
            .collect();
        let mut complaints = Vec::new();
        substitute(&mut document.value, "", variables, &mut complaints);
        prune(&mut document.value);
        let sound = complaints.is_empty() && faults.is_empty();
        for complaint in check::check(schema(), &document.value) {
            // What is wrong with a value that could not be filled in is of no interest.
            if !complaints.iter().any(|(key, _)| *key == complaint.0) {
                complaints.push(complaint);
            }
        }
        if sound && complaints.is_empty() {
            match Self::deserialize(&document.value) {
                Ok(profile) => {
                    complaints = profile.complaints();
                    if complaints.is_empty() {
                        return Ok(profile);
                    }
                }
                Err(error) => complaints.push((String::new(), error.to_string())),
            }
        }
        faults.extend(
            complaints.into_iter().map(|(key, reason)| fault(line_of(&document, &key), &key, reason)),
        );
        faults.sort_by_key(|fault| fault.line);
        Err(ProfileError::Faults(faults))
    }

    /// What the schema does not say.
    fn complaints(&self) -> Vec<check::Complaint> {
        let mut found = Vec::new();
        let mut need = |is_there: bool, key: &str, why: &str| {
            if !is_there {
                found.push((key.to_owned(), format!("is missing: {why}")));
            }
        };
        let auth = &self.auth;
        let obtains = auth.should_obtain_token
            || matches!(auth.auth_type, AuthType::BasicTokenSource | AuthType::CustomTokenSource)
            || auth.grant.is_some();
        need(!obtains || auth.auth_url.is_some(), "auth.authUrl", "a token is to be obtained");
        need(
            !auth.should_obtain_token || auth.token_path.is_some(),
            "auth.tokenPath",
            "shouldObtainToken is true",
        );
        need(
            auth.grant != Some(Grant::JwtBearer) || auth.jwt.is_some(),
            "auth.jwt",
            "the grant is jwtBearer",
        );
        let user = &self.user;
        let email = user.skip_user_emails || user.primary_email.is_some();
        need(email, "user.primaryEmail", "give it, or skipUserEmails: true");
        need(
            !user.has_groups_on_user || user.user_group.is_some(),
            "user.userGroup",
            "hasGroupsOnUser is true",
        );
        let tls = &self.http.tls;
        need(
            tls.key_file.is_none() || tls.certificate_file.is_some(),
            "http.tls.certificateFile",
            "a key is given",
        );
        need(
            tls.certificate_file.is_none() || tls.key_file.is_some(),
            "http.tls.keyFile",
            "a certificate is given",
        );
        let endpoint = self.api_endpoint.to_ascii_lowercase();
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            found.push(("apiEndpoint".to_owned(), "does not begin with http:// or https://".to_owned()));
        }
        found
    }
}

/// The line of a key, or of the nearest thing above it.
fn line_of(document: &Document, key: &str) -> usize {
    let mut key = key;
    loop {
        if let Some(line) = document.lines.get(key) {
            return *line;
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = key.get(..end).unwrap_or_default(),
            None => return 1,
        }
    }
}

/// Puts values in for `${NAME}`; `$${` stands for `${`.
fn substitute(
    value: &mut Value,
    path: &str,
    variables: Variables<'_>,
    complaints: &mut Vec<check::Complaint>,
) {
    match value {
        Value::String(text) if text.contains("${") => match expand(text, variables) {
            Ok(expanded) => *text = expanded,
            Err(reason) => complaints.push((path.to_owned(), reason)),
        },
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}[{at}]"), variables, complaints);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                substitute(value, &yaml::join(path, key), variables, complaints);
            }
        }
        _ => {}
    }
}

fn expand(text: &str, variables: Variables<'_>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err("has ${ without }".to_owned());
        };
        out.push_str(before);
        out.push_str(&variables(name).ok_or_else(|| format!("needs the environment variable {name}"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Takes away keys without a value: `firstEmail: ""` says that there is none.
fn prune(value: &mut Value) {
    let Value::Object(members) = value else { return };
    members.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    members.values_mut().for_each(prune);
}
