//! The `cost` block of an experiment file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::{check_members, check_shared, is_default};
use super::{
    AllocateSpec, BudgetSpec, BudgetsSpec, ChargeSpec, LeversSpec, Money, QualitySpec, SelectSpec,
    SharedBudgetSpec, StickySpec, SwitchPenaltySpec,
};
use crate::spec::Problems;

/// How a model is chosen for each request, and what users may spend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostSpec {
    /// How a model is chosen. Default: `utility`, the most quality for the
    /// money.
    pub select: SelectSpec,
    /// Budgets by the name of a user, of a class of users, or `default`. Left
    /// out, nothing is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgets: Option<BudgetsSpec>,
    /// Where the prices of models come from that have `price: { litellm: NAME }`,
    /// or no price at all and a name of that map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<PricesSpec>,
    /// Budgets that several users share, by the name of the team. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, SharedBudgetSpec>,
    /// Budgets of the API keys that users ask with, by the name of the key.
    /// Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, SharedBudgetSpec>,
    /// The budget of everybody together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global: Option<BudgetSpec>,
    /// When budgets are charged. Default: `on_completion`.
    #[serde(skip_serializing_if = "is_default")]
    pub charge: ChargeSpec,
    /// How often models are right, by the difficulty of the prompt. Left out, an
    /// answer is as good as its model's `quality`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualitySpec>,
    /// Ways of paying less for the same requests. Left out, none is taken and
    /// savings are not told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levers: Option<LeversSpec>,
    /// What a wrong answer costs whoever gets it, such as `$0.50`: it is added to the bill
    /// and charged to nobody's budget. Wrong are false hits of a semantic cache, answers
    /// that `quality` draws as wrong, and workflows that come to a wrong result. Default:
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_answer: Option<Money>,
    /// Whether what a request would cost at each model takes account of what that model's
    /// `prompt_cache` has of it. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_aware: Option<bool>,
    /// What stays with the model that answered it: `session`. A session chooses anew after
    /// `idle` without a request, where its budget does not pay for its model, where that is
    /// not as good as the request asks for, and goes on with the model that a fallback led to.
    /// Default: each request chooses for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<StickySpec>,
    /// What another model than that of the conversation must be cheaper by, for selectors that
    /// look at estimates: an amount, or a share of utility. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch_penalty: Option<SwitchPenaltySpec>,
    /// A fixed amount divided among tenants. Left out, nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocate: Option<AllocateSpec>,
}

/// Where prices come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PricesSpec {
    /// `LiteLLM`'s file `model_prices_and_context_window.json`, plain or gzip. It
    /// is looked for where traces are: beside the experiment, in the current
    /// folder, in `$WINDTUNNEL_DATA` and in `../shared/data`.
    pub litellm: PathBuf,
}

impl CostSpec {
    /// Whether it matters which model a conversation was with.
    pub fn knows_conversations(&self) -> bool {
        self.sticky.is_some() || self.switch_penalty.is_some()
    }

    /// Checks what is named here: `models` are those of the file,
    /// `users_and_classes` the names of users and classes, if they are known.
    pub fn check(
        &self,
        models: &[&str],
        users_and_classes: Option<&BTreeSet<&str>>,
        problems: &mut Problems,
    ) {
        problems.at("select", |p| self.select.check(models, self.budgets.is_some(), p));
        if let Some(budgets) = &self.budgets {
            problems.at("budgets", |p| {
                budgets.check_limits(models, p);
            });
        }
        problems.at("teams", |p| check_shared(&self.teams, models, p));
        problems.at("keys", |p| check_shared(&self.keys, models, p));
        if let Some(global) = &self.global {
            problems.at("global", |p| global.check(models, p));
        }
        if let Some(quality) = &self.quality {
            problems.at("quality", |p| quality.check(models, p));
        }
        if let Some(levers) = &self.levers {
            problems.at("levers", |p| levers.check(models, p));
        }
        if let Some(allocate) = &self.allocate {
            problems.at("allocate", |p| allocate.check(p));
        }
        self.check_needs(problems);
        self.check_payers(users_and_classes, problems);
    }

    /// Warns of budgets that no user has.
    pub fn check_payers(
        &self,
        users_and_classes: Option<&BTreeSet<&str>>,
        problems: &mut Problems,
    ) {
        if let Some(budgets) = &self.budgets {
            problems.at("budgets", |p| budgets.check(users_and_classes, p));
        }
        problems.at("teams", |p| check_members(&self.teams, users_and_classes, p));
        problems.at("keys", |p| check_members(&self.keys, users_and_classes, p));
        if let Some(allocate) = &self.allocate {
            problems.at("allocate", |p| allocate.check_tenants(users_and_classes, p));
        }
        if let Some(batch) = self.levers.as_ref().and_then(|levers| levers.batch.as_ref()) {
            problems.at("levers", |p| p.at("batch", |p| batch.check_classes(users_and_classes, p)));
        }
    }

    /// Checks that what a selector needs is there.
    fn check_needs(&self, problems: &mut Problems) {
        if self.sticky.is_some() && self.select.is_cascade() {
            problems.at("sticky", |p| {
                p.error_help(
                    "a cascade asks its models one after the other, each time",
                    "leave it out, or choose by another selector",
                );
            });
        }
        if let Some(penalty) = self.switch_penalty {
            problems.at("switch_penalty", |p| {
                penalty.check(p);
                if !self.select.looks_at_estimates() {
                    p.error_help(
                        "it has no effect: this selector does not look at estimates",
                        "use `utility`, `cheapest`, `pacing` or `floor`, or `sticky: session`",
                    );
                }
            });
        }
        if self.quality.is_none() && self.select.needs_quality() {
            problems.at("select", |p| {
                p.error_help(
                    "this choice can only be right or wrong where answers can",
                    "say how often models are right by difficulty in `cost.quality`",
                );
            });
        }
        if let Some(quality) = &self.quality {
            problems.at("select", |p| self.select.check_difficulties(&quality.names(), p));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml::with::singleton_map_recursive as choices;

    use super::*;
    use crate::cost::select::{FixedSpec, UtilitySpec};
    use crate::spec::Severity;

    fn read(yaml: &str) -> Result<CostSpec, String> {
        choices::deserialize(serde_yaml::Deserializer::from_str(yaml))
            .map_err(|e: serde_yaml::Error| e.to_string())
    }

    fn check(yaml: &str, users: Option<&[&str]>) -> Vec<(String, Severity, Option<String>)> {
        let mut problems = Problems::default();
        let users: Option<BTreeSet<&str>> = users.map(|it| it.iter().copied().collect());
        read(yaml).unwrap().check(&["gpt-4", "local-llama"], users.as_ref(), &mut problems);
        let all = problems.into_list().into_iter();
        all.map(|problem| (problem.path.to_string(), problem.severity, problem.help)).collect()
    }

    #[test]
    fn the_default_is_the_seed_s_utility_with_threshold_0_8() {
        let spec = read("{}").unwrap();
        let SelectSpec::Utility(UtilitySpec { quality_threshold, fallback }) = spec.select else {
            panic!()
        };
        assert_eq!((quality_threshold.get(), fallback, spec.budgets), (0.8, None, None));
    }

    #[test]
    fn a_file_s_block_is_read_and_written_back() {
        let yaml = "select: { utility: { quality_threshold: 0.9, fallback: gpt-4 } }\n\
                    budgets: { default: { daily: $1, monthly: $20 }, vip: { daily: $10 } }";
        let spec = read(yaml).unwrap();
        let mut written = Vec::new();
        choices::serialize(&spec, &mut serde_yaml::Serializer::new(&mut written)).unwrap();
        assert_eq!(read(std::str::from_utf8(&written).unwrap()).unwrap(), spec);
        assert_eq!(
            read("select: { fixed: gpt-4 }").unwrap().select,
            SelectSpec::Fixed(FixedSpec("gpt-4".to_owned()))
        );
    }

    #[test]
    fn strange_keys_and_values_are_refused() {
        for (yaml, complaint) in [
            ("selekt: utility", "unknown field `selekt`"),
            ("select: { utilty: {} }", "unknown variant `utilty`"),
            ("select: { utility: { quality: 1 } }", "unknown field `quality`"),
            ("select: { utility: { quality_threshold: 1.1 } }", "1.1 is out of range"),
            ("budgets: { ann: { daily: -1 } }", "`-1` is negative"),
            ("wrong_answer: -$0.50", "`-$0.50` is negative"),
            ("wrong_answer: dear", "`dear` is not a number"),
            ("wrong_answers: $0.50", "unknown field `wrong_answers`"),
        ] {
            let error = read(yaml).unwrap_err();
            assert!(error.contains(complaint), "{yaml}: {error}");
        }
    }

    #[test]
    fn a_model_that_is_not_there_is_an_error_with_the_nearest_name() {
        let near = Some("did you mean `gpt-4`?".to_owned());
        let fixed = check("select: { fixed: gpt4 }", None);
        assert_eq!(fixed, [("select.fixed".to_owned(), Severity::Error, near.clone())]);
        let fallback = check("{ select: { utility: { fallback: gpt-5 } }, budgets: {} }", None);
        assert_eq!(fallback, [("select.utility.fallback".to_owned(), Severity::Error, near)]);
    }

    /// The path and message of each problem with a block.
    fn found(yaml: &str) -> Vec<String> {
        let mut problems = Problems::default();
        read(yaml).unwrap().check(
            &["gpt-4", "local-llama"],
            Some(&["ann", "vip"].into()),
            &mut problems,
        );
        problems.list().iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
    }

    #[test]
    fn what_budgets_name_has_to_be_there() {
        assert_eq!(
            found(
                "{ budgets: { ann: { daily: $1, at_limit: { downgrade: gpt-5 } } },
                   teams: { vip: { budget: { soft: 0.5, at_soft: { downgrade: llama } } } },
                   global: { max_budget: $1, at_limit: { queue: {} } } }"
            ),
            [
                "budgets.ann.at_limit.downgrade: unknown model `gpt-5`",
                "teams.vip.budget.at_soft.downgrade: unknown model `llama`",
                "global.at_limit: nothing ever begins anew that a request could wait for",
            ]
        );
        assert_eq!(
            found(
                "{ teams: { a: { members: [ann] }, b: { members: [vip, ann] }, c: {} },
                   keys: { k: { members: [vpi], budget: { budget_duration: 0s } } } }"
            ),
            [
                "teams.b.members.1: `ann` is a member of `a` too",
                "keys.k.budget.budget_duration: a budget lasts longer than 0",
                "teams.c: no user or class of users is called `c`",
                "keys.k.members.0: no user or class of users is called `vpi`; did you mean `vip`?",
            ]
        );
    }

    #[test]
    fn what_selectors_need_has_to_be_there() {
        let lacks = ": this choice can only be right or wrong where answers can";
        assert_eq!(
            found("select: { cascade: { models: [gpt-4, gpt-4] } }"),
            [
                "select.cascade.models.1: `gpt-4` is asked twice".to_owned(),
                format!("select{lacks}"),
            ]
        );
        assert_eq!(
            found(
                "{ select: { threshold: { weak: llama, strong: gpt-4, auc: 0.4, hard: [hrad] } },
                   quality: { difficulties: { hard: 1 },
                              accuracy: { gpt-4: { hard: 1 }, local-llama: { hard: 0 } } } }"
            ),
            [
                "select.threshold.weak: unknown model `llama`",
                "select.threshold.auc: a router below 0.5 is worse than chance",
                "select.threshold.hard.0: unknown difficulty `hrad`",
            ]
        );
        assert_eq!(
            found(
                "{ select: { pacing: { budget: $0, every: 0s } }, allocate: { weights: { eve: 0 } } }"
            ),
            [
                "select.pacing.budget: there is nothing to spend",
                "select.pacing.every: expected a span longer than 0",
                "allocate: one thing is divided",
                "allocate.weights: no tenant has a weight above 0",
                "allocate.weights.eve: no user or class of users is called `eve`",
            ]
        );
    }

    #[test]
    fn a_fallback_without_budgets_and_a_budget_for_nobody_are_questioned() {
        let fallback = check("select: { utility: { fallback: gpt-4 } }", None);
        assert_eq!(fallback, [("select.utility.fallback".to_owned(), Severity::Warning, None)]);
        let budget = check("budgets: { ann: {}, default: {} }", Some(&["bob"]));
        assert_eq!(budget, [("budgets.ann".to_owned(), Severity::Warning, None)]);
        assert_eq!(check("budgets: { ann: {} }", None), []);
    }
}
