//! What a point of a sweep is called.

use crate::experiment::sweep::VARIANT;
use crate::report::display_names;
use crate::report::results::columns::show;
use crate::report::results::dimension::Dimension;
use crate::stats::{Cell, Table};

/// A point in words: its name and what tells it from others of that name, or its swept
/// values; nothing where nothing is swept.
pub(crate) fn point_in_words(points: &Table, row: usize, swept: &[String]) -> String {
    let cell = |path: &str| {
        let Some(column) = points.column(path) else { return show(&Cell::Empty) };
        let cell = &points.rows[row][column];
        if !is_section(cell) {
            return show(cell);
        }
        // As legends call it.
        Dimension::new(path, points.rows.iter().map(|row| row[column].clone())).name_of(cell)
    };
    let value = |path: &String| format!("{} {}", display_names::shortest(path, swept), cell(path));
    let Some(variant) = points.column(VARIANT).filter(|_| swept.iter().any(|it| it == VARIANT))
    else {
        return swept.iter().map(value).collect::<Vec<_>>().join(", ");
    };
    let namesakes = || {
        let name = &points.rows[row][variant];
        points.rows.iter().filter(move |other| other[variant] == *name)
    };
    let differs = |path: &&String| {
        points.column(path).is_some_and(|column| {
            namesakes().any(|other| other[column] != points.rows[row][column])
        })
    };
    let others = swept.iter().filter(differs).map(value);
    std::iter::once(cell(VARIANT)).chain(others).collect::<Vec<_>>().join(", ")
}

/// Whether a cell holds a section of a file rather than a word or a number.
fn is_section(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.starts_with('{') || text == "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_called_as_in_legends() {
        let mut points = Table::new(["resilience", "b.rate"]);
        let more = r#"{"num_retries":3,"timeout":"5s"}"#;
        for row in [["null", "5/s"], [r#"{"num_retries":3}"#, "5/s"], [more, "9/s"]] {
            points.push(row.map(Cell::from).to_vec());
        }
        let swept = ["resilience", "b.rate"].map(str::to_owned);
        let words = [1, 2].map(|row| point_in_words(&points, row, &swept));
        assert_eq!(
            words,
            ["resilience retries 3, rate 5/s", "resilience retries 3, timeout 5s, rate 9/s"]
        );
    }

    #[test]
    fn a_named_point_says_what_tells_it_from_its_namesakes() {
        let mut points = Table::new([VARIANT, "a.ttl", "b.rate"]);
        for row in [["before", "1m", "5/s"], ["before", "1m", "9/s"], ["after", "1s", "5/s"]] {
            points.push(row.map(Cell::from).to_vec());
        }
        let swept = [VARIANT, "a.ttl", "b.rate"].map(str::to_owned);
        let words = [0, 1, 2].map(|row| point_in_words(&points, row, &swept));
        assert_eq!(words, ["before, rate 5/s", "before, rate 9/s", "after"]);
        let words = point_in_words(&points, 0, &swept[1..]);
        assert_eq!(words, "ttl 1m, rate 5/s");
    }
}
