//! The rows of a run's `requests.csv` and `attempts.csv`, as anybody would read them.

use std::collections::HashMap;

/// A table of texts.
#[derive(Debug, Default)]
pub struct Rows {
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

/// One of its rows.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    columns: &'r HashMap<String, usize>,
    cells: &'r [String],
}

impl Rows {
    /// Those of a file with these columns, its header left out.
    pub fn read(columns: &[&str], text: &[u8]) -> Self {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
        let named = |(at, name): (usize, &&str)| ((*name).to_owned(), at);
        Rows {
            columns: columns.iter().enumerate().map(named).collect(),
            rows: reader
                .records()
                .map(|row| row.expect("a row").iter().map(ToOwned::to_owned).collect())
                .collect(),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> + Clone {
        let Rows { columns, rows } = self;
        rows.iter().map(move |cells| Row { columns, cells })
    }
}

impl<'r> Row<'r> {
    /// A cell as it stands there.
    pub fn text(&self, column: &str) -> &'r str {
        let at = self.columns.get(column).unwrap_or_else(|| panic!("no column {column}"));
        &self.cells[*at]
    }

    /// A number, if there is one.
    pub fn value(&self, column: &str) -> Option<f64> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: {text}")))
    }

    /// A number; 0 where there is none.
    pub fn number(&self, column: &str) -> f64 {
        self.value(column).unwrap_or(0.0)
    }

    /// Whether the cell is 1.
    pub fn is(&self, column: &str) -> bool {
        self.text(column) == "1"
    }

    /// An instant in nanoseconds, exact.
    pub fn nanos(&self, column: &str) -> u64 {
        let text = self.text(column);
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let whole: u64 = whole.parse().unwrap_or_else(|_| panic!("{column}: {text}"));
        whole * 1_000_000_000 + format!("{part:0<9}").parse::<u64>().expect("nine digits")
    }
}
