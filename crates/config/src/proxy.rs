//! The proxy that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in either case.

use std::fmt;

use crate::Environment;

/// A proxy, and what it is signed in to with.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its URL, without credentials.
    pub url: String,
    /// User name and password.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.url)
    }
}

/// The proxy for a URL, if the environment has one for it.
///
/// `NO_PROXY` is a list of host names with commas between them; a name also stands for those below it, `*` for all.
pub fn proxy(url: &str, environment: Environment<'_>) -> Option<Proxy> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host(authority);
    let either = |name: &str| {
        let given = environment(&name.to_ascii_lowercase()).or_else(|| environment(name));
        given.filter(|text| !text.is_empty())
    };
    let stands_for = |name: &str| {
        let name = name.trim().trim_start_matches('.').to_ascii_lowercase();
        !name.is_empty() && (name == "*" || host == name || host.ends_with(&format!(".{name}")))
    };
    if either("NO_PROXY").is_some_and(|names| names.split(',').any(stands_for)) {
        return None;
    }
    let given = either(if scheme.eq_ignore_ascii_case("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" })?;
    let (scheme, rest) = given.split_once("://").unwrap_or(("http", &given));
    let rest = rest.trim_end_matches('/');
    let (credentials, address) = match rest.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, rest),
    };
    let credentials = credentials.map(|pair| {
        let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
        (user.to_owned(), password.to_owned())
    });
    Some(Proxy { url: format!("{scheme}://{address}"), credentials })
}

/// A host without credentials, port and brackets, in lower case.
fn host(authority: &str) -> String {
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let host = match address.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => address.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_a_proxy() {
        let both = [("HTTPS_PROXY", "http://p:1"), ("HTTP_PROXY", "q:2")];
        for (url, variables, expected) in [
            ("https://a.example/scim", &both[..], Some("http://p:1")),
            ("http://a.example/scim", &both[..], Some("http://q:2")),
            ("https://a.example", &[("https_proxy", "socks5://p:1/")], Some("socks5://p:1")),
            ("https://a.example", &[], None),
            ("https://a.example", &[("HTTPS_PROXY", "")], None),
            ("https://a.example:8443/x", &[both[0], ("NO_PROXY", "b, .example")], None),
            ("https://a.example", &[both[0], ("no_proxy", "le")], Some("http://p:1")),
            ("https://[::1]:1/", &[both[0], ("NO_PROXY", "::1")], None),
            ("https://a.example", &[both[0], ("NO_PROXY", "*")], None),
        ] {
            let environment = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            let found = proxy(url, &environment);
            assert_eq!(found.as_ref().map(|proxy| proxy.url.as_str()), expected, "{url} {variables:?}");
        }
    }

    #[test]
    fn its_credentials_are_taken_out_and_not_shown() {
        let environment = |name: &str| (name == "HTTPS_PROXY").then(|| "http://ann:hunter2@p:1".to_owned());
        let proxy = proxy("https://a.example", &environment).unwrap();
        assert_eq!(proxy.credentials, Some(("ann".to_owned(), "hunter2".to_owned())));
        assert_eq!(format!("{proxy:?}"), "Proxy(http://p:1)");
    }
}
