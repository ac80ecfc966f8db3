//! What will have been spent when the month ends.

use crate::stats::student_t_quantile;

/// A forecast of spending, in dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Expected.
    pub mean: f64,
    /// The ends of the 95 % prediction interval.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// Continues what was spent in equal intervals over `rest` more of them.
///
/// Intervals are taken to be alike and independent, so that `rest` of them cost
/// `rest x mean` with variance `s^2 (rest + rest^2 / n)`: their own noise, and that
/// of the mean of the `n` that were seen. As `s` is estimated too, the sum lies as
/// Student's t with `n - 1` degrees of freedom (Hahn and Meeker, Statistical
/// Intervals, 1991, section 4.8): exactly where spending is normal. Where a trend or
/// a daily wave was seen over less than its period, the forecast knows nothing of
/// it. `None` without at least two intervals.
pub fn forecast(spent: f64, intervals: &[f64], rest: f64) -> Option<Forecast> {
    if intervals.len() < 2 {
        return None;
    }
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    let squares = intervals.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let deviation = libm::sqrt(squares / (n - 1.0) * (rest + rest * rest / n));
    let (mean, half) = (spent + rest * mean, student_t_quantile(0.975, n - 1.0) * deviation);
    // What is spent stays spent.
    Some(Forecast { mean, low: (mean - half).max(spent), high: mean + half })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn a_steady_spend_is_continued_exactly() {
        let steady = forecast(10.0, &[2.0; 5], 26.0);
        assert_eq!(steady, Some(Forecast { mean: 62.0, low: 62.0, high: 62.0 }));
        assert_eq!(forecast(2.0, &[2.0], 9.0), None);
    }

    /// The share of months of 30 days that end in the interval of a forecast after
    /// `seen` of them.
    fn coverage(months: u32, seen: usize) -> f64 {
        let mut stream = Streams::new(11, 0).stream("forecast");
        let held = (0..months).filter(|_| {
            let days: Vec<f64> = (0..30).map(|_| 100.0 + 20.0 * stream.normal()).collect();
            let spent: f64 = days[..seen].iter().sum();
            let forecast = forecast(spent, &days[..seen], (30 - seen) as f64).expect("days");
            (forecast.low..=forecast.high).contains(&days.iter().sum::<f64>())
        });
        held.count() as f64 / f64::from(months)
    }

    fn assert_coverage(months: u32) {
        // 3.3 standard deviations: 99.9 %.
        let room = 3.3 * libm::sqrt(0.95 * 0.05 / f64::from(months));
        for seen in [2, 5, 12, 25] {
            let share = coverage(months, seen);
            println!("after {seen} days {:.2} % of {months} months", 100.0 * share);
            assert!((share - 0.95).abs() < room, "{seen} days: {share}, not 0.95 +- {room}");
        }
    }

    #[test]
    fn the_interval_holds_what_comes_in_95_of_100_months() {
        assert_coverage(4000);
    }

    #[test]
    #[ignore = "a million months for each case"]
    fn the_interval_holds_what_comes_in_95_of_100_months_to_the_last_digit() {
        assert_coverage(1_000_000);
    }
}
