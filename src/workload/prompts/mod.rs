//! What is asked: one population of prompts a file.
//!
//! To add one: a file with its spec and check and, if it draws, its state; then
//! a line in each enum below.

mod churn;
mod hot_set;
mod intents;
mod names;
mod paraphrases;
mod templates;
mod uniform;
mod zipf;

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use churn::{Churn, ChurnSpec};
pub use hot_set::{HotSet, HotSetSpec};
pub use intents::IntentsSpec;
pub use paraphrases::{Order, ParaphrasesSpec, Texts};
pub use templates::{RangeSpec, SlotSpec, Templates, TemplatesSpec, WeightedText, ZipfSlotSpec};
pub use uniform::UniformPromptsSpec;
pub use zipf::ZipfSpec;
pub(super) use zipf::check_count;

use super::alias::{Alias, zipf_weights};
use super::data_paths::DataPaths;
use super::incoming::{IntentId, PromptId, PromptSize};
use crate::kernel::Stream;
use crate::spec::{Path, Problem, Problems};

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
    /// Texts with slots, really made: `Summarise {doc} in {n} words`.
    Templates(TemplatesSpec),
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
            PromptsSpec::Templates(spec) => problems.at("templates", |p| spec.check(p)),
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
                let texts = spec.read(paths).map_err(|why| problem("paraphrases.texts", why))?;
                let next = (spec.order == Order::File).then_some(0);
                Prompts::Texts { texts: Arc::new(texts), next }
            }
            PromptsSpec::Templates(spec) => {
                let templates = spec.read().map_err(|why| problem("templates.texts", why))?;
                Prompts::Templates(Arc::new(templates))
            }
            PromptsSpec::Unique => Prompts::Unique { next: 0 },
        })
    }
}

/// What is wrong and what to do about it, at a place within the spec.
fn problem(place: &str, (message, help): (String, String)) -> Problem {
    Problem::error(Path::parse(place), message).help(help)
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
    /// See [`Templates`].
    Templates(Arc<Templates>),
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
            Prompts::Templates(templates) => templates.draw(stream),
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
            Prompts::Templates(templates) => usize::try_from(templates.count()).ok(),
            Prompts::Churn(_) | Prompts::Unique { .. } => None,
        }
    }

    /// What a prompt means; a prompt whose paraphrases are not known means itself.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        match self {
            Prompts::Intents { phrasings, .. } => IntentId(prompt.0 / phrasings),
            Prompts::Texts { texts, .. } => texts.intent(prompt.0),
            Prompts::Templates(templates) => templates.intent(prompt),
            _ => IntentId(prompt.0),
        }
    }

    /// The text of a prompt, stripped of white space at its ends, where texts are
    /// real.
    pub fn text(&self, prompt: PromptId) -> Option<Cow<'_, str>> {
        match self {
            Prompts::Texts { texts, .. } => texts.text(prompt.0).map(Cow::Borrowed),
            Prompts::Templates(templates) => templates.text(prompt).map(Cow::Owned),
            _ => None,
        }
    }

    /// The prompt with this text, where texts are real and not too many.
    pub fn named(&self, text: &str) -> Option<PromptId> {
        let text = super::text::strip(text);
        match self {
            Prompts::Texts { texts, .. } => texts.named(text),
            Prompts::Templates(templates) => templates.named(text),
            _ => None,
        }
    }

    /// Characters of a prompt as sent and tenths of a token in it, where texts are
    /// real.
    #[inline]
    pub fn size(&self, prompt: PromptId) -> Option<PromptSize> {
        match self {
            Prompts::Texts { texts, .. } => texts.size(prompt.0),
            Prompts::Templates(templates) => templates.size(prompt),
            _ => None,
        }
    }
}
