//! Where runs are kept until all of them are done.
//!
//! Next to the results folder `NAME` stands `.NAME.partial`: a record per
//! finished run, each written whole and with a checksum. When every run is
//! there, the results are made in a folder within it, which is then renamed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::system::RunTables;

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
    /// Another process has it.
    #[error("`{}` is in use by another windtunnel; wait for it, or choose another folder with --out", .0.display())]
    InUse(PathBuf),
    /// It holds something else.
    #[error("`{}` is not a results folder of windtunnel (it has no manifest.yaml) and is left alone; choose another with --out", .0.display())]
    NotOurs(PathBuf),
    /// A record is not there although all runs are done.
    #[error("the record of run {0} is gone")]
    Lost(usize),
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError + '_ {
    move |source| WorkspaceError::Io { path: path.to_path_buf(), source }
}

/// A finished run as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its results.
    pub tables: RunTables,
    /// Wall time in seconds; for `timing.csv` only.
    pub wall_s: f64,
}

/// The folder of an unfinished experiment.
#[derive(Debug)]
pub struct Workspace {
    partial: PathBuf,
    target: PathBuf,
    /// Held until the end.
    _lock: File,
}

const HASH: &str = "experiment.hash";
const STAGING: &str = "results";

impl Workspace {
    /// Opens `.NAME.partial` in `out`. With `resume`, records of the same
    /// experiment (by `hash`) are kept; all others are removed.
    ///
    /// # Errors
    /// If the folder cannot be written, is in use, or `out/NAME` is something
    /// else.
    pub fn open(out: &Path, name: &str, hash: &str, resume: bool) -> Result<Self, WorkspaceError> {
        let target = out.join(name);
        let strange =
            target.exists() && !target.join("manifest.yaml").exists() && !is_empty_dir(&target);
        if strange {
            return Err(WorkspaceError::NotOurs(target));
        }
        let partial = out.join(format!(".{name}.partial"));
        fs::create_dir_all(&partial).map_err(io_at(&partial))?;
        let lock_path = partial.join("lock");
        let lock = File::create(&lock_path).map_err(io_at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(WorkspaceError::InUse(partial)),
            Err(fs::TryLockError::Error(source)) => return Err(io_at(&lock_path)(source)),
        }
        let workspace = Workspace { partial, target, _lock: lock };
        if !(resume && workspace.holds(hash)) {
            workspace.clear()?;
            let path = workspace.partial.join(HASH);
            fs::write(&path, hash).map_err(io_at(&path))?;
        }
        Ok(workspace)
    }

    /// Whether the records are of the experiment `hash`.
    fn holds(&self, hash: &str) -> bool {
        fs::read_to_string(self.partial.join(HASH)).is_ok_and(|known| known == hash)
    }

    /// Whether `out/NAME` holds the finished results of the experiment `hash`.
    pub fn is_published(out: &Path, name: &str, hash: &str) -> bool {
        let manifest = fs::read_to_string(out.join(name).join("manifest.yaml")).unwrap_or_default();
        manifest.lines().any(|line| line == format!("hash: {hash}"))
    }

    fn clear(&self) -> Result<(), WorkspaceError> {
        for entry in fs::read_dir(&self.partial).map_err(io_at(&self.partial))? {
            let path = entry.map_err(io_at(&self.partial))?.path();
            if path.file_name().is_some_and(|name| name == "lock") {
                continue;
            }
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .map_err(io_at(&path))?;
        }
        Ok(())
    }

    /// The folder of the records, to tell the user.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    fn record_path(&self, run: usize) -> PathBuf {
        self.partial.join(format!("run-{run}.bin"))
    }

    /// Where run `run`'s rows of `requests.csv` are kept.
    pub fn requests_path(&self, run: usize) -> PathBuf {
        self.partial.join(format!("requests-{run}.csv"))
    }

    /// Where run `run`'s trace events are kept.
    pub fn trace_path(&self, run: usize) -> PathBuf {
        self.partial.join(format!("trace-{run}.json"))
    }

    /// Keeps a finished run: its checksum and its bytes, renamed when whole.
    ///
    /// # Errors
    /// If the file cannot be written.
    ///
    /// # Panics
    /// Never: a record is plain data.
    pub fn keep(&self, run: usize, record: &Record) -> Result<(), WorkspaceError> {
        let body = postcard::to_stdvec(record).expect("a record is plain data");
        let mut bytes = Md5::digest(&body).to_vec();
        bytes.extend(body);
        let path = self.record_path(run);
        let draft = path.with_extension("draft");
        fs::write(&draft, bytes).map_err(io_at(&draft))?;
        fs::rename(&draft, &path).map_err(io_at(&path))
    }

    /// The kept run, if there is a sound record of it; a damaged one counts as
    /// none.
    pub fn recall(&self, run: usize) -> Option<Record> {
        let bytes = fs::read(self.record_path(run)).ok()?;
        let (sum, body) = bytes.split_at_checked(16)?;
        if Md5::digest(body).as_slice() != sum {
            return None;
        }
        postcard::from_bytes(body).ok()
    }

    /// A new empty folder for the results in the making.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn staging(&self) -> Result<PathBuf, WorkspaceError> {
        let staging = self.partial.join(STAGING);
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(io_at(&staging))?;
        }
        fs::create_dir(&staging).map_err(io_at(&staging))?;
        Ok(staging)
    }

    /// Puts the staged results in the place of earlier ones and removes the
    /// records. Returns the results folder.
    ///
    /// # Errors
    /// If a folder cannot be renamed or removed.
    pub fn publish(self) -> Result<PathBuf, WorkspaceError> {
        let staging = self.partial.join(STAGING);
        let old = self.partial.join("replaced");
        if self.target.exists() {
            fs::rename(&self.target, &old).map_err(io_at(&self.target))?;
        }
        fs::rename(&staging, &self.target).map_err(io_at(&self.target))?;
        fs::remove_dir_all(&self.partial).map_err(io_at(&self.partial))?;
        Ok(self.target)
    }

    /// Removes the folder with all that it holds.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(self) -> Result<(), WorkspaceError> {
        fs::remove_dir_all(&self.partial).map_err(io_at(&self.partial))
    }
}

fn is_empty_dir(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
