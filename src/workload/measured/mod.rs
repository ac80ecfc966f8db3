//! What a real server did, request by request: the rows that `windtunnel calibrate` fits to
//! and `windtunnel compare --measured` holds results against.
//!
//! [`read`] takes CSV with a header, or a JSON object a line, whose columns say their unit in
//! their names: `arrival_s,input_tokens,output_tokens,ttft_ms,tpot_ms,e2e_ms`. A row may also be
//! the mean over many requests of the same lengths, of which so many are under way at all times:
//! `concurrency,input_tokens,output_tokens,ttft_mean_ms,tpot_mean_ms`. A reader of another
//! format makes the same rows and hands them to [`MeasuredFile::new`].

mod columns;
mod error;
mod of_log;
mod read;
mod row;

use std::path::Path;

use sha2::{Digest, Sha256};

pub use error::MeasuredError;
pub use read::read;
pub use row::Measured;

/// The requests of one measurement, in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredFile {
    /// The file's name without its folder.
    pub name: String,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
    /// When it was measured, if the file says so.
    pub date: Option<String>,
    /// By arrival, the first at 0; the file's order among equal times.
    pub rows: Vec<Measured>,
    /// What of the file is not used.
    pub notes: Vec<String>,
}

impl MeasuredFile {
    /// From the rows of the file at `path`, whose bytes are `bytes`; their arrivals may be on
    /// any clock.
    ///
    /// # Errors
    /// If there are no rows, or none that was completed.
    pub fn new(path: &Path, bytes: &[u8], rows: Vec<Measured>) -> Result<Self, MeasuredError> {
        let refuse = |why: &str| {
            Err(MeasuredError::Unusable { file: path.to_path_buf(), why: why.to_owned() })
        };
        if rows.is_empty() {
            return refuse("there are no requests in it");
        }
        if !rows.iter().any(|row| row.completed) {
            return refuse("none of its requests was completed, so that there are no times");
        }
        let mut rows = rows;
        rows.sort_by_key(|row| row.arrival);
        let first = rows[0].arrival;
        for row in &mut rows {
            row.arrival = row.arrival.saturating_sub(first);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = Sha256::digest(bytes).iter().fold(String::new(), |text, byte| {
            use std::fmt::Write as _;
            let mut text = text;
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(MeasuredFile { name, sha256, date: None, rows, notes: Vec::new() })
    }

    /// Whether its rows are means over many requests, with so many under way at all times.
    pub fn is_of_loads(&self) -> bool {
        self.rows.iter().any(|row| row.concurrency.is_some())
    }

    /// Requests that were completed.
    pub fn completed(&self) -> usize {
        self.rows.iter().filter(|row| row.completed).count()
    }
}
