//! One payer's account.

use super::reset::Resets;
use super::spec::{AtLimitSpec, AtSoftSpec, BudgetRule, BudgetSpec};
use super::window::Window;
use crate::cost::calendar::Calendar;
use crate::cost::{ModelId, Money};
use crate::kernel::{Duration, Time};

/// More than any limit: differences to it do not overflow.
const NO_LIMIT: Money = Money::from_picos(i128::MAX / 4);

/// Limits that begin anew each day, each month, and each `budget_duration`.
const DAY: usize = 0;
const MONTH: usize = 1;
const SPAN: usize = 2;

/// What holds for a payer.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub limits: [Money; 3],
    soft: [Money; 3],
    /// Whether any limit is one.
    pub limited: bool,
    /// Without it, a user is one who has no budget while others have one.
    pub budget: bool,
    span: Option<Duration>,
    /// When it begins anew by the rule of `LiteLLM`, if it does.
    resets: Option<Resets>,
    /// Whether requests are admitted while anything is left.
    pub while_any: bool,
    /// Whether `max_budget` is for any span of that length, not for one after
    /// the other.
    sliding: bool,
    pub at_soft: Option<ModelId>,
    pub at_limit: AtLimit,
}

/// What becomes of a request that cannot be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtLimit {
    Reject,
    Downgrade(ModelId),
    /// At most so many wait.
    Queue(u32),
}

impl Terms {
    /// Those of a user without a budget.
    pub fn none() -> Self {
        let start = jiff::Timestamp::UNIX_EPOCH;
        Terms { budget: false, ..Terms::new(&BudgetSpec::default(), &[], start) }
    }

    /// Those of a budget. Models that are not among `models` are the first.
    pub fn new(spec: &BudgetSpec, models: &[&str], start: jiff::Timestamp) -> Self {
        let while_any = spec.rule == BudgetRule::Litellm;
        let limits = [spec.daily, spec.monthly, spec.max_budget];
        let model = |name: &str| {
            let index = models.iter().position(|model| *model == name);
            ModelId(index.unwrap_or_default() as u32)
        };
        let share = spec.soft.map(crate::spec::Fraction::get);
        let soft = limits.map(|limit| match (limit, share) {
            (Some(limit), Some(share)) => Money::from_usd(limit.usd() * share),
            _ => NO_LIMIT,
        });
        Terms {
            limits: limits.map(|limit| limit.unwrap_or(NO_LIMIT)),
            soft,
            limited: limits.iter().any(Option::is_some),
            budget: true,
            span: spec.budget_duration,
            resets: spec
                .budget_duration
                .filter(|_| while_any)
                .map(|length| Resets::new(length, start)),
            while_any,
            sliding: spec.sliding,
            at_soft: match &spec.at_soft {
                AtSoftSpec::Alert => None,
                AtSoftSpec::Downgrade(name) => Some(model(name)),
            },
            at_limit: match &spec.at_limit {
                AtLimitSpec::Reject => AtLimit::Reject,
                AtLimitSpec::Downgrade(name) => AtLimit::Downgrade(model(name)),
                AtLimitSpec::Queue(queue) => AtLimit::Queue(queue.limit),
            },
        }
    }
}

/// What a payer has spent in the present day, month and span. All begin anew
/// when their time is over, which is noticed when the account is next used; time
/// does not go back.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Index of the [`Terms`]: many users, few budgets.
    pub terms: u32,
    day: u32,
    month: u32,
    /// When anything begins anew next. Until then `left` changes only by what is
    /// charged and held.
    until: Time,
    /// Until the nearest limit, what is held taken off: below nothing if it is
    /// overshot.
    left: Money,
    span_end: Time,
    spent: [Money; 3],
    /// What was spent in a span that slides.
    window: Option<Box<Window>>,
    /// For requests under way. It stays when a day ends: they will be charged
    /// in the next.
    held: Money,
    pub standing: Standing,
}

/// What became of a payer's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Charged in the whole run.
    pub charged: Money,
    /// Charged beyond a limit.
    pub overshoot: Money,
    /// When the budget first refused a request, or was used up.
    pub exhausted: Option<Time>,
    /// How often a soft limit was passed.
    pub alerts: u32,
}

/// What a charge did to an account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    pub overshoot: Money,
    pub alerted: bool,
}

impl Account {
    pub fn new(terms: u32) -> Self {
        let standing =
            Standing { charged: Money::ZERO, overshoot: Money::ZERO, exhausted: None, alerts: 0 };
        Account {
            terms,
            day: 0,
            month: 0,
            until: Time::ZERO,
            left: Money::ZERO,
            span_end: Time::ZERO,
            spent: [Money::ZERO; 3],
            window: None,
            held: Money::ZERO,
            standing,
        }
    }

    /// Begins anew what is over at `now`.
    #[inline]
    pub fn turn_to(&mut self, terms: &Terms, calendar: &mut Calendar, now: Time) {
        if now >= self.until {
            self.turn(terms, calendar, now);
        }
    }

    #[cold]
    fn turn(&mut self, terms: &Terms, calendar: &mut Calendar, now: Time) {
        let (day, month) = calendar.day_and_month(now);
        if self.day != day {
            self.day = day;
            self.spent[DAY] = Money::ZERO;
        }
        if self.month != month {
            self.month = month;
            self.spent[MONTH] = Money::ZERO;
        }
        // A month ends with a day.
        self.until = calendar.day_end(now);
        if let Some(length) = terms.span {
            if terms.sliding {
                let window = self.window.get_or_insert_with(|| Box::new(Window::new(length)));
                self.spent[SPAN] -= window.forget(now);
                self.span_end = window.leaves_next();
            } else if let Some(resets) = terms.resets {
                if now >= self.span_end && self.span_end > Time::ZERO {
                    self.spent[SPAN] = Money::ZERO;
                }
                while now >= self.span_end {
                    self.span_end = resets.next(self.span_end);
                }
            } else if now >= self.span_end {
                let span = now.as_nanos() / length.as_nanos().max(1);
                self.spent[SPAN] = Money::ZERO;
                self.span_end = Time::ZERO + length * span.saturating_add(1);
            }
            self.until = self.until.min(self.span_end);
        }
        self.left = self.left_of(terms).into_iter().min().unwrap_or(NO_LIMIT) - self.held;
    }

    /// What is left until the nearest limit, what is held taken off: below
    /// nothing if it is overshot.
    #[inline]
    pub fn left(&self) -> Money {
        self.left
    }

    fn left_of(&self, terms: &Terms) -> [Money; 3] {
        std::array::from_fn(|i| terms.limits[i] - self.spent[i])
    }

    /// Money held for requests under way.
    pub fn held(&self) -> Money {
        self.held
    }

    /// Holds an amount; a negative one lets go of it.
    #[inline]
    pub fn hold(&mut self, amount: Money) {
        self.held += amount;
        self.left -= amount;
    }

    /// Whether a soft limit has been passed.
    #[inline]
    pub fn is_soft(&self, terms: &Terms) -> bool {
        (0..3).any(|i| self.spent[i] + self.held >= terms.soft[i])
    }

    #[inline]
    pub fn spend(&mut self, terms: &Terms, amount: Money, now: Time) -> Spent {
        self.standing.charged += amount;
        self.left -= amount;
        let mut result = Spent::default();
        for i in 0..3 {
            let before = self.spent[i];
            self.spent[i] += amount;
            let beyond = (self.spent[i] - terms.limits[i]).clamp(Money::ZERO, amount);
            result.overshoot = result.overshoot.max(beyond);
            result.alerted |= before < terms.soft[i] && self.spent[i] >= terms.soft[i];
            if self.spent[i] >= terms.limits[i] {
                self.exhaust(now);
            }
        }
        if let Some(window) = &mut self.window {
            window.add(amount, now);
            self.span_end = window.leaves_next();
            self.until = self.until.min(self.span_end);
        }
        self.standing.overshoot += result.overshoot;
        self.standing.alerts += u32::from(result.alerted);
        result
    }

    /// Notes that nothing more could be had.
    #[inline]
    pub fn exhaust(&mut self, now: Time) {
        self.standing.exhausted.get_or_insert(now);
    }

    /// When the limit that is nearest begins anew, or has room for `needed` if it
    /// slides. `None`: never, or that would be of no use, as nothing was spent of
    /// it.
    pub fn begins_anew(
        &self,
        terms: &Terms,
        needed: Money,
        calendar: &mut Calendar,
        now: Time,
    ) -> Option<Time> {
        let (left, nearest) = self.left_of(terms).into_iter().zip(0..3).min()?;
        if self.spent[nearest] + self.held <= Money::ZERO {
            return None;
        }
        match (nearest, &self.window) {
            (DAY, _) => Some(calendar.day_end(now)),
            (MONTH, _) => Some(calendar.month_end(now)),
            (_, Some(window)) => Some(window.has_left(needed - (left - self.held), now)),
            (_, None) => terms.span.map(|_| self.span_end),
        }
    }
}
