//! What a file says of budgets.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cost::Money;
use crate::kernel::Duration;
use crate::spec::{Fraction, Problems, nearest};

/// The name of the budget of all who have none of their own.
pub const DEFAULT: &str = "default";

/// Budgets by the name of a user, of a class of users, or `default` for all
/// others. Every user has a budget of their own with the limits found there:
/// classes share limits, not money (that is `teams`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BudgetsSpec(pub BTreeMap<String, BudgetSpec>);

/// The most that may be spent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSpec {
    /// The most in a calendar day (UTC). Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<Money>,
    /// The most in a calendar month (UTC). Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// The most in each `budget_duration`, or ever if there is none: `LiteLLM`'s
    /// field. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Money>,
    /// After how long `max_budget` begins anew, such as `30d` or `1h`, counted
    /// from the start of the run: `LiteLLM`'s field. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<Duration>,
    /// Whether `max_budget` is the most in any span of a `budget_duration`: each
    /// charge is forgotten when it is that old. Default: no; spans follow each
    /// other, and all is forgotten at once.
    #[serde(skip_serializing_if = "is_default")]
    pub sliding: bool,
    /// Whose rules hold: `ours`, or `litellm`'s. Default: `ours`.
    #[serde(skip_serializing_if = "is_default")]
    pub rule: BudgetRule,
    /// The share of each limit that is the soft limit. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft: Option<Fraction>,
    /// What happens at the soft limit. Default: `alert`.
    #[serde(skip_serializing_if = "is_default")]
    pub at_soft: AtSoftSpec,
    /// What happens to a request that what is left does not pay for. Default:
    /// `reject`.
    #[serde(skip_serializing_if = "is_default")]
    pub at_limit: AtLimitSpec,
}

/// Whose rules a budget follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetRule {
    /// A request is admitted if what is left pays for it; a `budget_duration` is as long as
    /// it says.
    #[default]
    Ours,
    /// `LiteLLM`'s: a request is admitted while anything is left. A `budget_duration` of `1h`,
    /// `1d`, `7d` or `30d` ends with the hour, day, week or month (UTC), which is noticed each
    /// ten minutes; others end by the same arithmetic, `36h` at noon of the next day. Who is
    /// in a team of such a budget is not held to a budget of their own.
    Litellm,
}

/// What happens at the soft limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtSoftSpec {
    /// It is counted (`budget_alerts`).
    #[default]
    Alert,
    /// It is counted, and requests go to this model until the budget begins
    /// anew.
    Downgrade(String),
}

/// What happens to a request that what is left does not pay for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtLimitSpec {
    /// It is refused.
    #[default]
    Reject,
    /// This model answers it, beyond the limit if need be.
    Downgrade(String),
    /// It waits until the budget begins anew.
    Queue(QueueSpec),
}

/// How many may wait for a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSpec {
    /// The most requests, of all payers, that wait at a time; a further one is
    /// refused. Default 10000.
    pub limit: u32,
}

impl Default for QueueSpec {
    fn default() -> Self {
        QueueSpec { limit: 10_000 }
    }
}

/// A budget that its members share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SharedBudgetSpec {
    /// The names of users, and of classes of users. Default: the class of the
    /// budget's own name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// What all of them together may spend.
    pub budget: BudgetSpec,
}

/// When budgets are charged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChargeSpec {
    /// When the answer is there: requests under way together may overshoot a
    /// limit, as behind most gateways.
    #[default]
    OnCompletion,
    /// The estimate is held when the model is chosen, and settled when the
    /// answer is there.
    Reserve(ReserveSpec),
}

/// How much is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReserveSpec {
    /// The share of `max_tokens` that an answer is expected to have. At 1
    /// nothing overshoots; less lets more requests in, and overshoots by what
    /// answers are longer. Default 1.
    pub output: Fraction,
}

impl Default for ReserveSpec {
    fn default() -> Self {
        ReserveSpec { output: Fraction::percent(100) }
    }
}

pub(in crate::cost) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl BudgetsSpec {
    /// The name under which a user's budget is found: their own, else that of
    /// their class, else `default`; else they have no budget.
    pub fn name_of<'a>(&'a self, user: &'a str, class: Option<&'a str>) -> Option<&'a str> {
        [Some(user), class, Some(DEFAULT)]
            .into_iter()
            .flatten()
            .find(|name| self.0.contains_key(*name))
    }

    /// Warns of budgets that no user has. Unknown `names` are not checked.
    pub fn check(&self, names: Option<&BTreeSet<&str>>, problems: &mut Problems) {
        for name in self.0.keys().filter(|name| *name != DEFAULT) {
            problems.at(name.as_str(), |p| check_name(name, names, &[DEFAULT], p));
        }
    }

    /// Checks the limits, and the models that they name.
    pub fn check_limits(&self, models: &[&str], problems: &mut Problems) {
        for (name, budget) in &self.0 {
            problems.at(name.as_str(), |p| budget.check(models, p));
        }
    }
}

impl BudgetSpec {
    /// Checks that the limits make sense, and that the models exist.
    pub fn check(&self, models: &[&str], problems: &mut Problems) {
        match (self.max_budget, self.budget_duration) {
            (_, Some(Duration::ZERO)) => problems.at("budget_duration", |p| {
                p.error_help(
                    "a budget lasts longer than 0",
                    "leave it out if it never begins anew",
                );
            }),
            (_, None) if self.sliding => problems.at("sliding", |p| {
                p.error_help("it is not known how long the span is", "give `budget_duration`");
            }),
            (_, Some(_)) if self.sliding && self.rule == BudgetRule::Litellm => {
                problems.at("sliding", |p| {
                    p.error_help("LiteLLM has no budget that slides", "leave `rule` or this out");
                });
            }
            (None, Some(_)) => problems.at("budget_duration", |p| {
                p.warn("there is no `max_budget` that could begin anew");
            }),
            _ => {}
        }
        if let AtSoftSpec::Downgrade(model) = &self.at_soft {
            problems.at("at_soft", |p| p.at("downgrade", |p| check_model(model, models, p)));
        }
        if self.soft.is_none() && self.at_soft != AtSoftSpec::Alert {
            problems.at("at_soft", |p| p.warn("there is no soft limit: give `soft`"));
        }
        match &self.at_limit {
            AtLimitSpec::Downgrade(model) => {
                problems.at("at_limit", |p| p.at("downgrade", |p| check_model(model, models, p)));
            }
            AtLimitSpec::Queue(_)
                if self.daily.is_none()
                    && self.monthly.is_none()
                    && self.budget_duration.is_none() =>
            {
                problems.at("at_limit", |p| {
                    p.error_help(
                        "nothing ever begins anew that a request could wait for",
                        "give `daily`, `monthly` or `budget_duration`",
                    );
                });
            }
            AtLimitSpec::Reject | AtLimitSpec::Queue(_) => {}
        }
    }
}

/// Checks budgets that members share: that each name is in one of them at most.
pub(in crate::cost) fn check_shared(
    shared: &BTreeMap<String, SharedBudgetSpec>,
    models: &[&str],
    problems: &mut Problems,
) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, spec) in shared {
        problems.at(name.as_str(), |p| {
            p.at("budget", |p| spec.budget.check(models, p));
            p.at("members", |p| {
                for (index, member) in spec.members.iter().enumerate() {
                    if let Some(other) = seen.insert(member, name) {
                        p.at(index, |p| {
                            p.error(format!("`{member}` is a member of `{other}` too"));
                        });
                    }
                }
            });
        });
    }
}

/// Warns of members that nobody is.
pub(in crate::cost) fn check_members(
    shared: &BTreeMap<String, SharedBudgetSpec>,
    names: Option<&BTreeSet<&str>>,
    problems: &mut Problems,
) {
    for (name, spec) in shared {
        problems.at(name.as_str(), |p| {
            if spec.members.is_empty() {
                check_name(name, names, &[], p);
            }
            p.at("members", |p| {
                for (index, member) in spec.members.iter().enumerate() {
                    p.at(index, |p| check_name(member, names, &[], p));
                }
            });
        });
    }
}

/// Warns of a name that no user and no class has.
pub(in crate::cost) fn check_name(
    name: &str,
    names: Option<&BTreeSet<&str>>,
    more: &[&str],
    problems: &mut Problems,
) {
    let Some(names) = names.filter(|names| !names.contains(name)) else { return };
    let hint = nearest(name, names.iter().chain(more).copied())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    problems.warn(format!("no user or class of users is called `{name}`{hint}"));
}

fn check_model(model: &str, models: &[&str], problems: &mut Problems) {
    if !models.contains(&model) {
        problems.unknown("model", model, models.iter().copied());
    }
}
