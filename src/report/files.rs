//! Files of a results folder.

use std::path::Path;

use crate::report::error::ReportError;
use crate::unfinished;

/// Writes a file, or leaves what was there: a full disk must not cost the old one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    unfinished::write_whole(path, bytes).map_err(ReportError::io(path))
}

/// A name as part of a file's name.
pub fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    text.trim_start_matches('.').chars().map(plain).collect()
}
