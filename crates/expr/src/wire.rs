//! What goes over the pipes: frames of JSON, each after its length in four bytes, big-endian.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rollcall_domain::mapping::expression::{OnError, Outcome};
use rollcall_scim::Document;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of a frame to a worker: a resource and its expressions.
pub(crate) const MAX_ASK: usize = 32 * 1024 * 1024;
/// Bytes of a frame from a worker: one outcome.
pub(crate) const MAX_REPLY: usize = 4 * 1024 * 1024;

/// One expression of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    /// SHA-256 of the text, hexadecimal.
    pub(crate) digest: String,
    /// The text, where the worker may not have it.
    pub(crate) source: Option<Arc<str>>,
}

/// A request as the parent writes it, without copies: what [`Ask`] is read from.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Question<'a> {
    pub(crate) jobs: &'a [Job],
    pub(crate) declared: &'a Document,
    pub(crate) data: &'a Document,
    pub(crate) properties: &'a Document,
    pub(crate) source: &'a Document,
    pub(crate) request: &'a Document,
    pub(crate) on_error: OnError,
    pub(crate) check: bool,
}

/// A request to a worker. Each job is answered by one [`Reply`], until one ends the evaluation.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ask {
    pub(crate) jobs: Vec<Job>,
    pub(crate) declared: Document,
    pub(crate) data: Document,
    pub(crate) properties: Document,
    pub(crate) source: Document,
    pub(crate) request: Document,
    pub(crate) on_error: OnError,
    /// Compile only.
    pub(crate) check: bool,
}

/// A worker's frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// It is up, and this is its version.
    Ready(String),
    /// It does not have the text of the job at this place; nothing was run. Ask again with it.
    Unknown(usize),
    /// What a job did.
    Done(Outcome),
}

/// A value as a frame.
///
/// # Errors
///
/// When it is not JSON, or longer than 4 GB.
pub(crate) fn frame(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, value)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    if let Some(head) = bytes.get_mut(..4) {
        head.copy_from_slice(&length.to_be_bytes());
    }
    Ok(bytes)
}

/// Writes a frame.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    out.write_all(&frame(value)?)?;
    out.flush()
}

/// Reads a frame of at most `limit` bytes; `None` at the end of the stream.
pub(crate) fn read<T: DeserializeOwned>(input: &mut impl Read, limit: usize) -> io::Result<Option<T>> {
    let mut head = [0; 4];
    match input.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let mut bytes = vec![0; length(head, limit)?];
    input.read_exact(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// The length that a frame's head gives.
pub(crate) fn length(head: [u8; 4], limit: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is too long"));
    }
    Ok(length)
}
