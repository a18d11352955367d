//! Settings: `rollcall.toml`, then `ROLLCALL_*`, then flags; everything has a working default.
//!
//! This crate is the only reader of configuration files and of the environment (DESIGN decision 15).

pub mod baton;
mod database;
mod openid;
mod proxy;
mod remote;
mod secret;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use database::Database;
pub use openid::{OpenId, openid};
pub use proxy::{Proxy, proxy};
pub use remote::{Remote, remote};
pub use secret::{Secret, server_secret};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "rollcall.toml";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not as it should be.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A value cannot be.
    #[error("{name}: {reason}")]
    Invalid {
        /// The setting, as it was given.
        name: String,
        /// What it should be.
        reason: String,
    },
}

/// Where a value comes from: the environment, or a test's idea of it.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's environment.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the reader of the environment")]
    std::env::var(name).ok()
}

/// Makes the table of settings: for each its name, type, default and meaning. The file's key is the
/// name, the variable's `ROLLCALL_` and the name in capitals.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $default:expr, $variable:literal;)*) => {
        /// All settings.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings { $($(#[$doc])* pub $name: $kind,)* }

        /// Settings of which some are given: a file, or flags.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Given { $($(#[$doc])* pub $name: Option<$kind>,)* }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Settings {
            fn take(&mut self, given: Given) {
                $(if let Some(value) = given.$name { self.$name = value; })*
            }
        }

        impl Given {
            fn from_environment(environment: Environment<'_>) -> Result<Self, ConfigError> {
                Ok(Self { $($name: environment($variable).map(|text| read($variable, &text)).transpose()?,)* })
            }
        }

        /// Every setting: its key in the file and its variable.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $variable),)*];
    };
}

settings! {
    /// Address and port to listen on; port 0 is any free one.
    listen: String = "127.0.0.1:8080".to_owned(), "ROLLCALL_LISTEN";
    /// The SQLite file, or the URL of a PostgreSQL database.
    database: Database = Database::from("rollcall.db"), "ROLLCALL_DATABASE";
    /// File of the password of the URL's user, which then names none.
    database_password_file: String = String::new(), "ROLLCALL_DATABASE_PASSWORD_FILE";
    /// Connections to PostgreSQL, at most.
    database_connections: u32 = 16, "ROLLCALL_DATABASE_CONNECTIONS";
    /// URL of a PostgreSQL replica, for reads that may be a little late; empty: none.
    database_replica: Database = Database::from(""), "ROLLCALL_DATABASE_REPLICA";
    /// URL under which clients reach the server; empty: that of each request.
    public_url: String = String::new(), "ROLLCALL_PUBLIC_URL";
    /// Header in which a proxy in front says where a request comes from, such as `X-Forwarded-For`: the last address in
    /// it counts; empty: the connection's. Sign-ins to the console are limited by it.
    client_address_header: String = String::new(), "ROLLCALL_CLIENT_ADDRESS_HEADER";
    /// The OpenID provider by which people may sign in to the console: its URL, exactly as it writes it in `issuer`;
    /// empty: none. Needs `public_url`.
    openid_issuer: String = String::new(), "ROLLCALL_OPENID_ISSUER";
    /// What the provider calls this server.
    openid_client_id: String = String::new(), "ROLLCALL_OPENID_CLIENT_ID";
    /// File of the client's secret, which may be in `ROLLCALL_OPENID_CLIENT_SECRET` instead; neither: a public client.
    openid_client_secret_file: String = String::new(), "ROLLCALL_OPENID_CLIENT_SECRET_FILE";
    /// What the provider is asked for, with spaces between.
    openid_scopes: String = "openid email profile".to_owned(), "ROLLCALL_OPENID_SCOPES";
    /// What the button calls the provider; empty: the host of `openid_issuer`.
    openid_name: String = String::new(), "ROLLCALL_OPENID_NAME";
    /// Claim by which people who have no account yet get one: its name, or its way (`realm_access.roles`).
    openid_roles_claim: String = "groups".to_owned(), "ROLLCALL_OPENID_ROLES_CLAIM";
    /// Values of that claim, with commas between, that make an owner.
    openid_owners: String = String::new(), "ROLLCALL_OPENID_OWNERS";
    /// Values that make an operator.
    openid_operators: String = String::new(), "ROLLCALL_OPENID_OPERATORS";
    /// Values that make a viewer.
    openid_viewers: String = String::new(), "ROLLCALL_OPENID_VIEWERS";
    /// Tenant in which they get that role; `*`: every one.
    openid_tenant: String = "default".to_owned(), "ROLLCALL_OPENID_TENANT";
    /// Whether mail addresses count as verified where the provider does not say whether they are.
    openid_trust_email: bool = false, "ROLLCALL_OPENID_TRUST_EMAIL";
    /// PEM file of the certificate chain; empty: no TLS.
    tls_certificate: String = String::new(), "ROLLCALL_TLS_CERTIFICATE";
    /// PEM file of the private key.
    tls_key: String = String::new(), "ROLLCALL_TLS_KEY";
    /// File of the server's secret, made when it is not there; empty: the database's name and `.key`, and
    /// `rollcall.key` beside PostgreSQL.
    key_file: String = String::new(), "ROLLCALL_KEY_FILE";
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter such as `info,rollcall_server=debug`.
    log: String = "info".to_owned(), "ROLLCALL_LOG";
    /// `text` or `json`.
    log_format: String = "text".to_owned(), "ROLLCALL_LOG_FORMAT";
    /// MiB that the cache of resources may hold; 0: a part in 32 of the memory that there is, and at least 60.
    cache_mib: u32 = 0, "ROLLCALL_CACHE_MIB";
    /// Seconds that a request body may take to arrive.
    body_timeout_seconds: u32 = 30, "ROLLCALL_BODY_TIMEOUT_SECONDS";
    /// Seconds that requests under way get to finish when the server stops.
    grace_seconds: u32 = 20, "ROLLCALL_GRACE_SECONDS";
    /// Processes that evaluate mapping expressions, at most; 0: one a processor, and at least 2.
    expression_workers: u32 = 0, "ROLLCALL_EXPRESSION_WORKERS";
    /// Milliseconds after which an expression is stopped, whatever it is doing.
    expression_deadline_ms: u32 = 500, "ROLLCALL_EXPRESSION_DEADLINE_MS";
    /// Whether webhooks, hooks and streams may be at addresses that are not public, and without TLS.
    private_addresses: bool = false, "ROLLCALL_PRIVATE_ADDRESSES";
    /// Days that changes are kept; 0: for ever.
    keep_changes_days: u32 = 90, "ROLLCALL_KEEP_CHANGES_DAYS";
    /// Changes of a tenant that are kept, at most; 0: all.
    keep_changes: u64 = 0, "ROLLCALL_KEEP_CHANGES";
    /// Attempts of a delivery until it is parked.
    delivery_attempts: u32 = 20, "ROLLCALL_DELIVERY_ATTEMPTS";
    /// Milliseconds until the second attempt of a delivery; doubled with each that follows.
    delivery_backoff_ms: u32 = 1_000, "ROLLCALL_DELIVERY_BACKOFF_MS";
    /// Requests under way to one webhook or stream, at most.
    delivery_concurrency: u32 = 16, "ROLLCALL_DELIVERY_CONCURRENCY";
    /// Attempts that the log of each webhook or stream keeps.
    delivery_log: u32 = 1_000, "ROLLCALL_DELIVERY_LOG";
}

/// A value from text, by way of TOML: bare where TOML takes it, else as a string.
fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, ConfigError> {
    let value = |text: toml::Value| T::deserialize(text).ok();
    let number = text.parse::<i64>().ok().map(toml::Value::Integer);
    let bare = number.or_else(|| text.parse().ok().map(toml::Value::Boolean)).and_then(value);
    bare.or_else(|| value(toml::Value::String(text.to_owned()))).ok_or_else(|| ConfigError::Invalid {
        name: name.to_owned(),
        reason: format!("{text:?} does not fit"),
    })
}

impl Settings {
    /// Reads `file` (or [`DEFAULT_FILE`] if it is there), the environment, and `flags`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: an unknown key, a value of the wrong type, half a TLS pair, a URL that is none.
    pub fn load(
        file: Option<&Path>,
        environment: Environment<'_>,
        flags: Given,
    ) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        let default = Path::new(DEFAULT_FILE);
        match file {
            Some(file) => settings.take(parse(file)?),
            None if default.exists() => settings.take(parse(default)?),
            None => {}
        }
        settings.take(Given::from_environment(environment)?);
        settings.take(flags);
        settings.check()?;
        settings.take_password()?;
        Ok(settings)
    }

    /// Where the server's secret is kept.
    pub fn key_path(&self) -> PathBuf {
        if self.key_file.is_empty() { self.database.key_path() } else { self.key_file.clone().into() }
    }

    /// Certificate and key, when TLS is wanted.
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        let wanted = !self.tls_certificate.is_empty();
        wanted.then(|| (Path::new(&self.tls_certificate), Path::new(&self.tls_key)))
    }

    /// Time that a request body may take.
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds.into())
    }

    /// Time that requests get at the end.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds.into())
    }

    /// Puts the password of its file into the URLs.
    fn take_password(&mut self) -> Result<(), ConfigError> {
        if self.database_password_file.is_empty() {
            return Ok(());
        }
        let password = read_file(Path::new(&self.database_password_file))?;
        let with = |database: &Database| {
            database.with_password(password.trim_end_matches(['\r', '\n'])).map_err(|reason| {
                ConfigError::Invalid { name: "database_password_file".to_owned(), reason: reason.to_owned() }
            })
        };
        self.database = with(&self.database)?;
        if !self.database_replica.is_empty() {
            self.database_replica = with(&self.database_replica)?;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), ConfigError> {
        let refuse = |name: &str, reason: &str| {
            Err(ConfigError::Invalid { name: name.to_owned(), reason: reason.to_owned() })
        };
        if self.tls_certificate.is_empty() != self.tls_key.is_empty() {
            return refuse("tls_certificate, tls_key", "give both, or neither");
        }
        if self.database_connections < 2 {
            return refuse("database_connections", "is at least 2");
        }
        if !self.database_replica.is_empty()
            && (self.database.url().is_none() || self.database_replica.url().is_none())
        {
            return refuse("database_replica", "is a postgres:// URL beside one in `database`");
        }
        if !matches!(self.log_format.as_str(), "text" | "json") {
            return refuse("log_format", "is text or json");
        }
        let url = self.public_url.trim_end_matches('/').to_owned();
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            return refuse("public_url", "begins with https:// or http://");
        }
        self.public_url = url;
        Ok(())
    }
}

fn parse(path: &Path) -> Result<Given, ConfigError> {
    let text = read_file(path)?;
    toml::from_str(&text)
        .map_err(|error| ConfigError::Malformed { path: path.to_owned(), reason: error.to_string() })
}

/// A text file that the operator named.
///
/// # Errors
///
/// [`ConfigError::Unreadable`].
pub fn read_file(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

/// A document that the operator named: TOML when the name ends in `.toml`, else JSON.
///
/// # Errors
///
/// [`ConfigError::Unreadable`]; [`ConfigError::Malformed`], naming what is wrong and where.
pub fn read_document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = read_file(path)?;
    let malformed = |reason: String| ConfigError::Malformed { path: path.to_owned(), reason };
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        return toml::from_str(&text).map_err(|error| malformed(error.to_string()));
    }
    serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, variables: &[(&str, &str)], flags: Given) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rollcall.toml");
        std::fs::write(&path, file).unwrap();
        let environment =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::load(Some(&path), &environment, flags)
    }

    #[test]
    fn flags_go_before_variables_and_these_before_the_file() {
        let file = "listen = \"a:1\"\ndatabase = \"a.db\"\ncache_mib = 1\n";
        let variables = [("ROLLCALL_DATABASE", "b.db"), ("ROLLCALL_CACHE_MIB", "2")];
        let settings = with(file, &variables, Given { cache_mib: Some(3), ..Given::default() }).unwrap();
        assert_eq!(
            (settings.listen.as_str(), settings.database.to_string().as_str(), settings.cache_mib),
            ("a:1", "b.db", 3)
        );
        assert_eq!(settings.log, Settings::default().log);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (file, variables, reason) in [
            ("listne = \"a:1\"", [("", "")], "unknown field"),
            ("cache_mib = \"x\"", [("", "")], "invalid type"),
            ("", [("ROLLCALL_CACHE_MIB", "x")], "does not fit"),
            ("tls_key = \"k\"", [("", "")], "both, or neither"),
            ("public_url = \"example.com\"", [("", "")], "begins with"),
            ("log_format = \"xml\"", [("", "")], "text or json"),
            ("database_connections = 1", [("", "")], "at least 2"),
            ("database_replica = \"postgres://b/n\"", [("", "")], "beside one in"),
            ("database_password_file = \"/nonexistent/file\"", [("", "")], "cannot be read"),
        ] {
            let error = with(file, &variables, Given::default()).unwrap_err().to_string();
            assert!(error.contains(reason), "{file}: {error}");
        }
    }

    /// As an orchestrator hands it over: the URL in the environment, the password in a mounted file.
    #[test]
    fn a_password_comes_from_a_file_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret/\n").unwrap();
        let file = file.display().to_string();
        let settings = Settings::load(
            Some(Path::new("/dev/null")),
            &|name| match name {
                "ROLLCALL_DATABASE" => Some("postgres://ann@a/n".to_owned()),
                "ROLLCALL_DATABASE_REPLICA" => Some("postgres://ann@b/n".to_owned()),
                "ROLLCALL_DATABASE_PASSWORD_FILE" => Some(file.clone()),
                _ => None,
            },
            Given::default(),
        )
        .unwrap();
        assert_eq!(settings.database.url(), Some("postgres://ann:s3cret%2F@a/n"));
        assert_eq!(settings.database_replica.url(), Some("postgres://ann:s3cret%2F@b/n"));
        assert_eq!(settings.key_path(), Path::new("rollcall.key"));
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn a_number_stays_text_where_text_is_wanted() {
        for text in ["7", "true"] {
            let settings = with("", &[("ROLLCALL_DATABASE", text)], Given::default()).unwrap();
            assert_eq!(settings.database, Database::from(text));
        }
        assert!(
            with("", &[("ROLLCALL_PRIVATE_ADDRESSES", "true")], Given::default()).unwrap().private_addresses
        );
    }
}
