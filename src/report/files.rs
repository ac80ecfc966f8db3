//! Files of a results folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::error::ReportError;

/// Writes a file, or leaves what was there: a full disk must not cost the old one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&draft);
        ReportError::io(path)(error)
    })
}

/// A name as part of a file's name.
pub fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    text.trim_start_matches('.').chars().map(plain).collect()
}
