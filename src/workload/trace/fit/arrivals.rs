//! Laws of arrivals.

use super::candidate::{Candidate, Law, Part, best, curve, measured};
use super::tidy::{checked, rate, tidy};
use crate::kernel::Duration;
use crate::spec::Positive;
use crate::stats::fit::{Exponential, Gamma, Modulated, Stepped, Weibull};
use crate::stats::{Point, Sample};
use crate::workload::arrivals::{
    ArrivalsSpec, BatchSize, BatchSpec, ConstantSpec, GammaSpec, MarkovSpec, MarkovState,
    PiecewiseSpec, PoissonSpec, RatePoint, Shape, WeibullSpec,
};
use crate::workload::trace::Profile;

/// Where more gaps than this are of no length, requests come in batches; fewer are
/// what a clock of limited resolution makes of short gaps.
const BATCHES: f64 = 0.01;
/// Gaps that vary less are all the same.
const STEADY: f64 = 0.05;
/// How many windows a changing rate may have.
const STEPS: [usize; 9] = [4, 6, 8, 12, 16, 24, 32, 48, 64];
/// How finely time is divided to see a rate jump.
const FINE: [usize; 4] = [1024, 512, 256, 128];

/// A candidate and its spec.
type Try = (ArrivalsSpec, Candidate);

/// The gaps as they are fitted.
struct Fitting<'a> {
    profile: &'a Profile,
    /// All gaps.
    all: Sample,
    /// Those that a law without batches has to explain, none of them 0.
    gaps: Sample,
    /// The share of gaps of no length that batches explain.
    within: f64,
}

/// The law of arrivals, and how it was found. `None` without any time.
pub(super) fn fit(profile: &Profile) -> Option<(ArrivalsSpec, Part)> {
    if profile.span().is_zero() {
        return None;
    }
    let all = profile.gaps.sample();
    let zeros = profile.gaps.zero_share();
    let batches = zeros > BATCHES;
    let gaps = if batches { all.above(0.0) } else { without_zeros(&all) };
    let within = if batches { zeros } else { 0.0 };
    let fitting = Fitting { profile, all, gaps, within };
    let mut tries = fitting.tries();
    let candidates: Vec<Candidate> = tries.iter().map(|(_, c)| c.clone()).collect();
    let steady = tries.iter().position(|(_, c)| c.law.ends_with("constant"));
    let chosen = steady.or_else(|| best(&candidates))?;
    let part = Part {
        name: "gaps",
        why: fitting.why(steady.is_some()),
        candidates,
        chosen,
        measured: measured(&fitting.all),
        curve: curve(&fitting.all),
    };
    Some((tries.swap_remove(chosen).0, part))
}

/// Takes gaps of no length to be half as long as the shortest of the others.
fn without_zeros(all: &Sample) -> Sample {
    let shortest = all.points().iter().find(|point| point.value > 0.0).copied();
    Sample::new(all.points().iter().map(|point| match shortest {
        Some(shortest) if point.value == 0.0 => {
            let end = shortest.below;
            Point { below: 0.0, value: end / 2.0, upto: end, count: point.count }
        }
        _ => *point,
    }))
}

impl Fitting<'_> {
    fn tries(&self) -> Vec<Try> {
        let renewals = [self.constant(), self.poisson(), self.gamma(), self.weibull()];
        let mut tries: Vec<Try> = renewals.into_iter().flatten().collect();
        // Windows count requests, not batches.
        if self.within == 0.0 {
            tries.extend(self.markov());
            tries.extend(self.piecewise());
        }
        tries
    }

    fn why(&self, steady: bool) -> String {
        let dispersion = self.profile.windows.at_most(64).dispersion();
        let rate = format!(
            "counts in 64 windows vary {dispersion:.1} times as much as those of Poisson arrivals"
        );
        let chosen = if steady {
            "gaps are all alike"
        } else {
            "the simplest of those hardly worse than the least AIC"
        };
        if self.within > 0.0 {
            let share = 100.0 * self.within;
            return format!(
                "{chosen}; {share:.1} % of the requests come at the instant of the one before: \
                 in batches, or on a coarse clock"
            );
        }
        format!("{chosen}; {rate}")
    }

    /// The rate at which instants with arrivals come.
    fn rate(&self) -> f64 {
        1.0 / self.gaps.mean()
    }

    /// The law of all gaps from that of those between batches, and the spec that
    /// says so.
    fn finish(&self, law: Law<'_>, spec: ArrivalsSpec) -> Option<Try> {
        let spec = checked(spec)?;
        if self.within == 0.0 {
            return Some((spec, law.against(&self.all)));
        }
        // Sizes of batches are geometric: each further request of one is a gap of 0.
        let (zeros, size) = (self.within, 1.0 / (1.0 - self.within));
        let count = self.all.total() as f64;
        let sizes = count * (zeros * libm::log(zeros) + (1.0 - zeros) * libm::log(1.0 - zeros));
        let cdf = |x: f64| if x < 0.0 { 0.0 } else { zeros + (1.0 - zeros) * (law.cdf)(x) };
        // E[x^2] / E[x]^2 = (1 + cv^2) / (1 - zeros).
        let cv = ((1.0 + law.cv * law.cv) / (1.0 - zeros) - 1.0).sqrt();
        let name = format!("batch of {}", law.name);
        let batched = Law {
            name: &name,
            parameters: format!("{}; size geometric of mean {}", law.parameters, tidy(size, 4)),
            fitted: law.fitted + 1,
            log_likelihood: law.log_likelihood + sizes,
            mean: law.mean * (1.0 - zeros),
            cv,
            cdf: &cdf,
        };
        let candidate = batched.against(&self.all);
        let size = BatchSize::Geometric(Positive::try_from(tidy(size, 4)).ok()?);
        let spec = ArrivalsSpec::Batch(BatchSpec { arrivals: Box::new(spec), size });
        Some((checked(spec)?, candidate))
    }

    /// Gaps are counted in bins of 0.1 %: the density stands for a bin.
    fn likelihood(&self, ln_density: impl Fn(f64) -> f64) -> f64 {
        self.gaps.total() as f64 * self.gaps.mean_of(ln_density)
    }

    fn constant(&self) -> Option<Try> {
        if self.gaps.cv() > STEADY {
            return None;
        }
        let (mean, shown) = (self.gaps.mean(), tidy(self.rate(), 6));
        let law = Law {
            name: "constant",
            parameters: format!("rate {shown}/s"),
            fitted: 1,
            log_likelihood: f64::NAN,
            mean,
            cv: 0.0,
            cdf: &|x| f64::from(x >= mean),
        };
        self.finish(law, ArrivalsSpec::Constant(ConstantSpec { rate: rate(shown)? }))
    }

    fn poisson(&self) -> Option<Try> {
        let fit = Exponential::fit(&self.gaps)?;
        let law = Law {
            name: "poisson",
            parameters: format!("rate {}/s", tidy(self.rate(), 6)),
            fitted: 1,
            log_likelihood: self.likelihood(|x| fit.ln_density(x)),
            mean: fit.mean,
            cv: 1.0,
            cdf: &|x| fit.cdf(x),
        };
        self.finish(law, ArrivalsSpec::Poisson(PoissonSpec { rate: rate(self.rate())? }))
    }

    fn gamma(&self) -> Option<Try> {
        let fit = Gamma::fit(&self.gaps)?;
        let cv = tidy(fit.cv(), 4);
        let law = Law {
            name: "gamma",
            parameters: format!("rate {}/s, cv {cv}", tidy(self.rate(), 6)),
            fitted: 2,
            log_likelihood: self.likelihood(|x| fit.ln_density(x)),
            mean: fit.mean,
            cv: fit.cv(),
            cdf: &|x| fit.cdf(x),
        };
        let spec = GammaSpec { rate: rate(self.rate())?, cv: Positive::try_from(cv).ok()? };
        self.finish(law, ArrivalsSpec::Gamma(spec))
    }

    fn weibull(&self) -> Option<Try> {
        let fit = Weibull::fit(&self.gaps)?;
        let cv = tidy(fit.cv(), 4);
        let law = Law {
            name: "weibull",
            parameters: format!("rate {}/s, cv {cv}", tidy(self.rate(), 6)),
            fitted: 2,
            log_likelihood: self.likelihood(|x| fit.ln_density(x)),
            mean: fit.mean,
            cv: fit.cv(),
            cdf: &|x| fit.cdf(x),
        };
        let spec = WeibullSpec { rate: rate(self.rate())?, cv: Positive::try_from(cv).ok()? };
        self.finish(law, ArrivalsSpec::Weibull(spec))
    }

    /// The most likely of several divisions of time.
    fn markov(&self) -> Option<Try> {
        let windows = &self.profile.windows;
        let fits = FINE.iter().filter_map(|most| Modulated::fit(&windows.at_most(*most)));
        let fit = fits.max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood))?;
        let state = |i: usize| {
            let mean = Duration::from_secs_f64(tidy(fit.stays[i], 4));
            Some(MarkovState { rate: rate(fit.rates[i])?, mean })
        };
        let told = |i: usize| {
            format!(
                "{}/s for {}",
                tidy(fit.rates[i], 4),
                Duration::from_secs_f64(tidy(fit.stays[i], 4))
            )
        };
        let law = Law {
            name: "markov",
            parameters: format!("{}, {}", told(0), told(1)),
            fitted: 4,
            log_likelihood: fit.log_likelihood,
            mean: 1.0 / fit.mean_rate(),
            cv: fit.cv(),
            cdf: &|x| fit.cdf(x),
        };
        let spec = MarkovSpec { states: vec![state(0)?, state(1)?] };
        self.finish(law, ArrivalsSpec::Markov(spec))
    }

    /// The division of time with the least of Akaike's criterion.
    fn piecewise(&self) -> Option<Try> {
        let span = self.profile.span().as_secs_f64();
        let fits = STEPS.iter().filter_map(|most| Stepped::fit(&self.profile.windows, *most, span));
        let loss = |fit: &Stepped| fit.rates.len() as f64 - fit.log_likelihood;
        let fit = fits.min_by(|a, b| loss(a).total_cmp(&loss(b)))?;
        let point = |(i, per_sec): (usize, &f64)| {
            let at = Duration::from_secs_f64(i as f64 * fit.width);
            Some(RatePoint { at, rate: rate(*per_sec)? })
        };
        let points = fit.rates.iter().enumerate().map(point).collect::<Option<Vec<_>>>()?;
        let law = Law {
            name: "piecewise",
            parameters: format!("{} steps of {}", points.len(), Duration::from_secs_f64(fit.width)),
            fitted: points.len() as u32,
            log_likelihood: fit.log_likelihood,
            mean: 1.0 / self.rate(),
            cv: fit.cv(),
            cdf: &|x| fit.cdf(x),
        };
        let spec = PiecewiseSpec { period: None, shape: Shape::Steps, points };
        self.finish(law, ArrivalsSpec::Piecewise(spec))
    }
}
