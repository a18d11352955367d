//! Streams that are polled (RFC 8936): what is not acknowledged comes again.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Delivery, DeliveryState, Endpoint, EndpointStatus, Feed};
use rollcall_store::delivery::{Checkpoint, Progress};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::sequence_of;
use crate::Service;
use crate::admin::{Admin, AdminError};
use crate::feed::{FedChange, FeedError};

/// Tokens in one answer, when nothing is said, and at most.
const EVENTS: (usize, usize) = (100, 1_000);
/// Changes that are looked at for one answer.
const LOOKED_AT: usize = 10_000;
const PAGE: u32 = 500;

/// What a receiver asks, and says of what it got before (RFC 8936 §2.2).
#[derive(Debug, Clone, Default)]
pub struct PollRequest {
    /// Tokens at most; 0: it only acknowledges.
    pub max_events: Option<usize>,
    /// `jti` of tokens that it has.
    pub ack: Vec<String>,
    /// `jti` of tokens that it cannot use, and why.
    pub errors: BTreeMap<String, String>,
}

/// What it gets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Polled {
    /// `jti` and token.
    pub sets: Map<String, Value>,
    /// Whether there are more.
    pub more: bool,
}

/// What of a stream's changes is done with.
struct Settled {
    cursor: u64,
    /// Beyond the cursor, or before it and waiting.
    apart: BTreeMap<u64, Delivery>,
    put: BTreeSet<u64>,
    remove: Vec<u64>,
}

impl Service {
    /// Takes acknowledgements in, and gives what is not acknowledged yet.
    ///
    /// # Errors
    ///
    /// `Conflict` when the stream is paused; `NotFound`; `Store`.
    pub async fn poll(
        &self,
        admin: &Admin,
        stream: &Endpoint,
        request: &PollRequest,
    ) -> Result<Polled, AdminError> {
        admin.require(ApiScope::StreamsPoll)?;
        if stream.status != EndpointStatus::Active {
            return Err(AdminError::Conflict("the stream is paused; try again later".to_owned()));
        }
        // One poll of a stream after the other.
        let _turn = self.turns.wait([stream.id]).await;
        let progress = self.store.progress(stream.key, Feed::Changes).await.map_err(AdminError::Store)?;
        let mut settled = Settled::new(progress);
        settled.take(stream, request);
        let most = request.max_events.unwrap_or(EVENTS.0).min(EVENTS.1);
        let (found, more) = self.unsettled(stream, &mut settled, most).await?;
        self.settle(stream, settled).await?;
        let mut sets = Map::new();
        for fed in found {
            let told = self.security_event(stream, &fed).await.map_err(|error| {
                tracing::error!(%error, "a token cannot be made");
                AdminError::Conflict("tokens cannot be made now; the server's log says why".to_owned())
            });
            let (jti, token) = told?;
            sets.insert(jti, token.into());
        }
        Ok(Polled { sets, more })
    }

    /// The changes that are to be told, and whether there are more; moves the cursor over what is done.
    async fn unsettled(
        &self,
        stream: &Endpoint,
        settled: &mut Settled,
        most: usize,
    ) -> Result<(Vec<FedChange>, bool), AdminError> {
        let mut found = Vec::new();
        let again = settled.again();
        for sequence in &again {
            if found.len() == most {
                return Ok((found, true));
            }
            let page = self.changes(stream.tenant, sequence - 1, 1).await.map_err(of_feed)?;
            found.extend(page);
        }
        let (mut after, mut looked_at) = (settled.cursor, 0);
        loop {
            let page = self.changes(stream.tenant, after, PAGE).await.map_err(of_feed)?;
            let last = page.len() < PAGE as usize;
            looked_at += page.len();
            for fed in page {
                after = fed.change.sequence;
                let wanted = stream.hears(&fed.event(), fed.source.as_deref());
                if !wanted || settled.is_done(after) {
                    settled.pass(after);
                    continue;
                }
                if found.len() == most {
                    return Ok((found, true));
                }
                found.push(fed);
            }
            if last || looked_at >= LOOKED_AT {
                return Ok((found, !last));
            }
        }
    }

    async fn settle(&self, stream: &Endpoint, settled: Settled) -> Result<(), AdminError> {
        let Settled { cursor, mut apart, put, remove } = settled;
        let put = put.iter().filter_map(|sequence| apart.remove(sequence)).collect();
        let checkpoint = Checkpoint { cursor, put, remove, ..Checkpoint::default() };
        let (key, feed) = (stream.key, Feed::Changes);
        let written = self.store.checkpoint(key, stream.generation, feed, &checkpoint).await;
        if written.map_err(AdminError::Store)? {
            return Ok(());
        }
        Err(AdminError::Conflict("the stream was changed meanwhile; poll again".to_owned()))
    }
}

impl Settled {
    fn new(progress: Progress) -> Self {
        let apart = progress.apart.into_iter().map(|delivery| (delivery.sequence, delivery)).collect();
        Self { cursor: progress.cursor, apart, put: BTreeSet::new(), remove: Vec::new() }
    }

    /// Acknowledgements and errors. What names no token of this stream is passed over: it is none of its.
    fn take(&mut self, stream: &Endpoint, request: &PollRequest) {
        for sequence in request.ack.iter().filter_map(|jti| sequence_of(stream, jti)) {
            if sequence <= self.cursor {
                if self.apart.remove(&sequence).is_some() {
                    self.remove.push(sequence);
                }
            } else {
                self.note(sequence, DeliveryState::Acknowledged, "");
            }
        }
        for (jti, error) in &request.errors {
            if let Some(sequence) = sequence_of(stream, jti) {
                self.note(sequence, DeliveryState::Parked, error);
            }
        }
    }

    fn note(&mut self, sequence: u64, state: DeliveryState, error: &str) {
        let (resource, error) = (Uuid::nil(), error.to_owned());
        let delivery = Delivery { sequence, resource, state, attempts: 1, not_before: Timestamp(0), error };
        self.apart.insert(sequence, delivery);
        self.put.insert(sequence);
    }

    /// Released by an operator: told again, whatever the cursor.
    fn again(&self) -> Vec<u64> {
        let waits = |delivery: &&Delivery| delivery.state == DeliveryState::Waiting;
        self.apart.values().filter(waits).map(|delivery| delivery.sequence).collect()
    }

    fn is_done(&self, sequence: u64) -> bool {
        self.apart.contains_key(&sequence)
    }

    /// Moves the cursor over a change that is done with, when it is the next one.
    fn pass(&mut self, sequence: u64) {
        if sequence != self.cursor + 1 {
            return;
        }
        self.cursor = sequence;
        let acknowledged =
            self.apart.get(&sequence).is_some_and(|delivery| delivery.state == DeliveryState::Acknowledged);
        if acknowledged {
            self.apart.remove(&sequence);
            self.put.remove(&sequence);
            self.remove.push(sequence);
        }
    }
}

fn of_feed(error: FeedError) -> AdminError {
    match error {
        FeedError::Store(error) => AdminError::Store(error),
        error => AdminError::Conflict(format!("{error}; replay the stream from what is kept")),
    }
}
