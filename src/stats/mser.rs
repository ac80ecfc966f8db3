//! How much of a run's beginning is not its steady state.

/// Where a run settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// So many batches at the beginning are to be left out.
    pub batches: usize,
    /// Whether that is well before the half of the run. Otherwise there is no sign that
    /// it settles at all: it is too short, or overloaded.
    pub settled: bool,
}

/// MSER (White, Simulation 69(6), 1997): leaves out as many of the `means` at the
/// beginning as make the standard error of the mean of the rest smallest,
///
/// `min over d of sum over i > d of (x(i) - mean)^2 / (n - d)^2`, `d <= n / 2`.
///
/// With means of five values each it is MSER-5, which White, Cobb and Spratt
/// (Simulation Conference, 2000) found the best of five rules. `None` for fewer than
/// 20 means.
///
/// ```
/// use windtunnel::stats::mser;
///
/// let mut means = vec![1.0; 100];
/// means[..7].fill(20.0);
/// let found = mser(&means).unwrap();
/// assert_eq!((found.batches, found.settled), (7, true));
/// ```
pub fn mser(means: &[f64]) -> Option<Truncation> {
    const FEWEST: usize = 20;
    if means.len() < FEWEST {
        return None;
    }
    // From the end, so that each truncation adds one value to mean and squares.
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let last = means.len() / 2;
    let mut best = (f64::INFINITY, last);
    for (batches, value) in means.iter().enumerate().rev() {
        count += 1.0;
        let apart = value - mean;
        mean += apart / count;
        squares += apart * (value - mean);
        let error = squares / (count * count);
        // Of equal ones the least is left out.
        if batches <= last && error <= best.0 {
            best = (error, batches);
        }
    }
    Some(Truncation { batches: best.1, settled: best.1 < last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn a_decaying_bias_is_cut_off_and_a_steady_series_is_kept() {
        let mut stream = Streams::new(1, 0).stream("noise");
        let mut series = |bias: f64| -> Vec<f64> {
            let value = |i: i32| bias * libm::exp(-f64::from(i) / 20.0) + stream.normal();
            (0..500).map(value).collect()
        };
        // The bias is a tenth of the noise after 20 ln(100) = 92 values.
        let biased = mser(&series(10.0)).expect("enough");
        assert!(biased.settled && (30..120).contains(&biased.batches), "{biased:?}");
        let steady: Vec<usize> =
            (0..20).map(|_| mser(&series(0.0)).expect("enough").batches).collect();
        let much = steady.iter().filter(|batches| **batches > 100).count();
        assert!(much <= 3, "little is cut off for nothing: {steady:?}");
    }

    #[test]
    fn a_series_that_grows_to_its_end_does_not_settle() {
        let growing: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(mser(&growing), Some(Truncation { batches: 100, settled: false }));
        assert_eq!(mser(&growing[..19]), None);
    }

    #[test]
    fn values_that_are_all_alike_lose_nothing() {
        assert_eq!(mser(&[3.0; 50]), Some(Truncation { batches: 0, settled: true }));
    }
}
