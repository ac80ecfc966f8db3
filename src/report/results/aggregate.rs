//! Curves of several replications on the way to one. Replications of a timeline end at
//! different times: whoever is over has no more requests, rather than none to tell of.

use std::collections::BTreeMap;

/// What several replications measured at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aggregate {
    count: f64,
    sum: f64,
    pub low: f64,
    pub high: f64,
}

impl Aggregate {
    const NOTHING: Aggregate =
        Aggregate { count: 0.0, sum: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// The mean of what was measured, if anything was.
    pub(crate) fn mean(&self) -> Option<f64> {
        // Rounding must not push the mean of equal values past them.
        (self.count > 0.0).then(|| (self.sum / self.count).clamp(self.low, self.high))
    }

    /// The fold of two neighbouring places: the mean of both, bounds around both.
    fn join(&mut self, other: &Aggregate) {
        self.count += other.count;
        self.sum += other.sum;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

impl Default for Aggregate {
    fn default() -> Self {
        Aggregate::NOTHING
    }
}

/// A curve of a point: places (quantiles, times) in rising order, each with a
/// fold for each column that was asked for.
pub(crate) type Curve = Vec<(f64, Vec<Aggregate>)>;

/// Averages over an interval of `timeline.csv` that are 0 when a run is over.
const AVERAGES: [&str; 6] =
    ["arrivals_rps", "completions_rps", "errors_rps", "in_flight", "queue", "utilization"];
/// Sums over an interval that are 0 when a run is over.
const SUMS: [&str; 2] = ["spend_usd", "charged_usd"];

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
pub(crate) type Places = BTreeMap<u64, Vec<Aggregate>>;

/// Curves in the making.
pub(crate) struct Aggregation {
    after: Vec<After>,
    curves: Vec<Places>,
    /// The last row of each replication so far, by its curve.
    last: Vec<BTreeMap<String, Row>>,
}

impl Aggregation {
    pub(crate) fn new(curves: usize, columns: &[String]) -> Self {
        let after = |column: &String| match column.as_str() {
            name if AVERAGES.contains(&name) => After::Average,
            name if SUMS.contains(&name) => After::Sum,
            _ => After::Unknown,
        };
        Aggregation {
            after: columns.iter().map(after).collect(),
            curves: vec![BTreeMap::new(); curves],
            last: vec![BTreeMap::new(); curves],
        }
    }

    /// Adds a row of a replication; places rise and are not negative.
    pub(crate) fn add(
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
    pub(crate) fn finish(self) -> Vec<Curve> {
        let Aggregation { after, curves, last } = self;
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
pub(crate) fn rising(curve: Places) -> Curve {
    curve.into_iter().map(|(key, folds)| (f64::from_bits(key), folds)).collect()
}

/// Adds what was measured at a place, which is not negative.
pub(crate) fn put(curve: &mut Places, at: f64, values: &[Option<f64>]) {
    let folds =
        curve.entry(at.to_bits()).or_insert_with(|| vec![Aggregate::default(); values.len()]);
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
    // Places of a file that others wrote may fall.
    let inside = place > row.at.max(row.before);
    let share = if inside { (row.at - row.before) / (place - row.before) } else { 1.0 };
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

/// Joins neighbours until a curve has at most `most` places.
pub(crate) fn thin(curve: &Curve, most: usize) -> Curve {
    let join = |chunk: &[(f64, Vec<Aggregate>)]| {
        let (first, rest) = chunk.split_first()?;
        let mut joined = first.clone();
        for (_, folds) in rest {
            joined.1.iter_mut().zip(folds).for_each(|(fold, other)| fold.join(other));
        }
        Some(joined)
    };
    curve.chunks(curve.len().div_ceil(most.max(1)).max(1)).filter_map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of replications: place, `queue`, `spend_usd`, `e2e_mean_s`.
    fn folded(rows: &[(&str, f64, [f64; 3])]) -> Vec<(f64, Vec<Option<f64>>)> {
        let columns = ["queue", "spend_usd", "e2e_mean_s"].map(str::to_owned);
        let mut folding = Aggregation::new(1, &columns);
        for (replication, at, values) in rows {
            folding.add(0, replication, *at, values.iter().map(|value| Some(*value)).collect());
        }
        let means = |folds: &Vec<Aggregate>| folds.iter().map(Aggregate::mean).collect();
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

    #[test]
    fn places_that_fall_have_means_all_the_same() {
        let found = folded(&[("0", 1.0, [0.0, 1.0, 2.0]), ("0", 0.0, [0.0, 3.0, 4.0])]);
        assert_eq!(found, [(1.0, [0.0, 2.0, 3.0].map(Some).to_vec())]);
    }

    #[test]
    fn thinning_keeps_the_mean_and_the_bounds() {
        let place = |t: u32| {
            let mut fold = Aggregate::default();
            fold.add(f64::from(t));
            (f64::from(t), vec![fold])
        };
        let curve: Curve = (0..10).map(place).collect();
        let thin = thin(&curve, 5);
        assert_eq!(thin.len(), 5);
        let (time, folds) = &thin[1];
        assert_eq!((Some(*time), folds[0].mean()), (Some(2.0), Some(2.5)));
        assert_eq!((Some(folds[0].low), Some(folds[0].high)), (Some(2.0), Some(3.0)));
        assert_eq!(super::thin(&Vec::new(), 5), Vec::new());
    }

    #[test]
    fn nothing_measured_has_no_mean() {
        assert_eq!(Aggregate::default().mean(), None);
    }
}
