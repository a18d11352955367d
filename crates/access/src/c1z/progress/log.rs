//! The file: what was read together is written together, with a checksum.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::entry;

/// What a log begins with; another is not gone on with.
const MAGIC: &[u8; 8] = b"rollsync";
/// Bytes before what was written together: its length, its checksum.
const HEAD: u64 = 8;
/// Where the first part is.
pub(super) const START: u64 = MAGIC.len() as u64;
/// More than what can be in one answer.
const MOST: u32 = 1 << 30;

/// A log. What a crash leaves half-written at its end is not there.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Where the next part goes.
    end: u64,
    frame: Vec<u8>,
}

/// A part of a log, and where it is.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Where its bytes begin in the file.
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

impl Log {
    /// A new log, whatever is there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all_at(MAGIC, 0)?;
        Ok(Self { file, end: START, frame: Vec::new() })
    }

    /// The log that is there; `None` when it is none. `each` is given its parts.
    pub(super) fn open(path: &Path, mut each: impl FnMut(&Part)) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact_at(&mut magic, 0).is_err() || magic != *MAGIC {
            return Ok(None);
        }
        let end = file.metadata()?.len();
        let mut log = Self { file, end, frame: Vec::new() };
        let (mut part, mut place) = (Part::default(), START);
        while let Some(next) = log.read(place, &mut part)? {
            each(&part);
            place = next;
        }
        log.end = place;
        log.file.set_len(place)?;
        Ok(Some(log))
    }

    /// Adds a part, all or nothing; gives back where it is.
    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length < MOST);
        let length = length.ok_or_else(|| io::Error::other("too much at once"))?;
        self.frame.clear();
        self.frame.extend_from_slice(&length.to_le_bytes());
        self.frame.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        self.frame.extend_from_slice(bytes);
        self.file.write_all_at(&self.frame, self.end)?;
        let at = self.end + HEAD;
        self.end = at + bytes.len() as u64;
        Ok(at)
    }

    /// Reads the part at a place, and says where the next is; `None` at the end.
    pub(super) fn read(&self, place: u64, part: &mut Part) -> io::Result<Option<u64>> {
        let left = self.end.saturating_sub(place);
        let mut head = [0; 8];
        if left < HEAD {
            return Ok(None);
        }
        self.file.read_exact_at(&mut head, place)?;
        let [length, sum] = [head.first_chunk::<4>(), head.last_chunk::<4>()]
            .map(|four| u32::from_le_bytes(four.copied().unwrap_or_default()));
        if length >= MOST || left < HEAD + u64::from(length) {
            return Ok(None);
        }
        part.bytes.resize(length as usize, 0);
        part.at = place + HEAD;
        self.file.read_exact_at(&mut part.bytes, part.at)?;
        let whole = crc32fast::hash(&part.bytes) == sum;
        Ok(whole.then_some(part.at + u64::from(length)))
    }

    /// Reads the entry at a place.
    pub(super) fn entry(&self, place: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        entry_at(&self.file, place, bytes)
    }

    /// Whether the entry at a place has this id.
    pub(super) fn has_id(&self, place: u64, id: &str) -> bool {
        has_id(&self.file, place, id)
    }
}

/// Whether the entry at a place has this id.
pub(super) fn has_id(file: &File, place: u64, id: &str) -> bool {
    let mut bytes = Vec::new();
    let read = entry_at(file, place, &mut bytes);
    read.is_ok() && entry::take(&mut bytes.as_slice()).and_then(|entry| entry.id()) == Some(id)
}

fn entry_at(file: &File, place: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut head = [0; entry::HEAD];
    file.read_exact_at(&mut head, place)?;
    let length = head.last_chunk::<4>().copied().map(u32::from_le_bytes).unwrap_or_default();
    bytes.clear();
    bytes.extend_from_slice(&head);
    bytes.resize(entry::HEAD + length as usize, 0);
    file.read_exact_at(bytes.get_mut(entry::HEAD..).unwrap_or_default(), place + entry::HEAD as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &Path) -> Option<Vec<Vec<u8>>> {
        let mut parts = Vec::new();
        Log::open(path, |part| parts.push(part.bytes.clone())).unwrap().map(|_| parts)
    }

    #[test]
    fn a_log_that_breaks_off_anywhere_has_the_whole_parts_before() {
        let folder = tempfile::tempdir().unwrap();
        let [whole, cut] = ["whole", "cut"].map(|name| folder.path().join(name));
        let mut log = Log::create(&whole).unwrap();
        let at: Vec<u64> = [&b"one"[..], b"", b"three"].iter().map(|part| log.add(part).unwrap()).collect();
        assert_eq!(at, [16, 27, 35]);
        let bytes = std::fs::read(&whole).unwrap();
        for length in 0..=bytes.len() {
            std::fs::write(&cut, bytes.get(..length).unwrap()).unwrap();
            let count = [19, 27, 40].into_iter().filter(|end| *end <= length).count();
            assert_eq!(parts(&cut).map(|parts| parts.len()), (length >= 8).then_some(count), "{length}");
            // What comes after goes where the whole parts end.
            if length >= 8 {
                Log::open(&cut, |_| ()).unwrap().unwrap().add(b"next").unwrap();
                assert_eq!(parts(&cut).unwrap().last().unwrap(), b"next");
            }
        }
        for place in 8..bytes.len() {
            let mut wrong = bytes.clone();
            *wrong.get_mut(place).unwrap() ^= 0x40;
            std::fs::write(&cut, wrong).unwrap();
            assert!(parts(&cut).unwrap().len() < 3, "{place}");
        }
    }
}
