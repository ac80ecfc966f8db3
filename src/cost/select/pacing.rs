//! A budget spent evenly until it begins anew.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec};
use crate::cost::demand::Quality;
use crate::cost::{Choice, Lesson, Money};
use crate::kernel::{Duration, Time};
use crate::spec::Problems;

/// Each request goes to the affordable model with the most `quality - price of
/// money x estimate`. The price of money (a Lagrange multiplier) follows what is
/// spent: it rises while spending is ahead of what would use up the budget evenly
/// by the end of its span, and falls while it is behind (multiplicative dual
/// descent; Balseiro, Lu and Mirrokni, Operations Research 2023). The budget is a
/// target for the whole file, not a limit: limits are `budgets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacingSpec {
    /// What is to be spent in each span.
    pub budget: Money,
    /// How long the budget is to last, counted from the start of the run, such as
    /// `31d`. Default 1d.
    #[serde(default = "day")]
    pub every: Duration,
    /// How fast the price of money follows: in this time, spending at twice the
    /// even rate makes it 2.7 times as high. Default: a 50th of `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<Duration>,
}

fn day() -> Duration {
    Duration::from_secs(86_400)
}

/// The price of money never leaves this range around its first value, so that
/// it finds its way back.
const RANGE: f64 = 30.0;
/// What a single step may multiply it by, as a logarithm.
const STEP: f64 = 0.5;

impl SelectorSpec for PacingSpec {
    fn check(&self, _: &Known<'_>, problems: &mut Problems) {
        if self.budget == Money::ZERO {
            problems.at("budget", |p| p.error("there is nothing to spend"));
        }
        for (name, span) in [("every", Some(self.every)), ("follow", self.follow)] {
            if span.is_some_and(Duration::is_zero) {
                problems.at(name, |p| p.error("expected a span longer than 0"));
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Pacing {
    budget: f64,
    every: Duration,
    follow_s: f64,
    /// When the span that the money is for ends.
    end: Time,
    /// Spent in the span, in dollars; what of it has moved the price already.
    spent: f64,
    seen: f64,
    since: Time,
    /// Logarithm of the price of money relative to `unit`.
    log_price: f64,
    /// Quality per dollar; known with the first request.
    unit: f64,
}

impl Pacing {
    pub fn new(spec: &PacingSpec) -> Self {
        let follow = spec.follow.unwrap_or(Duration(spec.every.as_nanos() / 50));
        Pacing {
            budget: spec.budget.usd(),
            every: spec.every,
            follow_s: follow.as_secs_f64().max(1e-9),
            end: Time::ZERO,
            spent: 0.0,
            seen: 0.0,
            since: Time::ZERO,
            log_price: 0.0,
            unit: 0.0,
        }
    }

    /// Moves the price of money by what was spent since it was last moved,
    /// relative to what should have been.
    fn follow(&mut self, now: Time) {
        if now >= self.end {
            let every = self.every.as_nanos().max(1);
            let span = now.as_nanos() / every;
            (self.spent, self.seen) = (0.0, 0.0);
            self.since = Time::ZERO + Duration(every) * span;
            self.end = Time::ZERO + Duration(every) * span.saturating_add(1);
        }
        let left_s = self.end.since(self.since).as_secs_f64();
        let passed_s = now.since(self.since).as_secs_f64();
        let left = self.budget - self.seen;
        // Where nothing is left, the even rate is next to nothing.
        let rate = (left / left_s).max(1e-3 * self.budget / self.every.as_secs_f64());
        let ahead = (self.spent - self.seen) / rate - passed_s;
        self.log_price += (ahead / self.follow_s).clamp(-STEP, STEP);
        self.log_price = self.log_price.clamp(-RANGE, RANGE);
        (self.seen, self.since) = (self.spent, now);
    }
}

impl Select for Pacing {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        if self.unit == 0.0 {
            self.unit = first_price(ask)?;
        }
        self.follow(ask.now);
        let price = self.unit * libm::exp(self.log_price) / 1e12;
        let mut best = None;
        ask.each_affordable(Quality::WORST, |worth| {
            let value = worth.share - price * worth.picos as f64;
            if best.is_none_or(|(most, _)| value > most) {
                best = Some((value, worth.model));
            }
        });
        ask.choice(best?.1)
    }

    fn learn(&mut self, lesson: &Lesson) {
        self.spent += lesson.cost.usd();
    }
}

/// The price of money to begin with: that at which the dearest model is just worth
/// it beside the cheapest.
fn first_price(ask: &Ask) -> Option<f64> {
    let all = || ask.affordable(Quality::WORST);
    let dearest = all().max_by_key(|worth| worth.picos)?;
    let cheapest = all().min_by_key(|worth| worth.picos)?;
    let more = (dearest.share - cheapest.share).max(1e-3);
    Some(more / ((dearest.picos - cheapest.picos).max(1) as f64 / 1e12))
}
