//! Tables as CSV files.

use std::path::Path;

use super::frame::{Column, Frame};
use crate::workload::{TraceTable, typed_rows};

/// Reads the text of a CSV file with a line of names; a column with anything that is no
/// number is one of words.
pub(super) fn read(name: &str, text: &[u8]) -> Result<Frame, String> {
    let mut table =
        TraceTable::new(text, Path::new(name), None).map_err(|error| error.to_string())?;
    let names = table.header().to_vec();
    // Each row's line, and its cells.
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    while table.advance().map_err(|error| error.to_string())? {
        let cell = |at| String::from_utf8_lossy(table.field(at)).into_owned();
        rows.push((table.position().line, (0..names.len()).map(cell).collect()));
    }
    if rows.is_empty() {
        return Err(format!("{name}: there is no row"));
    }
    let mut columns = Vec::with_capacity(names.len());
    for (nth, column) in names.into_iter().enumerate() {
        let cells = || rows.iter().map(|(_, cells)| cells[nth].as_str());
        let numbers: Result<Vec<f64>, usize> = cells()
            .enumerate()
            .map(|(row, cell)| typed_rows::finite(cell.as_bytes()).ok_or(row))
            .collect();
        let read = match numbers {
            Ok(numbers) => Column::Numbers(numbers),
            // The first is a number and another is not: a slip.
            Err(row) if row > 0 => {
                let (line, cells) = &rows[row];
                let cell = &cells[nth];
                return Err(format!(
                    "{name}:{line}: `{cell}` in the column `{column}` is no number"
                ));
            }
            Err(_) => words(cells()),
        };
        columns.push((column, read));
    }
    Ok(Frame { name: name.to_owned(), rows: rows.len(), columns })
}

fn words<'a>(cells: impl Iterator<Item = &'a str>) -> Column {
    let mut words: Vec<String> = Vec::new();
    let of_row = cells.map(|cell| {
        let known = words.iter().position(|it| it == cell);
        known.unwrap_or_else(|| {
            words.push(cell.to_owned());
            words.len() - 1
        }) as u32
    });
    let of_row = of_row.collect();
    Column::Words { words, of_row }
}
