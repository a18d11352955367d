//! Deleting what a run has created on a server that keeps its data.

use std::sync::Arc;

use anyhow::Result;
use hyper::{Method, StatusCode};

use super::expect;
use crate::http::{Answer, Endpoint};
use crate::load::{Call, Work};

/// `DELETE` of each path.
pub(crate) struct Delete {
    endpoint: Arc<Endpoint>,
    paths: std::vec::IntoIter<String>,
}

impl Delete {
    /// Deletes these, such as `/Users/2819c223`.
    pub(crate) fn new(endpoint: Arc<Endpoint>, paths: Vec<String>) -> Self {
        Self { endpoint, paths: paths.into_iter() }
    }
}

impl Work for Delete {
    fn next(&mut self) -> Result<Option<Call>> {
        let Some(path) = self.paths.next() else { return Ok(None) };
        Ok(Some(Call { lane: 0, request: self.endpoint.request(Method::DELETE, &path, None)? }))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        expect(answer, StatusCode::NO_CONTENT)
    }
}
