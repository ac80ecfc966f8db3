//! A plain table of results: what the CSV files and charts are made from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Time};

/// Significant digits of a real number: more than any simulated figure
/// deserves, fewer than would show a difference in the last bit.
const DIGITS: usize = 9;

/// One value of a [`Table`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// A count.
    Int(i64),
    /// A measurement; NaN and infinities are written as an empty cell.
    Num(f64),
    /// A name.
    Text(String),
    /// Nothing was measured.
    Empty,
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_finite() { Cell::Num(value) } else { Cell::Empty }
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Cell::Int(value as i64)
    }
}

/// Seconds to the nanosecond: a real cell keeps nine digits only.
impl From<Time> for Cell {
    fn from(at: Time) -> Self {
        Cell::Text(at.to_string().trim_end_matches('s').to_owned())
    }
}

/// As a time.
impl From<Duration> for Cell {
    fn from(span: Duration) -> Self {
        (Time::ZERO + span).into()
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Cell::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Empty, Into::into)
    }
}

impl fmt::Display for Cell {
    /// As it stands in a CSV file. Integers are written as they are; reals with at
    /// most nine significant digits, in plain decimals from 1e-5 up to 1e15 and as
    /// `1.2e-07` elsewhere; nothing measured is empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Int(value) => value.fmt(f),
            Cell::Num(value) => f.write_str(&format_real(*value)),
            Cell::Text(text) => f.write_str(text),
            Cell::Empty => Ok(()),
        }
    }
}

/// A real number with at most nine significant digits; empty if not finite.
fn format_real(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let scientific = format!("{value:.*e}", DIGITS - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    // Rounded first, so that 9.9999999999e14 counts as the 1e15 that it becomes.
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = all.trim_end_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    match exponent {
        0..15 => {
            let point = exponent as usize + 1;
            if digits.len() <= point {
                format!("{sign}{digits:0<point$}")
            } else {
                format!("{sign}{}.{}", &digits[..point], &digits[point..])
            }
        }
        -5..0 => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let exponent_sign = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{first}{point}{rest}e{exponent_sign}{:02}", exponent.abs())
        }
    }
}

/// Named columns and rows of cells; every row has a cell for each column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The header.
    pub columns: Vec<String>,
    /// The rows, in the order in which they are written.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Table { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a cell for each column");
        self.rows.push(row);
    }

    /// The index of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}
