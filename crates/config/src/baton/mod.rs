//! Settings of `rollcall sync`, which are those of the Baton connectors: flags, then `BATON_*`, then a YAML file.
//!
//! The file is `.baton.yaml` or `.baton.yml` in the working folder, or the one that `BATON_CONFIG_PATH` names; its
//! keys are the names of the flags. A variable that is empty is not set.

mod file;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::{ConfigError, Environment, read_file};

pub use table::{Kind, SETTINGS, Setting};

/// The variable that names the file.
const CONFIG_PATH: &str = "BATON_CONFIG_PATH";
/// What is read when it does not.
const FILES: [&str; 2] = [".baton.yaml", ".baton.yml"];

/// What is given, by the names of [`SETTINGS`]; a switch's value is `true` or `false`.
pub type Given = BTreeMap<&'static str, Vec<String>>;

/// Settings, from all that gives some.
#[derive(Clone, Default)]
pub struct Baton {
    values: Given,
    /// Keys of the file that mean nothing here.
    pub unknown: Vec<String>,
}

/// Numbers that have no flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// `BATON_KEEP_SYNC_COUNT`: finished syncs in a file; at least 1.
    pub keep_syncs: usize,
    /// `BATON_DECODER_MAX_DECODED_SIZE_MB`: MiB that a file may unpack to.
    pub decoded_mib: u64,
    /// `BATON_DECODER_MAX_MEMORY_MB`: MiB of memory to unpack with.
    pub memory_mib: u64,
}

impl Baton {
    /// Takes all together. `folder` is where a file is looked for.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file that is named and not there, or is not YAML; a switch that is neither true nor false.
    pub fn load(flags: Given, environment: Environment<'_>, folder: &Path) -> Result<Self, ConfigError> {
        let mut baton = Self::default();
        if let Some(path) = file_path(environment, folder)? {
            let (given, unknown) = file::parse(&path, &read_file(&path)?)?;
            baton.take(given);
            baton.unknown = unknown;
        }
        baton.take(from_environment(environment)?);
        baton.take(flags);
        Ok(baton)
    }

    /// What goes before takes the place of what is there. A secret's text and its file are one setting.
    fn take(&mut self, given: Given) {
        for (name, values) in given {
            let other = match name.strip_suffix("-file") {
                Some(secret) => secret.to_owned(),
                None => format!("{name}-file"),
            };
            let pair = SETTINGS
                .iter()
                .any(|known| known.kind == Kind::Secret && (known.name == name || known.name == other));
            if pair {
                self.values.retain(|known, _| *known != other);
            }
            self.values.insert(name, values);
        }
    }

    /// A text, as it was given or else by default. What is empty is not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        let given = self.values.get(name).and_then(|values| values.last()).map(String::as_str);
        let known = SETTINGS.iter().find(|known| known.name == name);
        debug_assert!(known.is_some(), "{name} is no setting");
        given.filter(|text| !text.is_empty()).or_else(|| known.and_then(|known| known.default))
    }

    /// A secret: the text, or what is in the file that is named, but for the line break at its end.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`].
    pub fn secret(&self, name: &str) -> Result<Option<String>, ConfigError> {
        if let Some(text) = self.text(name) {
            return Ok(Some(text.to_owned()));
        }
        let Some(file) = self.values.get(format!("{name}-file").as_str()).and_then(|values| values.last())
        else {
            return Ok(None);
        };
        Ok(Some(read_file(Path::new(file))?.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The texts of a list.
    pub fn list(&self, name: &str) -> Vec<String> {
        let texts = self.values.get(name).into_iter().flatten();
        let parts = texts.flat_map(|text| text.split(',')).map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret =
            |name: &str| SETTINGS.iter().any(|known| known.name == name && known.kind == Kind::Secret);
        let mut map = f.debug_map();
        for (name, values) in &self.values {
            if is_secret(name) {
                map.entry(name, &"•••");
            } else {
                map.entry(name, values);
            }
        }
        map.finish()
    }
}

impl Tuning {
    /// Reads them from the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`]: no number above 0.
    pub fn load(environment: Environment<'_>) -> Result<Self, ConfigError> {
        let number = |name: &str, default: u64| match environment(name).filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => {
                text.parse().ok().filter(|number| *number > 0).ok_or_else(|| ConfigError::Invalid {
                    name: name.to_owned(),
                    reason: format!("{text:?} is not a number above 0"),
                })
            }
        };
        Ok(Self {
            keep_syncs: usize::try_from(number("BATON_KEEP_SYNC_COUNT", 2)?).unwrap_or(usize::MAX),
            decoded_mib: number("BATON_DECODER_MAX_DECODED_SIZE_MB", 3 * 1024)?,
            memory_mib: number("BATON_DECODER_MAX_MEMORY_MB", 128)?,
        })
    }
}

fn file_path(environment: Environment<'_>, folder: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let Some(named) = environment(CONFIG_PATH).filter(|path| !path.is_empty()) else {
        return Ok(FILES.iter().map(|name| folder.join(name)).find(|path| path.exists()));
    };
    let path = folder.join(named);
    if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        let reason = "the name of the file ends in .yaml or .yml".to_owned();
        return Err(ConfigError::Invalid { name: CONFIG_PATH.to_owned(), reason });
    }
    Ok(Some(path))
}

fn from_environment(environment: Environment<'_>) -> Result<Given, ConfigError> {
    let mut given = Given::new();
    for setting in SETTINGS {
        let variable = setting.variable();
        if let Some(text) = environment(&variable).filter(|text| !text.is_empty()) {
            given.insert(setting.name, vec![checked(setting, &variable, text)?]);
        }
    }
    Ok(given)
}

/// A text, for a switch as `true` or `false`.
fn checked(setting: &Setting, name: &str, text: String) -> Result<String, ConfigError> {
    if setting.kind != Kind::Switch {
        return Ok(text);
    }
    match text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok("true".to_owned()),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok("false".to_owned()),
        _ => Err(ConfigError::Invalid {
            name: name.to_owned(),
            reason: format!("{text:?} is neither true nor false"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        flags: &[(&'static str, &str)],
        variables: &[(&str, &str)],
        file: Option<&str>,
    ) -> Result<Baton, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::write(folder.path().join(".baton.yaml"), text).unwrap();
        }
        let flags = flags.iter().map(|(name, value)| (*name, vec![(*value).to_owned()])).collect();
        let environment =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Baton::load(flags, &environment, folder.path())
    }

    #[test]
    fn flags_go_before_variables_and_these_before_the_file() {
        let file = "token: of the file\nfile: a.c1z\nprovisioning: true\nlog-level: warn\n";
        let variables =
            [("BATON_TOKEN", "of the variable"), ("BATON_FILE", "b.c1z"), ("BATON_LOG_LEVEL", "")];
        let baton = load(&[("file", "c.c1z")], &variables, Some(file)).unwrap();
        let text = |name| baton.text(name).unwrap();
        assert_eq!((text("token"), text("file"), text("log-level")), ("of the variable", "c.c1z", "warn"));
        assert!(baton.is_on("provisioning"));
        assert_eq!(load(&[], &[], None).unwrap().text("file"), Some("sync.c1z"));
    }

    #[test]
    fn a_secret_is_a_text_or_a_file_whichever_was_said_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from a file\n").unwrap();
        let path = path.to_str().unwrap();
        let token = |flags: &[(&'static str, &str)], variables: &[(&str, &str)]| {
            load(flags, variables, None).unwrap().secret("token").unwrap()
        };
        assert_eq!(token(&[("token-file", path)], &[("BATON_TOKEN", "a")]).as_deref(), Some("from a file"));
        assert_eq!(token(&[("token", "b")], &[("BATON_TOKEN_FILE", path)]).as_deref(), Some("b"));
        assert_eq!(token(&[], &[]), None);
        assert!(load(&[("token-file", "/nonexistent")], &[], None).unwrap().secret("token").is_err());
    }

    #[test]
    fn secrets_are_never_shown() {
        let baton = load(&[("token", "hunter2"), ("client-secret", "hunter2")], &[], None).unwrap();
        let shown = format!("{baton:?}");
        assert!(!shown.contains("hunter2") && shown.contains("•••"), "{shown}");
    }

    #[test]
    fn the_file_that_is_named_must_be_there_and_be_yaml() {
        let named = |path: &'static str| load(&[], &[(CONFIG_PATH, path)], None).unwrap_err().to_string();
        assert!(named("none.yaml").contains("cannot be read"));
        assert!(named("none.json").contains(".yaml or .yml"));
        let wrong = load(&[], &[], Some("token: [a\n")).unwrap_err().to_string();
        assert!(wrong.contains(".baton.yaml: line "), "{wrong}");
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_is_unknown_is_told() {
        for (variables, file, reason) in [
            (&[("BATON_PROVISIONING", "maybe")][..], None, "BATON_PROVISIONING: \"maybe\" is neither"),
            (&[], Some("provisioning: maybe"), "provisioning: \"maybe\" is neither"),
            (&[], Some("- a\n- b"), "keys and values"),
            (&[], Some("file: {a: b}"), "file: a text"),
        ] {
            let error = load(&[], variables, file).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let baton = load(&[], &[], Some("otel-endpoint: x\nfile: a\nformat: [csv, json]\n")).unwrap();
        assert_eq!(baton.unknown, ["otel-endpoint"]);
        assert_eq!(baton.list("format"), ["csv", "json"]);
        assert_eq!(load(&[("format", "csv, jsonl")], &[], None).unwrap().list("format"), ["csv", "jsonl"]);
    }

    #[test]
    fn numbers_are_above_zero() {
        let tuning = |value: &'static str| {
            Tuning::load(&move |name| (name == "BATON_KEEP_SYNC_COUNT").then(|| value.to_owned()))
        };
        assert_eq!(tuning("").unwrap(), Tuning { keep_syncs: 2, decoded_mib: 3072, memory_mib: 128 });
        assert_eq!(tuning("5").unwrap().keep_syncs, 5);
        assert!(tuning("0").is_err() && tuning("x").is_err());
    }
}
