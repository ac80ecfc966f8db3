//! Tables as CSV files, the same bytes for the same values everywhere.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use crate::report::error::ReportError;
use crate::stats::{Cell, Table};

/// Writes a table with a header line and LF line ends.
///
/// Integers are written as they are; reals with at most nine significant
/// digits, in plain decimals from 1e-5 up to 1e15 and as `1.2e-07` elsewhere;
/// nothing measured is an empty cell.
///
/// # Errors
/// Whatever the file system says.
pub fn write_table(path: &Path, table: &Table) -> io::Result<()> {
    write_rows(BufWriter::new(File::create(path)?), table)
}

fn write_rows(to: impl Write, table: &Table) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(&table.columns)?;
    for row in &table.rows {
        writer.write_record(row.iter().map(Cell::to_string))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)?.flush()
}

/// The same as a text.
pub fn table_text(table: &Table) -> String {
    let mut bytes = Vec::new();
    // Nothing fails in memory.
    let _ = write_rows(&mut bytes, table);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a table that [`write_table`] wrote. Text that reads as a number comes
/// back as one, and a whole real number as an integer.
///
/// # Errors
/// If the file cannot be read, or a row has not as many cells as the header.
pub fn read_table(path: &Path) -> Result<Table, ReportError> {
    let mut reader = open(path)?;
    let header = reader.headers().map_err(ReportError::csv(path))?;
    let mut table = Table::new(header.iter());
    for row in reader.records() {
        let row = row.map_err(ReportError::csv(path))?;
        table.push(row.iter().map(read_cell).collect());
    }
    Ok(table)
}

/// A reader of one table; for those that need not hold all of it.
pub(crate) fn open(path: &Path) -> Result<csv::Reader<BufReader<File>>, ReportError> {
    let file = File::open(path).map_err(ReportError::io(path))?;
    Ok(csv::Reader::from_reader(BufReader::with_capacity(1 << 16, file)))
}

/// A cell from how it stands in the file.
pub(crate) fn read_cell(text: &str) -> Cell {
    if text.is_empty() {
        return Cell::Empty;
    }
    if !is_number(text) {
        return Cell::Text(text.to_owned());
    }
    if let Ok(value) = text.parse() {
        return Cell::Int(value);
    }
    match text.parse() {
        // A whole number that is no integer here is an id.
        Ok(value) if f64::is_finite(value) && text.contains(['.', 'e']) => Cell::Num(value),
        _ => Cell::Text(text.to_owned()),
    }
}

/// Whether this is a number as we write it, rather than a name that looks like one, such as
/// `007`, `4.10`, `12e5` or an id of twenty digits.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "+00"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "1"));
    let sign_and_exponent = exponent.split_at_checked(1);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && (whole.len() == 1 || mantissa.len() == text.len())
        && digits(fraction)
        && !fraction.ends_with('0')
        && sign_and_exponent.is_some_and(|(sign, exponent)| {
            matches!(sign, "+" | "-") && exponent.len() >= 2 && digits(exponent)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reals_have_one_spelling() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333"),
            (2e9 / 3.0, "666666667"),
            (123_456_789_012.0, "123456789000"),
            (1e-5, "0.00001"),
            (0.000_012_345, "0.000012345"),
            (1.2e-7, "1.2e-07"),
            (9.999_999_999_9e-6, "0.00001"),
            (9.999_999_999_9e14, "1e+15"),
            (999_999_999e6, "999999999000000"),
            (-2.5e300, "-2.5e+300"),
            (f64::MIN_POSITIVE / 4.0, "5.56268465e-309"),
            (f64::NAN, ""),
            (f64::NEG_INFINITY, ""),
        ] {
            assert_eq!(Cell::Num(value).to_string(), text, "{value:e}");
        }
    }

    #[test]
    fn names_made_of_digits_stay_names() {
        for name in ["007", "1e", "+5", "nan", "inf", "1.", ".5", "1e999", "0x1", "--1", "1e5.0"]
            .into_iter()
            .chain(["4.10", "12e5", "1.50e-07", "1e5", "99999999999999999999", "1.0"])
        {
            assert_eq!(read_cell(name), Cell::from(name));
        }
        assert_eq!(read_cell("-12"), Cell::Int(-12));
        assert_eq!(read_cell("1.2e-07"), Cell::Num(1.2e-7));
        assert_eq!(read_cell("13.192700061"), Cell::Num(13.192_700_061));
        assert_eq!(read_cell("-1.5"), Cell::Num(-1.5));
        assert_eq!(read_cell("1e+15"), Cell::Num(1e15));
    }

    #[test]
    fn a_row_of_the_wrong_length_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("points.csv");
        std::fs::write(&path, "a,b\n1,2\n3\n").unwrap();
        let message = read_table(&path).unwrap_err().to_string();
        assert!(message.contains("points.csv") && message.contains("line: 3"), "{message}");
    }

    fn cells() -> impl Strategy<Value = Cell> {
        prop_oneof![
            any::<i64>().prop_map(Cell::Int),
            any::<f64>().prop_map(Cell::from),
            (-1e6..1e6).prop_map(Cell::Num),
            "[a-z,\"\n é;=]{1,8}".prop_map(Cell::Text),
            Just(Cell::Empty),
        ]
    }

    fn same(written: &Cell, read: &Cell) -> bool {
        let number = |cell: &Cell| match cell {
            Cell::Int(value) => Some(*value as f64),
            Cell::Num(value) => Some(*value),
            _ => None,
        };
        match (written, read) {
            (Cell::Num(x), _) => {
                let tolerance = (x.abs() * 5.001e-9).max(f64::MIN_POSITIVE);
                number(read).is_some_and(|y| (x - y).abs() <= tolerance || !(x - y).is_finite())
            }
            _ => written == read,
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            rows in prop::collection::vec(prop::collection::vec(cells(), 3), 0..20),
        ) {
            let mut table = Table::new(["a", "b,c", "d"]);
            table.rows = rows;
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("t.csv");
            write_table(&path, &table).unwrap();
            let read = read_table(&path).unwrap();
            prop_assert_eq!(&read.columns, &table.columns);
            prop_assert_eq!(read.rows.len(), table.rows.len());
            for (written, read) in table.rows.iter().flatten().zip(read.rows.iter().flatten()) {
                prop_assert!(same(written, read), "{:?} came back as {:?}", written, read);
            }
            // And once more changes nothing.
            let bytes = std::fs::read(&path).unwrap();
            prop_assert!(!bytes.contains(&b'\r'));
            write_table(&path, &read).unwrap();
            prop_assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
}
