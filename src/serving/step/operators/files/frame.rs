//! A table as it was read: columns of numbers and of words.

/// Rows of a file, column by column.
#[derive(Debug, Default)]
pub(in crate::serving::step::operators) struct Frame {
    /// The file, for messages.
    pub name: String,
    /// How many rows there are.
    pub rows: usize,
    pub columns: Vec<(String, Column)>,
}

/// A column.
#[derive(Debug)]
pub(in crate::serving::step::operators) enum Column {
    Numbers(Vec<f64>),
    /// The nth of these words in each row.
    Words {
        words: Vec<String>,
        of_row: Vec<u32>,
    },
}

/// A name that a column has; the tables' versions do not agree on all.
const ALSO: [(&str, &str); 2] =
    [("num_key_value_heads", "num_kv_heads"), ("latency", "latency_ms")];

impl Frame {
    fn column(&self, name: &str) -> Option<&Column> {
        let of = |name: &str| self.columns.iter().find(|(it, _)| it == name);
        let also = || ALSO.iter().find(|(it, _)| *it == name).and_then(|(_, also)| of(also));
        of(name).or_else(also).map(|(_, column)| column)
    }

    /// Whether it has a column.
    pub fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// There is no such column.
    pub fn numbers(&self, name: &str) -> Result<&[f64], String> {
        if let Some(Column::Numbers(numbers)) = self.column(name) {
            return Ok(numbers);
        }
        let there: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        Err(format!(
            "{}: no column `{name}` with numbers; the columns are {}",
            self.name,
            there.join(", ")
        ))
    }

    /// The rows, by their number, whose column `name` is `word`. A table without that column
    /// is all of one kind.
    pub fn keep(&self, rows: &mut Vec<usize>, name: &str, word: &str) {
        if let Some(Column::Words { words, of_row }) = self.column(name) {
            let nth = words.iter().position(|it| same(it, word));
            rows.retain(|row| nth.is_some_and(|nth| of_row[*row] as usize == nth));
        }
    }

    /// The rows whose column `name` is `number`.
    pub fn keep_number(&self, rows: &mut Vec<usize>, name: &str, number: u32) {
        if let Some(Column::Numbers(numbers)) = self.column(name) {
            rows.retain(|row| numbers[*row] == f64::from(number));
        }
    }

    /// All rows.
    pub fn all(&self) -> Vec<usize> {
        (0..self.rows).collect()
    }

    /// The words that a column has, in order.
    pub fn words(&self, name: &str) -> Vec<&str> {
        let Some(Column::Words { words, .. }) = self.column(name) else { return Vec::new() };
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.sort_unstable();
        words
    }

    /// Sizes of these rows in the columns `names`, and the microseconds that each took.
    ///
    /// # Errors
    /// A column is missing, a size is not whole, or a time is none.
    pub fn sizes<const N: usize>(
        &self,
        rows: &[usize],
        names: [&str; N],
    ) -> Result<Vec<([u64; N], f64)>, String> {
        let mut columns: [&[f64]; N] = [&[]; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.numbers(name)?;
        }
        let times = self.numbers("latency")?;
        let of_row = |row: &usize| {
            let mut sizes = [0; N];
            for ((size, column), name) in sizes.iter_mut().zip(columns).zip(names) {
                *size = self.whole(*row, name, column[*row])?;
            }
            let millis = times[*row];
            if !(millis > 0.0 && millis <= 1e6) {
                let place = self.place(*row);
                return Err(format!("{place}: a latency of {millis} ms, expected 0 to 1e6"));
            }
            Ok((sizes, millis * 1e3))
        };
        rows.iter().map(of_row).collect()
    }

    fn whole(&self, row: usize, name: &str, number: f64) -> Result<u64, String> {
        if (0.0..=1e12).contains(&number) && number.fract() == 0.0 {
            return Ok(number as u64);
        }
        Err(format!("{}: {name} is {number}, expected a whole number", self.place(row)))
    }

    fn place(&self, row: usize) -> String {
        // The first line has the columns' names.
        format!("{}, row {} (line {} of a CSV file)", self.name, row + 1, row + 2)
    }
}

/// Whether two words are the same kind of number.
pub(in crate::serving::step::operators) fn same(one: &str, other: &str) -> bool {
    let plain = |word: &str| match word.to_ascii_lowercase().as_str() {
        "bf16" | "fp16" | "float16" | "half" => "bfloat16".to_owned(),
        word => word.to_owned(),
    };
    plain(one) == plain(other)
}
