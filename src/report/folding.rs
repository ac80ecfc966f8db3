//! Curves of several replications on the way to one. Replications of a timeline end at
//! different times: whoever is over has no more requests, rather than none to tell of.

use std::collections::BTreeMap;

use super::results::{Curve, Fold};

/// Averages over an interval of `timeline.csv` that are 0 when a run is over.
const AVERAGES: [&str; 6] =
    ["arrivals_rps", "completions_rps", "errors_rps", "in_flight", "queue", "utilization"];
/// Sums over an interval that are 0 when a run is over.
const SUMS: [&str; 1] = ["spend_usd"];

/// What becomes of a column when a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// It is an average, of nothing from then on.
    Average,
    /// It is a sum, to which nothing is added.
    Sum,
    /// Nobody can tell.
    Unknown,
}

/// A place of a replication's curve with what was measured there.
#[derive(Clone, Debug)]
struct Row {
    /// The place before it; 0 for the first.
    before: f64,
    at: f64,
    values: Vec<Option<f64>>,
}

/// A curve in the making, by the bits of the place: those of what is not negative are in
/// its order.
pub(super) type Places = BTreeMap<u64, Vec<Fold>>;

/// Curves in the making.
pub(super) struct Folding {
    after: Vec<After>,
    curves: Vec<Places>,
    /// The last row of each replication so far, by its curve.
    last: Vec<BTreeMap<String, Row>>,
}

impl Folding {
    pub(super) fn new(curves: usize, columns: &[String]) -> Self {
        let after = |column: &String| match column.as_str() {
            name if AVERAGES.contains(&name) => After::Average,
            name if SUMS.contains(&name) => After::Sum,
            _ => After::Unknown,
        };
        Folding {
            after: columns.iter().map(after).collect(),
            curves: vec![BTreeMap::new(); curves],
            last: vec![BTreeMap::new(); curves],
        }
    }

    /// Adds a row of a replication; places rise and are not negative.
    pub(super) fn add(
        &mut self,
        curve: usize,
        replication: &str,
        at: f64,
        values: Vec<Option<f64>>,
    ) {
        let at = at.abs();
        let last = &mut self.last[curve];
        match last.get_mut(replication) {
            None => {
                last.insert(replication.to_owned(), Row { before: 0.0, at, values });
            }
            Some(row) => {
                put(&mut self.curves[curve], row.at, &row.values);
                *row = Row { before: row.at, at, values };
            }
        }
    }

    /// The curves, each with its places in rising order.
    pub(super) fn finish(self) -> Vec<Curve> {
        let Folding { after, curves, last } = self;
        let finish = |(mut curve, last): (_, BTreeMap<String, Row>)| {
            let mut rows: Vec<Row> = last.into_values().collect();
            // Whoever goes on longest has the places of the others.
            rows.sort_by(|a, b| b.at.total_cmp(&a.at));
            for row in rows {
                end(&mut curve, row, &after);
            }
            rising(curve)
        };
        curves.into_iter().zip(last).map(finish).collect()
    }
}

/// The curve with its places in rising order.
pub(super) fn rising(curve: Places) -> Curve {
    curve.into_iter().map(|(key, folds)| (f64::from_bits(key), folds)).collect()
}

/// Adds what was measured at a place, which is not negative.
pub(super) fn put(curve: &mut Places, at: f64, values: &[Option<f64>]) {
    let folds = curve.entry(at.to_bits()).or_insert_with(|| vec![Fold::default(); values.len()]);
    for (fold, value) in folds.iter_mut().zip(values) {
        if let Some(value) = value {
            fold.add(*value);
        }
    }
}

/// Adds the last row of a replication: to the interval of the others in which it ends, and
/// zeros to those after it.
fn end(curve: &mut Places, mut row: Row, after: &[After]) {
    let place = curve.range(row.at.to_bits()..).next().map(|(key, _)| f64::from_bits(*key));
    let Some(place) = place.filter(|_| after.iter().any(|it| *it != After::Unknown)) else {
        put(curve, row.at, &row.values);
        return;
    };
    let share = if place > row.at { (row.at - row.before) / (place - row.before) } else { 1.0 };
    for (value, after) in row.values.iter_mut().zip(after) {
        if let (Some(value), After::Average) = (value, after) {
            *value *= share;
        }
    }
    put(curve, place, &row.values);
    let known = |(value, after): (&Option<f64>, &After)| {
        value.filter(|_| *after != After::Unknown).map(|_| 0.0)
    };
    let zeros: Vec<Option<f64>> = row.values.iter().zip(after).map(known).collect();
    for (_, folds) in curve.range_mut(place.to_bits() + 1..) {
        for (fold, zero) in folds.iter_mut().zip(&zeros) {
            if let Some(zero) = zero {
                fold.add(*zero);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of replications: place, `queue`, `spend_usd`, `e2e_mean_s`.
    fn folded(rows: &[(&str, f64, [f64; 3])]) -> Vec<(f64, Vec<Option<f64>>)> {
        let columns = ["queue", "spend_usd", "e2e_mean_s"].map(str::to_owned);
        let mut folding = Folding::new(1, &columns);
        for (replication, at, values) in rows {
            folding.add(0, replication, *at, values.iter().map(|value| Some(*value)).collect());
        }
        let means = |folds: &Vec<Fold>| folds.iter().map(Fold::mean).collect();
        let curve = folding.finish().remove(0);
        curve.iter().map(|(at, folds)| (*at, means(folds))).collect()
    }

    #[test]
    fn a_run_that_is_over_has_no_queue_and_spends_nothing() {
        let found = folded(&[
            ("0", 10.0, [4.0, 1.0, 2.0]),
            ("0", 15.0, [2.0, 1.0, 3.0]),
            ("1", 10.0, [8.0, 1.0, 4.0]),
            ("1", 20.0, [9.0, 3.0, 5.0]),
            ("1", 30.0, [6.0, 2.0, 6.0]),
            ("1", 32.0, [4.0, 0.0, 6.0]),
        ]);
        let some = |values: [f64; 3]| values.map(Some).to_vec();
        // The half interval with a queue of 2 is a whole one with 1.
        let expected = [
            (10.0, some([6.0, 1.0, 3.0])),
            (20.0, some([5.0, 2.0, 4.0])),
            (30.0, some([3.0, 1.0, 6.0])),
            (32.0, some([2.0, 0.0, 6.0])),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn runs_that_end_together_and_single_ones_stay_as_they_are() {
        let rows = [("0", 10.0, [4.0, 1.0, 2.0]), ("0", 15.0, [2.0, 1.0, 3.0])];
        let found = folded(&rows);
        assert_eq!(found.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [10.0, 15.0]);
        assert_eq!(found[1].1, [2.0, 1.0, 3.0].map(Some));
        let both: Vec<_> =
            rows.iter().chain(&rows.map(|(_, at, v)| ("1", at, v))).copied().collect();
        assert_eq!(folded(&both), found);
    }
}
