//! Laws of lengths.

use std::collections::BTreeSet;

use super::candidate::{Candidate, Law, Part, best, curve, measured};
use super::tidy::{sound, tidy};
use crate::spec::{Fraction, NonNegative, Positive};
use crate::stats::fit::{Lognormal, Tailed};
use crate::stats::{Counts, Sample};
use crate::workload::lengths::{
    BinSpec, ExponentialSpec, LengthsSpec, LognormalSpec, MixtureSpec, ParetoSpec,
};

/// Bins of a histogram that hold the same share each.
const BINS: u32 = 40;
/// A single length with a larger share has a bin of its own.
const ATOM: f64 = 0.01;

/// A law whose mean is further off than this part would make another load.
const MEAN: f64 = 0.05;

/// A candidate and its spec.
type Try = (LengthsSpec, Candidate);

/// The law of lengths, and how it was found. `None` if all are 0.
pub(super) fn fit(
    name: &'static str,
    counts: &Counts,
    tolerance: f64,
) -> Option<(LengthsSpec, Part)> {
    let sample = counts.sample();
    if sample.is_empty() {
        return None;
    }
    let mut tries: Vec<Try> = match sample.points() {
        [only] => vec![constant(&sample, only.value)],
        _ => [lognormal(&sample), exponential(&sample), mixture(&sample)]
            .into_iter()
            .flatten()
            .filter(|(spec, _)| sound(|problems| spec.check(problems)))
            .collect(),
    };
    let candidates = |tries: &[Try]| tries.iter().map(|(_, c)| c.clone()).collect::<Vec<_>>();
    let own = measured(&sample);
    let is_near =
        |law: &Candidate| law.ks <= tolerance && (law.figures.mean / own.mean - 1.0).abs() <= MEAN;
    let near = best(&candidates(&tries)).filter(|i| is_near(&tries[*i].1));
    let (chosen, why) = if let Some(near) = near {
        (near, "the simplest of those hardly worse than the least AIC".to_owned())
    } else {
        let (spec, candidate) = histogram(&sample);
        tries.push((spec, candidate));
        let why = format!(
            "the best law is further off than a KS distance of {tolerance} or a mean of {} %",
            100.0 * MEAN
        );
        (tries.len() - 1, why)
    };
    let part = Part {
        name,
        candidates: candidates(&tries),
        chosen,
        why,
        measured: own,
        curve: curve(&sample),
    };
    Some((tries.swap_remove(chosen).0, part))
}

fn constant(sample: &Sample, value: f64) -> Try {
    let cdf = |x: f64| f64::from(x >= value);
    let law = Law {
        name: "constant",
        parameters: format!("{value}"),
        fitted: 1,
        log_likelihood: 0.0,
        mean: value,
        cv: 0.0,
        cdf: &cdf,
    };
    (LengthsSpec::Constant(value as u32), law.against(sample))
}

fn lognormal(sample: &Sample) -> Option<Try> {
    let fit = Lognormal::fit(sample)?;
    let (mean, sigma) = (tidy(fit.mean(), 5), tidy(fit.sigma, 4));
    let spec = LengthsSpec::Lognormal(LognormalSpec::of_sigma(mean, sigma)?);
    let cdf = |x| fit.cdf(x);
    let law = Law {
        name: "lognormal",
        parameters: format!("mean {mean}, sigma {sigma}"),
        fitted: 2,
        log_likelihood: sample.log_likelihood(cdf),
        mean: fit.mean(),
        cv: libm::expm1(fit.sigma * fit.sigma).sqrt(),
        cdf: &cdf,
    };
    Some((spec, law.against(sample)))
}

fn exponential(sample: &Sample) -> Option<Try> {
    let mean = sample.mean();
    let spec = LengthsSpec::Exponential(ExponentialSpec {
        mean: Positive::try_from(tidy(mean, 5).max(1.0)).ok()?,
    });
    // Whole tokens: each is the last with probability 1/mean.
    let cdf = |x: f64| -libm::expm1(libm::floor(x).max(0.0) * libm::log1p(-1.0 / mean));
    let law = Law {
        name: "exponential",
        parameters: format!("mean {}", tidy(mean, 5)),
        fitted: 1,
        log_likelihood: sample.log_likelihood(cdf),
        mean,
        cv: (1.0 - 1.0 / mean).max(0.0).sqrt(),
        cdf: &cdf,
    };
    Some((spec, law.against(sample)))
}

fn mixture(sample: &Sample) -> Option<Try> {
    let fit = Tailed::fit(sample)?;
    let (mean, sigma) = (tidy(fit.body.mean(), 5), tidy(fit.body.sigma, 4));
    let (tail, alpha) = (tidy(fit.tail, 4), tidy(fit.alpha, 4));
    let spec = LengthsSpec::Mixture(MixtureSpec {
        lognormal: LognormalSpec::of_sigma(mean, sigma)?,
        pareto: ParetoSpec {
            min: Positive::try_from(fit.min).ok()?,
            alpha: Positive::try_from(alpha).ok()?,
        },
        tail: Fraction::try_from(tail).ok()?,
    });
    let cdf = |x| fit.cdf(x);
    let law = Law {
        name: "mixture",
        parameters: format!(
            "lognormal mean {mean}, sigma {sigma}; {tail} after Pareto from {} with alpha {alpha}",
            fit.min
        ),
        fitted: 5,
        log_likelihood: sample.log_likelihood(cdf),
        mean: fit.mean(),
        cv: fit.cv(),
        cdf: &cdf,
    };
    Some((spec, law.against(sample)))
}

/// Counts in bins of equal shares, with bins of their own for what is frequent.
fn histogram(sample: &Sample) -> Try {
    let bins = bins(sample);
    let total: f64 = bins.iter().map(|bin| bin.count.get()).sum();
    let mut starts = vec![(0.0, 0.0)];
    for bin in &bins {
        let (_, below) = starts[starts.len() - 1];
        starts.push((f64::from(bin.to), below + bin.count.get() / total));
    }
    let cdf = |x: f64| {
        let x = libm::floor(x).max(0.0);
        let after = starts.partition_point(|(end, _)| *end <= x);
        let (from, below) = starts[after - 1];
        let Some((to, above)) = starts.get(after) else { return 1.0 };
        below + (above - below) * (x - from) / (to - from)
    };
    let moment = |of: fn(f64) -> f64| -> f64 {
        let pairs = starts.windows(2);
        let part = |pair: &[(f64, f64)]| {
            let (low, high) = (pair[0].0 + 1.0, pair[1].0);
            // Simpson's rule is exact for squares.
            let middle = f64::midpoint(low, high);
            (pair[1].1 - pair[0].1) * (of(low) + 4.0 * of(middle) + of(high)) / 6.0
        };
        pairs.map(part).sum()
    };
    let (mean, square) = (moment(|x| x), moment(|x| x * x));
    let law = Law {
        name: "histogram",
        parameters: format!("{} bins", bins.len()),
        fitted: 2 * bins.len() as u32,
        log_likelihood: sample.log_likelihood(cdf),
        mean,
        cv: (square - mean * mean).max(0.0).sqrt() / mean,
        cdf: &cdf,
    };
    let candidate = law.against(sample);
    (LengthsSpec::Histogram(bins), candidate)
}

fn bins(sample: &Sample) -> Vec<BinSpec> {
    let shares = (1..BINS).map(|i| f64::from(i) / f64::from(BINS)).chain([0.99, 0.995, 0.999, 1.0]);
    let mut ends: BTreeSet<u32> = shares.map(|p| sample.quantile(p) as u32).collect();
    let least = sample.points().first().map_or(1, |point| point.value as u32);
    ends.insert(least - 1);
    for point in sample.points() {
        if point.count as f64 > ATOM * sample.total() as f64 {
            ends.extend([point.value as u32 - 1, point.value as u32]);
        }
    }
    ends.remove(&0);
    let mut points = sample.points().iter().peekable();
    let bin = |to: u32| {
        let mut count = 0;
        while let Some(point) = points.next_if(|point| point.value <= f64::from(to)) {
            count += point.count;
        }
        BinSpec { to, count: NonNegative::try_from(count as f64).unwrap_or(NonNegative::ONE) }
    };
    ends.into_iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Lengths drawn from a spec.
    fn drawn(yaml: &str, count: u32) -> Counts {
        let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
        let spec: LengthsSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
        let law = spec.distribution().unwrap();
        let mut stream = Streams::new(11, 0).stream("lengths");
        (0..count).map(|_| law.pick(stream.uniform())).collect()
    }

    fn fitted(yaml: &str) -> (LengthsSpec, Part) {
        fit("input", &drawn(yaml, 40_000), 0.02).unwrap()
    }

    #[test]
    fn lognormal_lengths_are_known_again() {
        let (spec, part) = fitted("lognormal: {mean: 1155, sigma: 0.86}");
        let LengthsSpec::Lognormal(law) = spec else { panic!("{spec:?}") };
        assert!((law.mean.get() / 1155.0 - 1.0).abs() < 0.02, "{law:?}");
        assert!((law.sigma.unwrap().get() - 0.86).abs() < 0.01, "{law:?}");
        // 1.95 / sqrt n is exceeded once in a thousand.
        assert!(part.candidates[part.chosen].ks < 1.95 / 200.0);
    }

    #[test]
    fn exponential_lengths_are_known_again() {
        let (spec, part) = fitted("exponential: {mean: 211}");
        let LengthsSpec::Exponential(law) = spec else { panic!("{spec:?}") };
        assert!((law.mean.get() / 211.0 - 1.0).abs() < 0.02, "{law:?}");
        assert!(part.candidates[part.chosen].ks < 1.95 / 200.0);
    }

    #[test]
    fn a_mixture_is_known_again() {
        let (spec, part) = fitted(
            "mixture: {lognormal: {mean: 500, sigma: 0.5}, pareto: {min: 2000, alpha: 2.5}, tail: 0.08}",
        );
        let LengthsSpec::Mixture(law) = spec else { panic!("{spec:?}") };
        assert!((law.lognormal.mean.get() / 500.0 - 1.0).abs() < 0.03, "{law:?}");
        // The tail's beginning is looked for at a few quantiles only, and alpha follows it.
        assert!((law.pareto.alpha.get() - 2.5).abs() < 0.5, "{law:?}");
        assert!((law.tail.get() - 0.08).abs() < 0.02, "{law:?}");
        assert!(part.candidates[part.chosen].ks < 0.02);
    }

    #[test]
    fn what_follows_no_law_becomes_a_histogram() {
        let yaml = "histogram: [{to: 99, count: 0}, {to: 100, count: 30}, {to: 900, count: 40}, {to: 5000, count: 30}]";
        let (spec, part) = fitted(yaml);
        let LengthsSpec::Histogram(_) = &spec else { panic!("{spec:?}") };
        let chosen = &part.candidates[part.chosen];
        assert!(chosen.ks < 0.01, "{}", chosen.ks);
        assert!((chosen.figures.mean / part.measured.mean - 1.0).abs() < 0.01);
        assert!((spec.mean().unwrap() / part.measured.mean - 1.0).abs() < 0.01);
        assert!((chosen.figures.cv / part.measured.cv - 1.0).abs() < 0.02);
    }

    #[test]
    fn equal_lengths_are_constant_and_none_are_nothing() {
        let (spec, part) = fit("input", &Counts::from_iter([7; 30]), 0.05).unwrap();
        assert_eq!((spec, part.candidates[0].ks), (LengthsSpec::Constant(7), 0.0));
        assert!(fit("output", &Counts::from_iter([0; 30]), 0.05).is_none());
    }
}
