//! The URL of a database: what of libpq's parameters is ours to do, and what the driver does.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use rollcall_store::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// Which certificates are good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Any: as libpq does for `prefer`, and for `require` without `sslrootcert`.
    Nothing,
    /// Signed by an authority that is trusted, for whatever host.
    Authority,
    /// Signed by an authority that is trusted, for this host.
    Host,
}

/// What a URL says.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// For the driver.
    pub(crate) config: Config,
    /// Which certificates are good enough.
    pub(crate) verify: Verify,
    /// `sslrootcert`: a file of authorities, or `system`.
    pub(crate) root: Option<String>,
    /// `sslcert` and `sslkey`.
    pub(crate) own: Option<(String, String)>,
    /// `statements=unnamed`.
    pub(crate) unnamed: bool,
}

/// Parameters that the driver takes as they are.
const DRIVER: &[&str] = &[
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Parameters that are ours.
const OURS: &[&str] = &["sslcert", "sslkey", "sslmode", "sslrootcert", "statements"];

/// Reads a `postgres://` or `postgresql://` URL.
///
/// # Errors
///
/// [`StoreError::Unavailable`] names the parameter that cannot be honoured; never a value but of `sslmode` and
/// `statements`.
pub(crate) fn parse(url: &str) -> Result<Target, StoreError> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut kept, mut ours): (Vec<&str>, Vec<(&str, String)>) = (Vec::new(), Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // libpq's name for the count of probes.
        let name = if name == "keepalives_count" { "keepalives_retries" } else { name };
        if OURS.contains(&name) {
            ours.push((name, percent_decode_str(value).decode_utf8_lossy().into_owned()));
        } else if DRIVER.contains(&name) {
            kept.push(pair);
        } else {
            return Err(refused(&format!("its parameter {name} is not supported; leave it out")));
        }
    }
    let kept = kept.join("&").replace("keepalives_count=", "keepalives_retries=");
    let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{kept}") };
    let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| refused(&cause(&error)))?;
    notice(&mut config, |name| kept.contains(name));
    let value = |name: &str| ours.iter().rev().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
    finish(config, value)
}

/// Has a server that is gone noticed in a quarter of a minute, where the URL does not say otherwise: the system's own
/// defaults are hours.
fn notice(config: &mut Config, says: impl Fn(&str) -> bool) {
    if !says("keepalives_idle") {
        config.keepalives_idle(Duration::from_secs(10));
    }
    if !says("keepalives_interval") {
        config.keepalives_interval(Duration::from_secs(3));
    }
    if !says("keepalives_retries") {
        config.keepalives_retries(2);
    }
    if !says("tcp_user_timeout") {
        config.tcp_user_timeout(Duration::from_secs(15));
    }
}

fn finish(mut config: Config, value: impl Fn(&str) -> Option<String>) -> Result<Target, StoreError> {
    let root = value("sslrootcert");
    let mode = value("sslmode").unwrap_or_else(|| "prefer".to_owned());
    let (ssl, verify) = match (mode.as_str(), &root) {
        ("disable", _) => (SslMode::Disable, Verify::Nothing),
        ("prefer", _) => (SslMode::Prefer, Verify::Nothing),
        ("require", None) => (SslMode::Require, Verify::Nothing),
        ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Verify::Authority),
        ("verify-full", _) => (SslMode::Require, Verify::Host),
        _ => {
            let known = "disable, prefer, require, verify-ca and verify-full";
            return Err(refused(&format!("sslmode={mode} is not supported; {known} are")));
        }
    };
    config.ssl_mode(ssl);
    if config.get_application_name().is_none() {
        config.application_name("rollcall");
    }
    let own = match (value("sslcert"), value("sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(refused("sslcert and sslkey go together")),
    };
    let unnamed = match value("statements").as_deref() {
        None | Some("named") => false,
        Some("unnamed") => true,
        Some(_) => return Err(refused("statements is named or unnamed")),
    };
    Ok(Target { config, verify, root, own, unnamed })
}

fn refused(reason: &str) -> StoreError {
    StoreError::Unavailable(format!("the database URL cannot be used: {reason}"))
}

/// Why the driver does not take it; it names parameters, not their values.
fn cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, ssl: SslMode, verify: Verify) {
        let target = parse(url).unwrap();
        assert_eq!((target.config.get_ssl_mode(), target.verify), (ssl, verify), "{url}");
    }

    #[test]
    fn sslmode_is_libpqs() {
        use Verify::{Authority, Host, Nothing};
        check("postgres://h/d", SslMode::Prefer, Nothing);
        check("postgresql://h/d?sslmode=disable", SslMode::Disable, Nothing);
        check("postgres://h/d?sslmode=require", SslMode::Require, Nothing);
        check("postgres://h/d?sslmode=require&sslrootcert=/ca.pem", SslMode::Require, Authority);
        check("postgres://h/d?sslmode=verify-ca", SslMode::Require, Authority);
        check("postgres://h/d?sslmode=verify-full&sslrootcert=system", SslMode::Require, Host);
    }

    #[test]
    fn parameters_reach_the_driver_or_are_refused_by_name() {
        let url = "postgres://u:secret@a,b:5433/d?connect_timeout=3&target_session_attrs=read-write\
            &application_name=x%20y&keepalives_count=4&options=-c%20geqo%3Doff&statements=unnamed";
        let target = parse(url).unwrap();
        assert_eq!(target.config.get_application_name(), Some("x y"));
        assert_eq!(target.config.get_hosts().len(), 2);
        assert_eq!(target.config.get_keepalives_retries(), Some(4));
        assert_eq!(target.config.get_keepalives_idle(), Duration::from_secs(10), "ours, not two hours");
        assert_eq!(target.config.get_options(), Some("-c geqo=off"));
        assert!(target.unnamed);
        for (url, named) in [
            ("postgres://u:secret@h/d?gssencmode=require", "gssencmode"),
            ("postgres://u:secret@h/d?sslmode=allow", "sslmode=allow"),
            ("postgres://u:secret@h/d?sslcert=a.pem", "sslkey"),
            ("postgres://u:secret@h/d?statements=some", "statements"),
            ("postgres://u:secret@h/d?connect_timeout=soon", "connect_timeout"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
