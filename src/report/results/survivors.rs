//! Times of those that came to an end, where many did not: what takes longest fails first,
//! so that such times look better than they are.

use crate::report::number_format;
use crate::report::results::columns::number;
use crate::stats::{Cell, Table};

/// Where less than this share came to an end, whatever shows how long it took says so.
pub(crate) const NEARLY_ALL: f64 = 0.95;

/// Who comes to an end, or does not.
struct Those {
    /// Beginnings of the names of metrics that only they have.
    metrics: &'static [&'static str],
    /// The column that counts them, that of all who came, and that of those who were not
    /// wanted any more, if there is one.
    counts: [&'static str; 3],
    what: &'static str,
    which: &'static str,
}

const ALL: [Those; 2] = [
    Those {
        metrics: &["e2e_", "ttft_", "tpot_", "itl_"],
        counts: ["completed", "requests", "called_off"],
        what: "times",
        which: "of requests that were answered",
    },
    Those {
        metrics: &["makespan_"],
        counts: ["workflows_completed", "workflows", ""],
        what: "makespan",
        which: "of workflows that completed",
    },
];

/// What is to be said where these metrics are shown of all points.
pub(crate) fn notes<S: AsRef<str>>(points: &Table, metrics: &[S]) -> Vec<String> {
    let concerns = |those: &&Those| {
        let starts = |metric: &str| those.metrics.iter().any(|start| metric.starts_with(start));
        metrics.iter().map(AsRef::as_ref).any(starts)
    };
    ALL.iter().filter(concerns).filter_map(|those| those.note(points)).collect()
}

impl Those {
    fn note(&self, points: &Table) -> Option<String> {
        let [ended, came, unwanted] = self.counts.map(|name| points.column(name));
        let (ended, came) = (ended?, came?);
        let share = |row: &Vec<Cell>| {
            let (ended, came) = (number(&row[ended])?, number(&row[came])?);
            let came = came - unwanted.and_then(|it| number(&row[it])).unwrap_or(0.0);
            (came > 0.0).then_some(ended / came)
        };
        let shares = || points.rows.iter().filter_map(share);
        let (least, most) = (shares().reduce(f64::min)?, shares().reduce(f64::max)?);
        if least >= NEARLY_ALL {
            return None;
        }
        let [least, most] = [least, most].map(|share| number_format::significant(share * 100.0, 2));
        let share =
            if least == most { format!("{least} %") } else { format!("{least} to {most} %") };
        Some(format!("{} of the {share} {}", self.what, self.which))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[[f64; 4]], metrics: &[&str]) -> Vec<String> {
        let mut points = Table::new(["requests", "completed", "workflows", "workflows_completed"]);
        for row in rows {
            points.push(row.map(Cell::from).to_vec());
        }
        notes(&points, metrics)
    }

    #[test]
    fn times_of_some_say_of_how_many() {
        let some = [[1000.0, 990.0, 100.0, 51.0]];
        assert_eq!(
            told(&some, &["cost_usd", "e2e_p99_s", "makespan_p99_s"]),
            ["makespan of the 51 % of workflows that completed"]
        );
        assert_eq!(told(&some, &["cost_usd", "e2e_p99_s"]), [""; 0]);
        let two = [[1000.0, 400.0, 0.0, 0.0], [1000.0, 1000.0, f64::NAN, f64::NAN]];
        assert_eq!(
            told(&two, &["e2e_p99_s", "ttft_p50_s", "makespan_p50_s"]),
            ["times of the 40 to 100 % of requests that were answered"]
        );
        assert_eq!(told(&two, &["failed_e2e_p99_s"]), [""; 0], "those that failed");
        let mut points = Table::new(["requests", "completed", "called_off"]);
        points.push([100.0, 50.0, 50.0].map(Cell::from).to_vec());
        assert_eq!(notes(&points, &["e2e_p99_s"]), [""; 0], "nobody wanted the others");
    }
}
