//! The container: five bytes, then a zstd stream.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};

use super::error::C1zError;
use super::image::{PAGE_BYTES, Sink};

/// What a file of version 1 begins with.
const MAGIC: [u8; 5] = *b"C1ZF\0";
const MAGIC_3: [u8; 5] = *b"C1Z3\0";
/// What a SQLite database begins with, and what its header says: bytes of a page at 16.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
const SQLITE_HEADER: usize = 100;
/// The fastest: slower ones make this kind of data little smaller.
const LEVEL: i32 = 1;
/// Parts of the database that wait to be compressed.
const WAITING: usize = 8;
/// A zstd frame with one page as it is (RFC 8878 §3.1): magic number, one segment whose size has two bytes, that
/// size less 256, then one block, the last, not compressed.
const FRAME: [u8; 10] = [0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x0f, 0x01, 0x80, 0x00];
const MIB: u64 = 1 << 20;

/// What unpacking a file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// MiB on disk that the database may have.
    pub decoded_mib: u64,
    /// MiB of memory for the window of the decoder; at most 128 have an effect.
    pub window_mib: u64,
}

/// The reference's: 3 GiB, 128 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self { decoded_mib: 3 * 1024, window_mib: 128 }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Compresses a database on a thread of its own, while it is being written.
///
/// Its first page is known last. The stream has two frames, which is one stream to every reader (RFC 8878 §3): the
/// first, of the first page alone, has a size that is known before.
pub(super) struct Packer {
    parts: SyncSender<Vec<u8>>,
    /// Buffers that can be filled again: memory that is new costs more than what is written into it.
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<File>>,
}

impl Packer {
    /// Begins a file, which must not be there yet.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut file = create(path)?;
        file.seek(SeekFrom::Start((MAGIC.len() + FRAME.len() + PAGE_BYTES) as u64))?;
        let (parts, waiting) = mpsc::sync_channel(WAITING);
        let (give_back, empty) = mpsc::channel();
        let work = move || compress(file, &waiting, &give_back);
        let thread = thread::Builder::new().name("pack".to_owned()).spawn(work)?;
        Ok(Self { parts, empty, thread })
    }

    /// Ends the file, which is on disk when this returns.
    pub(super) fn finish(self, first: &[u8]) -> io::Result<()> {
        drop(self.parts);
        let mut file = join(self.thread)?;
        file.rewind()?;
        file.write_all(&[&MAGIC, &FRAME[..], first].concat())?;
        file.sync_all()
    }
}

impl Sink for Packer {
    fn take(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        // It stops early only when it could not write; why is said at the end.
        let _ = self.parts.send(bytes);
        Ok(self.empty.try_recv().unwrap_or_default())
    }
}

fn join(thread: JoinHandle<io::Result<File>>) -> io::Result<File> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("compressing broke off")))
}

fn compress(file: File, parts: &Receiver<Vec<u8>>, empty: &Sender<Vec<u8>>) -> io::Result<File> {
    let mut encoder = zstd::stream::write::Encoder::new(file, LEVEL)?;
    encoder.include_checksum(true)?;
    for mut part in parts {
        encoder.write_all(&part)?;
        part.clear();
        let _ = empty.send(part);
    }
    encoder.finish()
}

/// Puts a finished file in the place of another, whole or not at all, also when the power fails.
///
/// What was there keeps its permissions; a new file is its owner's alone. Both are on one file system.
///
/// # Errors
///
/// [`C1zError::Io`].
pub fn replace(new: &Path, place: &Path) -> Result<(), C1zError> {
    let failed = |error| C1zError::io(place, error);
    match fs::metadata(place) {
        Ok(old) => fs::set_permissions(new, old.permissions()).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    fs::rename(new, place).map_err(failed)?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Unpacks the database of a `.c1z` into a new file.
pub(super) fn unpack(path: &Path, into: &mut File, limits: Limits) -> Result<(), C1zError> {
    let mut file = File::open(path).map_err(|error| C1zError::io(path, error))?;
    check_magic(&mut file, path)?;
    let damaged = |error: io::Error| C1zError::damaged(path, error);
    let mut decoder =
        zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(1 << 17, file)).map_err(damaged)?;
    decoder.window_log_max(window_log(limits.window_mib)).map_err(damaged)?;
    let mut header = Vec::with_capacity(SQLITE_HEADER);
    (&mut decoder).take(SQLITE_HEADER as u64).read_to_end(&mut header).map_err(damaged)?;
    // Most of what only looks like a .c1z, and is huge, ends here.
    if header.len() < SQLITE_HEADER || !header.starts_with(SQLITE) {
        return Err(C1zError::damaged(path, "it has no SQLite database in it"));
    }
    let limit = limits.decoded_mib.saturating_mul(MIB);
    let mut bounded = header.as_slice().chain(&mut decoder).take(limit.saturating_add(1));
    let written = io::copy(&mut bounded, into).map_err(|error| match error.kind() {
        ErrorKind::StorageFull => C1zError::io(path, error),
        _ => damaged(error),
    })?;
    if written > limit {
        return Err(C1zError::TooLarge { path: path.to_owned(), limit_mib: limits.decoded_mib });
    }
    Ok(())
}

fn check_magic(file: &mut File, path: &Path) -> Result<(), C1zError> {
    let mut magic = Vec::with_capacity(MAGIC.len());
    file.take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(|error| C1zError::io(path, error))?;
    let path = || path.to_owned();
    match magic.as_slice() {
        magic if magic == MAGIC => Ok(()),
        magic if magic == MAGIC_3 => Err(C1zError::Version3 { path: path() }),
        [] => Err(C1zError::Empty { path: path() }),
        _ => Err(C1zError::Foreign { path: path() }),
    }
}

/// The largest window, as a power of two, that fits.
fn window_log(mib: u64) -> u32 {
    (mib.max(1) * MIB).ilog2().clamp(20, 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_fit_the_memory() {
        for (mib, log) in [(0, 20), (1, 20), (8, 23), (100, 26), (128, 27), (4096, 27)] {
            assert_eq!(window_log(mib), log, "{mib}");
        }
    }

    fn pack(path: &Path, first: u8) -> io::Result<()> {
        let mut packer = Packer::create(path)?;
        packer.take(vec![1; 70_000])?;
        packer.take(vec![2; 10])?;
        packer.finish(&[first; PAGE_BYTES])
    }

    #[test]
    fn the_first_page_comes_first_though_it_is_known_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        pack(&path, 7).unwrap();
        let packed = fs::read(&path).unwrap();
        let (magic, stream) = packed.split_at(5);
        assert_eq!(magic, MAGIC);
        let expected = [vec![7; PAGE_BYTES], vec![1; 70_000], vec![2; 10]].concat();
        assert!(zstd::stream::decode_all(stream).unwrap() == expected);
        assert!(pack(&path, 7).is_err(), "it is there already");
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_new_one_is_its_owner_s() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [new, place] = ["new", "place"].map(|name| folder.path().join(name));
        let mode = || fs::metadata(&place).unwrap().permissions().mode() & 0o777;
        pack(&new, 0).unwrap();
        replace(&new, &place).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&place, fs::Permissions::from_mode(0o644)).unwrap();
        pack(&new, 0).unwrap();
        replace(&new, &place).unwrap();
        assert_eq!((mode(), new.exists()), (0o644, false));
    }
}
