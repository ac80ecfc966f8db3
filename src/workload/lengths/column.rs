//! Lengths as a file has them.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{Problems, nearest};
use crate::workload::data_paths::{DataPaths, NotFound};
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::trace::{TraceError, TraceLines, TraceTable, json};

/// Lengths from a column of a CSV file with a header, or from a field of JSON lines;
/// plain, gzip or zstd. Each row is as likely as any other; rows without a value are
/// none, and a length of 0 counts as 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnSpec {
    /// The file; looked for where traces are.
    pub file: PathBuf,
    /// The column's (or field's) name.
    pub column: String,
    /// The lengths, once they are read.
    #[serde(skip)]
    values: Option<Sorted>,
}

/// Lengths in order, shortest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted(Arc<[u32]>);

/// What is wrong, in which field, and what to do about it.
pub(super) type Wrong = (&'static str, String, Option<String>);

impl ColumnSpec {
    /// Reports names that are missing.
    pub fn check(&self, problems: &mut Problems) {
        if self.file.as_os_str().is_empty() {
            problems.at("file", |p| p.error("expected the name of a file"));
        }
        if self.column.is_empty() {
            problems.at("column", |p| p.error("expected the name of a column"));
        }
    }

    /// Reads the file, unless that is done.
    pub(super) fn read(&mut self, paths: &DataPaths) -> Result<(), Wrong> {
        if self.values.is_some() {
            return Ok(());
        }
        let nowhere = |missing: NotFound| ("file", missing.to_string(), Some(missing.help()));
        let file = paths.find(&self.file, "azure-2023").map_err(nowhere)?;
        let mut values = read(&file, &self.column).map_err(|error| {
            let field = if matches!(error, TraceError::Format { .. }) { "column" } else { "file" };
            (field, error.to_string(), None)
        })?;
        values.sort_unstable();
        self.values = Some(Sorted(values.into()));
        Ok(())
    }

    /// The lengths, once they are read.
    pub(super) fn values(&self) -> Option<Sorted> {
        self.values.clone()
    }
}

impl Sorted {
    /// The length at `u` of the way from the shortest to the longest.
    #[inline]
    pub(super) fn pick(&self, u: f64) -> u32 {
        let at = (u * self.0.len() as f64) as usize;
        self.0[at.min(self.0.len() - 1)]
    }

    pub(super) fn mean(&self) -> f64 {
        self.0.iter().map(|tokens| f64::from(*tokens)).sum::<f64>() / self.0.len() as f64
    }
}

/// All values of a column.
fn read(file: &FilePath, column: &str) -> Result<Vec<u32>, TraceError> {
    let mut lines = TraceLines::open(file)?;
    if !lines.advance_to_text()? {
        return Err(lines.position().empty());
    }
    let values = if lines.line().trim_ascii_start().starts_with(b"{") {
        of_objects(lines, column)?
    } else {
        drop(lines);
        of_rows(file, column)?
    };
    if values.is_empty() {
        return Err(TraceError::Empty { file: file.to_path_buf(), skipped: 0 });
    }
    Ok(values)
}

/// From the first object on, to which `lines` has come.
fn of_objects(mut lines: TraceLines, column: &str) -> Result<Vec<u32>, TraceError> {
    let mut values = Vec::new();
    let mut is_first = true;
    loop {
        let mut fields = json::Fields::new();
        let bad = |why| lines.position().bad_row(why);
        json::read_object(lines.line(), &mut fields).map_err(bad)?;
        if is_first && !fields.iter().any(|(name, _)| *name == column) {
            let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
            return Err(lines.position().format(unknown(column, &names)));
        }
        is_first = false;
        let text = json::field(&fields, column).map_or(Ok("".into()), |value| json::text(value));
        let text = text.map_err(bad)?;
        values.extend(tokens(&text).map_err(|why| lines.position().bad_row(why))?);
        if !lines.advance_to_text()? {
            return Ok(values);
        }
    }
}

fn of_rows(file: &FilePath, column: &str) -> Result<Vec<u32>, TraceError> {
    let mut table = TraceTable::open(file, None)?;
    let Some(place) = table.column(column) else {
        return Err(table.position().format(table.unknown_column(column)));
    };
    let mut values = Vec::new();
    while table.advance()? {
        let text = String::from_utf8_lossy(table.field(place));
        values.extend(tokens(&text).map_err(|why| table.position().bad_row(why))?);
    }
    Ok(values)
}

fn unknown(column: &str, names: &[&str]) -> String {
    let near = nearest(column, names.iter().copied());
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    let shown: String = names.join(",").chars().take(200).collect();
    format!("there is no column `{column}` among `{shown}`{near}")
}

/// The nearest whole number of tokens, at least 1; none where there is no value.
fn tokens(text: &str) -> Result<Option<u32>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(tokens) if (0.0..=f64::from(MAX_TOKENS)).contains(&tokens) => {
            Ok(Some(((tokens + 0.5) as u32).max(1)))
        }
        _ => {
            let shown: String = text.chars().take(40).collect();
            Err(format!("`{shown}` is no length: expected a number from 0 to {MAX_TOKENS}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str, column: &str) -> Result<ColumnSpec, Wrong> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let paths = DataPaths { folders: vec![folder.path().to_path_buf()] };
        let mut spec =
            ColumnSpec { file: name.into(), column: column.to_owned(), ..ColumnSpec::default() };
        spec.read(&paths)?;
        Ok(spec)
    }

    const ROWS: &str = "\u{feff}a,len\r\n\"x,y\",30\r\nz,\r\nz,10.0\r\nz,20\r\nz,0\r\n";
    const OBJECTS: &str = "{\"len\": 30}\n{\"a\": 1}\n\n{\"len\": \"10\"}\n{\"len\": 20.4}\n\
                           {\"len\": null}\n{\"len\": 0}\n";

    #[test]
    fn a_greater_variate_picks_a_longer_one_each_equally_often() {
        for (name, text) in [("l.csv", ROWS), ("l.jsonl", OBJECTS)] {
            let values = of(name, text, "len").unwrap().values().unwrap();
            let picked = [0.01, 0.24, 0.26, 0.49, 0.51, 0.74, 0.76, 0.99].map(|u| values.pick(u));
            assert_eq!(picked, [1, 1, 10, 10, 20, 20, 30, 30], "{name}");
            assert_eq!(values.mean(), 15.25);
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        for (text, column, field, complaint) in [
            (
                ROWS,
                "lenn",
                "column",
                "l.csv:1: there is no column `lenn` among `a,len`; did you mean `len`?",
            ),
            (OBJECTS, "le", "column", "l.csv:1: there is no column `le` among `len`; did you mean"),
            ("len\n5\nfive\n", "len", "file", "l.csv:3: `five` is no length"),
            ("len\n-5\n", "len", "file", "l.csv:2: `-5` is no length"),
            ("a,len\n5\n", "len", "file", "l.csv:2: expected 2 fields, found 1"),
            ("{\"len\": 1}\n{\n", "len", "file", "l.csv:2: expected a JSON object"),
            ("len\n", "len", "file", "no rows"),
            ("", "len", "file", "no rows"),
        ] {
            let (found, message, _) = of("l.csv", text, column).unwrap_err();
            assert!(found == field && message.contains(complaint), "{text}: {found}: {message}");
        }
        let (field, message, help) = ColumnSpec { file: "no.csv".into(), ..ColumnSpec::default() }
            .read(&DataPaths::default())
            .unwrap_err();
        assert_eq!((field, message.as_str()), ("file", "`no.csv` was not found"));
        assert!(help.unwrap().contains("WINDTUNNEL_DATA"));
    }
}
