//! What an answer means for a delivery. One table.

use std::time::Duration;

use rollcall_connector::transport::{PostError, Posted};
use serde::Deserialize;

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken.
    Delivered,
    /// It is tried again, not before this long from now.
    Retry(Option<Duration>, String),
    /// It would not be taken another time either.
    Park(String),
    /// The receiver wants nothing any more.
    Disable(String),
}

/// What a recipient of Security Event Tokens says of one that it does not take (RFC 8935 §2.3).
#[derive(Deserialize)]
struct Said {
    err: String,
    #[serde(default)]
    description: String,
}

/// The verdict about an answer, or its absence.
pub(crate) fn judge(answer: &Result<Posted, PostError>) -> Verdict {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error @ PostError::Redirected(_)) => return Verdict::Park(error.to_string()),
        // Names may resolve to something else tomorrow, and the operator may allow it.
        Err(error) => return Verdict::Retry(None, error.to_string()),
    };
    let said = || match serde_json::from_slice::<Said>(&answer.body) {
        Ok(Said { err, description }) => format!("answered {}: {err} {description}", answer.status),
        Err(_) => format!("answered {}", answer.status),
    };
    match answer.status {
        200..=299 => Verdict::Delivered,
        410 => Verdict::Disable("the receiver answered 410: it wants nothing any more".to_owned()),
        408 | 425 | 429 | 500..=599 => Verdict::Retry(answer.retry_after, said()),
        _ => Verdict::Park(said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means() {
        let retry = |after: Option<u64>, status| {
            Verdict::Retry(after.map(Duration::from_secs), format!("answered {status}"))
        };
        let park = |status| Verdict::Park(format!("answered {status}"));
        for (status, retry_after, expected) in [
            (200, None, Verdict::Delivered),
            (202, None, Verdict::Delivered),
            (204, Some(9), Verdict::Delivered),
            (304, None, park(304)),
            (400, None, park(400)),
            (401, None, park(401)),
            (403, None, park(403)),
            (404, None, park(404)),
            (408, None, retry(None, 408)),
            (409, None, park(409)),
            (413, None, park(413)),
            (422, None, park(422)),
            (425, None, retry(None, 425)),
            (429, Some(7), retry(Some(7), 429)),
            (429, None, retry(None, 429)),
            (500, None, retry(None, 500)),
            (501, None, retry(None, 501)),
            (502, None, retry(None, 502)),
            (503, Some(120), retry(Some(120), 503)),
            (504, None, retry(None, 504)),
        ] {
            let retry_after = retry_after.map(Duration::from_secs);
            let answer = Posted { status, retry_after, body: bytes::Bytes::new() };
            assert_eq!(judge(&Ok(answer)), expected, "{status}");
        }
        let gone = Posted { status: 410, retry_after: None, body: bytes::Bytes::new() };
        assert!(matches!(judge(&Ok(gone)), Verdict::Disable(_)));
    }

    #[test]
    fn what_no_answer_means() {
        let reason = || "x".to_owned();
        for (error, again) in [
            (PostError::TimedOut(Duration::from_secs(1)), true),
            (PostError::Unreachable(reason()), true),
            (PostError::Broken(reason()), true),
            (PostError::Refused(reason()), true),
            (PostError::Redirected(reason()), false),
        ] {
            let verdict = judge(&Err(error.clone()));
            assert_eq!(matches!(verdict, Verdict::Retry(None, _)), again, "{error}");
        }
    }
}
