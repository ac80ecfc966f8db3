//! What is asked: one population of prompts a file.
//!
//! To add one: a file with its spec and check and, if it draws, its state; then
//! a line in each enum below.

mod churn;
mod hot_set;
mod intents;
mod paraphrases;
mod uniform;
mod zipf;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use churn::{Churn, ChurnSpec};
pub use hot_set::{HotSet, HotSetSpec};
pub use intents::IntentsSpec;
pub use paraphrases::{Order, ParaphrasesSpec, Texts};
pub use uniform::UniformPromptsSpec;
pub use zipf::ZipfSpec;
pub(super) use zipf::check_count;

use super::alias::{Alias, zipf_weights};
use super::data_paths::DataPaths;
use super::incoming::{IntentId, PromptId};
use crate::kernel::Stream;
use crate::spec::{Path, Problem, Problems, Severity};

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
    /// Intents, each in several phrasings: what semantic caches are for.
    Intents(IntentsSpec),
    /// Real texts in pairs, a question and the same in other words.
    Paraphrases(ParaphrasesSpec),
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
            PromptsSpec::Intents(spec) => problems.at("intents", |p| spec.check(p)),
            PromptsSpec::Paraphrases(spec) => problems.at("paraphrases", |p| spec.check(p)),
            PromptsSpec::Unique => {}
        }
    }

    /// The population, its files read and its tables built. The spec must have
    /// passed its check.
    ///
    /// # Errors
    /// A file that is not there or cannot be read; the problem's path is that
    /// within the spec.
    pub fn population(&self, paths: &DataPaths) -> Result<Prompts, Problem> {
        Ok(match self {
            PromptsSpec::Zipf(spec) => {
                let weights = zipf_weights(spec.count, spec.exponent.get());
                Prompts::Zipf(Arc::new(Alias::new(&weights)))
            }
            PromptsSpec::Uniform(spec) => Prompts::Uniform { count: spec.count },
            PromptsSpec::HotSet(spec) => Prompts::HotSet(HotSet::new(spec)),
            PromptsSpec::Churn(spec) => Prompts::Churn(Churn::new(spec)),
            PromptsSpec::Intents(spec) => Prompts::Intents {
                table: Arc::new(spec.table()),
                phrasings: u64::from(spec.phrasings),
            },
            PromptsSpec::Paraphrases(spec) => {
                let texts = spec.read(paths).map_err(|(message, help)| Problem {
                    path: Path::parse("paraphrases.texts"),
                    at_key: false,
                    severity: Severity::Error,
                    message,
                    help: Some(help),
                })?;
                let next = (spec.order == Order::File).then_some(0);
                Prompts::Texts { texts: Arc::new(texts), next }
            }
            PromptsSpec::Unique => Prompts::Unique { next: 0 },
        })
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
    /// Id = intent x phrasings + phrasing.
    Intents {
        /// The prompts by popularity.
        table: Arc<Alias>,
        /// Phrasings of each intent.
        phrasings: u64,
    },
    /// Ids are rows of texts.
    Texts {
        /// The texts.
        texts: Arc<Texts>,
        /// The next row, where they are asked in order.
        next: Option<usize>,
    },
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
            Prompts::Zipf(table) | Prompts::Intents { table, .. } => {
                PromptId(u64::from(table.pick(stream.bits())))
            }
            Prompts::Uniform { count } => PromptId(stream.below(u64::from(*count))),
            Prompts::HotSet(hot) => hot.draw(stream),
            Prompts::Churn(churn) => churn.draw(stream),
            Prompts::Texts { texts, next: None } => {
                PromptId(texts.prompt(texts.pick(stream.bits())))
            }
            Prompts::Texts { texts, next: Some(next) } => {
                let row = *next;
                *next = (row + 1) % texts.len();
                PromptId(texts.prompt(row))
            }
            Prompts::Unique { next } => {
                *next += 1;
                PromptId(*next - 1)
            }
        }
    }

    /// Ids are below this, if prompts can be asked again.
    pub fn count(&self) -> Option<usize> {
        match self {
            Prompts::Zipf(table) | Prompts::Intents { table, .. } => Some(table.len()),
            Prompts::Uniform { count } => Some(*count as usize),
            Prompts::HotSet(hot) => Some(hot.count()),
            Prompts::Texts { texts, .. } => Some(texts.len()),
            Prompts::Churn(_) | Prompts::Unique { .. } => None,
        }
    }

    /// What a prompt means; a prompt whose paraphrases are not known means itself.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        match self {
            Prompts::Intents { phrasings, .. } => IntentId(prompt.0 / phrasings),
            Prompts::Texts { texts, .. } => texts.intent(prompt.0),
            _ => IntentId(prompt.0),
        }
    }

    /// The texts, where they are real.
    pub fn texts(&self) -> Option<&Texts> {
        match self {
            Prompts::Texts { texts, .. } => Some(texts),
            _ => None,
        }
    }
}
