//! What the tests share: a profile of the peer, a transport to it, a listing read to its end.

use std::sync::Arc;

use rollcall_connector::profile::Profile;
use rollcall_connector::read::{End, Pages, Position, Read as _, ReadError, ReadOptions, Reader, Skipped};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Transport};
use rollcall_testkit::FrozenClock;
use rollcall_testkit::peer::Peer;

/// The standard profile for this peer, that waits milliseconds where people would wait seconds.
pub(crate) fn profile(peer: &Peer) -> Profile {
    let base = peer.url();
    let mut profile = Profile::builtin("standard", &|_| Some(base.clone())).unwrap();
    profile.http.retry.backoff_ms = 1;
    profile
}

pub(crate) fn credentials() -> Credentials {
    Credentials { token: Some(Secret::new("sesame-sesame")), ..Credentials::default() }
}

pub(crate) fn options() -> Options {
    Options::new(Arc::new(FrozenClock::default()))
}

pub(crate) fn transport(profile: &Profile) -> Transport {
    Transport::new(profile, credentials(), options()).unwrap()
}

pub(crate) fn reader(profile: Profile) -> Reader {
    Reader::new(transport(&profile), Arc::new(profile), ReadOptions::default())
}

/// All that a listing gave.
#[derive(Debug)]
pub(crate) struct Whole<T> {
    pub(crate) records: Vec<T>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) end: Option<End>,
}

pub(crate) async fn whole<T>(mut pages: Box<dyn Pages<T>>) -> Result<Whole<T>, ReadError> {
    let mut whole = Whole { records: Vec::new(), skipped: Vec::new(), end: None };
    while let Some(page) = pages.next().await? {
        whole.records.extend(page.records);
        whole.skipped.extend(page.skipped);
        whole.end = page.end;
    }
    Ok(whole)
}

/// The ids of all users, sorted, and how the listing ended.
pub(crate) async fn user_ids(profile: Profile) -> (Vec<String>, Option<End>) {
    let users = whole(reader(profile).users(Position::default())).await.unwrap();
    let mut ids: Vec<String> = users.records.into_iter().map(|user| user.id).collect();
    ids.sort();
    (ids, users.end)
}

/// `u000000`, … of so many users.
pub(crate) fn expected_ids(count: u64) -> Vec<String> {
    (0..count).map(|at| format!("u{at:06}")).collect()
}
