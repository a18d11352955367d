//! The request log of a source: what is kept of a request, for how long, and how it is found again.
//!
//! It answers what an operator is asked: what did the provider send, what was it told, and why is this person
//! not active? Bodies are masked by schema ([`mask`]) unless a source says otherwise.

mod header;
pub mod mask;
mod personal;
mod text;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

pub use header::KeptHeader;

use crate::clock::Timestamp;
use crate::source::SourceKey;

/// Which requests of a source are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// None.
    Nothing,
    /// Those that failed: refused credentials, bad requests, conflicts, our own faults.
    Failures,
    /// Those, and everything that writes.
    Writes,
    /// Everything, reads too.
    All,
}

/// How bodies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bodies {
    /// Not at all.
    None,
    /// With secrets and personal values masked, by schema.
    Masked,
    /// As they were, but for secrets.
    Full,
}

/// What an operator sets about the request log of a source. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestLogSettings {
    /// Which requests are kept.
    pub keep: Kept,
    /// How bodies are kept.
    pub bodies: Bodies,
    /// Requests a second that are kept of each sort (refused credentials, failures, writes, reads), ten times as
    /// many at once; 0: no limit. What is left out is counted.
    pub max_per_second: u32,
    /// Days for which they are kept.
    pub max_days: u32,
    /// MiB that they may take; the oldest go first.
    pub max_mib: u32,
}

impl Default for RequestLogSettings {
    fn default() -> Self {
        Self { keep: Kept::Writes, bodies: Bodies::Masked, max_per_second: 50, max_days: 30, max_mib: 64 }
    }
}

impl RequestLogSettings {
    /// The sort of a request that is to be kept by these settings; `None`: it is not.
    pub fn sort(&self, status: u16, is_write: bool) -> Option<Sort> {
        let (sort, least) = match (status, is_write) {
            (401, _) => (Sort::Refused, Kept::Failures),
            (400.., _) => (Sort::Failed, Kept::Failures),
            (_, true) => (Sort::Wrote, Kept::Writes),
            (_, false) => (Sort::Read, Kept::All),
        };
        (self.keep >= least).then_some(sort)
    }

    /// From when on requests are kept.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - i64::from(self.max_days) * 86_400_000)
    }

    /// Bytes that they may take.
    pub fn most_bytes(&self) -> u64 {
        u64::from(self.max_mib) * 1024 * 1024
    }
}

/// What a request is to the log. Each sort has a rate of its own, so that none crowds out another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Without a valid credential.
    Refused,
    /// Answered with an error.
    Failed,
    /// A write that was done.
    Wrote,
    /// A read that was done.
    Read,
}

/// One kept request.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedRequest {
    /// What lists show.
    pub summary: RequestSummary,
    /// The rest.
    pub detail: RequestDetail,
    /// Who it was about: see [`SubjectKey`].
    pub subjects: Vec<i64>,
}

/// What lists show of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSummary {
    /// The request's id, as `X-Request-Id` told it.
    pub id: String,
    /// The source.
    pub source: SourceKey,
    /// When it was answered.
    pub at: Timestamp,
    /// Microseconds until then.
    pub took_us: u64,
    /// The method.
    pub method: String,
    /// The path, with what is personal masked.
    pub path: String,
    /// The query, decoded, masked likewise; empty when there was none.
    pub query: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// `scimType` of the error.
    pub scim_type: Option<String>,
    /// What the error said, masked likewise.
    pub problem: Option<String>,
    /// The credential; `None` when there was no valid one.
    pub credential: Option<Uuid>,
    /// The first resource that it wrote or tried to, with the name of its type.
    pub resource: Option<(String, Uuid)>,
    /// Requests of the source since the one kept before this that were left out, because too many came at once.
    pub left_out: u32,
}

/// The rest of a kept request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestDetail {
    /// All resources that it wrote or tried to.
    pub resources: Vec<TouchedResource>,
    /// Identities that were decided about.
    pub identities: Vec<Uuid>,
    /// Headers that it came with, mail addresses masked; of reads that nothing but their failure keeps, none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<KeptHeader>,
    /// What was sent.
    pub request: KeptBody,
    /// What was answered.
    pub response: KeptBody,
    /// How each resource became a change of an identity: steps, masked like bodies.
    pub decisions: Vec<KeptDecision>,
}

/// A resource that a request wrote or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedResource {
    /// Name of its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

/// The trace of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptDecision {
    /// The resource that was decided about.
    pub resource: Uuid,
    /// The steps ([`crate::pipeline::Trace`]).
    pub trace: Value,
}

/// A body as it is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptBody {
    /// There was none.
    #[default]
    Empty,
    /// Masked, or whole.
    Json(Value),
    /// There was one, and why it is not kept.
    LeftOut(String),
}

/// Makes of a name, an address or an id the number under which requests about it are found.
///
/// The log does not hold what it masks. It holds keyed digests, by which those who know an address find what was
/// sent about it, and those who have the file alone do not.
#[derive(Clone)]
pub struct SubjectKey([u8; 32]);

impl SubjectKey {
    /// The key under this server secret.
    pub fn derive(secret: &[u8; 32]) -> Self {
        Self(mac(secret, "request log: subjects"))
    }

    /// The digest of a subject; case and outer blanks do not count.
    pub fn digest(&self, subject: &str) -> i64 {
        let digest = mac(&self.0, &subject.trim().to_lowercase());
        i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
    }
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectKey(•••)")
    }
}

fn mac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let Ok(mac) = <Hmac<Sha256>>::new_from_slice(key) else { return [0; 32] };
    mac.chain_update(text.as_bytes()).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_follows_from_status_and_method() {
        let sorts = |keep| {
            let settings = RequestLogSettings { keep, ..RequestLogSettings::default() };
            [(401, true), (404, false), (201, true), (200, false)]
                .map(|(status, is_write)| settings.sort(status, is_write))
        };
        let (refused, failed) = (Some(Sort::Refused), Some(Sort::Failed));
        assert_eq!(sorts(Kept::Nothing), [None; 4]);
        assert_eq!(sorts(Kept::Failures), [refused, failed, None, None]);
        assert_eq!(sorts(Kept::Writes), [refused, failed, Some(Sort::Wrote), None]);
        assert_eq!(sorts(Kept::All), [refused, failed, Some(Sort::Wrote), Some(Sort::Read)]);
    }

    #[test]
    fn a_subject_is_the_same_in_any_case_and_another_under_another_key() {
        let (one, two) = (SubjectKey::derive(&[1; 32]), SubjectKey::derive(&[2; 32]));
        assert_eq!(one.digest(" Ann@Example.com"), one.digest("ann@example.com"));
        assert_ne!(one.digest("ann@example.com"), one.digest("bob@example.com"));
        assert_ne!(one.digest("ann@example.com"), two.digest("ann@example.com"));
    }
}
