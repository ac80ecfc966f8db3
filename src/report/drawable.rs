//! What every kind of results has to show.

use std::path::Path;

use crate::experiment::charts::ThemeSpec;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section};

/// The manifest of a results folder, of whose files charts and a page can be made.
pub(super) trait Drawable {
    /// The colours of its charts, where no others are asked for.
    fn theme(&self) -> ThemeSpec {
        ThemeSpec::default()
    }

    /// The charts of the folder.
    ///
    /// # Errors
    /// If a table is not there or not as it was written.
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError>;

    /// The page of the folder, around its charts.
    ///
    /// # Errors
    /// If a table is not there or not as it was written.
    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError>;
}
