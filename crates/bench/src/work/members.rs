//! Group members: filling a group, then adding one member and removing it again.

use std::sync::Arc;

use anyhow::Result;
use hyper::Method;
use serde_json::json;

use super::{Directory, expect_patched, patch_op};
use crate::http::{Answer, Endpoint};
use crate::load::{Call, Work};

/// Members in each request that fills a group.
const CHUNK: u64 = 1_000;

/// `PATCH /Groups/{id}` with 1,000 members each, until the group has its size.
pub(crate) struct Fill {
    endpoint: Arc<Endpoint>,
    directory: Arc<Directory>,
    path: String,
    size: u64,
    filled: u64,
}

impl Fill {
    /// Fills the empty group `id` with the first `size` users.
    pub(crate) fn new(endpoint: Arc<Endpoint>, directory: Arc<Directory>, id: &str, size: u64) -> Self {
        Self { endpoint, directory, path: format!("/Groups/{id}"), size, filled: 0 }
    }
}

impl Work for Fill {
    fn next(&mut self) -> Result<Option<Call>> {
        if self.filled >= self.size {
            return Ok(None);
        }
        let end = self.size.min(self.filled + CHUNK);
        let members: Vec<_> =
            (self.filled..end).map(|number| json!({ "value": self.directory.id(number) })).collect();
        self.filled = end;
        let body = patch_op(&json!({ "op": "add", "path": "members", "value": members }));
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::PATCH, &self.path, Some(body))? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_patched(answer)
    }
}

/// Adds one member to each group in turn and takes it out again: the groups keep their sizes, and what slows the
/// machine slows all of them.
///
/// Lane 2n is adding to the n-th group, lane 2n + 1 removing from it.
pub(crate) struct Members {
    endpoint: Arc<Endpoint>,
    groups: Vec<String>,
    /// Ids of users that no group holds.
    spares: Vec<String>,
    step: usize,
    /// It ends when every group is as it was.
    ends: bool,
}

impl Members {
    pub(crate) fn new(endpoint: Arc<Endpoint>, groups: Vec<String>, spares: Vec<String>) -> Self {
        Self { endpoint, groups, spares, step: 0, ends: false }
    }

    /// What is left to do, until every group is as it was.
    pub(crate) fn rest(self) -> Self {
        Self { ends: true, ..self }
    }
}

impl Work for Members {
    fn next(&mut self) -> Result<Option<Call>> {
        let lanes = self.groups.len() * 2;
        let Some(lane) = self.step.checked_rem(lanes) else { return Ok(None) };
        if self.ends && lane % 2 == 0 {
            return Ok(None);
        }
        let turn = (self.step / lanes).checked_rem(self.spares.len()).unwrap_or(0);
        self.step += 1;
        let (Some(group), Some(spare)) = (self.groups.get(lane / 2), self.spares.get(turn)) else {
            return Ok(None);
        };
        let operation = if lane % 2 == 0 {
            json!({ "op": "add", "path": "members", "value": [{ "value": spare }] })
        } else {
            json!({ "op": "remove", "path": format!("members[value eq \"{spare}\"]") })
        };
        let path = format!("/Groups/{group}");
        let request = self.endpoint.request(Method::PATCH, &path, Some(patch_op(&operation)))?;
        Ok(Some(Call { lane, request }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect_patched(answer)
    }
}
