//! What is noted of a request while it is served: who asked, what was sent, what it touched, how it was decided.
//!
//! The server makes one per request; whoever learns something writes it down; the log line, the metrics and
//! the request log read it at the end. What nobody will read is not to be made: see [`Notes::wants_traces`].

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use rollcall_domain::pipeline::{Step, Trace};
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::Decision;
use rollcall_domain::request_log::KeptHeader;
use rollcall_store::write::{Unit, Write};
use uuid::Uuid;

use crate::Runtime;

/// Resources, identities and traces that are kept of one request; of a Bulk of thousands, the first ones.
const MOST_NOTED: usize = 100;

/// The notes of one request.
#[derive(Default)]
pub struct Notes {
    id: String,
    source: OnceLock<Arc<Runtime>>,
    credential: OnceLock<Uuid>,
    body: OnceLock<Bytes>,
    headers: OnceLock<Vec<KeptHeader>>,
    touched: Mutex<Touched>,
}

/// What a request touched, and why it ended as it did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Touched {
    /// Resources that it wrote or tried to, with the names of their types.
    pub resources: Vec<(String, Uuid)>,
    /// Identities that it was about.
    pub identities: Vec<Uuid>,
    /// How each resource became, or did not become, a change of an identity.
    pub traces: Vec<(Uuid, Traced)>,
}

/// A decision trace. Of what policy decided only its parts: most requests are not kept, and nobody reads their traces.
#[derive(Debug, Clone, PartialEq)]
pub enum Traced {
    /// All of it.
    Whole(Trace),
    /// As far as the policy, with what that decided and what became of it.
    Decided(Trace, Box<Decision>, Admission),
}

impl Traced {
    /// All of it.
    pub fn into_trace(self) -> Trace {
        match self {
            Self::Whole(trace) => trace,
            Self::Decided(mut trace, decision, admission) => {
                trace.conclude(&decision);
                if admission != Admission::Passed {
                    trace.steps.push(Step::Breaker(admission));
                }
                trace
            }
        }
    }
}

impl Notes {
    /// The notes of the request of this id.
    pub fn new(id: String) -> Self {
        Self { id, ..Self::default() }
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The source that the URL names, once it is found, whoever asks.
    pub fn source(&self) -> Option<&Arc<Runtime>> {
        self.source.get()
    }

    /// The slug of the source, of a caller that was let in: what a stranger names is nobody's label.
    pub fn admitted_to(&self) -> Option<&str> {
        self.credential.get().and_then(|_| self.source.get()).map(|runtime| runtime.source.slug.as_str())
    }

    /// The credential that was presented, where it was a right one.
    pub fn credential(&self) -> Option<Uuid> {
        self.credential.get().copied()
    }

    /// The body as it was sent, where it was read to its end.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.get()
    }

    /// The headers that it came with, where they were noted.
    pub fn headers(&self) -> &[KeptHeader] {
        self.headers.get().map_or(&[], Vec::as_slice)
    }

    /// Notes what it came with; see [`Notes::wants_headers`].
    pub fn came_with(&self, headers: Vec<KeptHeader>) {
        let _ = self.headers.set(headers);
    }

    /// What the request touched so far.
    pub fn touched(&self) -> Touched {
        self.touched.lock().clone()
    }

    /// Notes what was sent. The bytes are shared, not copied.
    pub fn sent(&self, body: &Bytes) {
        let _ = self.body.set(body.clone());
    }

    /// Notes the resources that are about to be written; each once, however often it is tried.
    pub(crate) fn writes(&self, units: &[Unit]) {
        let mut touched = self.touched.lock();
        let free = MOST_NOTED.saturating_sub(touched.resources.len());
        for write in units.iter().flat_map(|unit| &unit.writes).take(free) {
            let (kind, id) = match write {
                Write::Create(create) => (&create.kind, create.id),
                Write::Update(update) => (&update.kind, update.id),
                Write::Delete(delete) => (&delete.kind, delete.id),
            };
            if !touched.resources.iter().any(|(_, known)| *known == id) {
                touched.resources.push((kind.clone(), id));
            }
        }
    }

    /// Notes how the identity of a resource was decided about: its id where there is one, and the steps.
    pub fn decided(&self, resource: Uuid, identity: Option<Uuid>, trace: Traced) {
        let mut touched = self.touched.lock();
        if touched.traces.len() < MOST_NOTED {
            touched.identities.extend(identity);
            touched.traces.push((resource, trace));
        }
    }

    pub(crate) fn set_source(&self, runtime: &Arc<Runtime>) {
        let _ = self.source.set(Arc::clone(runtime));
    }

    pub(crate) fn set_credential(&self, credential: Uuid) {
        let _ = self.credential.set(credential);
    }
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes").field("id", &self.id).finish_non_exhaustive()
    }
}
