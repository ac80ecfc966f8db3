//! The charts of a results folder, whatever made it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::experiment::charts::ThemeSpec;
use crate::report::compare::manifest::ComparisonManifest;
use crate::report::draw::{Format, draw};
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::experiment::Finished;
use crate::report::manifest::{FILE, FolderManifest};
use crate::report::measured::manifest::MeasuredManifest;
use crate::report::replay::manifest::ReplayManifest;
use crate::report::search::manifest::SearchManifest;
use crate::report::trace::manifest::TraceManifest;

/// The kinds of results that are not an experiment's.
const KINDS: [Kind; 5] = [
    Kind::of::<ReplayManifest>(),
    Kind::of::<SearchManifest>(),
    Kind::of::<ComparisonManifest>(),
    Kind::of::<TraceManifest>(),
    Kind::of::<MeasuredManifest>(),
];

/// Reads the manifest of a kind of results, given its path.
type Read = fn(&str, &Path) -> Result<Box<dyn Drawable>, String>;

/// A kind of results.
struct Kind {
    is_named_in: fn(&str) -> bool,
    read: Read,
}

impl Kind {
    const fn of<M: FolderManifest + Drawable + 'static>() -> Self {
        Kind {
            is_named_in: M::is_named_in,
            read: |text, path| Ok(Box::new(M::from_yaml(text, path)?)),
        }
    }
}

/// What a results folder holds.
fn open(dir: &Path) -> Result<Box<dyn Drawable>, ReportError> {
    let path = dir.join(FILE);
    // What cannot be read is told of as an experiment's.
    let text = fs::read_to_string(&path).unwrap_or_default();
    match KINDS.iter().find(|kind| (kind.is_named_in)(&text)) {
        Some(kind) => (kind.read)(&text, &path).map_err(ReportError::Manifest),
        None => Ok(Box::new(Finished::read(dir)?)),
    }
}

/// Draws the charts of a finished results folder: those that its experiment
/// names, or the default ones; or those of a replay, a comparison, a
/// search, or traces. Without a theme, in the experiment's own.
///
/// # Errors
/// If it is not a results folder, a table or a column that a chart needs is missing, or a
/// file cannot be written.
pub fn redraw(
    dir: &Path,
    formats: &[Format],
    theme: Option<ThemeSpec>,
) -> Result<Vec<PathBuf>, ReportError> {
    let results = open(dir)?;
    let theme = theme.unwrap_or(results.theme());
    let figures = results.figures(dir)?;
    draw(dir, figures, formats, theme, |charts| results.page(dir, charts))
}
