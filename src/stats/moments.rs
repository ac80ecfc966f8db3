//! Mean and variance in one pass.

/// Mean and variance of the values pushed, by Welford's method (Technometrics
/// 4(3), 1962), which loses no digits to cancellation.
///
/// ```
/// use windtunnel::stats::Moments;
///
/// let moments: Moments = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
/// assert_eq!(moments.mean(), 5.0);
/// assert_eq!(moments.variance(), 32.0 / 7.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Moments {
    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// How many values there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean; NaN when empty.
    pub const fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// The sample variance (n - 1 below); NaN for fewer than two values.
    pub const fn variance(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.squares / (self.count - 1) as f64 }
    }

    /// The sample standard deviation; NaN for fewer than two values.
    pub fn std_dev(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Adds all values of `other` (Chan, Golub and `LeVeque`, 1979).
    pub fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        let share = other.count as f64 / count as f64;
        self.squares += other.squares + distance * distance * self.count as f64 * share;
        self.mean += distance * share;
        self.count = count;
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Moments::default();
        values.into_iter().for_each(|value| moments.push(value));
        moments
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by contract")]
mod tests {
    use super::*;

    #[test]
    fn a_large_offset_costs_no_digits() {
        let moments: Moments =
            [4.0, 7.0, 13.0, 16.0].map(|value| value + 1e9).into_iter().collect();
        assert!((moments.variance() - 30.0).abs() < 1e-9);
    }

    #[test]
    fn too_few_values_have_no_moments() {
        let mut moments = Moments::default();
        assert!(moments.mean().is_nan());
        moments.push(3.0);
        assert!(moments.mean() == 3.0 && moments.variance().is_nan());
    }

    #[test]
    fn merging_is_pushing_both() {
        let (left, right) = ([1.0, 2.5, -3.0], [10.0, 20.0]);
        let mut merged: Moments = left.into_iter().collect();
        merged.merge(&right.into_iter().collect());
        merged.merge(&Moments::default());
        let all: Moments = left.into_iter().chain(right).collect();
        assert_eq!(merged.count(), 5);
        assert!((merged.mean() - all.mean()).abs() < 1e-12);
        assert!((merged.variance() - all.variance()).abs() < 1e-12);
    }
}
