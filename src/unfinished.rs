//! Files and folders in the making, which must not stay if the process ends early.
//!
//! Whoever writes under a temporary name holds an [`Unfinished`]. What ends the process
//! at once (see `cli/interrupt.rs`) removes them all, and nobody can put one in its place
//! meanwhile: a destination gets what is whole, or nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static ALL: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn all() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set is whole whatever panicked beside it.
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file or folder that is removed if the process is told to end. When this is dropped it
/// is not removed, only no longer looked after.
#[derive(Debug)]
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    /// What is or will be at `path`.
    pub fn at(path: &Path) -> Self {
        all().insert(path.to_path_buf());
        Unfinished(path.to_path_buf())
    }

    /// Lets `place` put it where it belongs. The process does not end within that, so it
    /// should only rename.
    pub fn settle<R>(self, place: impl FnOnce() -> R) -> R {
        let mut all = all();
        let result = place();
        all.remove(&self.0);
        drop(all);
        result
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        all().remove(&self.0);
    }
}

/// Removes all that is unfinished. From then on whoever begins or settles something waits
/// for the guard, which is for who ends the process.
#[must_use]
pub(crate) fn remove_all() -> impl Drop {
    let all = all();
    for path in all.iter() {
        // Somebody may be writing into a folder at this moment: then it is not empty yet.
        for _ in 0..5 {
            let removed =
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            if !matches!(removed, Err(error) if error.kind() != io::ErrorKind::NotFound) {
                break;
            }
        }
    }
    all
}

/// Writes a file, or leaves what was there: neither a full disk nor the end of the process
/// must cost the old one.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let unfinished = Unfinished::at(&draft);
    let written =
        fs::write(&draft, bytes).and_then(|()| unfinished.settle(|| fs::rename(&draft, path)));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}
