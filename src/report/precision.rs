//! Warnings of points that are known less precisely than was asked for.

use super::human;
use super::results::number;
use super::steady::{few, name};
use crate::experiment::Experiment;
use crate::stats::Table;

/// Which points got the most replications and yet not the `precision` that was asked for,
/// and in which its metric was never measured.
pub fn precision_warnings(
    points: &Table,
    swept: &[String],
    experiment: &Experiment,
) -> Vec<String> {
    let Some(asked) = &experiment.precision else { return Vec::new() };
    let (metric, relative) = (&asked.metric, asked.relative.get());
    let most = experiment.replicated().most() as f64;
    let mut all = Vec::new();
    for (index, row) in points.rows.iter().enumerate() {
        let cell = |name: &str| points.column(name).and_then(|index| number(&row[index]));
        let runs = cell("replications").unwrap_or(most);
        let named = name(points, index, swept);
        let Some(mean) = cell(metric) else {
            all.push(format!(
                "{named} never measured {metric}: `precision` cannot tell, and stopped at {runs:.0} \
                 replications"
            ));
            continue;
        };
        let half = cell(&format!("{metric}_ci95"));
        if runs < most || half.is_some_and(|half| half <= relative * mean.abs()) {
            continue;
        }
        let known = match half {
            Some(half) if mean != 0.0 => {
                format!("to within {} of its mean", human::percent(half / mean.abs()))
            }
            _ => "less precisely".to_owned(),
        };
        all.push(format!(
            "{named} has the most replications, {runs:.0}, and knows {metric} {known}, not the {} \
             that `precision` asks for; raise `max`, or lengthen the run",
            human::percent(relative)
        ));
    }
    few(all, "are not as precise as was asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Cell;

    #[test]
    fn points_without_the_precision_that_was_asked_for_are_told() {
        let experiment: Experiment = serde_yaml::from_str(
            "{ replications: 3, precision: { metric: e2e_p99_s, relative: 0.1, max: 10 } }",
        )
        .expect("an experiment");
        let mut table =
            Table::new(["point", "a.rate", "replications", "e2e_p99_s", "e2e_p99_s_ci95"]);
        for (runs, mean, half) in
            [(6, 2.0, 0.19), (9, 2.0, 0.2), (9, 2.0, 0.5), (9, 2.0, f64::NAN), (3, f64::NAN, 0.0)]
        {
            let point = table.rows.len() as u64;
            let mut row = vec![Cell::from(point), Cell::from("20/s"), Cell::Int(runs)];
            row.extend([mean, half].map(Cell::from));
            table.push(row);
        }
        let found = precision_warnings(&table, &["a.rate".to_owned()], &experiment);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("point 2 (rate 20/s) has the most replications, 9, and"));
        assert!(found[0].contains("to within 25.0 % of its mean, not the 10.0 %"), "{}", found[0]);
        assert!(found[1].contains("less precisely"), "{}", found[1]);
        assert!(found[2].contains("never measured e2e_p99_s"), "{}", found[2]);
        let none = serde_yaml::from_str("replications: 3").expect("an experiment");
        assert_eq!(precision_warnings(&table, &[], &none), Vec::<String>::new());
    }
}
