//! The finished runs of a folder: a record of each in the journal, and the files that runs
//! write as they go (`requests-RUN.csv`, `attempts-RUN.csv`, `jobs-RUN.csv`, `trace-RUN.json`).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::journal::Journal;
use crate::system::RunTables;
use crate::unfinished::Unfinished;

/// What went wrong with the folders.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file operation failed.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("`{}` is in use by another windtunnel; wait for it, or choose another folder with --out", .0.display())]
    InUse(PathBuf),
    /// It holds something else.
    #[error("`{}` is not a results folder of windtunnel (it has no {manifest}) and is left alone; choose another with --out", folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
        /// The file that ours have.
        manifest: &'static str,
    },
    /// A record is not there although all runs are done.
    #[error("the record of run {0} is gone")]
    Lost(usize),
}

pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError + '_ {
    move |source| WorkspaceError::Io { path: path.to_path_buf(), source }
}

pub(super) fn cannot_read(path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError + '_ {
    move |source| WorkspaceError::Read { path: path.to_path_buf(), source }
}

/// A finished run as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Wall time in seconds; for `timing.csv` only.
    pub wall_s: f64,
    /// The MD5 of its rows of `requests.csv`, if there are any.
    pub requests: Option<[u8; 16]>,
    /// The same of `attempts.csv`.
    pub attempts: Option<[u8; 16]>,
    /// The same of `jobs.csv`.
    pub jobs: Option<[u8; 16]>,
    /// The MD5 of its trace events, if there are any.
    pub trace: Option<[u8; 16]>,
    /// Its results.
    pub tables: RunTables,
}

/// A folder of finished runs, each of them sound.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    journal: Journal,
    damage: Vec<String>,
}

pub(super) const JOURNAL: &str = "runs.bin";

impl Store {
    /// Opens the runs of `folder` to add to them. All are read: those that are
    /// damaged count as missing.
    pub(super) fn open(folder: &Path) -> Result<Self, WorkspaceError> {
        let path = folder.join(JOURNAL);
        Ok(Store::checked(folder, Journal::open(&path).map_err(io_at(&path))?))
    }

    /// Opens the runs of `folder` to read them.
    pub(super) fn open_finished(folder: &Path) -> Result<Self, WorkspaceError> {
        let path = folder.join(JOURNAL);
        Ok(Store::checked(folder, Journal::open_finished(&path).map_err(cannot_read(&path))?))
    }

    fn checked(folder: &Path, journal: Journal) -> Self {
        let mut store = Store { folder: folder.to_path_buf(), journal, damage: Vec::new() };
        let path = folder.join(JOURNAL);
        let torn = store.journal.damage().iter();
        let mut damage: Vec<String> =
            torn.map(|at| format!("`{}` is damaged at byte {at}", path.display())).collect();
        for run in store.journal.runs() {
            if let Err(flaw) = store.content(run) {
                damage.push(flaw);
                store.journal.forget(run);
            }
        }
        store.damage = damage;
        store
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was found damaged.
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// How many runs are kept.
    pub fn kept(&self) -> usize {
        self.journal.runs().len()
    }

    /// Whether a run is kept with all of its files.
    pub fn has(&self, run: usize) -> bool {
        self.journal.has(run)
    }

    /// Where run `run`'s rows of `requests.csv` are kept.
    pub fn requests_path(&self, run: usize) -> PathBuf {
        self.folder.join(format!("requests-{run}.csv"))
    }

    /// Where run `run`'s rows of `attempts.csv` are kept.
    pub fn attempts_path(&self, run: usize) -> PathBuf {
        self.folder.join(format!("attempts-{run}.csv"))
    }

    /// Where run `run`'s rows of `jobs.csv` are kept.
    pub fn jobs_path(&self, run: usize) -> PathBuf {
        self.folder.join(format!("jobs-{run}.csv"))
    }

    /// Where run `run`'s trace events are kept.
    pub fn trace_path(&self, run: usize) -> PathBuf {
        self.folder.join(format!("trace-{run}.json"))
    }

    /// Keeps a finished run; its files must be whole.
    ///
    /// # Errors
    /// If the record cannot be written.
    ///
    /// # Panics
    /// Never: a record is plain data.
    pub fn keep(&self, run: usize, record: &Record) -> Result<(), WorkspaceError> {
        let body = postcard::to_stdvec(record).expect("a record is plain data");
        self.journal.add(run, &body).map_err(io_at(&self.folder.join(JOURNAL)))
    }

    /// The kept run, if there is a sound record of it.
    pub fn recall(&self, run: usize) -> Option<Record> {
        postcard::from_bytes(&self.journal.read(run)?).ok()
    }

    /// A sum of all that a kept run holds but its wall time.
    ///
    /// # Errors
    /// Names what is not as it was written.
    pub(super) fn content(&self, run: usize) -> Result<[u8; 16], String> {
        let damaged = |what: String| format!("{what} of `{}` is damaged", self.folder.display());
        let record = self.recall(run).ok_or_else(|| damaged(format!("the record of run {run}")))?;
        let files = [
            (record.requests, self.requests_path(run)),
            (record.attempts, self.attempts_path(run)),
            (record.jobs, self.jobs_path(run)),
            (record.trace, self.trace_path(run)),
        ];
        for (sum, path) in files {
            if sum.is_some_and(|sum| sum_of(&path).ok() != Some(sum)) {
                return Err(format!("`{}` is damaged", path.display()));
            }
        }
        let body = postcard::to_stdvec(&Record { wall_s: 0.0, ..record }).unwrap_or_default();
        Ok(Md5::digest(&body).into())
    }

    /// Copies a kept file to `to`, if it is as it was written.
    ///
    /// # Errors
    /// If it cannot be copied, or is not what was written.
    pub fn copy(path: &Path, sum: [u8; 16], to: &mut impl Write) -> io::Result<()> {
        let mut from = File::open(path)?;
        let mut to = Summed::new(to);
        io::copy(&mut from, &mut to)?;
        if to.finish() == sum {
            return Ok(());
        }
        let message = format!("`{}` is damaged", path.display());
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    /// Removes what unfinished runs left.
    pub(super) fn remove_drafts(&self) -> Result<(), WorkspaceError> {
        for entry in fs::read_dir(&self.folder).map_err(io_at(&self.folder))? {
            let path = entry.map_err(io_at(&self.folder))?.path();
            if path.extension().is_some_and(|end| end == DRAFT) {
                fs::remove_file(&path).map_err(io_at(&path))?;
            }
        }
        Ok(())
    }
}

const DRAFT: &str = "draft";

/// A file under another name until it is whole.
pub(super) struct Draft {
    path: PathBuf,
    out: Summed<BufWriter<File>>,
    unfinished: Unfinished,
}

impl Draft {
    /// A draft of `path`.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let draft = path.with_extension(DRAFT);
        let unfinished = Unfinished::at(&draft);
        let file = File::create(draft)?;
        Ok(Draft { path, out: Summed::new(BufWriter::new(file)), unfinished })
    }

    /// Gives the file its name. Returns the MD5 of what it holds.
    pub(super) fn finish(mut self) -> io::Result<[u8; 16]> {
        self.out.flush()?;
        let draft = self.path.with_extension(DRAFT);
        self.unfinished.settle(|| fs::rename(draft, &self.path))?;
        Ok(self.out.finish())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes on, and sums up what it wrote.
struct Summed<W: Write> {
    out: W,
    sum: Md5,
}

impl<W: Write> Summed<W> {
    fn new(out: W) -> Self {
        Summed { out, sum: Md5::new() }
    }

    /// The MD5 of all that was written.
    fn finish(self) -> [u8; 16] {
        self.sum.finalize().into()
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn sum_of(path: &Path) -> io::Result<[u8; 16]> {
    let mut sum = Summed::new(io::sink());
    io::copy(&mut File::open(path)?, &mut sum)?;
    Ok(sum.finish())
}
