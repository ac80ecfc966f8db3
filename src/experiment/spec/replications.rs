//! How many replications a point gets, and what they are.
//!
//! Runs are numbered as if every point got the most replications it may: run `r` is
//! replication `r % most` of point `r / most`. Where `precision` ends a point sooner,
//! the numbers of the runs that it does not need are not used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Streams;
use crate::spec::{Fraction, Problems};
use crate::stats::{MeanCi, mean_ci};
use crate::system::MetricId;

/// More replications of a point until a metric is known well enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSpec {
    /// The metric.
    pub metric: String,
    /// The half width of its 95 % interval, as a share of its mean, that ends a point.
    /// More than 0; default 0.05.
    #[serde(default = "PrecisionSpec::relative")]
    pub relative: Fraction,
    /// The most replications of a point. Default 100.
    #[serde(default = "PrecisionSpec::max")]
    pub max: u32,
}

impl PrecisionSpec {
    const fn relative() -> Fraction {
        Fraction::percent(5)
    }

    const fn max() -> u32 {
        100
    }

    fn check(&self, replications: u32, problems: &mut Problems) {
        if MetricId::named(&self.metric).is_none() {
            problems.at("metric", |p| p.unknown("metric", &self.metric, MetricId::names()));
        }
        if self.relative.get() == 0.0 {
            problems.at("relative", |p| {
                p.error_help(
                    "expected a share above 0",
                    "no number of replications makes an interval of no width",
                );
            });
        }
        if self.max < replications {
            problems.at("max", |p| {
                p.error(format!("expected at least the {replications} `replications`"));
            });
        }
    }
}

/// Checks what an experiment says of its replications.
pub(super) fn check(
    replications: u32,
    antithetic: bool,
    precision: Option<&PrecisionSpec>,
    problems: &mut Problems,
) {
    if replications == 0 {
        problems.at("replications", |p| p.error("expected at least 1 replication"));
    }
    if antithetic && replications % 2 == 1 {
        problems.at("replications", |p| {
            p.error_help("antithetic replications come in pairs", "choose an even number");
        });
    }
    let Some(precision) = precision else { return };
    problems.at("precision", |p| precision.check(replications, p));
    let fewest = if antithetic { 4 } else { 2 };
    if replications < fewest {
        problems.at("replications", |p| {
            p.error_help(
                "too few to tell how precise they are",
                format!("with `precision` expected {fewest} or more, better 5 or 10"),
            );
        });
    }
}

/// How many replications a point gets, and what they are.
#[derive(Clone, Debug)]
pub struct Replications {
    /// So many at a time.
    step: usize,
    most: usize,
    antithetic: bool,
    rule: Option<Rule>,
}

/// When a point has enough.
#[derive(Clone, Copy, Debug)]
struct Rule {
    metric: MetricId,
    relative: f64,
}

/// How far a point is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It needs its first so many replications, and may need more.
    Needs(usize),
    /// It needs so many and no more.
    Done(usize),
}

impl Replications {
    /// `count` at a time, in `antithetic` pairs or not; no more than those without a
    /// `precision` that is asked for.
    pub fn new(count: u32, antithetic: bool, precision: Option<&PrecisionSpec>) -> Self {
        let step = count as usize;
        let rule = precision.and_then(|precision| {
            let metric = MetricId::named(&precision.metric)?;
            Some(Rule { metric, relative: precision.relative.get() })
        });
        // Whole steps only, so that pairs stay pairs.
        let most = precision.map_or(step, |it| it.max as usize);
        let most = most - most % step.max(1);
        Replications { step, most: most.max(step), antithetic, rule }
    }

    /// The most that a point may get: what runs are numbered by.
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many a point gets at a time.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Whether points may get different numbers of them.
    pub fn vary(&self) -> bool {
        self.rule.is_some()
    }

    /// The number by which run `run` is dealt to a shard: its own, or its point's where
    /// the first runs of a point decide how many more it gets. Only who has all of them
    /// can tell.
    pub fn dealt(&self, run: usize) -> usize {
        if self.vary() { run / self.most } else { run }
    }

    /// The random streams of a replication.
    pub fn streams(&self, seed: u64, replication: u64) -> Streams {
        if !self.antithetic {
            return Streams::new(seed, replication);
        }
        let streams = Streams::new(seed, replication / 2);
        if replication % 2 == 1 { streams.mirrored() } else { streams }
    }

    /// How far a point is. `value` gives a metric of a replication, by its number, if
    /// that is done.
    ///
    /// Only the first replications in the order of their numbers decide, a whole step
    /// at a time: neither threads nor an interruption can change the outcome.
    pub fn standing(&self, mut value: impl FnMut(usize, MetricId) -> Option<f64>) -> Standing {
        let Some(Rule { metric, relative }) = self.rule else {
            return Standing::Done(self.step);
        };
        let mut values = Vec::with_capacity(self.step);
        loop {
            let until = values.len() + self.step;
            for replication in values.len()..until {
                match value(replication, metric) {
                    Some(value) => values.push(value),
                    None => return Standing::Needs(until),
                }
            }
            if until == self.most || self.is_enough(metric, &values, relative) {
                return Standing::Done(until);
            }
        }
    }

    fn is_enough(&self, metric: MetricId, values: &[f64], relative: f64) -> bool {
        let estimate = self.estimate(values).on(metric.scale());
        // More runs of what is never measured would not help.
        let unmeasured = values.iter().all(|value| !value.is_finite());
        unmeasured || estimate.half_width() <= relative * estimate.mean.abs()
    }

    /// The mean of a metric over a point's replications, with its 95 % interval. The two
    /// of an antithetic pair depend on each other: pairs are the independent units.
    pub fn estimate(&self, values: &[f64]) -> MeanCi {
        self.estimate_at(0.95, values)
    }

    /// As [`Replications::estimate`], for another confidence `level` within (0, 1).
    pub fn estimate_at(&self, level: f64, values: &[f64]) -> MeanCi {
        if !self.antithetic {
            return mean_ci(values, level);
        }
        mean_ci(&pair_means(values), level)
    }
}

/// The mean of each pair of neighbours; of one of them where the other has no value.
pub fn pair_means(values: &[f64]) -> Vec<f64> {
    let mean = |pair: &[f64]| {
        let known: Vec<f64> = pair.iter().copied().filter(|value| value.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    values.chunks(2).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean_ci95;

    /// What an experiment says of its replications.
    #[derive(Deserialize)]
    #[serde(default)]
    struct Written {
        replications: u32,
        antithetic: bool,
        precision: Option<PrecisionSpec>,
    }

    impl Default for Written {
        fn default() -> Self {
            Written { replications: 5, antithetic: false, precision: None }
        }
    }

    fn checked(yaml: &str) -> (Replications, Problems) {
        let Written { replications, antithetic, precision } =
            serde_yaml::from_str(yaml).expect("what an experiment says");
        let mut problems = Problems::default();
        check(replications, antithetic, precision.as_ref(), &mut problems);
        (Replications::new(replications, antithetic, precision.as_ref()), problems)
    }

    fn replications(yaml: &str) -> Replications {
        let (replications, problems) = checked(yaml);
        assert_eq!(problems.list(), []);
        replications
    }

    #[test]
    fn a_fixed_number_needs_just_that() {
        let fixed = replications("replications: 3");
        assert_eq!(fixed.standing(|_, _| None), Standing::Done(3));
        assert_eq!(fixed.standing(|_, _| Some(f64::NAN)), Standing::Done(3));
    }

    #[test]
    fn runs_are_dealt_one_by_one_but_points_whole_where_they_decide() {
        let fixed = replications("replications: 3");
        assert_eq!([0, 1, 3, 7].map(|run| fixed.dealt(run)), [0, 1, 3, 7]);
        let precise = replications("{ replications: 2, precision: { metric: e2e_p99_s, max: 4 } }");
        assert_eq!([0, 1, 3, 4, 7, 8].map(|run| precise.dealt(run)), [0, 0, 0, 1, 1, 2]);
    }

    #[test]
    fn precision_asks_for_steps_until_the_interval_is_narrow() {
        let precise = replications(
            "{ replications: 5, precision: { metric: e2e_p99_s, relative: 0.1, max: 42 } }",
        );
        assert_eq!(precise.most(), 40);
        // Nearly alike: the first step tells.
        let alike = |r: usize, _| Some(10.0 + (r % 2) as f64 * 0.1);
        assert_eq!(precise.standing(alike), Standing::Done(5));
        // 10 +- 2: t x 2.1 / sqrt(n) is below 1 from n = 20 on, not at 15.
        let wide = |r: usize, _| Some(if r.is_multiple_of(2) { 8.0 } else { 12.0 });
        assert_eq!(precise.standing(wide), Standing::Done(20));
        assert_eq!(precise.standing(|r, it| wide(r, it).filter(|_| r < 15)), Standing::Needs(20));
        // What later runs say does not matter.
        let late = |r: usize, it| if r < 20 { wide(r, it) } else { Some(1e9) };
        assert_eq!(precise.standing(late), Standing::Done(20));
        let wild = |r: usize, _| Some((r % 2) as f64 * 1e6);
        assert_eq!(precise.standing(wild), Standing::Done(40));
        assert_eq!(precise.standing(|_, _| Some(f64::NAN)), Standing::Done(5));
    }

    #[test]
    fn pairs_are_the_units_of_antithetic_replications() {
        let paired = replications("{ replications: 6, antithetic: true }");
        let values = [1.0, 3.0, 0.0, 4.0, 2.5, 1.7];
        let estimate = paired.estimate(&values);
        assert_eq!(estimate, mean_ci95(&[2.0, 2.0, 2.1]));
        assert!(estimate.half_width < mean_ci95(&values).half_width / 5.0);
        let mut one = paired.streams(7, 4).stream("x");
        let mut other = paired.streams(7, 5).stream("x");
        assert_eq!(one.uniform() + other.uniform(), 1.0);
        assert_eq!(pair_means(&[1.0, f64::NAN, f64::NAN, f64::NAN])[0], 1.0);
    }

    #[test]
    fn a_replication_that_divided_by_zero_leaves_the_mean_to_the_others() {
        let plain = replications("replications: 3");
        for none in [f64::NAN, f64::INFINITY] {
            assert_eq!(plain.estimate(&[9.0, none, 11.0]), mean_ci95(&[9.0, 11.0]));
        }
        let paired = replications("{ replications: 6, antithetic: true }");
        let values = [1.0, f64::INFINITY, f64::NAN, f64::INFINITY, 2.0, 4.0];
        assert_eq!(paired.estimate(&values), mean_ci95(&[1.0, 3.0]));
        assert!(plain.estimate(&[f64::INFINITY; 3]).mean.is_nan(), "none has a value");
    }

    #[test]
    fn replications_that_cannot_be_are_refused() {
        for (yaml, path) in [
            ("replications: 0", "replications"),
            ("{ replications: 3, antithetic: true }", "replications"),
            ("{ replications: 1, precision: { metric: e2e_p99_s } }", "replications"),
            ("{ precision: { metric: e2e_p98_s } }", "precision.metric"),
            ("{ replications: 9, precision: { metric: e2e_p99_s, max: 5 } }", "precision.max"),
            ("precision: { metric: e2e_p99_s, relative: 0 }", "precision.relative"),
        ] {
            let (_, problems) = checked(yaml);
            let found = problems.list().first().map(|problem| problem.path.to_string());
            assert_eq!(found.as_deref(), Some(path), "{yaml}");
        }
    }
}
