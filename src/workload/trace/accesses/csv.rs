//! Rows with a header, such as `time,key,size`.

use std::io::Read;
use std::path::Path;

use super::ReadOptions;
use super::builder::{Access, Builder, KeyOf};
use super::columns::{
    self, Column, Columns, KEY_NAMES, SIZE_NAMES, TIME_NAMES, bad_size, bad_time, names, time,
};
use crate::workload::trace::formats::log::TimeUnit;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::number::whole_number;
use crate::workload::trace::input::shown;
use crate::workload::trace::input::table::Table;

/// Which field of a row is which.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload::trace) struct Places {
    pub time: Option<usize>,
    pub key: usize,
    pub size: Option<usize>,
}

/// Reads all rows.
pub(super) fn read(
    input: &mut impl Read,
    path: &Path,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<(), TraceError> {
    let columns = &options.columns;
    let mut table = if columns.by_place() {
        Table::without_header(input, path, options.delimiter)?
    } else {
        Table::new(input, path, options.delimiter)?
    };
    let places = find(columns, &table)
        .map_err(|why| table.position().format(format!("{why} (see --columns)")))?;
    if !columns.by_place() {
        let used = [places.time, Some(places.key), places.size];
        let header = table.header().iter().enumerate();
        let others = header.filter(|(at, _)| !used.contains(&Some(*at)));
        builder.note(others.map(|(_, name)| name.as_str()));
    }
    while !builder.is_full() {
        match table.advance() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                builder.refuse(error)?;
                continue;
            }
        }
        match parse(&table, places, options.unit) {
            Ok(access) => builder.push(access)?,
            Err(why) => builder.bad_row(table.position().line, why)?,
        }
    }
    Ok(())
}

#[inline]
fn parse<R: Read>(table: &Table<R>, places: Places, unit: TimeUnit) -> Result<Access<'_>, String> {
    let field = |place: usize| table.field(place);
    let key = field(places.key);
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    let (mut at, mut size) = (None, 1);
    if let Some(place) = places.time {
        let found = field(place);
        at = Some(time(found, unit).ok_or_else(|| bad_time("the time", &shown(found)))?);
    }
    if let Some(place) = places.size {
        let found = field(place);
        size = columns::size(found).ok_or_else(|| bad_size("the size", &shown(found)))?;
    }
    Ok(Access { time: at, key: whole_number(key).map_or(KeyOf::Text(key), KeyOf::Number), size })
}

/// Finds the columns in the header.
pub(in crate::workload::trace) fn find<R: Read>(
    columns: &Columns,
    table: &Table<R>,
) -> Result<Places, String> {
    let width = table.header().len();
    let place = |role: &str, column: Option<&Column>, usual: &[&str]| match column {
        Some(Column::Place(place)) if *place < width => Ok(Some(*place)),
        Some(Column::Place(place)) => {
            Err(format!("the {role} is said to be in column {}, but there are {width}", place + 1))
        }
        _ => {
            let wanted = names(column, usual);
            let found = wanted.iter().find_map(|name| table.column(name));
            if found.is_some() || (column.is_none() && role != "key") || columns.by_place() {
                return Ok(found);
            }
            let all = wanted.join("`, `");
            let there_are = table.there_are(wanted[0]);
            Err(format!("no column `{all}` for the {role} among {there_are}"))
        }
    };
    Ok(Places {
        time: place("time", columns.time.as_ref(), TIME_NAMES)?,
        key: place("key", columns.key.as_ref(), KEY_NAMES)?.unwrap_or(0),
        size: place("size", columns.size.as_ref(), SIZE_NAMES)?,
    })
}
