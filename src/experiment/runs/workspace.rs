//! Where runs are kept until all of them are done.
//!
//! Next to the results folder `NAME` stands `.NAME.partial`: the finished runs with
//! their checksums. When every run is there, the results are made in a folder within
//! it, which is then renamed. A shard's `.NAME.shard-1-of-4.partial` is itself
//! renamed when it has all of its runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::manifest::{SHARD_MANIFEST, ShardManifest};
use super::shard::Shard;
use super::store::{Store, WorkspaceError, io_at};
use crate::experiment::prepare::resolved::Resolved;
use crate::unfinished::Unfinished;

/// The folder of an unfinished experiment.
#[derive(Debug)]
pub struct Workspace {
    partial: PathBuf,
    target: PathBuf,
    shard: Shard,
    store: Store,
    dropped: usize,
    /// What must not stay if the process ends: the folder of results in the making, or
    /// all of this where it has no runs to keep.
    unfinished: Mutex<Option<Unfinished>>,
    passing: Option<Unfinished>,
    /// Held until the end. The system lets go of it when the process dies, however
    /// it dies.
    _lock: File,
}

const HASH: &str = "experiment.hash";
const LOCK: &str = "lock";
const REPLACED: &str = "replaced";
const STAGING: &str = "results";
const MANIFEST: &str = "manifest.yaml";

impl Workspace {
    /// Opens `.NAME.partial` in `out`. With `resume`, sound runs of the same
    /// experiment (by `hash`) are kept; all others are removed.
    ///
    /// # Errors
    /// If the folder cannot be written, is in use, or `out/NAME` is something
    /// else.
    pub fn open(out: &Path, name: &str, hash: &str, resume: bool) -> Result<Self, WorkspaceError> {
        Self::open_folder(out, name, (MANIFEST, Shard::WHOLE), hash, resume)
    }

    /// Opens the folder of a shard, `.NAME.shard-1-of-4.partial`. With `resume`, a
    /// finished shard is opened again, to run what was damaged since.
    ///
    /// # Errors
    /// As [`Workspace::open`].
    pub fn open_shard(
        out: &Path,
        resolved: &Resolved,
        shard: Shard,
        resume: bool,
    ) -> Result<Self, WorkspaceError> {
        let name = shard.folder(&resolved.name);
        let (target, partial) = (out.join(&name), partial(out, &name));
        if resume && !partial.exists() && holds(&target, &resolved.hash) {
            fs::rename(&target, &partial).map_err(io_at(&target))?;
        }
        Self::open_folder(out, &name, (SHARD_MANIFEST, shard), &resolved.hash, resume)
    }

    /// Opens the folder of results that are made at once, of no runs that were worth
    /// keeping: it does not stay when the process is told to end.
    ///
    /// # Errors
    /// As [`Workspace::open`].
    pub fn open_passing(out: &Path, name: &str) -> Result<Self, WorkspaceError> {
        let mut workspace = Self::open(out, name, "", false)?;
        workspace.passing = Some(Unfinished::at(&workspace.partial));
        Ok(workspace)
    }

    fn open_folder(
        out: &Path,
        name: &str,
        (manifest, shard): (&'static str, Shard),
        hash: &str,
        resume: bool,
    ) -> Result<Self, WorkspaceError> {
        let target = out.join(name);
        let ours = is_ours(&target.join(manifest)) || is_empty_dir(&target);
        if target.exists() && !ours {
            return Err(WorkspaceError::NotOurs { folder: target, manifest });
        }
        let partial = partial(out, name);
        fs::create_dir_all(&partial).map_err(io_at(&partial))?;
        let lock = lock(&partial)?;
        let mut dropped = 0;
        if resume && holds(&partial, hash) {
            remove_dir(&partial.join(REPLACED))?;
        } else {
            dropped = Store::open(&partial)?.kept();
            clear(&partial)?;
            let path = partial.join(HASH);
            fs::write(&path, hash).map_err(io_at(&path))?;
        }
        let store = Store::open(&partial)?;
        store.remove_drafts()?;
        let (unfinished, passing) = (Mutex::default(), None);
        Ok(Workspace { partial, target, shard, store, dropped, unfinished, passing, _lock: lock })
    }

    /// Whether `out/NAME` holds the finished results of the experiment `hash`. What
    /// making them may have left is removed.
    pub fn is_published(out: &Path, name: &str, hash: &str) -> bool {
        let manifest = fs::read_to_string(out.join(name).join(MANIFEST)).unwrap_or_default();
        let published = manifest.lines().any(|line| line == format!("hash: {hash}"));
        if published && partial(out, name).exists() {
            // In use or not to be removed: it does no harm.
            let _ = Workspace::open(out, name, hash, true).and_then(Workspace::discard);
        }
        published
    }

    /// The folder of the records, to tell the user.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The runs that are done.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How many finished runs of an interrupted experiment were there and are dropped:
    /// it was another one, or they were not to be kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Which runs of the experiment are to be done here.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// A new empty folder for the results in the making.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn staging(&self) -> Result<PathBuf, WorkspaceError> {
        let staging = self.partial.join(STAGING);
        remove_dir(&staging)?;
        let unfinished = Some(Unfinished::at(&staging));
        *self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = unfinished;
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
        let unfinished = Unfinished::at(&staging);
        unfinished.settle(|| {
            self.set_aside()?;
            fs::rename(&staging, &self.target).map_err(io_at(&self.target))
        })?;
        fs::remove_dir_all(&self.partial).map_err(io_at(&self.partial))?;
        Ok(self.target)
    }

    /// Puts the finished runs of a shard in the place of earlier ones. Returns the
    /// shard's folder.
    ///
    /// # Errors
    /// If a file cannot be written, or a folder not be renamed or removed.
    pub fn publish_shard(self, manifest: &ShardManifest) -> Result<PathBuf, WorkspaceError> {
        let path = self.partial.join(SHARD_MANIFEST);
        let unfinished = Unfinished::at(&path);
        fs::write(&path, manifest.to_yaml()).map_err(io_at(&path))?;
        unfinished.settle(|| {
            self.set_aside()?;
            fs::rename(&self.partial, &self.target).map_err(io_at(&self.target))
        })?;
        remove_dir(&self.target.join(REPLACED))?;
        let lock = self.target.join(LOCK);
        fs::remove_file(&lock).map_err(io_at(&lock))?;
        Ok(self.target)
    }

    /// Moves earlier results out of the way.
    fn set_aside(&self) -> Result<(), WorkspaceError> {
        let aside = self.partial.join(REPLACED);
        remove_dir(&aside)?;
        if self.target.exists() {
            fs::rename(&self.target, &aside).map_err(io_at(&self.target))?;
        }
        Ok(())
    }

    /// Removes the folder with all that it holds.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(self) -> Result<(), WorkspaceError> {
        fs::remove_dir_all(&self.partial).map_err(io_at(&self.partial))
    }
}

/// Whether a manifest is one that windtunnel wrote: all kinds begin with the name and
/// the version.
fn is_ours(manifest: &Path) -> bool {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let keys: Vec<&str> =
        text.lines().take(2).filter_map(|it| Some(it.split_once(": ")?.0)).collect();
    keys == ["name", "version"]
}

/// The folder of an unfinished experiment or shard.
pub(super) fn partial(out: &Path, name: &str) -> PathBuf {
    out.join(format!(".{name}.partial"))
}

/// Whether a folder's runs are of the experiment `hash`.
fn holds(folder: &Path, hash: &str) -> bool {
    fs::read_to_string(folder.join(HASH)).is_ok_and(|known| known == hash)
}

fn lock(folder: &Path) -> Result<File, WorkspaceError> {
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(io_at(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(WorkspaceError::InUse(folder.to_path_buf())),
        // Some file systems of clusters know no locks (Lustre without `-o flock`).
        Err(fs::TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {
            Ok(lock)
        }
        Err(fs::TryLockError::Error(source)) => Err(io_at(&path)(source)),
    }
}

fn clear(folder: &Path) -> Result<(), WorkspaceError> {
    for entry in fs::read_dir(folder).map_err(io_at(folder))? {
        let path = entry.map_err(io_at(folder))?.path();
        if path.file_name().is_some_and(|name| name == LOCK) {
            continue;
        }
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .map_err(io_at(&path))?;
    }
    Ok(())
}

fn remove_dir(path: &Path) -> Result<(), WorkspaceError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_at(path)(error)),
        _ => Ok(()),
    }
}

fn is_empty_dir(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
