//! Reading: by id, by name, page by page, and the fixed answer to compare with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use hyper::Method;

use super::{Directory, expect_found};
use crate::data::Dice;
use crate::http::{Answer, Endpoint, Outgoing};
use crate::load::{Call, Work};

/// Users on a page.
const PAGE: u64 = 100;

/// Which users are read.
pub(crate) enum Which {
    /// Any.
    Any(Dice),
    /// Each once, by all that share the number of the next.
    Each(Arc<AtomicU64>),
}

impl Which {
    fn next(&mut self, directory: &Directory) -> Option<u64> {
        match self {
            Self::Any(dice) => Some(directory.any(dice)),
            Self::Each(next) => {
                Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < directory.users())
            }
        }
    }
}

/// `GET /Users/{id}`.
pub(crate) struct Get {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    which: Which,
    number: u64,
}

impl Get {
    pub(crate) fn new(endpoint: Arc<Endpoint>, directory: Arc<Directory>, which: Which) -> Self {
        Self { endpoint, directory, which, number: 0 }
    }
}

impl Work for Get {
    fn next(&mut self) -> Result<Option<Call>> {
        let Some(number) = self.which.next(&self.directory) else { return Ok(None) };
        self.number = number;
        let path = ["/Users/", self.directory.id(self.number)].concat();
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_found(answer, self.directory.id(self.number))
    }
}

/// `GET /Users?filter=userName eq "…"`.
pub(crate) struct Lookup {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    which: Which,
    number: u64,
}

impl Lookup {
    pub(crate) fn new(endpoint: Arc<Endpoint>, directory: Arc<Directory>, which: Which) -> Self {
        Self { endpoint, directory, which, number: 0 }
    }

    /// The next request; `None` when each user was looked up.
    pub(super) fn request(&mut self) -> Result<Option<Outgoing>> {
        let Some(number) = self.which.next(&self.directory) else { return Ok(None) };
        self.number = number;
        let name = self.directory.people.user_name(self.number);
        let path = ["/Users?filter=userName%20eq%20%22", &name, "%22"].concat();
        self.endpoint.request(Method::GET, &path, None).map(Some)
    }
}

impl Work for Lookup {
    fn next(&mut self) -> Result<Option<Call>> {
        Ok(self.request()?.map(|request| Call { lane: 0, request }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_found(answer, self.directory.id(self.number))
    }
}

/// `GET /Users?startIndex=…&count=100`, on through the directory and round again.
pub(crate) struct List {
    endpoint: Arc<Endpoint>,
    pages: u64,
    page: u64,
}

impl List {
    /// Starts where share `place` of `places` starts, so that connections read different pages.
    pub(crate) fn new(endpoint: Arc<Endpoint>, users: u64, place: u64, places: u64) -> Self {
        let pages = (users / PAGE).max(1);
        Self { endpoint, pages, page: pages * place / places.max(1) }
    }
}

impl Work for List {
    fn next(&mut self) -> Result<Option<Call>> {
        let path = format!("/Users?startIndex={}&count={PAGE}", 1 + self.page * PAGE);
        self.page = (self.page + 1) % self.pages;
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_found(answer, "\"userName\"")
    }
}

/// `GET /Users/{row}` of the durable reference: a point lookup of any row.
pub(crate) struct ReferenceRead {
    endpoint: Arc<Endpoint>,
    rows: u64,
    dice: Dice,
}

impl ReferenceRead {
    /// `rows` is how many rows the reference holds, numbered from 1.
    pub(crate) fn new(endpoint: Arc<Endpoint>, rows: u64, seed: u64) -> Self {
        Self { endpoint, rows, dice: Dice::new(seed) }
    }
}

impl Work for ReferenceRead {
    fn next(&mut self) -> Result<Option<Call>> {
        let path = format!("/Users/{}", 1 + self.dice.below(self.rows));
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_found(answer, "\"schemas\"")
    }
}

/// The GET that the fixed reference answers: as long as a real one, and looked at like one.
pub(crate) struct FixedRead {
    endpoint: Arc<Endpoint>,
}

impl FixedRead {
    pub(crate) fn new(endpoint: Arc<Endpoint>) -> Self {
        Self { endpoint }
    }
}

impl Work for FixedRead {
    fn next(&mut self) -> Result<Option<Call>> {
        let path = ["/Users/", "0198c0de-0000-7000-8000-000000000000"].concat();
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_found(answer, "\"title\"")
    }
}
