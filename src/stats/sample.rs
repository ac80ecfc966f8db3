//! A sample as it is kept by a count table: values in order, each with a count.

/// A value that was counted, and the interval that it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where the interval begins.
    pub below: f64,
    /// The value.
    pub value: f64,
    /// Where it ends.
    pub upto: f64,
    /// How often it was counted.
    pub count: u64,
}

/// Values in ascending order with their counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    points: Vec<Point>,
    total: u64,
}

impl Sample {
    /// The sample of these points, which must come in ascending order.
    pub fn new(points: impl IntoIterator<Item = Point>) -> Self {
        let points: Vec<Point> = points.into_iter().filter(|point| point.count > 0).collect();
        debug_assert!(points.is_sorted_by(|a, b| a.value < b.value), "points in order");
        let total = points.iter().map(|point| point.count).sum();
        Sample { points, total }
    }

    /// The points, in ascending order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many values there are.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The mean of a function of the value; NaN when empty.
    pub fn mean_of(&self, of: impl Fn(f64) -> f64) -> f64 {
        let sum: f64 = self.points.iter().map(|p| p.count as f64 * of(p.value)).sum();
        sum / self.total as f64
    }

    /// The mean; NaN when empty.
    pub fn mean(&self) -> f64 {
        self.mean_of(|value| value)
    }

    /// The standard deviation over the mean; NaN when empty.
    pub fn cv(&self) -> f64 {
        let mean = self.mean();
        self.mean_of(|value| (value - mean) * (value - mean)).sqrt() / mean
    }

    /// The least value that a share `p` does not exceed; NaN when empty.
    pub fn quantile(&self, p: f64) -> f64 {
        let wanted = p * self.total as f64;
        let mut seen = 0;
        let found = self.points.iter().find(|point| {
            seen += point.count;
            seen as f64 >= wanted
        });
        found.or(self.points.last()).map_or(f64::NAN, |point| point.value)
    }

    /// The part above `least`.
    #[must_use]
    pub fn above(&self, least: f64) -> Sample {
        Sample::new(self.points.iter().copied().filter(|point| point.value > least))
    }

    /// The distance of Kolmogorov and Smirnov: how far a distribution function is
    /// from the sample's at most. Values that stand for an interval are compared
    /// at its ends.
    pub fn ks(&self, cdf: impl Fn(f64) -> f64) -> f64 {
        let mut seen = 0;
        let mut largest = 0.0_f64;
        for point in &self.points {
            let before = seen as f64 / self.total as f64;
            seen += point.count;
            let after = seen as f64 / self.total as f64;
            largest =
                largest.max((cdf(point.below) - before).abs()).max((cdf(point.upto) - after).abs());
        }
        largest
    }

    /// The logarithm of the probability that a distribution gives to each value's
    /// interval, summed over the sample.
    pub fn log_likelihood(&self, cdf: impl Fn(f64) -> f64) -> f64 {
        let log = |point: &Point| {
            let share = cdf(point.upto) - cdf(point.below);
            point.count as f64 * libm::log(share.max(f64::MIN_POSITIVE))
        };
        self.points.iter().map(log).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice() -> Sample {
        Sample::new((1..=6).map(|value| {
            let value = f64::from(value);
            Point { below: value - 0.5, value, upto: value + 0.5, count: 10 }
        }))
    }

    #[test]
    fn a_sample_has_its_own_moments_and_quantiles() {
        let dice = dice();
        assert_eq!((dice.total(), dice.mean(), dice.quantile(0.5)), (60, 3.5, 3.0));
        assert!((dice.cv() - (35.0_f64 / 12.0).sqrt() / 3.5).abs() < 1e-12);
        assert_eq!(dice.above(4.0).total(), 20);
    }

    #[test]
    fn the_distance_is_the_largest_difference_at_a_step() {
        let uniform = |x: f64| ((x - 0.5) / 6.0).clamp(0.0, 1.0);
        assert!(dice().ks(uniform) < 1e-12);
        // All of it at 1: the sample has 1/6 there.
        assert!((dice().ks(|x| f64::from(x >= 1.0)) - 5.0 / 6.0).abs() < 1e-12);
        // Nothing ever.
        assert!((dice().ks(|_| 0.0) - 1.0).abs() < 1e-12);
        assert!((dice().log_likelihood(uniform) + 60.0 * 6.0_f64.ln()).abs() < 1e-9);
    }
}
