//! Zipf's law, from how many things were asked for how often.

use super::search::maximum;
use super::special::poisson_cdf;

/// The largest population that is looked for.
const MOST: f64 = 1e8;
/// What is less likely counts as likely as this: one thing that follows no law, such
/// as a prefix that all prompts share, should not decide over all others.
const UNLIKELY: f64 = 1e-9;
/// Ranks up to this are summed one by one, those beyond in groups.
const SINGLE: u64 = 64;

/// A population of `count` things of which the one of rank r is asked for in
/// proportion to r^-exponent.
///
/// The ranks of a sample are not those of the population (what is seen most often
/// was partly lucky, and much is never seen), so that a line through ranks and
/// frequencies is too steep. Fitted is therefore the spectrum, the number of things
/// seen once, twice, and so on, which needs no ranks (H. Baayen: Word Frequency
/// Distributions, 2001; S. Evert: A simple LNRE model for random character sequences,
/// JADT 2004): the exponent maximises its likelihood, each class being Poisson, and
/// the count is that for which as many distinct things are expected as were seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    /// How many things there are, seen or not.
    pub count: u64,
    /// How unequally they are asked for.
    pub exponent: f64,
}

/// A class of the spectrum: things that were seen `from` to `to` times.
struct Class {
    to: f64,
    things: u64,
}

/// Ranks of nearly equal popularity.
struct Group {
    ranks: f64,
    /// How often each of them is asked for, on average over the sample.
    mean: f64,
}

impl Zipf {
    /// The law of these counts, the largest first. `None` if nothing was seen twice
    /// or only one thing at all.
    pub fn fit(ranked: &[u64]) -> Option<Self> {
        let seen = ranked.len() as f64;
        let total: u64 = ranked.iter().sum();
        if ranked.len() < 2 || total == ranked.len() as u64 {
            return None;
        }
        let classes = classes(ranked);
        let total = total as f64;
        let likelihood = |exponent: f64| {
            let count = count_for(exponent, total, seen);
            spectrum_likelihood(&groups(count, exponent, total), &classes)
        };
        // Outliers may make hills beside the highest.
        let tenths = (0..=30).map(|tenth| f64::from(tenth) / 10.0);
        let near = tenths.map(|at| (likelihood(at), at)).max_by(|a, b| a.0.total_cmp(&b.0))?.1;
        let exponent = maximum((near - 0.1).max(0.0), near + 0.1, likelihood);
        Some(Zipf { count: libm::round(count_for(exponent, total, seen)) as u64, exponent })
    }

    /// How many distinct things are expected among `total` that are asked for.
    pub fn distinct(&self, total: u64) -> f64 {
        distinct(&groups(self.count as f64, self.exponent, total as f64))
    }

    /// How often the thing of this rank, from 1, is expected among `total`.
    pub fn expected(&self, rank: u64, total: u64) -> f64 {
        let groups = groups(self.count as f64, self.exponent, total as f64);
        let first = groups.first().map_or(0.0, |group| group.mean);
        first * libm::pow(rank as f64, -self.exponent)
    }
}

/// The sum of r^-exponent for the ranks from `from` to `to`, by the integral over
/// them (its relative error is about exponent^2 / 24 from^2).
fn weight(from: f64, to: f64, exponent: f64) -> f64 {
    let (low, high) = (from - 0.5, to + 0.5);
    let rest = 1.0 - exponent;
    if rest.abs() < 1e-9 {
        return libm::log(high / low);
    }
    (libm::pow(high, rest) - libm::pow(low, rest)) / rest
}

/// The population in groups, with the mean of each rank's count among `total`.
fn groups(count: f64, exponent: f64, total: f64) -> Vec<Group> {
    let mut groups = Vec::new();
    let single = SINGLE.min(count as u64);
    for rank in 1..=single {
        groups.push(Group { ranks: 1.0, mean: libm::pow(rank as f64, -exponent) });
    }
    let mut from = single as f64 + 1.0;
    while from <= count {
        let to = libm::floor(from * 1.08).min(count);
        let ranks = to - from + 1.0;
        groups.push(Group { ranks, mean: weight(from, to, exponent) / ranks });
        from = to + 1.0;
    }
    let sum: f64 = groups.iter().map(|group| group.ranks * group.mean).sum();
    for group in &mut groups {
        group.mean *= total / sum;
    }
    groups
}

fn distinct(groups: &[Group]) -> f64 {
    groups.iter().map(|group| -group.ranks * libm::expm1(-group.mean)).sum()
}

/// The population in which `seen` distinct things are expected among `total`.
fn count_for(exponent: f64, total: f64, seen: f64) -> f64 {
    let (mut low, mut high) = (libm::log(seen), libm::log(MOST.max(seen)));
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        let expected = distinct(&groups(libm::exp(middle), exponent, total));
        *(if expected < seen { &mut low } else { &mut high }) = middle;
    }
    libm::exp(f64::midpoint(low, high))
}

/// How many things were seen once, twice, ... and, beyond eight times, in steps of a
/// quarter.
fn classes(ranked: &[u64]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    let mut at = ranked.len();
    let mut to = 1.0;
    while at > 0 {
        let below = ranked.partition_point(|count| *count as f64 > to);
        classes.push(Class { to, things: (at - below) as u64 });
        at = below;
        to = if to < 8.0 { to + 1.0 } else { libm::ceil(to * 1.25) };
    }
    // Above the most popular: nothing.
    classes.push(Class { to: f64::INFINITY, things: 0 });
    classes
}

fn spectrum_likelihood(groups: &[Group], classes: &[Class]) -> f64 {
    let mut expected = vec![0.0; classes.len()];
    for group in groups {
        let mut before = libm::exp(-group.mean);
        for (class, expected) in classes.iter().zip(&mut expected) {
            let upto = if class.to.is_finite() { poisson_cdf(class.to, group.mean) } else { 1.0 };
            *expected += group.ranks * (upto - before).max(0.0);
            before = upto;
            if upto >= 1.0 {
                break;
            }
        }
    }
    let log = |(class, expected): (&Class, &f64)| {
        class.things as f64 * libm::log(expected.max(UNLIKELY)) - expected
    };
    classes.iter().zip(&expected).map(log).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;
    use crate::stats::Popularity;

    fn drawn(count: u64, exponent: f64, total: u64) -> Vec<u64> {
        let weights: Vec<f64> = (1..=count).map(|rank| libm::pow(rank as f64, -exponent)).collect();
        let sums: Vec<f64> = weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let mut stream = Streams::new(5, 0).stream("zipf");
        let mut popularity = Popularity::default();
        for _ in 0..total {
            let u = stream.uniform() * sums[sums.len() - 1];
            popularity.record(sums.partition_point(|sum| *sum < u) as u64);
        }
        popularity.ranked()
    }

    #[test]
    fn count_and_exponent_are_recovered_from_a_sample() {
        // That all are alike is hard to tell from that they nearly are.
        for (count, exponent, total, tolerance) in [
            (1000, 0.9, 20_000, 0.04),
            (50_000, 0.7, 30_000, 0.04),
            (10_000, 1.2, 40_000, 0.04),
            (300, 0.0, 5000, 0.15),
        ] {
            let fit = Zipf::fit(&drawn(count, exponent, total)).unwrap();
            let off = (fit.exponent - exponent).abs();
            assert!(off < tolerance, "exponent {exponent}: {fit:?}");
            let ratio = fit.count as f64 / count as f64;
            assert!((0.8..1.25).contains(&ratio), "{count} things: {fit:?}");
        }
    }

    #[test]
    fn expectations_are_those_of_the_law() {
        let fit = Zipf { count: 100_000, exponent: 0.8 };
        let sum: f64 = (1..=100_000).map(|r| libm::pow(f64::from(r), -0.8)).sum();
        assert!((fit.expected(1, 1000) - 1000.0 / sum).abs() < 1e-4 * 1000.0 / sum);
        let distinct: f64 = (1..=100_000)
            .map(|r| -libm::expm1(-1000.0 * libm::pow(f64::from(r), -0.8) / sum))
            .sum();
        assert!((fit.distinct(1000) / distinct - 1.0).abs() < 1e-3);
    }

    #[test]
    fn what_is_never_repeated_has_no_law() {
        assert_eq!(Zipf::fit(&[1, 1, 1]), None);
        assert_eq!(Zipf::fit(&[9]), None);
        assert_eq!(Zipf::fit(&[]), None);
    }
}
