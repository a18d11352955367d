//! What the connections do: the requests of each measurement, and what a right answer is.

mod create;
mod delete;
mod members;
mod mixed;
mod patch;
mod read;
mod walk;

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;

use crate::data::{Dice, People};
use crate::http::Answer;

pub(crate) use create::{Create, CreateGroup, Created};
pub(crate) use delete::Delete;
pub(crate) use members::{Fill, Members};
pub(crate) use mixed::Mixed;
pub(crate) use patch::{Patch, ReferencePatch};
pub(crate) use read::{FixedRead, Get, List, Lookup, ReferenceRead, Which};
pub(crate) use walk::{GroupHead, Walk};

/// The users that a server holds.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) people: Arc<People>,
    /// The server's id of each user, by number.
    pub(crate) ids: Vec<String>,
}

impl Directory {
    pub(crate) fn users(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The id of user `number`; empty when it was not loaded.
    fn id(&self, number: u64) -> &str {
        usize::try_from(number).ok().and_then(|place| self.ids.get(place)).map_or("", String::as_str)
    }

    /// The number of any user.
    fn any(&self, dice: &mut Dice) -> u64 {
        dice.below(self.users())
    }
}

/// A `PatchOp` body with one operation.
fn patch_op(operation: &serde_json::Value) -> Bytes {
    let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    json!({ "schemas": [schema], "Operations": [operation] }).to_string().into()
}

/// The status must be this one.
fn expect(answer: &Answer, status: StatusCode) -> Result<(), String> {
    if answer.status == status { Ok(()) } else { Err(format!("expected {}", status.as_u16())) }
}

/// A PATCH may answer with the resource or with nothing (RFC 7644 §3.5.2).
fn expect_patched(answer: &Answer) -> Result<(), String> {
    if matches!(answer.status, StatusCode::OK | StatusCode::NO_CONTENT) {
        return Ok(());
    }
    Err("expected 200 or 204".to_owned())
}

/// The status must be 200 and the body must hold `needle`.
fn expect_found(answer: &Answer, needle: &str) -> Result<(), String> {
    expect(answer, StatusCode::OK)?;
    let found = std::str::from_utf8(&answer.body).is_ok_and(|body| body.contains(needle));
    if found { Ok(()) } else { Err(format!("expected {needle:?} in the answer")) }
}
