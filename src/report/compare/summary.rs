//! The table at the end of a comparison.

use std::fmt::Write as _;

use comfy_table::CellAlignment;

use crate::report::compare::differences::{Comparison, Verdict};
use crate::report::display_names::metric_value;
use crate::report::results::estimates::even_half;
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::{display_names, number_format};
use crate::stats::Estimate;

/// The most rows; the others are in `comparison.csv`.
const ROWS: usize = 40;

/// The comparison as a table, what it is to be read as, and what to beware of.
pub fn comparison_summary(rows: &[Comparison], beware: &[String], terminal: Terminal) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let pair = |row: &Comparison| (row.at.clone(), row.a.clone(), row.b.clone());
    let several = rows.iter().any(|row| pair(row) != pair(first));
    let mut grid = grid(terminal);
    let mut header = Vec::new();
    if several {
        header.push("compared".to_owned());
    }
    let means =
        if several { ["A".to_owned(), "B".to_owned()] } else { [first.a.clone(), first.b.clone()] };
    header.push("metric".to_owned());
    header.extend(means);
    header.extend(["difference", "relative", "p (Holm)", "effect", "verdict"].map(str::to_owned));
    grid.set_header(header);
    for row in rows.iter().take(ROWS) {
        let mut cells = Vec::new();
        if several {
            cells.push(compared(row));
        }
        cells.extend(shown(row));
        grid.add_row(cells);
    }
    let from = usize::from(several) + 1;
    for column in grid.column_iter_mut().skip(from).take(6) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = lines(&grid, terminal);
    if rows.len() > ROWS {
        let _ = writeln!(text, "... and {} more rows in comparison.csv", rows.len() - ROWS);
    }
    let _ = writeln!(text, "{}", reading(rows));
    for note in beware {
        let _ = writeln!(text, "{note}");
    }
    text
}

/// Which cases a row compares.
fn compared(row: &Comparison) -> String {
    if row.at.is_empty() { format!("{} > {}", row.a, row.b) } else { row.at.clone() }
}

fn shown(row: &Comparison) -> Vec<String> {
    let it = &row.difference;
    let value = |value: f64| metric_value(&row.metric, value);
    let unknown = || "-".to_owned();
    let share = |value: f64| signed(number_format::percent(value.abs()), value);
    let relative = row.relative();
    let Estimate { mean, low, high } = relative;
    let relative = match even_half(&relative) {
        _ if !mean.is_finite() => unknown(),
        Some(half) => {
            format!("{} ± {} %", share(mean), number_format::significant(100.0 * half, 2))
        }
        None if high > low => format!("{} ({} to {})", share(mean), share(low), share(high)),
        None => share(mean),
    };
    let number = |value: f64, digits: i32| {
        if value.is_finite() { number_format::significant(value, digits) } else { unknown() }
    };
    let p = match row.p_holm {
        p if p.is_nan() => unknown(),
        p if p < 0.001 => "< 0.001".to_owned(),
        p => format!("{p:.3}"),
    };
    vec![
        display_names::metric(&row.metric),
        value(it.mean_a),
        value(it.mean_b),
        signed(value(it.difference.abs()), it.difference),
        relative,
        p,
        number(it.effect, 2),
        row.verdict().words().to_owned(),
    ]
}

fn signed(text: String, value: f64) -> String {
    match value {
        value if value > 0.0 => format!("+{text}"),
        value if value < 0.0 => format!("-{text}"),
        _ => text,
    }
}

/// What kind of numbers these are, and what they show in all.
fn reading(rows: &[Comparison]) -> String {
    let count =
        |verdict: fn(Verdict) -> bool| rows.iter().filter(|row| verdict(row.verdict())).count();
    let real = count(|it| matches!(it, Verdict::Higher | Verdict::Lower));
    let few = count(|it| it == Verdict::TooFew);
    let paired = rows.iter().filter(|row| row.paired).count();
    let method = match paired {
        0 => "independent runs (Welch's t)",
        all if all == rows.len() => "runs on the same random numbers, paired",
        _ => "runs on the same random numbers paired, others by Welch's t",
    };
    let mut text = match real {
        0 => "no difference shown".to_owned(),
        1 => "1 difference shown".to_owned(),
        real => format!("{real} differences shown"),
    };
    let _ =
        write!(text, " of {} compared; {method}; 95 % intervals, p corrected by Holm", rows.len());
    if few > 0 {
        let _ = write!(text, "; {few} with too few runs to tell: more --replications");
    }
    text
}
