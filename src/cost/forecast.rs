//! What will have been spent when the month ends.

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
/// of the mean of the `n` that were seen (the prediction interval of a sum). Where
/// a trend or a daily wave was seen over less than its period, the forecast knows
/// nothing of it. `None` without at least two intervals.
pub fn forecast(spent: f64, intervals: &[f64], rest: f64) -> Option<Forecast> {
    if intervals.len() < 2 {
        return None;
    }
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    let squares = intervals.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let deviation = libm::sqrt(squares / (n - 1.0) * (rest + rest * rest / n));
    let (mean, half) = (spent + rest * mean, 1.959_963_985 * deviation);
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

    #[test]
    fn the_interval_holds_what_comes_in_95_of_100_months() {
        let mut stream = Streams::new(11, 0).stream("forecast");
        let months = 4000;
        let held = (0..months).filter(|_| {
            let days: Vec<f64> = (0..30).map(|_| 100.0 + 20.0 * stream.normal()).collect();
            let seen: f64 = days[..12].iter().sum();
            let forecast = forecast(seen, &days[..12], 18.0).expect("12 days");
            (forecast.low..=forecast.high).contains(&days.iter().sum::<f64>())
        });
        let share = held.count() as f64 / f64::from(months);
        // With 12 days the normal quantile instead of Student's gives 92.5 %.
        assert!((0.905..0.96).contains(&share), "{share}");
    }
}
