//! The SCIM error (RFC 7644 §3.12): a status, perhaps a `scimType`, and a sentence to act on.

use serde_json::{Value, json};

use crate::Document;

/// Schema URN of an error response.
pub const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// Schema URN of our extension of a conflict's error response (ours, ADR 8).
pub const DIAGNOSTICS_SCHEMA: &str = "urn:rollcall:params:scim:api:messages:2.0:Diagnostics";

/// What went wrong, as the protocol names it (RFC 7644 §3.12 table 9, RFC 9865 §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// 400: the filter does not parse, or names what the schema does not define.
    InvalidFilter,
    /// 400: more results than the server will compute.
    TooMany,
    /// 409: a value that must be unique is taken.
    Uniqueness,
    /// 400: the attribute may not be changed.
    Mutability,
    /// 400: the body is not what the request needs.
    InvalidSyntax,
    /// 400: a PATCH path is malformed or undefined.
    InvalidPath,
    /// 400: a PATCH path selects nothing.
    NoTarget,
    /// 400: a value is missing, of the wrong type or not allowed.
    InvalidValue,
    /// 400: an unknown protocol version.
    InvalidVers,
    /// 403: something secret in a URL.
    Sensitive,
    /// 400: the cursor was not made by this server for this caller and query.
    InvalidCursor,
    /// 400: the cursor is too old.
    ExpiredCursor,
    /// 400: `count` differs from that of the first page.
    InvalidCount,
    /// 401: no valid credential.
    Unauthorized,
    /// 403: the credential may not do this.
    Forbidden,
    /// 404: not there, or not the caller's to see.
    NotFound,
    /// 405: the endpoint does not take this method.
    MethodNotAllowed,
    /// 408: the body did not arrive in time.
    Timeout,
    /// 409: in the way of something else, without a uniqueness rule.
    Conflict,
    /// 412: the version is not the one that the request names.
    PreconditionFailed,
    /// 413: the body or the number of operations is over the limit.
    TooLarge,
    /// 415: not JSON by its content type.
    UnsupportedMediaType,
    /// 429: too many requests.
    TooManyRequests,
    /// 500: our fault.
    Internal,
    /// 501: not offered here.
    NotImplemented,
    /// 503: try again.
    Unavailable,
}

impl ErrorType {
    /// HTTP status and `scimType`. One table, no wildcard.
    pub const fn parts(self) -> (u16, Option<&'static str>) {
        match self {
            Self::InvalidFilter => (400, Some("invalidFilter")),
            Self::TooMany => (400, Some("tooMany")),
            Self::Uniqueness => (409, Some("uniqueness")),
            Self::Mutability => (400, Some("mutability")),
            Self::InvalidSyntax => (400, Some("invalidSyntax")),
            Self::InvalidPath => (400, Some("invalidPath")),
            Self::NoTarget => (400, Some("noTarget")),
            Self::InvalidValue => (400, Some("invalidValue")),
            Self::InvalidVers => (400, Some("invalidVers")),
            Self::Sensitive => (403, Some("sensitive")),
            Self::InvalidCursor => (400, Some("invalidCursor")),
            Self::ExpiredCursor => (400, Some("expiredCursor")),
            Self::InvalidCount => (400, Some("invalidCount")),
            Self::Unauthorized => (401, None),
            Self::Forbidden => (403, None),
            Self::NotFound => (404, None),
            Self::MethodNotAllowed => (405, None),
            Self::Timeout => (408, None),
            Self::Conflict => (409, None),
            Self::PreconditionFailed => (412, None),
            Self::TooLarge => (413, None),
            Self::UnsupportedMediaType => (415, None),
            Self::TooManyRequests => (429, None),
            Self::Internal => (500, None),
            Self::NotImplemented => (501, None),
            Self::Unavailable => (503, None),
        }
    }
}

/// A SCIM error, ready to be shown to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// The kind, which decides status and `scimType`.
    pub kind: ErrorType,
    /// One sentence that a person can act on. Holds no secret.
    pub detail: String,
    /// The attribute concerned, as a path, where one is.
    pub attribute: Option<String>,
    /// The id of the resource in the way, where the caller may see it.
    pub conflicting_id: Option<String>,
}

impl ScimError {
    /// An error of `kind` that says `detail`.
    pub fn new(kind: ErrorType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), attribute: None, conflicting_id: None }
    }

    /// The same error, naming the attribute it is about.
    #[must_use]
    pub fn at(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.parts().0
    }

    /// The response body. That of a conflict names the attribute and the resource in the way, where known.
    ///
    /// Every other has the members of RFC 7644 §3.12 and no more: some clients take no error with others (ADR 8).
    pub fn body(&self) -> Value {
        let (status, scim_type) = self.kind.parts();
        let diagnostics = self.diagnostics();
        let mut body = Document::new();
        let schemas = if diagnostics.is_empty() {
            json!([ERROR_SCHEMA])
        } else {
            json!([ERROR_SCHEMA, DIAGNOSTICS_SCHEMA])
        };
        body.insert("schemas".to_owned(), schemas);
        body.insert("status".to_owned(), status.to_string().into());
        if let Some(kind) = scim_type {
            body.insert("scimType".to_owned(), kind.into());
        }
        body.insert("detail".to_owned(), self.detail.as_str().into());
        if !diagnostics.is_empty() {
            body.insert(DIAGNOSTICS_SCHEMA.to_owned(), Value::Object(diagnostics));
        }
        Value::Object(body)
    }

    /// What is known of a conflict; empty for every other error.
    fn diagnostics(&self) -> Document {
        let mut diagnostics = Document::new();
        if self.status() != 409 {
            return diagnostics;
        }
        if let Some(attribute) = &self.attribute {
            diagnostics.insert("attribute".to_owned(), attribute.as_str().into());
        }
        if let Some(id) = &self.conflicting_id {
            diagnostics.insert("conflictingId".to_owned(), id.as_str().into());
        }
        diagnostics
    }
}

/// Makes the constructor of one error kind.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        impl ScimError {
            $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Self { Self::new(ErrorType::$kind, detail) })*
        }
    };
}

constructors! {
    /// 400 `invalidFilter`.
    invalid_filter => InvalidFilter;
    /// 400 `invalidSyntax`.
    invalid_syntax => InvalidSyntax;
    /// 400 `invalidPath`.
    invalid_path => InvalidPath;
    /// 400 `noTarget`.
    no_target => NoTarget;
    /// 400 `invalidValue`.
    invalid_value => InvalidValue;
    /// 400 `mutability`.
    mutability => Mutability;
    /// 400 `tooMany`.
    too_many => TooMany;
    /// 404.
    not_found => NotFound;
    /// 413.
    too_large => TooLarge;
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
    fn check(error: &ScimError, expected: Expect) {
        let body = error.body().to_string();
        expected
            .assert_eq(&body.replace(ERROR_SCHEMA, "E").replace(DIAGNOSTICS_SCHEMA, "D").replace('"', ""));
    }

    #[test]
    fn only_a_conflict_says_more_than_rfc_7644() {
        check(&ScimError::not_found("gone"), expect!["{schemas:[E],status:404,detail:gone}"]);
        check(
            &ScimError::invalid_value("bad").at("name"),
            expect!["{schemas:[E],status:400,scimType:invalidValue,detail:bad}"],
        );
        check(&ScimError::new(ErrorType::Conflict, "busy"), expect!["{schemas:[E],status:409,detail:busy}"]);
        let taken = ScimError::new(ErrorType::Uniqueness, "taken").at("userName");
        check(
            &ScimError { conflicting_id: Some("1".to_owned()), ..taken },
            expect![
                "{schemas:[E,D],status:409,scimType:uniqueness,detail:taken,D:{attribute:userName,conflictingId:1}}"
            ],
        );
    }
}
