//! Intervals of replications that differ in width, joined to the widest.
//!
//! Where a run's length is not known beforehand its intervals double as it goes on, in
//! each replication when it must. Only rows over the same stretch of time have a mean
//! over replications, so narrower ones are joined first.

use std::collections::BTreeMap;

use crate::report::error::ReportError;
use crate::report::results::aggregate::{Aggregation, Curve};
use crate::report::results::{Results, Wanted};

const FILE: &str = "timeline.csv";

/// The widest interval of several replications. Each begins at 0 with a whole interval,
/// so that the end of its first row is its width.
#[derive(Clone, Default)]
pub(crate) struct Widest(BTreeMap<String, f64>);

impl Widest {
    /// Takes note of a row; one that ends at 0 has no width.
    pub(crate) fn see(&mut self, replication: &str, end_s: f64) {
        if end_s <= 0.0 {
            return;
        }
        match self.0.get_mut(replication) {
            Some(first) => *first = first.min(end_s),
            None => {
                self.0.insert(replication.to_owned(), end_s);
            }
        }
    }

    /// In seconds; 0 without rows.
    pub(crate) fn width_s(&self) -> f64 {
        self.0.values().copied().fold(0.0, f64::max)
    }
}

/// The number, from 1, of the interval of a width that a row belongs to by its end.
pub(crate) fn number_of(end_s: f64, width_s: f64) -> u64 {
    if width_s > 0.0 {
        // Both have nine digits in the file.
        let intervals = end_s / width_s;
        libm::ceil(intervals - 1e-8 * intervals - 1e-6) as u64
    } else {
        0
    }
}

/// How a column's rows are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// What happened in all of them.
    Sum,
    /// The mean over their time.
    Mean,
    /// The mean over what another column, by its number, has per second.
    MeanOver(usize),
}

/// Rows of one thing, joined to a wide interval.
#[derive(Debug, PartialEq)]
pub(crate) struct Wide<K> {
    pub of: K,
    /// The interval's number.
    pub number: u64,
    /// The end of the last row.
    pub end_s: f64,
    /// For each column what is known of it.
    pub values: Vec<Option<f64>>,
    weights: Vec<f64>,
}

/// Joins the rows of things, each of which has its rows one after another in time.
pub(crate) struct Joiner<K> {
    hows: Vec<How>,
    open: Option<Wide<K>>,
}

impl<K: PartialEq> Joiner<K> {
    pub(crate) fn new(hows: Vec<How>) -> Self {
        Joiner { hows, open: None }
    }

    /// Adds a row; returns the interval before it, if the row begins another.
    pub(crate) fn row(
        &mut self,
        of: K,
        (end_s, width_s): (f64, f64),
        values: &[Option<f64>],
    ) -> Option<Wide<K>> {
        let number = number_of(end_s, width_s);
        let before = self.open.take().map(|open| {
            let follows = open.of == of && open.end_s < end_s;
            (open, follows)
        });
        let begin_s = match &before {
            Some((open, true)) => open.end_s,
            _ => 0.0,
        };
        let (mut open, closed) = match before {
            Some((open, true)) if open.number == number => (open, None),
            before => {
                let nothing = (vec![None; self.hows.len()], vec![0.0; self.hows.len()]);
                let new = Wide { of, number, end_s, values: nothing.0, weights: nothing.1 };
                (new, before.map(|(open, _)| open))
            }
        };
        open.end_s = end_s;
        open.join(&self.hows, end_s - begin_s, values);
        self.open = Some(open);
        closed
    }

    /// The last interval.
    pub(crate) fn finish(self) -> Option<Wide<K>> {
        self.open
    }
}

impl<K> Wide<K> {
    fn join(&mut self, hows: &[How], length_s: f64, values: &[Option<f64>]) {
        for (column, how) in hows.iter().enumerate() {
            let Some(value) = values[column] else { continue };
            let weight = match *how {
                How::Sum => {
                    *self.values[column].get_or_insert(0.0) += value;
                    continue;
                }
                How::Mean => length_s,
                How::MeanOver(other) => length_s * values[other].unwrap_or(0.0),
            };
            // What has a value counts, if ever so little.
            let weight = weight.max(f64::MIN_POSITIVE);
            self.weights[column] += weight;
            // Exact for a row alone.
            let mean = self.values[column].get_or_insert(0.0);
            *mean += (value - *mean) * (weight / self.weights[column]);
        }
    }
}

/// How a column of the timeline is joined, and over what it is a mean, if not over time.
fn joined(column: &str) -> (How, Option<&'static str>) {
    match column {
        "spend_usd" | "charged_usd" => (How::Sum, None),
        "e2e_mean_s" => (How::Mean, Some("completions_rps")),
        // Nearly all look-ups are of requests that have just come.
        "cache_hit_rate" => (How::Mean, Some("arrivals_rps")),
        _ => (How::Mean, None),
    }
}

impl Results<'_> {
    /// The curves of these points over virtual time, from the timeline: columns folded
    /// over replications, or of one of them, if only that is wanted.
    pub(crate) fn over_time(
        &self,
        columns: &[String],
        points: &[u64],
        replication: Option<u64>,
    ) -> Result<Vec<Curve>, ReportError> {
        let (read, hows) = self.to_join(columns);
        let wanted = Wanted { file: FILE, key: "time_s", values: &read, points, replication };
        let mut widest = vec![Widest::default(); points.len()];
        self.scan(&wanted, |row| widest[row.curve].see(row.replication, row.key))?;
        let widths: Vec<f64> = widest.iter().map(Widest::width_s).collect();
        let mut folding = Aggregation::new(points.len(), columns);
        let mut add = |mut wide: Wide<(usize, String)>| {
            wide.values.truncate(columns.len());
            let (curve, replication) = wide.of;
            folding.add(curve, &replication, wide.end_s, wide.values);
        };
        let mut joiner = Joiner::new(hows);
        self.scan(&wanted, |row| {
            let of = (row.curve, row.replication.to_owned());
            joiner.row(of, (row.key, widths[row.curve]), row.values).into_iter().for_each(&mut add);
        })?;
        joiner.finish().into_iter().for_each(&mut add);
        Ok(folding.finish())
    }

    /// The columns to read for these, which come first, and how each is joined.
    fn to_join(&self, columns: &[String]) -> (Vec<String>, Vec<How>) {
        let there = self.columns(FILE);
        let mut read = columns.to_vec();
        let mut hows = Vec::new();
        for column in columns {
            let (how, over) = joined(column);
            hows.push(match over.filter(|over| there.iter().any(|name| name == over)) {
                Some(over) => {
                    read.push(over.to_owned());
                    How::MeanOver(read.len() - 1)
                }
                None => how,
            });
        }
        hows.resize(read.len(), How::Mean);
        (read, hows)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::results::aggregate::Aggregate;

    fn curve(timeline: &str, columns: &[&str], replication: Option<u64>) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("points.csv"), "point\n0\n").expect("written");
        fs::write(dir.path().join(FILE), timeline).expect("written");
        let results = Results::open(dir.path(), &[], "").expect("results");
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let curves = results.over_time(&columns, &[0], replication).expect("curves");
        let fold = |fold: &Aggregate| fold.mean().map_or("-".to_owned(), |mean| mean.to_string());
        let place = |(end_s, folds): &(f64, Vec<Aggregate>)| {
            format!("{end_s}: {}", folds.iter().map(fold).collect::<Vec<_>>().join(" "))
        };
        curves[0].iter().map(place).collect()
    }

    /// Replication 0 has intervals of 1 s, replication 1 of 2 s.
    const UNLIKE: &str = "\
point,replication,time_s,completions_rps,spend_usd,e2e_mean_s
0,0,1,2,1,1
0,0,2,4,3,4
0,0,3,0,0,
0,1,2,5,6,3
0,1,4,1,2,2
";

    #[test]
    fn narrow_intervals_are_joined_before_the_mean_is_taken() {
        let columns = ["completions_rps", "spend_usd", "e2e_mean_s"];
        assert_eq!(curve(UNLIKE, &columns, None), ["2: 4 5 3", "4: 0.5 1 2"]);
    }

    #[test]
    fn one_replication_alone_keeps_its_intervals() {
        let rows = curve(UNLIKE, &["completions_rps", "e2e_mean_s"], Some(0));
        assert_eq!(rows, ["1: 2 1", "2: 4 4", "3: 0 -"]);
    }

    #[test]
    fn a_run_that_is_over_has_no_queue_in_the_rest_of_the_interval() {
        let text =
            "point,replication,time_s,queue\n0,0,1,0.1\n0,0,1.25,0.5\n0,1,1,0.1\n0,1,1.5,0.5\n";
        assert_eq!(curve(text, &["queue"], None), ["1: 0.1", "1.5: 0.375"]);
    }
}
