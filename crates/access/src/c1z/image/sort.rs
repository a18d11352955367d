//! Byte strings in order, however many: what does not fit into memory waits in files, each sorted by itself.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of a file that are read at once.
const BUFFER: usize = 64 << 10;

/// Keys that are being collected.
pub(super) struct Sorter {
    folder: PathBuf,
    limit: usize,
    keys: Vec<u8>,
    /// Where each key begins and ends.
    places: Vec<(u32, u32)>,
    /// Keys that did not fit, in order in each file.
    runs: Vec<File>,
}

impl Sorter {
    /// `limit`: bytes that are kept in memory.
    pub(super) fn new(folder: &Path, limit: usize) -> Self {
        Self { folder: folder.to_owned(), limit, keys: Vec::new(), places: Vec::new(), runs: Vec::new() }
    }

    /// Adds the key that `write` appends.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if self.keys.len() >= self.limit {
            self.spill()?;
        }
        if self.keys.capacity() == 0 {
            // What is not filled is not there; what has to grow is copied again and again.
            self.keys.reserve(self.limit + self.limit / 8);
        }
        let start = self.keys.len();
        write(&mut self.keys);
        let place = |at: usize| u32::try_from(at).map_err(|_| io::Error::other("a key is too long"));
        self.places.push((place(start)?, place(self.keys.len())?));
        Ok(())
    }

    fn sort(&mut self) {
        let keys = &self.keys;
        let key = |place: &(u32, u32)| keys.get(place.0 as usize..place.1 as usize).unwrap_or_default();
        // Most come in order or nearly so, which this sort makes use of.
        self.places.sort_by(|one, other| key(one).cmp(key(other)));
    }

    fn sorted(&self) -> impl Iterator<Item = &[u8]> {
        let key = |place: &(u32, u32)| self.keys.get(place.0 as usize..place.1 as usize).unwrap_or_default();
        self.places.iter().map(key)
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.folder)?);
        for key in self.sorted() {
            file.write_all(&(key.len() as u64).to_le_bytes())?;
            file.write_all(key)?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        self.keys.clear();
        self.places.clear();
        Ok(())
    }

    /// Goes over all keys in order.
    pub(super) fn each(mut self, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.runs.is_empty() {
            self.sort();
            return self.sorted().try_for_each(each);
        }
        self.spill()?;
        drop((std::mem::take(&mut self.keys), std::mem::take(&mut self.places)));
        let runs = std::mem::take(&mut self.runs);
        let mut runs: Vec<_> = runs.into_iter().map(|run| BufReader::with_capacity(BUFFER, run)).collect();
        let mut heads = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            heads.extend(next(run)?.map(|key| Reverse((key, at))));
        }
        while let Some(Reverse((key, at))) = heads.pop() {
            each(&key)?;
            if let Some(run) = runs.get_mut(at) {
                heads.extend(next(run)?.map(|key| Reverse((key, at))));
            }
        }
        Ok(())
    }
}

fn next(run: &mut BufReader<File>) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match run.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut key = vec![0; usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX)];
    run.read_exact(&mut key)?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_order_whether_they_fit_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let expected: Vec<Vec<u8>> = (0..5_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) % 9_973).to_string().into_bytes())
            .collect();
        for limit in [1 << 20, 10_000, 100] {
            let mut sorter = Sorter::new(folder.path(), limit);
            for key in &expected {
                sorter.add(|out| out.extend_from_slice(key)).unwrap();
            }
            let mut found = Vec::new();
            sorter
                .each(|key| {
                    found.push(key.to_vec());
                    Ok(())
                })
                .unwrap();
            let mut wanted = expected.clone();
            wanted.sort();
            assert!(found == wanted, "{limit}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
