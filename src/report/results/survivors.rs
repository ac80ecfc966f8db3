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

/// So many cases have a share each; of more the least and the most are told.
const NAMED: usize = 5;

/// What is to be said where these metrics are shown of all points.
pub(crate) fn notes<S: AsRef<str>>(points: &Table, metrics: &[S]) -> Vec<String> {
    let note = |those: &Those| {
        let shares = points.rows.iter().filter_map(|row| those.share(points, row));
        those.note(&shares.collect::<Vec<_>>())
    };
    concerned(metrics).filter_map(note).collect()
}

/// The same where cases are shown beside each other, which have names, and are rows of tables
/// of points.
pub(crate) fn notes_of_cases<S: AsRef<str>>(
    cases: &[(&str, &Table, &[Cell])],
    metrics: &[S],
) -> Vec<String> {
    let note = |those: &Those| {
        let share = |(name, points, row): &(&str, &Table, &[Cell])| {
            Some(((*name).to_owned(), those.share(points, row)?))
        };
        those.note_of_cases(&cases.iter().filter_map(share).collect::<Vec<_>>())
    };
    concerned(metrics).filter_map(note).collect()
}

/// The columns that tell of how many something is shown.
pub(crate) fn counts() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|those| those.counts).filter(|name| !name.is_empty())
}

/// Of whom some of these metrics are.
fn concerned<S: AsRef<str>>(metrics: &[S]) -> impl Iterator<Item = &'static Those> {
    ALL.iter().filter(|those| {
        let starts = |metric: &str| those.metrics.iter().any(|start| metric.starts_with(start));
        metrics.iter().map(AsRef::as_ref).any(starts)
    })
}

fn percent(share: f64) -> String {
    number_format::significant(share * 100.0, 2)
}

impl Those {
    /// Which part of those who came, and were not called off, came to an end in a row.
    fn share(&self, points: &Table, row: &[Cell]) -> Option<f64> {
        let [ended, came, unwanted] = self.counts.map(|name| points.column(name));
        let (ended, came) = (number(&row[ended?])?, number(&row[came?])?);
        let came = came - unwanted.and_then(|it| number(&row[it])).unwrap_or(0.0);
        (came > 0.0).then_some(ended / came)
    }

    fn note(&self, shares: &[f64]) -> Option<String> {
        let shares = || shares.iter().copied();
        let (least, most) = (shares().reduce(f64::min)?, shares().reduce(f64::max)?);
        if least >= NEARLY_ALL {
            return None;
        }
        let [least, most] = [least, most].map(percent);
        let share =
            if least == most { format!("{least} %") } else { format!("{least} to {most} %") };
        Some(format!("{} of the {share} {}", self.what, self.which))
    }

    fn note_of_cases(&self, shares: &[(String, f64)]) -> Option<String> {
        let of_all = self.note(&shares.iter().map(|(_, share)| *share).collect::<Vec<_>>())?;
        let [(name, first), others @ ..] = shares else { return None };
        if shares.len() > NAMED {
            return Some(of_all);
        }
        let first = format!("{} of the {} % {} ({name})", self.what, percent(*first), self.which);
        let others = others.iter().map(|(name, share)| format!(", {} % ({name})", percent(*share)));
        Some(first + &others.collect::<String>())
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

    #[test]
    fn cases_have_a_share_each_as_long_as_they_are_few() {
        let mut points = Table::new(["requests", "completed"]);
        for completed in [160.0, 460.0, 1000.0, 990.0, 1000.0, 1000.0] {
            points.push([1000.0, completed].map(Cell::from).to_vec());
        }
        let names = ["a", "b", "c", "d", "e", "f"];
        let cases: Vec<(&str, &Table, &[Cell])> =
            names.iter().zip(&points.rows).map(|(name, row)| (*name, &points, &row[..])).collect();
        let told = |cases: &[(&str, &Table, &[Cell])]| notes_of_cases(cases, &["e2e_p99_s"]);
        assert_eq!(
            told(&cases[..3]),
            ["times of the 16 % of requests that were answered (a), 46 % (b), 100 % (c)"]
        );
        assert_eq!(told(&cases), ["times of the 16 to 100 % of requests that were answered"]);
        assert_eq!(told(&cases[2..]), [""; 0]);
        assert_eq!(notes_of_cases(&cases, &["cost_usd"]), [""; 0]);
    }
}
