//! A distribution as charts need it: from values, or from its quantiles.

/// Values from the smallest up, or a quantile function.
#[derive(Clone, Debug)]
pub(super) enum Distribution {
    /// Values from the smallest up; at least one.
    Values(Vec<f64>),
    /// Quantiles (0 to 1) and their values, both rising; at least one.
    Quantiles(Vec<(f64, f64)>),
}

/// Samples that stand for a quantile function.
const SAMPLES: usize = 400;
/// They end here: the slowest few would leave no room for the rest.
const TAIL: f64 = 0.99;
/// Places at which a density is drawn.
const PLACES: usize = 96;

impl Distribution {
    pub(super) fn of_values(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Distribution::Values(values))
    }

    pub(super) fn of_quantiles(places: Vec<(f64, f64)>) -> Option<Self> {
        (!places.is_empty()).then_some(Distribution::Quantiles(places))
    }

    /// The values, where they are known one by one.
    pub(super) fn values(&self) -> Option<&[f64]> {
        match self {
            Distribution::Values(values) => Some(values),
            Distribution::Quantiles(_) => None,
        }
    }

    /// A quantile, between its neighbours: of values Hyndman and Fan's type 7 (1996).
    pub(super) fn quantile(&self, q: f64) -> f64 {
        match self {
            Distribution::Values(values) => {
                let place = q.clamp(0.0, 1.0) * (values.len() - 1) as f64;
                let below = libm::floor(place) as usize;
                let above = (below + 1).min(values.len() - 1);
                values[below] + (place - below as f64) * (values[above] - values[below])
            }
            Distribution::Quantiles(places) => {
                let above = places.partition_point(|(at, _)| *at < q);
                let high = places[above.min(places.len() - 1)];
                let low = places[above.saturating_sub(1)];
                if high.0 <= low.0 {
                    return high.1;
                }
                low.1 + ((q - low.0) / (high.0 - low.0)).clamp(0.0, 1.0) * (high.1 - low.1)
            }
        }
    }

    /// Where whiskers end, and what lies beyond them: of values those of Tukey (1977),
    /// of requests the 5th and the 95th percentile, with nothing beyond.
    pub(super) fn whiskers(&self) -> (f64, f64, Vec<f64>) {
        let Distribution::Values(values) = self else {
            return (self.quantile(0.05), self.quantile(0.95), Vec::new());
        };
        let (q1, q3) = (self.quantile(0.25), self.quantile(0.75));
        let fence = 1.5 * (q3 - q1);
        let inside = |v: &&f64| **v >= q1 - fence && **v <= q3 + fence;
        let low = values.iter().find(inside).map_or(q1, |v| v.min(q1));
        let high = values.iter().rev().find(inside).map_or(q3, |v| v.max(q3));
        let beyond = values.iter().filter(|v| !inside(v)).copied().collect();
        (low, high, beyond)
    }

    /// What an axis has to hold.
    pub(super) fn ends(&self) -> Vec<f64> {
        match self {
            Distribution::Values(values) => vec![values[0], values[values.len() - 1]],
            Distribution::Quantiles(_) => vec![self.quantile(0.0), self.quantile(TAIL)],
        }
    }

    /// Values that stand for all.
    pub(super) fn samples(&self) -> Vec<f64> {
        match self {
            Distribution::Values(values) => values.clone(),
            Distribution::Quantiles(_) => {
                let at = |i| TAIL * (f64::from(i) + 0.5) / SAMPLES as f64;
                (0..SAMPLES as u32).map(|i| self.quantile(at(i))).collect()
            }
        }
    }
}

/// A density from rising samples, scaled to 1 where it is highest: Gaussian kernels with
/// Silverman's bandwidth (1986, eq. 3.31), from the smallest sample to the largest.
/// Empty where all samples are equal.
pub(super) fn density(samples: &[f64]) -> Vec<(f64, f64)> {
    let (Some(&low), Some(&high)) = (samples.first(), samples.last()) else { return Vec::new() };
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let variance = samples.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    let middle = Distribution::Values(samples.to_vec());
    let between = (middle.quantile(0.75) - middle.quantile(0.25)) / 1.34;
    let spread =
        if between > 0.0 { between.min(libm::sqrt(variance)) } else { libm::sqrt(variance) };
    let width = 0.9 * spread * libm::pow(count, -0.2);
    if high <= low || width <= 0.0 {
        return Vec::new();
    }
    let kernel = |d: f64| libm::exp(-0.5 * d * d);
    let at = |i| low + (high - low) * f64::from(i) / (PLACES - 1) as f64;
    let height = |y: f64| samples.iter().map(|v| kernel((y - v) / width)).sum::<f64>();
    let shape: Vec<(f64, f64)> = (0..PLACES as u32).map(|i| (at(i), height(at(i)))).collect();
    let highest = shape.iter().map(|(_, height)| *height).fold(0.0, f64::max);
    shape.into_iter().map(|(y, height)| (y, height / highest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_and_whiskers_are_those_of_the_books() {
        let spread =
            Distribution::of_values(vec![7.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 40.0]).unwrap();
        // R: quantile(c(1:7, 40)); boxplot.stats.
        assert_eq!([0.25, 0.5, 0.75].map(|q| spread.quantile(q)), [2.75, 4.5, 6.25]);
        assert_eq!(spread.whiskers(), (1.0, 7.0, vec![40.0]));
        let alone = Distribution::of_values(vec![3.0]).unwrap();
        assert_eq!((alone.quantile(0.75), alone.whiskers()), (3.0, (3.0, 3.0, vec![])));
        assert!(Distribution::of_values(vec![]).is_none());
    }

    #[test]
    fn quantiles_are_read_between_those_that_are_known() {
        let known = vec![(0.0, 1.0), (0.5, 2.0), (1.0, 6.0)];
        let spread = Distribution::of_quantiles(known).unwrap();
        assert_eq!(
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|q| spread.quantile(q)),
            [1.0, 1.5, 2.0, 4.0, 6.0]
        );
        assert_eq!(spread.samples().len(), SAMPLES);
    }

    #[test]
    fn a_density_is_highest_where_values_are_frequent() {
        let samples = [0.0, 1.0, 1.1, 1.2, 1.3, 3.0];
        let shape = density(&samples);
        let peak = shape.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!((peak.0 - 1.15).abs() < 0.1 && peak.1 == 1.0, "{peak:?}");
        assert_eq!((shape[0].0, shape[PLACES - 1].0), (0.0, 3.0));
        assert!(density(&[2.0, 2.0]).is_empty() && density(&[]).is_empty());
    }
}
