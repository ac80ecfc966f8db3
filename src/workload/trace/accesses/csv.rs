//! Rows with a header, such as `time,key,size`.

use std::io::BufRead;

use csv::{ByteRecord, ReaderBuilder};

use super::builder::{Access, Builder, KeyOf};
use super::columns::{
    Column, Columns, KEY_NAMES, SIZE_NAMES, TIME_NAMES, bad_size, bad_time, names, number, shown,
    time,
};
use crate::spec::nearest;
use crate::workload::trace::TraceError;

/// Which field of a row is which.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload::trace) struct Places {
    pub time: Option<usize>,
    pub key: usize,
    pub size: Option<usize>,
    /// Fields of a row.
    pub width: usize,
}

/// Reads all rows.
pub(super) fn read(
    input: &mut impl BufRead,
    columns: &Columns,
    builder: &mut Builder,
) -> Result<(), TraceError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(input);
    let mut row = ByteRecord::new();
    let mut places = None;
    while !builder.is_full() {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(builder.io(error.into())),
        }
        let line = row.position().map_or(0, csv::Position::line);
        let Some(found) = places else {
            let found = find(columns, &row)
                .map_err(|why| builder.format(line, format!("{why} (see --columns)")))?;
            places = Some(found);
            if columns.by_place() {
                push(&row, found, line, builder)?;
            }
            continue;
        };
        push(&row, found, line, builder)?;
    }
    Ok(())
}

#[inline]
fn push(
    row: &ByteRecord,
    places: Places,
    line: u64,
    builder: &mut Builder,
) -> Result<(), TraceError> {
    match parse(row, places) {
        Ok(access) => builder.push(access),
        Err(why) => builder.bad_row(line, why),
    }
}

#[inline]
fn parse(row: &ByteRecord, places: Places) -> Result<Access<'_>, String> {
    if row.len() != places.width {
        return Err(format!("expected {} fields, found {}", places.width, row.len()));
    }
    let field = |place: usize| row[place].trim_ascii();
    let key = field(places.key);
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    let (mut at, mut size) = (0.0, 1);
    if let Some(place) = places.time {
        at = time(field(place)).ok_or_else(|| bad_time("the time", &shown(field(place))))?;
    }
    if let Some(place) = places.size {
        let whole = number(field(place)).and_then(|size| u32::try_from(size).ok());
        size = whole.ok_or_else(|| bad_size("the size", &shown(field(place))))?;
    }
    Ok(Access { time: at, key: number(key).map_or(KeyOf::Text(key), KeyOf::Number), size })
}

/// Finds the columns in the first row.
pub(in crate::workload::trace) fn find(
    columns: &Columns,
    row: &ByteRecord,
) -> Result<Places, String> {
    let header: Vec<String> = row
        .iter()
        .map(|name| shown(name).trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    let place = |role: &str, column: Option<&Column>, usual: &[&str]| match column {
        Some(Column::Place(place)) if *place < row.len() => Ok(Some(*place)),
        Some(Column::Place(place)) => Err(format!(
            "the {role} is said to be in column {}, but there are {}",
            place + 1,
            row.len()
        )),
        _ => {
            let wanted = names(column, usual);
            let found = wanted.iter().find_map(|name| header.iter().position(|n| n == name));
            if found.is_some() || (column.is_none() && role != "key") || columns.by_place() {
                return Ok(found);
            }
            let near = nearest(wanted[0], header.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
            Err(format!(
                "no column `{}` for the {role} among `{}`{near}",
                wanted.join("`, `"),
                header.join(",")
            ))
        }
    };
    Ok(Places {
        time: place("time", columns.time.as_ref(), TIME_NAMES)?,
        key: place("key", columns.key.as_ref(), KEY_NAMES)?.unwrap_or(0),
        size: place("size", columns.size.as_ref(), SIZE_NAMES)?,
        width: row.len(),
    })
}
