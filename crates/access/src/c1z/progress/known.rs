//! Who is known, in little memory: ids as digests, each with its number in the order of arrival.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

/// Ids, and the entries of the log that have them. 25 to 40 bytes for each, whatever its length.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Digests under a random key, by their first four bits: a table that grows is there twice for a while.
    numbers: [HashMap<u64, u32, BuildHasherDefault<AsItIs>>; 16],
    key: RandomState,
    /// Where the newest entry of each is in the log.
    places: Vec<u64>,
    /// Ids whose digest another has, too.
    odd: HashMap<String, u32>,
    /// Some were written anew.
    mixed: bool,
}

impl Known {
    /// The number of an id.
    pub(super) fn number(&self, id: &str) -> Option<u32> {
        if let Some(number) = self.odd.get(id) {
            return Some(*number);
        }
        let digest = self.key.hash_one(id);
        self.numbers.get(part(digest))?.get(&digest).copied()
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.number(id).is_some()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where the newest entry of a number is.
    pub(super) fn place(&self, number: u32) -> Option<u64> {
        self.places.get(number as usize).copied()
    }

    /// Adds an id whose entry is at a place. `is_at` says whether the entry at another place has this id, too.
    pub(super) fn add(&mut self, id: &str, place: u64, is_at: impl FnOnce(u64) -> bool) {
        let newest = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let found = self.odd.get(id).copied().or_else(|| {
            let digest = self.key.hash_one(id);
            let number = *self.numbers.get_mut(part(digest))?.entry(digest).or_insert(newest);
            (number != newest).then_some(number)
        });
        match found {
            None => self.places.push(place),
            Some(number) => {
                let there = self.place(number).unwrap_or_default();
                if self.odd.contains_key(id) || is_at(there) {
                    self.mixed = true;
                    if let Some(known) = self.places.get_mut(number as usize) {
                        *known = place;
                    }
                } else {
                    self.odd.insert(id.to_owned(), newest);
                    self.places.push(place);
                }
            }
        }
    }

    /// Whether some were written anew: then the order of the log is not that of the numbers.
    pub(super) fn is_mixed(&self) -> bool {
        self.mixed
    }
}

/// Which of 16 tables has a digest.
fn part(digest: u64) -> usize {
    usize::try_from(digest >> 60).unwrap_or_default()
}

/// For keys that are digests already.
#[derive(Debug, Default, Clone)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_number_and_has_its_newest_place() {
        let mut known = Known::default();
        for (place, id) in (100..).zip(["a", "b", "a", "c"]) {
            known.add(id, place, |there| there == 100 && id == "a");
        }
        let found = ["a", "b", "c", "d"].map(|id| known.number(id));
        assert_eq!(found, [Some(0), Some(1), Some(2), None]);
        assert_eq!([0, 1, 2, 3].map(|number| known.place(number)), [Some(102), Some(101), Some(103), None]);
        assert_eq!((known.len(), known.is_mixed()), (3, true));
    }

    #[test]
    fn two_ids_of_one_digest_are_two() {
        let mut known = Known::default();
        known.add("a", 1, |_| false);
        // What is at the place has another id, though the digest is the same.
        known.add("a", 2, |_| false);
        assert_eq!((known.len(), known.number("a"), known.is_mixed()), (2, Some(1), false));
    }
}
