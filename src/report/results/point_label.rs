//! What a point of a sweep is called.

use crate::experiment::sweep::VARIANT;
use crate::report::display_names;
use crate::report::results::columns::show;
use crate::stats::{Cell, Table};

/// A point in words: its name and what tells it from others of that name, or its swept
/// values; nothing where nothing is swept.
pub(crate) fn point_in_words(points: &Table, row: usize, swept: &[String]) -> String {
    let cell = |path: &str| {
        let index = points.column(path);
        show(index.map_or(&Cell::Empty, |index| &points.rows[row][index]))
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

#[cfg(test)]
mod tests {
    use super::*;

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
