//! Means of equal numbers of values in the order in which they came.
//!
//! Values that follow each other in a simulation depend on each other; the means of
//! long enough batches hardly do, and can stand for independent replications.

use super::interval::{MeanCi, mean_ci95};

/// Values of the first, smallest batches: those of MSER-5.
const SMALLEST: u64 = 5;
/// Batches kept: when there are so many, pairs are joined.
const MOST: usize = 1024;
/// Batches of an interval. Schmeiser (Operations Research 30(3), 1982): from 10 to 30
/// are enough, and more cost independence.
const BATCHES: usize = 20;

/// Collects batch means in bounded memory: batches of five values, then of ten, and so
/// on, so that there are 512 to 1023 of them in a long run.
///
/// ```
/// use windtunnel::stats::Batches;
///
/// let mut batches = Batches::default();
/// (0..12).for_each(|value| batches.push(f64::from(value)));
/// assert_eq!(batches.means(), [2.0, 7.0], "what is no full batch is left out");
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    size: u64,
    count: u64,
    sum: f64,
    means: Vec<f64>,
}

impl Default for Batches {
    fn default() -> Self {
        Batches { size: SMALLEST, count: 0, sum: 0.0, means: Vec::new() }
    }
}

impl Batches {
    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        if self.count == self.size {
            self.close();
        }
    }

    #[cold]
    fn close(&mut self) {
        self.means.push(self.sum / self.size as f64);
        (self.sum, self.count) = (0.0, 0);
        if self.means.len() == MOST {
            self.means = regroup(&self.means, MOST / 2);
            self.size *= 2;
        }
    }

    /// The means of the full batches, in order.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Values in a batch.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The mean of all values of a steady-state run with its 95 % interval by
    /// non-overlapping batch means; see [`batch_means_ci95`].
    pub fn interval(&self) -> Option<MeanCi> {
        batch_means_ci95(&self.means)
    }
}

/// `count` means of as many neighbours each. What does not divide is left out at the
/// beginning, where a run is furthest from its steady state. Empty if there are fewer
/// values than that.
pub fn regroup(values: &[f64], count: usize) -> Vec<f64> {
    let size = values.len() / count.max(1);
    if size == 0 {
        return Vec::new();
    }
    let mean = |chunk: &[f64]| chunk.iter().sum::<f64>() / size as f64;
    values[values.len() - size * count..].chunks(size).map(mean).collect()
}

/// The mean with its 95 % interval of one long run, by 20 non-overlapping batches of
/// neighbouring `means` (Law, Simulation Modeling and Analysis, 5th ed., 9.5.3): the t
/// interval of the batches' means with 19 degrees of freedom.
///
/// `None` if there are fewer than 20 means, or if the batches still depend on each
/// other: their lag-1 autocorrelation is above 1.645 / sqrt(20), which 5 % of
/// independent batches exceed. The interval would be too narrow; a longer run helps.
pub fn batch_means_ci95(means: &[f64]) -> Option<MeanCi> {
    let batches = regroup(means, BATCHES);
    let independent = autocorrelation(&batches, 1) < 1.645 / (BATCHES as f64).sqrt();
    // All alike (zero variance) have no autocorrelation, and a width of zero.
    let alike = batches.windows(2).all(|pair| pair[0] == pair[1]);
    (!batches.is_empty() && (independent || alike)).then(|| mean_ci95(&batches))
}

/// The sample autocorrelation of `values` at a distance of `lag`; NaN where all are
/// alike.
pub fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let apart = |value: &f64| value - mean;
    let variance: f64 = values.iter().map(apart).map(|it| it * it).sum();
    let later = values.iter().skip(lag);
    let covariance: f64 = values.iter().zip(later).map(|(a, b)| apart(a) * apart(b)).sum();
    covariance / variance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// x(i+1) = r x(i) + e(i): mean 0, autocorrelation r at a lag of 1.
    fn autoregressive(r: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut stream = Streams::new(seed, 0).stream("e");
        let mut x = stream.normal() / (1.0 - r * r).sqrt();
        let mut next = || {
            x = r * x + stream.normal();
            x
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn a_long_series_is_kept_in_few_batches() {
        let mut batches = Batches::default();
        (0..100_000).for_each(|value| batches.push(f64::from(value)));
        assert!((512..1024).contains(&batches.means().len()), "{}", batches.means().len());
        assert_eq!(batches.size(), 5 * 32);
        // 0 to 159 make the first batch.
        assert_eq!(batches.means()[0], 79.5);
    }

    #[test]
    fn neighbours_are_joined_and_the_oldest_left_out() {
        assert_eq!(regroup(&[9.0, 1.0, 3.0, 5.0, 7.0], 2), [2.0, 6.0]);
        assert_eq!(regroup(&[1.0], 2), [0.0; 0]);
    }

    #[test]
    fn autocorrelation_of_an_autoregressive_series_is_its_coefficient() {
        let values = autoregressive(0.7, 200_000, 1);
        assert!((autocorrelation(&values, 1) - 0.7).abs() < 0.01);
        assert!((autocorrelation(&values, 2) - 0.49).abs() < 0.01);
        assert!(autocorrelation(&[2.0; 9], 1).is_nan());
    }

    #[test]
    fn batch_means_cover_the_mean_of_a_dependent_series_where_single_values_do_not() {
        let (mut by_batches, mut by_values, mut given) = (0, 0, 0);
        for seed in 0..500 {
            let values = autoregressive(0.9, 10_000, seed);
            by_values += u32::from(mean_ci95(&values).contains(0.0));
            let mut batches = Batches::default();
            for value in &values {
                batches.push(*value);
            }
            if let Some(interval) = batches.interval() {
                given += 1;
                by_batches += u32::from(interval.contains(0.0));
            }
        }
        let coverage = f64::from(by_batches) / f64::from(given);
        assert!((0.92..=0.98).contains(&coverage), "{by_batches} of {given}");
        assert!(given >= 450, "about 5 % are withheld: {given}");
        assert!(by_values < 250, "the naive interval is far too narrow: {by_values}");
    }

    #[test]
    fn batches_that_depend_on_each_other_give_no_interval() {
        let mut batches = Batches::default();
        for value in autoregressive(0.999, 2000, 3) {
            batches.push(value);
        }
        assert_eq!(batches.interval(), None);
        assert_eq!(batch_means_ci95(&[1.0; 10]), None, "too few");
        assert_eq!(batch_means_ci95(&[1.0; 40]).map(|it| it.half_width), Some(0.0));
    }
}
