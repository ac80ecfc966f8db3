//! Cheap models first, dearer ones where a judge is not content.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec, check_model, find};
use crate::cost::budget::is_default;
use crate::cost::{Choice, ModelId, Money};
use crate::kernel::Keyed;
use crate::kernel::{Duration, Stream};
use crate::spec::{Fraction, Problems};

/// A cascade as in `FrugalGPT` (Chen, Zaharia and Zou, 2023): the models are asked
/// one after the other until a judge accepts an answer; the last one's is taken
/// as it is. Each model that was asked is paid for. Where what is left does not
/// pay for the next model, the answer at hand is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CascadeSpec {
    /// The models, the cheapest first.
    pub models: Vec<String>,
    /// Who says whether an answer will do.
    #[serde(default)]
    pub judge: JudgeSpec,
}

/// A judge of answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeSpec {
    /// How often a wrong answer is accepted. Default 0.1.
    pub false_accept: Fraction,
    /// How often a right answer is not. Default 0.1.
    pub false_reject: Fraction,
    /// What a judgement costs. Default: nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub cost: Money,
    /// How long it takes. Default: no time.
    #[serde(skip_serializing_if = "is_default")]
    pub latency: Duration,
}

impl Default for JudgeSpec {
    fn default() -> Self {
        JudgeSpec {
            false_accept: Fraction::percent(10),
            false_reject: Fraction::percent(10),
            cost: Money::ZERO,
            latency: Duration::ZERO,
        }
    }
}

/// What a judge says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the answer will do.
    pub accepted: bool,
    /// What the judgement costs.
    pub cost: Money,
    /// How long it takes.
    pub latency: Duration,
}

impl SelectorSpec for CascadeSpec {
    const NEEDS_QUALITY: bool = true;

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("models", |p| {
            if self.models.len() < 2 {
                p.error("a cascade has at least 2 models");
            }
            for (index, name) in self.models.iter().enumerate() {
                p.at(index, |p| check_model(name, known.models, p));
                if self.models[..index].contains(name) {
                    p.at(index, |p| p.error(format!("`{name}` is asked twice")));
                }
            }
        });
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Cascade {
    models: Vec<ModelId>,
    judge: JudgeSpec,
    dice: Keyed,
}

impl Cascade {
    pub fn new(spec: &CascadeSpec, models: &[&str], stream: &mut Stream) -> Self {
        Cascade {
            models: spec.models.iter().filter_map(|name| find(models, name)).collect(),
            judge: spec.judge.clone(),
            dice: Keyed::new(stream),
        }
    }

    /// What the judge says of an answer; `None` if it is not asked, as there is no
    /// further model.
    pub fn judge(&self, request: u64, attempt: u32, right: bool) -> Option<Verdict> {
        if attempt as usize + 1 >= self.models.len() {
            return None;
        }
        let JudgeSpec { false_accept, false_reject, cost, latency } = &self.judge;
        let accepts = if right { 1.0 - false_reject.get() } else { false_accept.get() };
        let accepted = self.dice.uniform_of_two(request, u64::from(attempt)) < accepts;
        Some(Verdict { accepted, cost: *cost, latency: *latency })
    }
}

impl Select for Cascade {
    /// The model whose turn it is.
    #[inline]
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        ask.choice(*self.models.get(ask.demand.attempt as usize)?)
    }
}
