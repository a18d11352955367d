//! What an identity provider's cycle sends: lookups, changes, joiners and leavers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use hyper::{Method, StatusCode};

use super::create::created_id;
use super::{Directory, Lookup, Patch, Which, expect, expect_patched};
use crate::data::Dice;
use crate::http::{Answer, Endpoint, Outgoing};
use crate::load::{Call, Work};

/// 70 % lookups by `userName`, 20 % PATCH, 5 % create, 5 % delete.
///
/// Only users that this connection has created are deleted, so that every lookup finds its user.
pub(crate) struct Mixed {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    next: Arc<AtomicU64>,
    dice: Dice,
    lookup: Lookup,
    patch: Patch,
    current: Kind,
    /// Ids of the users it created and has not deleted.
    pub(crate) joiners: VecDeque<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Lookup,
    Patch,
    Create,
    Delete,
}

impl Mixed {
    /// `next` numbers the users to create and is shared by the connections.
    pub(crate) fn new(
        endpoint: Arc<Endpoint>,
        directory: Arc<Directory>,
        next: Arc<AtomicU64>,
        seed: u64,
    ) -> Self {
        Self {
            lookup: Lookup::new(endpoint.clone(), directory.clone(), Which::Any(Dice::new(seed))),
            patch: Patch::new(endpoint.clone(), directory.clone(), seed),
            dice: Dice::new(seed ^ 0x00c1_c1e5),
            endpoint,
            directory,
            next,
            current: Kind::Lookup,
            joiners: VecDeque::new(),
        }
    }

    fn draw(&mut self) -> Kind {
        match self.dice.below(100) {
            0..70 => Kind::Lookup,
            70..90 => Kind::Patch,
            95.. if !self.joiners.is_empty() => Kind::Delete,
            _ => Kind::Create,
        }
    }

    fn create(&self) -> Result<Outgoing> {
        let body = self.directory.people.user(self.next.fetch_add(1, Ordering::Relaxed));
        self.endpoint.request(Method::POST, "/Users", Some(body))
    }

    fn delete(&mut self) -> Result<Outgoing> {
        let path = format!("/Users/{}", self.joiners.pop_front().unwrap_or_default());
        self.endpoint.request(Method::DELETE, &path, None)
    }
}

impl Work for Mixed {
    fn next(&mut self) -> Result<Option<Call>> {
        self.current = self.draw();
        let request = match self.current {
            Kind::Lookup => {
                let Some(request) = self.lookup.request()? else { return Ok(None) };
                request
            }
            Kind::Patch => self.patch.request()?,
            Kind::Create => self.create()?,
            Kind::Delete => self.delete()?,
        };
        Ok(Some(Call { lane: 0, request }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        match self.current {
            Kind::Lookup => self.lookup.check(answer),
            Kind::Patch => expect_patched(answer),
            Kind::Create => {
                self.joiners.push_back(created_id(answer)?);
                Ok(())
            }
            Kind::Delete => expect(answer, StatusCode::NO_CONTENT),
        }
    }
}
