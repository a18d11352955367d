//! Walking the whole directory by cursor (RFC 9865), and reading large groups.

use std::sync::Arc;

use anyhow::Result;
use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::{expect, expect_found};
use crate::http::{Answer, Endpoint};
use crate::load::{Call, Work};

/// Users on a page.
const PAGE: u64 = 100;

/// A page, as far as a walk reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    next_cursor: Option<String>,
}

/// `GET /Users?cursor=…&count=100` from the first page to the last. Lane 0 is the first twentieth of the pages (ten at
/// least), lane 1 the last, lane 2 what lies between.
pub(crate) struct Walk {
    endpoint: Arc<Endpoint>,
    /// Pages that there are, about.
    pages: u64,
    page: u64,
    cursor: Option<String>,
    /// Users a page has at least, but for the last.
    pub(crate) seen: u64,
}

impl Walk {
    pub(crate) fn new(endpoint: Arc<Endpoint>, users: u64) -> Self {
        let pages = users.div_ceil(PAGE);
        Self { endpoint, pages, page: 0, cursor: Some(String::new()), seen: 0 }
    }

    fn lane(&self) -> usize {
        // Ten at least, where there are as many: one page alone says little.
        let edge = (self.pages / 20).max(10).min(self.pages / 2).max(1);
        match self.page {
            page if page < edge => 0,
            page if page + edge >= self.pages => 1,
            _ => 2,
        }
    }
}

impl Work for Walk {
    fn next(&mut self) -> Result<Option<Call>> {
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let path = format!("/Users?cursor={cursor}&count={PAGE}&attributes=userName");
        let lane = self.lane();
        self.page += 1;
        Ok(Some(Call { lane, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect(answer, StatusCode::OK)?;
        let page: Page = serde_json::from_slice(&answer.body).map_err(|error| format!("a page ({error})"))?;
        let users = std::str::from_utf8(&answer.body).map_err(|error| error.to_string())?;
        self.seen += users.matches("\"userName\"").count() as u64;
        self.cursor = page.next_cursor;
        Ok(())
    }
}

/// `GET /Groups/{id}?excludedAttributes=members` of several groups in turn; lane n is the n-th group.
pub(crate) struct GroupHead {
    endpoint: Arc<Endpoint>,
    groups: Vec<String>,
    step: usize,
}

impl GroupHead {
    pub(crate) fn new(endpoint: Arc<Endpoint>, groups: Vec<String>) -> Self {
        Self { endpoint, groups, step: 0 }
    }

    fn group(&self) -> Option<(usize, &str)> {
        let lane = self.step.checked_rem(self.groups.len())?;
        Some((lane, self.groups.get(lane)?))
    }
}

impl Work for GroupHead {
    fn next(&mut self) -> Result<Option<Call>> {
        let Some((lane, group)) = self.group() else { return Ok(None) };
        let path = format!("/Groups/{group}?excludedAttributes=members");
        Ok(Some(Call { lane, request: self.endpoint.request(Method::GET, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        let (_, group) = self.group().ok_or("no group")?;
        let checked = expect_found(answer, group);
        self.step += 1;
        checked
    }
}
