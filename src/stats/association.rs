//! How two quantities go together.

/// Means, variances and covariance of pairs in one pass (as Welford's method for
/// one quantity; Bennett et al., CLUSTER 2009).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Association {
    count: u64,
    means: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

impl Association {
    /// Adds a pair.
    #[inline]
    pub fn push(&mut self, x: f64, y: f64) {
        self.count += 1;
        let weight = 1.0 / self.count as f64;
        let (dx, dy) = (x - self.means[0], y - self.means[1]);
        self.means[0] += dx * weight;
        self.means[1] += dy * weight;
        self.squares[0] += dx * (x - self.means[0]);
        self.squares[1] += dy * (y - self.means[1]);
        self.products += dx * (y - self.means[1]);
    }

    /// How many pairs there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Pearson's correlation; NaN where one of the two does not vary.
    pub fn correlation(&self) -> f64 {
        self.products / (self.squares[0] * self.squares[1]).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_is_that_of_the_definition() {
        let pairs = [(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0), (5.0, 5.0)];
        let mut association = Association::default();
        for (x, y) in &pairs {
            association.push(1e6 + x, *y);
        }
        assert!((association.correlation() - 0.8).abs() < 1e-9);
        assert!(Association::default().correlation().is_nan());
    }
}
