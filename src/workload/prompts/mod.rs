//! What is asked: one population of prompts a file.
//!
//! To add one: a file with its spec and check and, if it draws, its state; then
//! a line in each enum below.

mod churn;
mod hot_set;
mod uniform;
mod zipf;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use churn::{Churn, ChurnSpec};
pub use hot_set::{HotSet, HotSetSpec};
pub use uniform::UniformPromptsSpec;
pub use zipf::ZipfSpec;
pub(super) use zipf::check_count;

use super::alias::{Alias, zipf_weights};
use super::incoming::PromptId;
use crate::kernel::Stream;
use crate::spec::Problems;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptsSpec {
    /// A fixed population of prompts, of which few are asked often and many
    /// seldom, as web requests and questions are.
    Zipf(ZipfSpec),
    /// A fixed population of prompts, all asked equally often.
    Uniform(UniformPromptsSpec),
    /// A few hot prompts among many, and they change over time.
    HotSet(HotSetSpec),
    /// New prompts all the time, of which the latest are asked again.
    Churn(ChurnSpec),
    /// No prompt is ever asked twice: caches of whole answers are of no use.
    Unique,
}

impl Default for PromptsSpec {
    fn default() -> Self {
        PromptsSpec::Zipf(ZipfSpec::default())
    }
}

impl PromptsSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            PromptsSpec::Zipf(spec) => problems.at("zipf", |p| spec.check(p)),
            PromptsSpec::Uniform(spec) => problems.at("uniform", |p| spec.check(p)),
            PromptsSpec::HotSet(spec) => problems.at("hot_set", |p| spec.check(p)),
            PromptsSpec::Churn(spec) => problems.at("churn", |p| spec.check(p)),
            PromptsSpec::Unique => {}
        }
    }

    /// The population, its tables built. The spec must have passed its check.
    pub fn population(&self) -> Prompts {
        match self {
            PromptsSpec::Zipf(spec) => {
                let weights = zipf_weights(spec.count, spec.exponent.get());
                Prompts::Zipf(Arc::new(Alias::new(&weights)))
            }
            PromptsSpec::Uniform(spec) => Prompts::Uniform { count: spec.count },
            PromptsSpec::HotSet(spec) => Prompts::HotSet(HotSet::new(spec)),
            PromptsSpec::Churn(spec) => Prompts::Churn(Churn::new(spec)),
            PromptsSpec::Unique => Prompts::Unique { next: 0 },
        }
    }
}

/// A population of prompts; clones share its tables.
#[derive(Clone, Debug)]
pub enum Prompts {
    /// Id r is the prompt of rank r + 1.
    Zipf(Arc<Alias>),
    /// Ids 0 to count - 1.
    Uniform {
        /// How many there are.
        count: u32,
    },
    /// See [`HotSet`].
    HotSet(HotSet),
    /// See [`Churn`].
    Churn(Churn),
    /// Ids count up.
    Unique {
        /// The next prompt's id.
        next: u64,
    },
}

impl Prompts {
    /// The next prompt asked.
    #[inline]
    pub fn draw(&mut self, stream: &mut Stream) -> PromptId {
        match self {
            Prompts::Zipf(alias) => PromptId(u64::from(alias.pick(stream.bits()))),
            Prompts::Uniform { count } => PromptId(stream.below(u64::from(*count))),
            Prompts::HotSet(hot) => hot.draw(stream),
            Prompts::Churn(churn) => churn.draw(stream),
            Prompts::Unique { next } => {
                *next += 1;
                PromptId(*next - 1)
            }
        }
    }

    /// How many prompts there are, if they can be asked again.
    pub fn count(&self) -> Option<usize> {
        match self {
            Prompts::Zipf(alias) => Some(alias.len()),
            Prompts::Uniform { count } => Some(*count as usize),
            Prompts::HotSet(hot) => Some(hot.count()),
            Prompts::Churn(_) | Prompts::Unique { .. } => None,
        }
    }
}
