//! Measured requests from CSV with a header, or from a JSON object a line.

use std::fs;
use std::path::Path;

use indexmap::IndexSet;

use super::columns::{Column, Field, find};
use super::row::Measured;
use super::{MeasuredError, MeasuredFile};
use crate::kernel::Duration;
use crate::workload::TraceError;
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::trace::{
    Status, TraceLines, TracePosition, TraceTable, count, json, open_bytes, parse_trace_stamp,
    typed_rows,
};

/// A TTFT may exceed the whole time by so much, as clocks are read one after the other.
const SLACK: f64 = 1e-3;

/// Reads the measured requests at `path`; gzip and zstd are unpacked.
///
/// # Errors
/// If the file cannot be read, a column or a value is missing or makes no sense, or no
/// request in it was completed.
pub fn read(path: &Path) -> Result<MeasuredFile, MeasuredError> {
    let (position, _) = open_bytes(path)?;
    let bytes = fs::read(path).map_err(|error| position.io(error))?;
    if let Some((rows, notes)) = super::of_log::read(path)? {
        let mut file = MeasuredFile::new(path, &bytes, rows)?;
        file.notes = notes;
        return Ok(file);
    }
    let table = if begins_with_brace(path)? { objects(path)? } else { rows_of_csv(path)? };
    let (columns, unused) = find(&table.header)
        .map_err(|why| TracePosition { line: 1, ..position.clone() }.format(why))?;
    let mut rows = Vec::with_capacity(table.rows.len());
    let mut date = None;
    for (line, fields) in &table.rows {
        let at = TracePosition { line: *line, ..position.clone() };
        let (row, day) = row(&columns, fields).map_err(|why| at.bad_row(why))?;
        rows.push(row);
        date = date.or(day);
    }
    let mut file = MeasuredFile::new(path, &bytes, rows)?;
    file.date = date;
    if !unused.is_empty() {
        file.notes.push(format!(
            "columns of {} that are not used: {}",
            file.name,
            unused.join(", ")
        ));
    }
    Ok(file)
}

/// The cells of a file as texts.
struct Cells {
    header: Vec<String>,
    /// Each row's line, and its cells; `None` where a row has none.
    rows: Vec<(u64, Vec<Option<String>>)>,
}

fn begins_with_brace(path: &Path) -> Result<bool, TraceError> {
    let mut lines = TraceLines::open(path)?;
    Ok(lines.advance_to_text()? && lines.line().trim_ascii_start().first() == Some(&b'{'))
}

fn rows_of_csv(path: &Path) -> Result<Cells, TraceError> {
    let mut table = TraceTable::open(path, None)?;
    let header = table.header().to_vec();
    let mut rows = Vec::new();
    while table.advance()? {
        let cell = |at| {
            let text = String::from_utf8_lossy(table.field(at));
            (!text.is_empty()).then(|| text.into_owned())
        };
        rows.push((table.position().line, (0..header.len()).map(cell).collect()));
    }
    Ok(Cells { header, rows })
}

fn objects(path: &Path) -> Result<Cells, TraceError> {
    let mut lines = TraceLines::open(path)?;
    let mut header = IndexSet::<String>::new();
    let mut objects = Vec::new();
    while lines.advance_to_text()? {
        let mut fields = json::Fields::new();
        let read = json::read_object(lines.line(), &mut fields);
        read.map_err(|why| lines.position().bad_row(why))?;
        // Numbers and other values as they are written.
        let mut cells = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let (at, _) = header.insert_full(name.into_owned());
            if value.get() != "null" {
                let text = json::text(value).map_err(|why| lines.position().bad_row(why))?;
                cells.push((at, text.trim().to_owned()));
            }
        }
        objects.push((lines.position().line, cells));
    }
    let width = header.len();
    let row = |(line, cells): (u64, Vec<(usize, String)>)| {
        let mut all = vec![None; width];
        for (at, text) in cells {
            all[at] = Some(text).filter(|text| !text.is_empty());
        }
        (line, all)
    };
    let rows = objects.into_iter().map(row).collect();
    Ok(Cells { header: header.into_iter().collect(), rows })
}

/// A row of its cells, and its day, if its arrival is a date.
fn row(columns: &[Column], cells: &[Option<String>]) -> Result<(Measured, Option<String>), String> {
    let column = |field: Field| columns.iter().find(|it| it.field == field);
    let text = |field: Field| column(field).and_then(|it| Some((it, cells[it.at].as_deref()?)));
    let need = |field: Field| {
        text(field).ok_or_else(|| {
            format!("`{}` is empty", column(field).map_or("?", |it| it.name.as_str()))
        })
    };
    let seconds = |field: Field| text(field).map(|(it, text)| seconds(it, text)).transpose();
    let whole = |field: Field| {
        let (column, text) = need(field)?;
        count(text.as_bytes()).filter(|count| *count > 0).ok_or_else(|| {
            format!("{} is `{text}`: expected a whole number from 1 to {MAX_TOKENS}", column.name)
        })
    };
    let alone = column(Field::Arrival).is_some();
    let concurrency = (!alone).then(|| whole(Field::Concurrency)).transpose()?;
    let (at, day) = if alone {
        let (arrival, sent) = need(Field::Arrival)?;
        stamp(arrival, sent)?
    } else {
        (Duration::ZERO, None)
    };
    let mut it = Measured {
        arrival: at,
        concurrency,
        model: text(Field::Model).map(|(_, name)| name.to_owned()),
        ttft_s: seconds(Field::Ttft)?,
        tpot_s: seconds(Field::Tpot)?,
        e2e_s: seconds(Field::E2e)?,
        ..Measured::default()
    };
    let failed = text(Field::Error)
        .is_some_and(|(it, error)| Status::of(&it.name, error).is_failed())
        || text(Field::Status).is_some_and(|(it, status)| Status::of(&it.name, status).is_failed())
        || text(Field::Output).is_none_or(|(_, text)| text == "0")
        || [it.ttft_s, it.tpot_s, it.e2e_s].iter().all(Option::is_none);
    if failed {
        return Ok((it, day));
    }
    it.completed = true;
    it.input_tokens = whole(Field::Input)?;
    it.output_tokens = whole(Field::Output)?;
    let it = it.with_what_follows();
    if let (Some(ttft), Some(e2e)) = (it.ttft_s, it.e2e_s)
        && ttft > e2e * (1.0 + SLACK) + SLACK
    {
        return Err(format!(
            "its first token came after {ttft} s, later than its last after {e2e} s: are the \
             units in the columns' names right?"
        ));
    }
    Ok((it, day))
}

fn seconds(column: &Column, text: &str) -> Result<f64, String> {
    let value = typed_rows::finite(text.as_bytes()).filter(|value| *value >= 0.0);
    let value = value
        .ok_or_else(|| format!("{} is `{text}`: expected a number of 0 or more", column.name))?;
    Ok(value * column.unit.unwrap_or(1.0))
}

/// When a request was sent, and the day, if it is a date.
fn stamp(column: &Column, text: &str) -> Result<(Duration, Option<String>), String> {
    let refuse = || {
        format!(
            "{} is `{text}`: expected a number of 0 or more, or a time such as \
             2026-01-31T12:00:00Z",
            column.name
        )
    };
    if text.as_bytes().get(4) == Some(&b'-') {
        let nanos = parse_trace_stamp(text.as_bytes()).ok_or_else(refuse)?;
        return Ok((Duration(nanos), text.get(..10).map(str::to_owned)));
    }
    let seconds = seconds(column, text).map_err(|_| refuse())?;
    if seconds >= 9e9 {
        return Err(refuse());
    }
    Ok((Duration::from_secs_f64(seconds), None))
}
