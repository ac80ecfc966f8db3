//! Vectors of unit length in one flat buffer, and their inner products.

/// Partial sums that are kept at a time. They are added in one fixed order, so
/// that a product has the same bits whatever the processor; sixteen fill four
/// registers of four, which hides the latency of an addition.
const LANES: usize = 16;

/// Vectors of one dimension, each of unit length or of length 0, by row. Rows are
/// padded with zeros to a whole number of lanes.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    dimensions: usize,
    width: usize,
    data: Vec<f32>,
}

/// A vector that has no direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDirection;

impl Vectors {
    /// No vectors, of `dimensions` numbers each.
    pub fn new(dimensions: usize) -> Self {
        let width = dimensions.next_multiple_of(LANES);
        Vectors { dimensions, width, data: Vec::new() }
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Numbers in a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// A vector, padded: what [`dot`] wants.
    #[inline]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.width..(row + 1) * self.width]
    }

    /// Adds a vector, scaled to unit length.
    ///
    /// # Errors
    /// If it is zero, or has a number that is not finite.
    pub fn push_scaled(&mut self, vector: &[f64]) -> Result<(), NoDirection> {
        debug_assert_eq!(vector.len(), self.dimensions);
        let norm = libm::sqrt(vector.iter().map(|x| x * x).sum());
        if !(norm > 0.0 && norm.is_finite()) {
            return Err(NoDirection);
        }
        self.data.extend(vector.iter().map(|x| (x / norm) as f32));
        self.pad();
        Ok(())
    }

    /// Adds a vector of zeros, which is similar to none.
    pub fn push_zero(&mut self) {
        self.data.resize(self.data.len() + self.dimensions, 0.0);
        self.pad();
    }

    fn pad(&mut self) {
        self.data.resize(self.data.len().next_multiple_of(self.width.max(1)), 0.0);
    }

    /// Puts a padded vector of the same dimension into `row`, making room for it.
    pub fn set(&mut self, row: usize, vector: &[f32]) {
        let end = (row + 1) * self.width;
        if self.data.len() < end {
            self.data.resize(end, 0.0);
        }
        self.data[row * self.width..end].copy_from_slice(vector);
    }
}

/// The inner product of two padded vectors: of vectors of unit length, the
/// cosine of their angle.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn products_are_those_of_double_precision_to_seven_digits() {
        let mut stream = Streams::new(1, 0).stream("test");
        for dimensions in [1, 3, 16, 17, 384] {
            let mut vectors = Vectors::new(dimensions);
            let mut exact = Vec::new();
            for _ in 0..2 {
                let vector: Vec<f64> = (0..dimensions).map(|_| stream.normal()).collect();
                vectors.push_scaled(&vector).unwrap();
                let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
                exact.push(vector.iter().map(|x| x / norm).collect::<Vec<f64>>());
            }
            let expected: f64 = exact[0].iter().zip(&exact[1]).map(|(a, b)| a * b).sum();
            let got = f64::from(dot(vectors.row(0), vectors.row(1)));
            assert!((got - expected).abs() < 2e-7, "{dimensions}: {got}, {expected}");
            assert!((dot(vectors.row(0), vectors.row(0)) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn vectors_without_a_direction_are_refused() {
        let mut vectors = Vectors::new(2);
        for bad in [[0.0, 0.0], [f64::NAN, 1.0], [f64::INFINITY, 1.0]] {
            assert_eq!(vectors.push_scaled(&bad), Err(NoDirection));
        }
        assert!(vectors.is_empty());
        vectors.push_zero();
        assert_eq!((vectors.len(), vectors.row(0).len()), (1, 16));
    }
}
