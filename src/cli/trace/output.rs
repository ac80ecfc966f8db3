//! A trace that is written: what the verbs that write one have in common.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::{Failure, tell};
use crate::workload::trace::write::{Knows, TraceFormat, TraceWriter, WrittenRow};

/// A trace file in the making.
pub(super) struct Output {
    path: PathBuf,
    writer: TraceWriter,
}

impl Output {
    /// Begins it, in the format `to` or in that which its name tells.
    pub fn create(path: &Path, to: Option<TraceFormat>, knows: Knows) -> Result<Self, Failure> {
        let Some(format) = to.or_else(|| TraceFormat::of_file(path)) else {
            let names = TraceFormat::ALL.map(|(name, _)| name).join(", ");
            return Err(Failure::Input(format!(
                "error: the name `{}` does not tell in which format to write\n  \
                 = help: name it with --to, one of {names}",
                path.display()
            )));
        };
        let writer = TraceWriter::create(path, format, knows);
        let writer = writer.map_err(|error| failed(path, &error))?;
        Ok(Output { path: path.to_path_buf(), writer })
    }

    pub fn write(&mut self, row: &WrittenRow<'_>) -> Result<(), Failure> {
        self.writer.write(row).map_err(|error| failed(&self.path, &error))
    }

    pub fn rows(&self) -> u64 {
        self.writer.rows()
    }

    /// Puts the file in its place; says what it does not hold, besides `also`.
    pub fn finish(self, also: &[String]) -> Result<PathBuf, Failure> {
        let Output { path, writer } = self;
        let lost = writer.finish().map_err(|error| failed(&path, &error))?;
        for what in also.iter().chain(&lost) {
            tell(&format!("warning: `{}` does not hold {what}", path.display()));
        }
        Ok(path)
    }
}

/// A row that cannot be written is bad input; a file that cannot is a failed run.
fn failed(path: &Path, error: &io::Error) -> Failure {
    let message = format!("error: {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::InvalidInput => Failure::Input(message),
        _ => Failure::Run(format!("{message}\nnothing was written")),
    }
}
