//! Callers: who asks, proven. Nothing of a source is reached without one.

use std::sync::Arc;

use rollcall_domain::credential::{Scope, Token, TokenKind};
use rollcall_domain::source::SourceStatus;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_store::lease::Fence;
use serde_json::Value;
use uuid::Uuid;

use crate::{Notes, Protocol, Runtime, Service, TooFast, error};

/// What a request shows of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The token: of a Bearer header, or the password of a Basic one.
    pub token: Option<&'a str>,
    /// The source's slug, from the URL.
    pub source: &'a str,
    /// The base URL under which the source was reached, without a slash at the end.
    pub base_url: &'a str,
    /// What the request is written in.
    pub protocol: Protocol,
    /// Where what is learnt of the request is noted; names its id.
    pub notes: &'a Arc<Notes>,
}

/// An authenticated caller of one source. Only [`Service::authenticate`] makes one, and of a request
/// that it let in and that is done later, [`Service::work_on_accepted`].
#[derive(Clone)]
pub struct Caller {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) credential: Uuid,
    pub(crate) base_url: Arc<str>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) protocol: Protocol,
    /// Of work that is done for it later.
    pub(crate) fence: Option<Fence>,
    subject: Option<Uuid>,
    read: bool,
    write: bool,
}

/// Why a caller was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// An error to be answered.
    Error(ScimError),
    /// 429.
    TooFast(TooFast),
    /// 503: the source is paused.
    Paused,
}

impl Caller {
    /// The source.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The base URL under which the source was reached.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The request's id.
    pub fn request_id(&self) -> &str {
        self.notes.id()
    }

    /// Where what is learnt of the request is noted.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The resource that `/Me` stands for.
    pub fn subject(&self) -> Option<Uuid> {
        self.subject
    }

    /// 403 unless the credential has the scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ScimError> {
        let allowed = match scope {
            Scope::Read => self.read,
            Scope::Write => self.write,
        };
        let name = if scope == Scope::Read { "read" } else { "write" };
        allowed.then_some(()).ok_or_else(|| {
            ScimError::new(
                ErrorType::Forbidden,
                format!("this token has no {name} scope; issue one that has"),
            )
        })
    }
}

impl Caller {
    /// The caller of a request that was let in earlier, and may do what it asked then.
    pub(crate) fn deferred(
        runtime: Arc<Runtime>,
        credential: Uuid,
        base_url: &str,
        notes: Arc<Notes>,
        fence: Fence,
    ) -> Self {
        let base_url = runtime.shared_url(base_url);
        let protocol = Protocol::Two;
        let (fence, subject) = (Some(fence), None);
        Self { runtime, credential, base_url, notes, protocol, fence, subject, read: true, write: true }
    }
}

impl Service {
    /// The caller under the settings that hold now, and the body as it was sent, where a write was refused because it
    /// was prepared by settings that hold no more; otherwise `None`.
    pub(crate) async fn renewed(
        &self,
        caller: &Caller,
        refused: Option<ErrorType>,
    ) -> Result<Option<(Caller, Value)>, ScimError> {
        if refused != Some(ErrorType::Unavailable) {
            return Ok(None);
        }
        let Some(caller) = self.by_current_settings(caller).await? else { return Ok(None) };
        let body = caller.notes.body().map(|body| serde_json::from_slice(body)).transpose();
        let body = body.map_err(|_| error::internal("a body is no JSON any more"))?;
        Ok(Some((caller, body.unwrap_or_default())))
    }

    /// The caller under the settings that hold now; `None` where these are the caller's already, or let nobody in.
    pub(crate) async fn by_current_settings(&self, caller: &Caller) -> Result<Option<Caller>, ScimError> {
        let then = &caller.runtime.source;
        let now = self.runtime(&then.slug).await?.filter(|now| {
            let now = &now.source;
            now.key == then.key && now.generation != then.generation && now.status == SourceStatus::Active
        });
        Ok(now.map(|runtime| Caller { runtime, ..caller.clone() }))
    }

    /// Finds out who asks. Missing, wrong, expired and other sources' credentials, and unknown sources,
    /// are told alike, and take alike.
    ///
    /// # Errors
    ///
    /// [`Refused`]: 401, 429, or 503.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Caller, Refused> {
        let now = self.clock.now();
        let runtime = self.runtime(presented.source).await.map_err(Refused::Error)?;
        if let Some(runtime) = &runtime {
            presented.notes.set_source(runtime);
        }
        let token = presented.token.and_then(|text| Token::parse(TokenKind::Source, text));
        let credential = runtime.as_ref().zip(token.as_ref()).and_then(|(runtime, token)| {
            let known = runtime.credential(token.prefix())?;
            (known.matches(&self.token_key, token) && known.is_valid(now)).then_some(known)
        });
        let (Some(runtime), Some(credential)) = (&runtime, credential) else {
            if runtime.is_some() {
                self.look_for_nothing().await.map_err(Refused::Error)?;
            }
            return Err(Refused::Error(unauthorized()));
        };
        presented.notes.set_credential(credential.id);
        self.note_use(runtime, credential.id, now);
        if runtime.source.status == SourceStatus::Paused {
            return Err(Refused::Paused);
        }
        self.admit(runtime, now).await?;
        Ok(Caller {
            credential: credential.id,
            base_url: runtime.shared_url(presented.base_url),
            notes: Arc::clone(presented.notes),
            protocol: presented.protocol,
            fence: None,
            subject: credential.subject,
            read: credential.allows(Scope::Read),
            write: credential.allows(Scope::Write),
            runtime: Arc::clone(runtime),
        })
    }
}

fn unauthorized() -> ScimError {
    ScimError::new(
        ErrorType::Unauthorized,
        "no valid credential of this source: send \"Authorization: Bearer TOKEN\" with the token that `rollcall token issue` printed",
    )
}
