//! What is to be known of the cases before their differences are believed.

use crate::report::compare::cases::Cases;
use crate::report::compare::differences::Comparison;
use crate::report::results::overloaded::is_overloaded;
use crate::report::results::survivors;
use crate::stats::{Cell, Table};

/// So many cases are named.
const NAMED: usize = 3;

/// Which cases are overloaded, and of how many the times are that are compared.
pub fn comparison_notes(cases: &Cases, rows: &[Comparison]) -> Vec<String> {
    let metrics: Vec<&str> = rows.iter().map(|row| row.metric.as_str()).collect();
    let all: Vec<(&str, &Table, &[Cell])> = cases.points().collect();
    let overloaded = all.iter().filter(|(_, points, row)| is_overloaded(points, row));
    let names: Vec<&str> = overloaded.map(|(name, ..)| *name).collect();
    let mut notes: Vec<String> = overload(&names, all.len()).into_iter().collect();
    notes.extend(survivors::notes_of_cases(&all, &metrics));
    notes
}

fn overload(names: &[&str], cases: usize) -> Option<String> {
    const MANY: &str = "what they cost and how long they take depend on the duration";
    match names {
        [] => None,
        [one] => Some(format!(
            "{one} is overloaded: what it costs and how long it takes depend on the duration"
        )),
        [first @ .., last] if names.len() <= NAMED => {
            Some(format!("{} and {last} are overloaded: {MANY}", first.join(", ")))
        }
        _ => Some(format!(
            "{} of {cases} cases are overloaded ({}, ...): {MANY}",
            names.len(),
            names[..NAMED].join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overloaded_cases_are_named_as_long_as_they_are_few() {
        assert_eq!(overload(&[], 2), None);
        let told = |names: &[&str]| overload(names, 9).expect("a note");
        assert!(told(&["a"]).starts_with("a is overloaded: what it costs"));
        assert!(told(&["a", "b"]).starts_with("a and b are overloaded: what they cost"));
        assert!(told(&["a", "b", "c"]).starts_with("a, b and c are overloaded:"));
        let many = told(&["a", "b", "c", "d"]);
        assert!(many.starts_with("4 of 9 cases are overloaded (a, b, c, ...):"), "{many}");
    }
}
