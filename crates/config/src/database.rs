//! Which database: a file, or the URL of a PostgreSQL server. The password in a URL is never shown.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

/// What stands for a password.
const HIDDEN: &str = "***";
/// What a password keeps of itself in a URL.
const WITHIN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path, or `postgres://user:password@host:port/name?parameter=value` (`postgresql://` too).
///
/// `Display` and `Debug` show it without its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Database(String);

impl Database {
    /// The URL, with the password in it; `None` for a file.
    pub fn url(&self) -> Option<&str> {
        is_url(&self.0).then_some(&*self.0)
    }

    /// The file; `None` for a URL.
    pub fn file(&self) -> Option<&Path> {
        (!is_url(&self.0)).then(|| Path::new(&self.0))
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text in which the password is hidden, wherever it stands, as it is written and as it is meant.
    pub fn hide_in<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for written in passwords(&self.0) {
            let meant = percent_decode_str(written).decode_utf8_lossy();
            for password in [written, &*meant].into_iter().filter(|password| !password.is_empty()) {
                if text.contains(password) {
                    text = Cow::Owned(text.replace(password, HIDDEN));
                }
            }
        }
        text
    }

    /// The same URL with this password of its user.
    ///
    /// # Errors
    ///
    /// Says why not: it is no URL, names no user, or has a password already.
    pub fn with_password(&self, password: &str) -> Result<Self, &'static str> {
        let Some((scheme, rest)) = self.0.split_once("://").filter(|_| is_url(&self.0)) else {
            return Err("the database is a file, which has no password");
        };
        let Some((user, host)) = rest.rsplit_once('@').filter(|(user, _)| !user.is_empty()) else {
            return Err("the URL of the database names no user: postgres://USER@HOST/NAME");
        };
        if user.contains(':') {
            return Err("the URL of the database has a password already");
        }
        let password = utf8_percent_encode(password, WITHIN_URL);
        Ok(Self(format!("{scheme}://{user}:{password}@{host}")))
    }

    /// The file of the server's secret where none is named: beside the file, or in the working directory.
    pub(crate) fn key_path(&self) -> PathBuf {
        match self.file() {
            Some(_) => format!("{}.key", self.0).into(),
            None => "rollcall.key".into(),
        }
    }
}

impl From<&str> for Database {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Database {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://").filter(|_| is_url(&self.0)) else {
            return f.write_str(&self.0);
        };
        // A password that is not encoded may have anything in it: all up to the last @ is taken for it.
        write!(f, "{scheme}://")?;
        let mut place = rest;
        if let Some((user, after)) = rest.rsplit_once('@') {
            let (name, password) = user.split_once(':').map_or((user, ""), |(name, _)| (name, ":***"));
            write!(f, "{name}{password}@")?;
            place = after;
        }
        let (place, parameters) = place.split_once('?').map_or((place, None), |(one, two)| (one, Some(two)));
        f.write_str(place)?;
        for (at, parameter) in parameters.into_iter().flat_map(|text| text.split('&')).enumerate() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = if is_secret(name) { HIDDEN } else { value };
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

fn is_url(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

fn is_secret(parameter: &str) -> bool {
    parameter.to_ascii_lowercase().contains("password")
}

/// The passwords in a URL, as they are written.
fn passwords(url: &str) -> Vec<&str> {
    let Some((_, rest)) = url.split_once("://").filter(|_| is_url(url)) else { return Vec::new() };
    let user = rest.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    let parameters = rest.rsplit_once('?').map_or("", |(_, parameters)| parameters);
    let named = parameters.split('&').filter_map(|parameter| parameter.split_once('='));
    let named = named.filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    user.map(|(_, password)| password).into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let cases = [
            ("rollcall.db", "rollcall.db"),
            ("postgres://host/name", "postgres://host/name"),
            ("postgres://ann@host/name?sslmode=require", "postgres://ann@host/name?sslmode=require"),
            ("postgres://ann:s3cret@host:5432/name", "postgres://ann:***@host:5432/name"),
            ("postgresql://ann:s3c@re/t:x@host/name", "postgresql://ann:***@host/name"),
            ("postgres://ann:s3cret@/name?host=/run/x", "postgres://ann:***@/name?host=/run/x"),
            ("postgres://h/n?user=ann&password=s3cret&x=1", "postgres://h/n?user=ann&password=***&x=1"),
            ("postgres://h/n?sslPassword=s3cret", "postgres://h/n?sslPassword=***"),
            (
                "postgres://ann:s3cret@a,b/n?target_session_attrs=any",
                "postgres://ann:***@a,b/n?target_session_attrs=any",
            ),
        ];
        for (given, shown) in cases {
            let database = Database::from(given);
            assert_eq!(database.to_string(), shown);
            assert_eq!(format!("{database:?}"), format!("Database({shown})"));
            assert_eq!(database.url().is_some(), given != "rollcall.db");
        }
    }

    #[test]
    fn a_password_is_hidden_in_what_others_say() {
        let database = Database::from("postgres://ann:p%40ss@host/name?sslpassword=other");
        assert_eq!(database.hide_in("p@ss and p%40ss and other words"), "*** and *** and *** words");
        assert_eq!(Database::from("a.db").hide_in("a.db is locked"), "a.db is locked");
        assert_eq!(Database::from("postgres://ann:@h/n").hide_in("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn a_password_may_come_from_elsewhere() {
        let with = |url: &str| Database::from(url).with_password("a b/@:?").map(|with| with.0);
        assert_eq!(
            with("postgres://ann@host/name").as_deref(),
            Ok("postgres://ann:a%20b%2F%40%3A%3F@host/name")
        );
        assert!(with("postgres://ann:x@host/name").unwrap_err().contains("already"));
        assert!(with("postgres://host/name").unwrap_err().contains("names no user"));
        assert!(with("rollcall.db").unwrap_err().contains("a file"));
    }
}
