//! The folder of a sync under way, and how it becomes a file.
//!
//! Beside `sync.c1z` stands `sync.c1z.partial/` until the sync is finished: what was read, and a lock. The file
//! itself is only ever replaced by a whole one that is on disk.

use std::fs::{self, DirBuilder, File as Handle, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rollcall_domain::clock::Timestamp;

use super::SyncError;
use crate::c1z::{self, Begun, C1zError, Counts, File, Limits, Progress, Run, Writer};
use crate::export;

/// What was read longer ago is not gone on with: it would be mixed with what is there now.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
const PROGRESS: &str = "progress.log";
const LOCK: &str = "lock";
/// What becomes the file.
const DRAFT: &str = "final.c1z";

/// A form that a sync is written in beside the `.c1z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line for each grant, as for a spreadsheet.
    Csv,
    /// One document.
    Json,
    /// One line for each thing.
    Jsonl,
}

impl Format {
    /// How such a file's name ends.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Where a sync is kept while it goes on. Nobody else synchronises into the same file meanwhile.
pub struct Workplace {
    output: PathBuf,
    /// Beside the output: what becomes of it is renamed from here.
    beside: PathBuf,
    /// For what is large; the same folder, unless another was named.
    data: PathBuf,
    earlier: Option<File>,
    limits: Limits,
    _lock: Handle,
}

/// A sync that can be read into.
pub struct Opened {
    /// The sync.
    pub progress: Progress,
    /// When it began, if an earlier run did.
    pub resumed: Option<Timestamp>,
    /// Why what an earlier run left is not gone on with.
    pub discarded: Option<&'static str>,
}

/// What a file is made with.
#[derive(Debug, Clone)]
pub struct Finishing {
    /// The time.
    pub now: Timestamp,
    /// How many finished syncs the file has at most, this one among them; at least 1.
    pub keep: usize,
    /// What is written beside it.
    pub formats: Vec<Format>,
}

/// What became of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub id: String,
    /// What it found.
    pub counts: Counts,
    /// How many things were left out.
    pub problems: u64,
    /// The files that were written, the `.c1z` first.
    pub files: Vec<PathBuf>,
}

impl Workplace {
    /// Takes the place beside `output`. `temporary` is a folder for what is large, else it is beside, too.
    ///
    /// # Errors
    ///
    /// [`SyncError::Busy`]; [`SyncError::File`] when `output` is there and is no `.c1z`, or the disk fails.
    pub fn open(output: &Path, temporary: Option<&Path>, limits: Limits) -> Result<Self, SyncError> {
        let mut beside = output.as_os_str().to_owned();
        beside.push(".partial");
        let beside = PathBuf::from(beside);
        let data = match (temporary, beside.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => beside.clone(),
        };
        let lock = lock(output, &data)?;
        make_folder(&beside).and_then(|()| sweep(&data)).map_err(|error| at(&beside, error))?;
        let empty = |metadata: fs::Metadata| metadata.len() == 0;
        let earlier = match fs::metadata(output).map(empty) {
            Ok(false) => Some(File::open(output, Some(&data), limits)?),
            _ => None,
        };
        Ok(Self { output: output.to_owned(), beside, data, earlier, limits, _lock: lock })
    }

    /// Goes on with the sync of an earlier run if it has the same origin, and is of today; else begins `new`.
    /// `keep`: how many finished syncs the file has at most, this one among them; at least 1.
    ///
    /// # Errors
    ///
    /// [`SyncError::File`].
    pub fn begin(&self, new: Begun, keep: usize) -> Result<Opened, SyncError> {
        let path = self.data.join(PROGRESS);
        let left = path.exists();
        let discarded = match Progress::resume(&path) {
            Some(progress) => match self.refuse(progress.begun(), &new)? {
                None => {
                    let resumed = Some(progress.begun().started);
                    return Ok(Opened { progress, resumed, discarded: None });
                }
                Some(reason) => Some(reason),
            },
            None if left => Some("it cannot be read"),
            None => None,
        };
        let mut progress = Progress::begin(&path, new)?;
        let Begun { id, started, .. } = progress.begun().clone();
        progress.draft(self.writer(Run { id, started, ended: started }, keep)?);
        let discarded = discarded.filter(|reason| !reason.is_empty());
        Ok(Opened { progress, resumed: None, discarded })
    }

    /// Forgets what was read, so that the next run begins anew.
    ///
    /// # Errors
    ///
    /// [`SyncError::File`].
    pub fn discard(self) -> Result<(), SyncError> {
        self.remove().map_err(|error| at(&self.beside, error))
    }

    /// Makes the file and puts it, and what is wanted beside it, in their places.
    ///
    /// Can be called again, in another process too, when it was interrupted.
    ///
    /// # Errors
    ///
    /// [`SyncError::File`].
    pub fn finish(self, mut progress: Progress, finishing: &Finishing) -> Result<Summary, SyncError> {
        // The first try's time stays, so that a second makes the same file.
        let noted = progress.step("ended").and_then(|ended| ended.parse().ok()).map(Timestamp);
        let ended = noted.unwrap_or(finishing.now);
        progress.set_step("ended", &ended.0.to_string())?;
        let begun = progress.begun().clone();
        let run = Run { id: begun.id.clone(), started: begun.started, ended };
        let (mut writer, counts) = progress.build(|| self.writer(run, finishing.keep))?;
        writer.ended(ended);
        writer.finish()?;
        let packed = self.beside.join(DRAFT);
        let mut files = self.export(&packed, finishing)?;
        c1z::replace(&packed, &self.output)?;
        files.insert(0, self.output.clone());
        let problems = progress.problem_count();
        drop(progress);
        self.remove().map_err(|error| at(&self.beside, error))?;
        Ok(Summary { id: begun.id, counts, problems, files })
    }

    /// A file with the syncs that are kept of the one that is there.
    fn writer(&self, run: Run, keep: usize) -> Result<Writer, SyncError> {
        let mut writer = Writer::create(&fresh(&self.beside, DRAFT)?, run)?;
        if let Some(earlier) = &self.earlier {
            writer.keep(earlier, keep.saturating_sub(1))?;
        }
        Ok(writer)
    }

    fn export(&self, packed: &Path, finishing: &Finishing) -> Result<Vec<PathBuf>, SyncError> {
        if finishing.formats.is_empty() {
            return Ok(Vec::new());
        }
        let file = File::open(packed, Some(&self.data), self.limits)?;
        let view = file.view(None)?;
        let mut files = Vec::new();
        for format in &finishing.formats {
            let draft = fresh(&self.beside, &format!("final.{}", format.extension()))?;
            let place = self.output.with_extension(format.extension());
            let mut options = OpenOptions::new();
            let target = options.write(true).create_new(true).mode(0o600).open(&draft);
            let mut target = BufWriter::new(target.map_err(|error| at(&draft, error))?);
            export::write(*format, &view, &mut target).map_err(|error| error.at(&draft))?;
            let whole = target.flush().and_then(|()| target.get_ref().sync_all());
            whole.map_err(|error| at(&draft, error))?;
            c1z::replace(&draft, &place)?;
            files.push(place);
        }
        Ok(files)
    }

    /// Why a sync of an earlier run is not gone on with; empty when nobody needs to know.
    fn refuse(&self, old: &Begun, new: &Begun) -> Result<Option<&'static str>, C1zError> {
        let finished = self.earlier.as_ref().map(File::finished).transpose()?.unwrap_or_default();
        // The file was put in its place, and then the process ended.
        if finished.iter().any(|sync| sync.id == old.id) {
            return Ok(Some(""));
        }
        if old.origin != new.origin {
            return Ok(Some("it is of another application, or read in another way"));
        }
        let age = new.started.0.saturating_sub(old.started.0);
        Ok((!(0..=KEPT_MS).contains(&age)).then_some("it is more than a day old"))
    }

    fn remove(&self) -> io::Result<()> {
        if self.data != self.beside {
            fs::remove_dir_all(&self.data)?;
        }
        fs::remove_dir_all(&self.beside)
    }
}

fn at(path: &Path, source: io::Error) -> SyncError {
    C1zError::Io { path: path.to_owned(), source }.into()
}

/// A name in a folder, under which nothing is.
fn fresh(folder: &Path, name: &str) -> Result<PathBuf, SyncError> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&path, error)),
        _ => Ok(path),
    }
}

/// For their owner alone: there are people's names and addresses in it.
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the folder and locks it, until the handle is dropped or the process ends.
fn lock(output: &Path, folder: &Path) -> Result<Handle, SyncError> {
    let path = folder.join(LOCK);
    let open = || {
        make_folder(folder)?;
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)
    };
    // Again when the folder was removed by one that finished just now.
    for _ in 0..16 {
        let handle = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(|error| at(&path, error))?,
        };
        match handle.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SyncError::Busy(output.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(at(&path, error)),
        }
        let same = |there: fs::Metadata| handle.metadata().is_ok_and(|mine| mine.ino() == there.ino());
        if fs::metadata(&path).is_ok_and(same) {
            return Ok(handle);
        }
    }
    Err(SyncError::Busy(output.display().to_string()))
}

/// Removes what a killed process left that is of no use.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(PROGRESS) && name != LOCK {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
