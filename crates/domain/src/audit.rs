//! The audit: who changed which setting when, as a chain in which each entry's hash covers the one before.
//!
//! Hashes are keyed with the server's secret (ADR 23): whoever can write the database but has not the
//! secret cannot make a chain that holds.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::tenant::TenantKey;

/// A hash of the chain.
pub type Hash = [u8; 32];

/// What the first entry has as the hash of the one before.
pub const BEGINNING: Hash = [0; 32];

/// An entry that waits for its place in the chain, which the store gives it in the transaction of the change.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What happened.
    pub event: Event,
    /// What its hash is made with.
    pub key: ChainKey,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Whose setting it is; `None`: the installation's.
    pub tenant: Option<TenantKey>,
    /// Who: `cli`, `api-token/ID`, …
    pub actor: String,
    /// Which request; empty for the command line.
    pub request_id: String,
    /// What was done: `source.update`.
    pub action: String,
    /// To what, as its path below `/api/v1`: `sources/okta`.
    pub subject: String,
    /// What was there before, as JSON; `null` for something new. Never a secret.
    pub before: String,
    /// What is there since, as JSON; `null` for something that is gone. Never a secret.
    pub after: String,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps, in the whole installation.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
    /// The hash of the entry before.
    pub previous: Hash,
    /// Its hash.
    pub hash: Hash,
}

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 without one.
    pub sequence: u64,
    /// Its hash, or [`BEGINNING`].
    pub hash: Hash,
}

/// `7:0a1b…`: number and hash.
impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.sequence, hexadecimal(&self.hash))
    }
}

impl std::str::FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || "write the number of an entry, a colon and 64 hexadecimal digits".to_owned();
        let (sequence, hash) = text.split_once(':').ok_or_else(refuse)?;
        let byte = |at: usize| hash.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        let bytes = bytes.filter(|_| hash.len() == 64).and_then(|bytes| bytes.try_into().ok());
        Ok(Self { sequence: sequence.parse().map_err(|_| refuse())?, hash: bytes.ok_or_else(refuse)? })
    }
}

/// What hashes of the chain are keyed with.
#[derive(Clone)]
pub struct ChainKey(Hash);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(•••)")
    }
}

impl Default for Head {
    fn default() -> Self {
        Self { sequence: 0, hash: BEGINNING }
    }
}

impl ChainKey {
    /// A key of its own, from the server's secret.
    pub fn derive(secret: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(b"rollcall audit v1").chain_update(secret).finalize().into())
    }

    fn hash(&self, sequence: u64, previous: &Hash, event: &Event) -> Hash {
        let Ok(mac) = <Hmac<Sha256>>::new_from_slice(&self.0) else { return BEGINNING };
        let tenant = event.tenant.map_or(0, |tenant| tenant.0);
        let numbers = [sequence.to_be_bytes(), event.at.0.to_be_bytes(), tenant.to_be_bytes()];
        let mac = numbers.iter().fold(mac.chain_update(previous), Mac::chain_update);
        let texts =
            [&event.actor, &event.request_id, &event.action, &event.subject, &event.before, &event.after];
        // Each text with its length, so that no two entries have the same bytes.
        let mac = texts.iter().fold(mac, |mac, text| {
            mac.chain_update((text.len() as u64).to_be_bytes()).chain_update(text.as_bytes())
        });
        mac.finalize().into_bytes().into()
    }
}

impl Draft {
    /// The entry after this head.
    pub fn after(&self, head: &Head) -> Entry {
        let sequence = head.sequence + 1;
        let hash = self.key.hash(sequence, &head.hash, &self.event);
        Entry { sequence, event: self.event.clone(), previous: head.hash, hash }
    }
}

impl Entry {
    /// The head when this is the last entry.
    pub const fn head(&self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }
}

/// Where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing, or stands elsewhere.
    #[error("entry {expected} is missing; entry {found} stands in its place")]
    Missing {
        /// The number that was to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// An entry follows one that was not before it.
    #[error("entry {0} does not follow the entry that is before it")]
    Unlinked(u64),
    /// An entry is not what was written.
    #[error("entry {0} is not what was written")]
    Changed(u64),
    /// The end is missing.
    #[error("the chain ends at entry {found}, but entry {expected} was written")]
    CutShort {
        /// The last entry that there was.
        expected: u64,
        /// The last one that there is.
        found: u64,
    },
}

/// Follows a chain from its beginning.
#[derive(Debug)]
pub struct Verifier {
    key: ChainKey,
    head: Head,
}

impl Verifier {
    /// At the beginning.
    pub fn new(key: ChainKey) -> Self {
        Self { key, head: Head::default() }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    ///
    /// [`Broken`], for the first entry that does not hold.
    pub fn next(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.head.sequence + 1;
        if entry.sequence != expected {
            return Err(Broken::Missing { expected, found: entry.sequence });
        }
        if entry.previous != self.head.hash {
            return Err(Broken::Unlinked(entry.sequence));
        }
        if entry.hash != self.key.hash(entry.sequence, &entry.previous, &entry.event) {
            return Err(Broken::Changed(entry.sequence));
        }
        self.head = entry.head();
        Ok(())
    }

    /// Compares with an end that is known: the store's, or one that was noted elsewhere.
    ///
    /// # Errors
    ///
    /// [`Broken::CutShort`], or [`Broken::Changed`] when the number is right and the hash another.
    pub fn ends_at(&self, known: &Head) -> Result<Head, Broken> {
        if self.head.sequence != known.sequence {
            return Err(Broken::CutShort { expected: known.sequence, found: self.head.sequence });
        }
        (self.head == *known).then_some(self.head).ok_or(Broken::Changed(known.sequence))
    }

    /// How far it came.
    pub fn head(&self) -> Head {
        self.head
    }
}

/// A hash in hexadecimal.
pub fn hexadecimal(hash: &Hash) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// JSON of something for [`Event::before`] and [`Event::after`]: `null` where it cannot be written.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> (Verifier, Vec<Entry>, Head) {
        let key = ChainKey::derive(&[7; 32]);
        let mut head = Head::default();
        let mut entries = Vec::new();
        for number in 1..=length {
            let event = Event {
                at: Timestamp(1000 + i64::try_from(number).unwrap()),
                tenant: (number % 2 == 0).then_some(TenantKey(3)),
                actor: "cli".to_owned(),
                request_id: String::new(),
                action: "source.update".to_owned(),
                subject: format!("sources/s{number}"),
                before: "null".to_owned(),
                after: format!("{{\"n\":{number}}}"),
            };
            let entry = Draft { event, key: key.clone() }.after(&head);
            head = entry.head();
            entries.push(entry);
        }
        (Verifier::new(key), entries, head)
    }

    /// What is found when a chain of five is changed in this way.
    fn found(change: impl FnOnce(&mut Vec<Entry>)) -> Result<Head, Broken> {
        let (mut verifier, mut entries, head) = chain(5);
        change(&mut entries);
        entries.iter().try_for_each(|entry| verifier.next(entry))?;
        verifier.ends_at(&head)
    }

    /// What is done to a chain, how, and what is found of it.
    type Case = (&'static str, fn(&mut Vec<Entry>), Broken);

    #[test]
    fn every_change_of_a_chain_is_found() {
        assert_eq!(found(|_| ()).map(|head| head.sequence), Ok(5));
        let changes: [Case; 10] = [
            ("removed", |all| drop(all.remove(2)), Broken::Missing { expected: 3, found: 4 }),
            ("removed first", |all| drop(all.remove(0)), Broken::Missing { expected: 1, found: 2 }),
            ("removed last", |all| drop(all.pop()), Broken::CutShort { expected: 5, found: 4 }),
            ("reordered", |all| all.swap(1, 2), Broken::Missing { expected: 2, found: 3 }),
            (
                "reordered with their numbers",
                |all| {
                    all.swap(1, 2);
                    (all[1].sequence, all[2].sequence) = (2, 3);
                },
                Broken::Unlinked(2),
            ),
            ("another actor", |all| all[3].event.actor = "x".to_owned(), Broken::Changed(4)),
            ("another time", |all| all[3].event.at.0 += 1, Broken::Changed(4)),
            ("another tenant", |all| all[3].event.tenant = None, Broken::Changed(4)),
            ("another value", |all| all[4].event.after.push(' '), Broken::Changed(5)),
            (
                "text moved from one field to the next",
                |all| {
                    all[0].event.actor = "cl".to_owned();
                    all[0].event.request_id = "i".to_owned();
                },
                Broken::Changed(1),
            ),
        ];
        for (what, change, expected) in changes {
            assert_eq!(found(change), Err(expected), "{what}");
        }
    }

    #[test]
    fn an_end_is_read_as_it_is_printed() {
        let (_, entries, head) = chain(3);
        assert_eq!(head.to_string().parse(), Ok(entries[2].head()));
        for text in ["", "3", "3:", "x:00", &format!("{head}0"), &format!("3:{}", "é".repeat(32))] {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_chain_made_anew_without_the_secret_does_not_hold() {
        let (_, mut entries, _) = chain(3);
        let other = ChainKey::derive(&[8; 32]);
        let mut head = Head::default();
        for entry in &mut entries {
            *entry = Draft { event: entry.event.clone(), key: other.clone() }.after(&head);
            head = entry.head();
        }
        let (mut verifier, _, _) = chain(0);
        assert_eq!(verifier.next(&entries[0]), Err(Broken::Changed(1)));
    }
}
