//! A hosted model as it was measured: `ttft` by the length of the prompt, `tpot`, and prices.

use super::tidy::tidy;
use crate::kernel::Duration;
use crate::kernel::time::NANOS_PER_SEC;
use crate::spec::NonNegative;
use crate::workload::duration_distribution::{LognormalSpanSpec, SpanSpec};
use crate::workload::trace::ModelProfile;
use crate::workload::trace::measured_profile::Answered;

/// Times that vary by less than this are constant.
const STEADY: f64 = 0.02;

/// A model's speed from outside, and what it costs.
#[derive(Clone, Debug)]
pub struct HostedModel {
    /// Its name, if the trace knows that.
    pub name: Option<String>,
    /// Requests that it was fitted to.
    pub requests: u64,
    /// The time to the first token of a prompt of no tokens.
    pub ttft: SpanSpec,
    /// What each token of the prompt adds to it.
    pub per_input_token: Duration,
    /// The time by each token after the first; none where it was not measured.
    pub tpot: Option<SpanSpec>,
    /// US dollars a token, of prompts and of answers, where spend was recorded and is linear in
    /// both.
    pub prices: Option<[f64; 2]>,
}

/// The model that a trace measured; none where it has fewer than `fewest` times.
pub(super) fn fit(name: Option<&str>, model: &ModelProfile, fewest: u64) -> Option<HostedModel> {
    let samples = model.samples.kept();
    let first: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|it| {
            let computed = it.input_tokens - it.cached_tokens;
            Some((f64::from(computed), it.ttft?.as_secs_f64()))
        })
        .collect();
    if (first.len() as u64) < fewest {
        return None;
    }
    let slope = slope(&first);
    let base: Vec<f64> = first.iter().map(|(tokens, ttft)| ttft - slope * tokens).collect();
    let further: Vec<f64> = samples.iter().filter_map(|it| Some(it.tpot?.as_secs_f64())).collect();
    Some(HostedModel {
        name: name.map(str::to_owned),
        requests: first.len() as u64,
        ttft: law(&base)?,
        per_input_token: span(slope),
        tpot: law(&further),
        prices: prices(samples),
    })
}

/// The slope of the straight line through points, by least squares; 0 where it is none, less
/// than 0, or within three standard errors of 0.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| points.iter().map(|it| of(it.0 - x, it.1 - y)).sum::<f64>();
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    if xx <= 0.0 || n < 3.0 {
        return 0.0;
    }
    let slope = xy / xx;
    let left = sum(&|x, y| (y - slope * x) * (y - slope * x));
    let error = (left / (n - 2.0) / xx).sqrt();
    if slope > 3.0 * error { slope } else { 0.0 }
}

/// A constant where times hardly vary, else a lognormal of their mean, its `sigma` that of
/// their logarithms (maximum likelihood).
fn law(times: &[f64]) -> Option<SpanSpec> {
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    if mean.is_nan() || mean <= 0.0 {
        return None;
    }
    let spread = (times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / n).sqrt();
    if spread < STEADY * mean {
        return Some(SpanSpec::Constant(span(mean)));
    }
    // What the line leaves of a very fast answer may be nothing: a thousandth of the mean.
    let logs: Vec<f64> = times.iter().map(|time| libm::log(time.max(1e-3 * mean))).collect();
    let of_logs = logs.iter().sum::<f64>() / n;
    let squares = logs.iter().map(|log| (log - of_logs) * (log - of_logs)).sum::<f64>();
    let sigma = NonNegative::try_from(tidy((squares / n).sqrt(), 3)).ok()?;
    let mean = span(mean);
    Some(SpanSpec::Lognormal(LognormalSpanSpec {
        mean,
        p50: None,
        p90: None,
        p95: None,
        p99: None,
        sigma: Some(sigma),
    }))
}

/// A time of four significant digits.
fn span(seconds: f64) -> Duration {
    Duration(libm::round(tidy(seconds, 4) * NANOS_PER_SEC as f64) as u64)
}

/// Dollars a token of prompts and answers, by least squares; none where these do not give what
/// was spent to within a hundredth.
fn prices(samples: &[Answered]) -> Option<[f64; 2]> {
    let known = || {
        samples.iter().filter_map(|it| {
            let plain = it.cached_tokens == 0;
            plain.then_some((f64::from(it.input_tokens), f64::from(it.output_tokens), it.cost?))
        })
    };
    let sum = |of: fn((f64, f64, f64)) -> f64| known().map(of).sum::<f64>();
    let (ii, oo, io) = (sum(|it| it.0 * it.0), sum(|it| it.1 * it.1), sum(|it| it.0 * it.1));
    let (ic, oc, cc) = (sum(|it| it.0 * it.2), sum(|it| it.1 * it.2), sum(|it| it.2 * it.2));
    let determinant = ii * oo - io * io;
    // All of one proportion: the two cannot be told apart.
    if cc <= 0.0 || determinant <= 1e-9 * ii * oo {
        return None;
    }
    let input = tidy((ic * oo - oc * io) / determinant, 6);
    let output = tidy((oc * ii - ic * io) / determinant, 6);
    let off = known().map(|(i, o, cost)| cost - input * i - output * o).map(|it| it * it);
    let close = off.sum::<f64>() <= 1e-4 * cc;
    (close && input >= 0.0 && output >= 0.0).then_some([input, output])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::trace::{Measured, MeasuredProfile, Row};

    fn fitted(rows: impl Iterator<Item = (u32, u32, f64, f64, f64)>) -> HostedModel {
        let mut profile = MeasuredProfile::default();
        for (input, output, ttft, tpot, cost) in rows {
            let row = Row {
                stamp: 0,
                input_tokens: input,
                output_tokens: Some(output),
                prompt: None,
                user: None,
            };
            let seconds = |s: f64| Some(Duration(libm::round(s * 1e9) as u64));
            profile.record(
                &row,
                &Measured {
                    ttft: seconds(ttft),
                    tpot: seconds(tpot),
                    cost: Some(cost),
                    ..Measured::default()
                },
            );
        }
        let (name, model) = profile.models().next().unwrap();
        fit(name, model, 20).unwrap()
    }

    #[test]
    fn a_line_is_found_with_its_prices() {
        let model = fitted((0..100).map(|k| {
            let (input, output) = (100 + 37 * k, 1 + (k * k) % 50);
            let cost = f64::from(input) * 2.5e-6 + f64::from(output) * 1e-5;
            (input, output + 1, 0.3 + f64::from(input) * 1e-4, 0.02, cost + 1e-5)
        }));
        assert_eq!(model.per_input_token, Duration(100_000));
        assert_eq!(model.ttft, SpanSpec::Constant(Duration(300_000_000)));
        assert_eq!(model.tpot, Some(SpanSpec::Constant(Duration(20_000_000))));
        assert_eq!(model.prices, Some([2.5e-6, 1e-5]));
    }

    #[test]
    fn times_that_vary_are_lognormal_and_a_slope_by_chance_is_none() {
        let mut stream = crate::kernel::Streams::new(5, 0).stream("times");
        let model = fitted((0..2000).map(|k| {
            let z = crate::kernel::normal_quantile(stream.uniform());
            let ttft = libm::exp(-1.0 + 0.5 * z);
            ((k * 7919) % 1000, 2, ttft, 0.01, 0.0)
        }));
        assert_eq!(model.per_input_token, Duration::ZERO);
        let SpanSpec::Lognormal(law) = model.ttft else { panic!("{:?}", model.ttft) };
        // exp(-1 + 0.125); three standard errors of each.
        let mean = law.mean.as_secs_f64();
        assert!((mean / 0.41686 - 1.0).abs() < 0.036, "{mean}");
        let sigma = law.sigma.unwrap().get();
        assert!((sigma - 0.5).abs() < 0.024, "{sigma}");
        assert_eq!(model.prices, None);
    }
}
