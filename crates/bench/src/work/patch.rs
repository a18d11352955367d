//! Replacing one attribute of a user, and the same request for the durable reference.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use hyper::Method;
use serde_json::json;

use super::{Directory, expect_patched, patch_op};
use crate::data::Dice;
use crate::http::{Answer, Endpoint, Outgoing};
use crate::load::{Call, Work};

/// A body that gives a user a title no user had before in this run.
fn body(seed: u64, count: u64) -> Bytes {
    patch_op(&json!({ "op": "replace", "path": "title", "value": format!("Engineer {seed}-{count}") }))
}

/// `PATCH /Users/{id}` of any user: one attribute, a new value each time.
pub(crate) struct Patch {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    dice: Dice,
    seed: u64,
    count: u64,
}

impl Patch {
    /// `seed` must differ from every other connection's and round's, or a value may be the one already there.
    pub(crate) fn new(endpoint: Arc<Endpoint>, directory: Arc<Directory>, seed: u64) -> Self {
        Self { endpoint, directory, dice: Dice::new(seed), seed, count: 0 }
    }

    /// The request for any user.
    pub(super) fn request(&mut self) -> Result<Outgoing> {
        self.count += 1;
        let path = ["/Users/", self.directory.id(self.directory.any(&mut self.dice))].concat();
        self.endpoint.request(Method::PATCH, &path, Some(body(self.seed, self.count)))
    }
}

impl Work for Patch {
    fn next(&mut self) -> Result<Option<Call>> {
        Ok(Some(Call { lane: 0, request: self.request()? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_patched(answer)
    }
}

/// The same request to the durable reference, which stores its body in place of any row's.
pub(crate) struct ReferencePatch {
    endpoint: Arc<Endpoint>,
    rows: u64,
    dice: Dice,
    seed: u64,
    count: u64,
}

impl ReferencePatch {
    /// `rows` is how many rows the reference holds, numbered from 1.
    pub(crate) fn new(endpoint: Arc<Endpoint>, rows: u64, seed: u64) -> Self {
        Self { endpoint, rows, dice: Dice::new(seed), seed, count: 0 }
    }
}

impl Work for ReferencePatch {
    fn next(&mut self) -> Result<Option<Call>> {
        self.count += 1;
        let path = format!("/Users/{}", 1 + self.dice.below(self.rows));
        let request = self.endpoint.request(Method::PATCH, &path, Some(body(self.seed, self.count)))?;
        Ok(Some(Call { lane: 0, request }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_patched(answer)
    }
}
