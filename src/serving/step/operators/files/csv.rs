//! Tables as CSV files.

use super::frame::{Column, Frame};

/// Reads the text of a CSV file with a line of names; a column with anything that is no
/// number is one of words.
pub(super) fn read(name: &str, text: &[u8]) -> Result<Frame, String> {
    let said = |error: &dyn std::fmt::Display| format!("{name}: {error}");
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let names: Vec<String> =
        reader.headers().map_err(|error| said(&error))?.iter().map(str::to_owned).collect();
    let records: Vec<csv::StringRecord> =
        reader.records().collect::<Result<_, _>>().map_err(|error| said(&error))?;
    if records.is_empty() {
        return Err(format!("{name}: there is no row"));
    }
    let mut columns = Vec::with_capacity(names.len());
    for (nth, column) in names.into_iter().enumerate() {
        let cells = || records.iter().map(|record| record.get(nth).unwrap_or_default());
        let numbers: Result<Vec<f64>, usize> =
            cells().enumerate().map(|(row, cell)| cell.parse().map_err(|_| row)).collect();
        let read = match numbers {
            Ok(numbers) => Column::Numbers(numbers),
            // The first is a number and another is not: a slip.
            Err(row) if row > 0 => {
                let cell = cells().nth(row).unwrap_or_default();
                return Err(format!(
                    "{name}, line {}: `{cell}` in the column `{column}` is no number",
                    row + 2
                ));
            }
            Err(_) => words(cells()),
        };
        columns.push((column, read));
    }
    Ok(Frame { name: name.to_owned(), rows: records.len(), columns })
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
