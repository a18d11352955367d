//! Cookies: what is read of a request's, and how ours are set (RFC 6265bis).

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::Console;

/// Our cookies. By TLS each has `__Host-` before its name, so that only this host can have set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The token of a session.
    Session,
    /// The token of a link that was opened.
    Link,
    /// Who is seen for the first time: what their sign-in form is bound to.
    Visitor,
    /// What the next page is to say once.
    Flash,
    /// A sign-in that was begun and goes on at the OpenID provider, sealed. `Lax`, like all of them: the provider's
    /// redirect is another site's, and brings it back.
    OpenId,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "rollcall",
            Self::Link => "rollcall-link",
            Self::Visitor => "rollcall-visitor",
            Self::Flash => "rollcall-flash",
            Self::OpenId => "rollcall-openid",
        }
    }

    /// Its name as it is set here.
    pub(crate) fn full_name(self, console: &Console) -> String {
        let prefix = if console.is_secure() { "__Host-" } else { "" };
        format!("{prefix}{}", self.name())
    }

    /// Its value in a request.
    pub(crate) fn of(self, console: &Console, headers: &HeaderMap) -> Option<String> {
        let name = self.full_name(console);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value.to_owned())
    }

    /// `Set-Cookie` with this value; it goes with the browser, or after so many seconds. Values are of our own making,
    /// URL-safe throughout.
    pub(crate) fn set(self, console: &Console, value: &str, seconds: Option<i64>) -> Option<HeaderValue> {
        let secure = if console.is_secure() { "; Secure" } else { "" };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let name = self.full_name(console);
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
    }

    /// `Set-Cookie` that takes it away.
    pub(crate) fn clear(self, console: &Console) -> Option<HeaderValue> {
        self.set(console, "", Some(0))
    }
}
