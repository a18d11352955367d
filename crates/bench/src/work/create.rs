//! Creating users and groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::{Directory, expect};
use crate::data::{Dice, People};
use crate::http::{Answer, Endpoint};
use crate::load::{Call, Work};

/// Members of each ordinary group.
const ORDINARY_MEMBERS: u64 = 25;

/// What is read of the answer to a create.
#[derive(Deserialize)]
struct Resource {
    id: String,
}

/// The id that the server gave.
pub(super) fn created_id(answer: &Answer) -> Result<String, String> {
    expect(answer, StatusCode::CREATED)?;
    let resource: Resource =
        serde_json::from_slice(&answer.body).map_err(|error| format!("no id ({error})"))?;
    Ok(resource.id)
}

/// A resource that was created.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) number: u64,
    pub(crate) id: String,
}

/// `POST /Users`, each connection taking the next number.
pub(crate) struct Create {
    endpoint: Arc<Endpoint>,
    people: Arc<People>,
    next: Arc<AtomicU64>,
    end: u64,
    current: u64,
    /// The server answers with the body it was sent, without an id.
    is_echo: bool,
    pub(crate) created: Vec<Created>,
}

impl Create {
    /// Creates users up to number `end`, which is not created; `next` is shared by the connections.
    pub(crate) fn new(endpoint: Arc<Endpoint>, people: Arc<People>, next: Arc<AtomicU64>, end: u64) -> Self {
        Self { endpoint, people, next, end, current: 0, is_echo: false, created: Vec::new() }
    }

    /// The same for the durable reference.
    pub(crate) fn echo(endpoint: Arc<Endpoint>, people: Arc<People>, next: Arc<AtomicU64>, end: u64) -> Self {
        Self { is_echo: true, ..Self::new(endpoint, people, next, end) }
    }
}

impl Work for Create {
    fn next(&mut self) -> Result<Option<Call>> {
        self.current = self.next.fetch_add(1, Ordering::Relaxed);
        if self.current >= self.end {
            return Ok(None);
        }
        let body = self.people.user(self.current);
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::POST, "/Users", Some(body))? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        if self.is_echo {
            return expect(answer, StatusCode::CREATED);
        }
        self.created.push(Created { number: self.current, id: created_id(answer)? });
        Ok(())
    }
}

/// `POST /Groups`: ordinary groups of 25 members each.
pub(crate) struct CreateGroup {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    next: Arc<AtomicU64>,
    end: u64,
    pub(crate) ids: Vec<String>,
}

impl CreateGroup {
    /// Creates groups up to number `end`, which is not created; `next` is shared by the connections.
    pub(crate) fn new(
        endpoint: Arc<Endpoint>,
        directory: Arc<Directory>,
        next: Arc<AtomicU64>,
        end: u64,
    ) -> Self {
        Self { endpoint, directory, next, end, ids: Vec::new() }
    }
}

impl Work for CreateGroup {
    fn next(&mut self) -> Result<Option<Call>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.end {
            return Ok(None);
        }
        // Neighbours, so that no user is drawn twice.
        let users = self.directory.users();
        let first = Dice::new(number).below(users);
        let members: Vec<&str> =
            (0..ORDINARY_MEMBERS.min(users)).map(|step| self.directory.id((first + step) % users)).collect();
        let body = self.directory.people.group(number, &members);
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::POST, "/Groups", Some(body))? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        self.ids.push(created_id(answer)?);
        Ok(())
    }
}
