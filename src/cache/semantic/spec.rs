//! The `semantic:` block of a cache.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::index::IndexSpec;
use super::intents::IntentsModelSpec;
use super::learned::LearnedSpec;
use super::ngrams::NgramsSpec;
use crate::cache::PolicySpec;
use crate::cache::levels::check_life;
use crate::kernel::Duration;
use crate::spec::{Capacity, Fraction, Problems};

/// A cache that answers a prompt with the answer to a similar one. It is asked
/// after all levels missed, and keeps every answer that a model makes. It sees
/// prompts only: neither temperature nor lengths asked for matter to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SemanticSpec {
    /// From which similarity on the nearest entry answers; cosine, from 0 to 1.
    /// Without effect in the `learned` mode. Default: 0.9.
    pub threshold: Fraction,
    /// How much it holds: entries, bytes or tokens of answers, or `unbounded`.
    /// Default: 5000 entries.
    pub capacity: Capacity,
    /// Which entry goes when it is full. Default: `lru`.
    pub policy: PolicySpec,
    /// The turns of a session that ask it and are kept in it, from the first on. The
    /// answer to a later turn is one to what was said before, too: an entry that
    /// answers it answers another question. More than 1 with `similarity: intents`
    /// only. Default: 1.
    #[serde(skip_serializing_if = "is_one")]
    pub turns: u32,
    /// How long an entry lives after it was written. Default: the cache's `ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How long the embedding and the search take, found or not. Default: 5ms.
    pub latency: Duration,
    /// Where similarities come from. Default: `intents`, a model.
    pub similarity: SimilaritySpec,
    /// How the nearest entry is found among vectors. Default: `exact`.
    pub index: IndexSpec,
    /// When the nearest entry answers. Default: `threshold`.
    pub mode: ModeSpec,
    /// Whether all copies of the gateway (`gateway.replicas`) have it together, as a vector
    /// database is; otherwise each has one of its own. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// The quality of an answer to another question, from 0 to 1. Default: 0.
    pub wrong_answer_quality: Fraction,
    /// Whether a hit is written to the exact levels under the new prompt's key.
    /// Default: false.
    pub promote: bool,
}

impl Default for SemanticSpec {
    fn default() -> Self {
        SemanticSpec {
            threshold: Fraction::percent(90),
            capacity: Capacity::Entries(5000),
            policy: PolicySpec::default(),
            turns: 1,
            ttl: None,
            latency: Duration::from_millis(5),
            similarity: SimilaritySpec::default(),
            index: IndexSpec::Exact,
            mode: ModeSpec::Threshold,
            shared: false,
            wrong_answer_quality: Fraction::percent(0),
            promote: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's")]
fn is_one(turns: &u32) -> bool {
    *turns == 1
}

/// Where similarities come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimilaritySpec {
    /// A model: similarities of prompts of the same and of different intents are
    /// drawn from distributions fitted to real paraphrases.
    Intents(IntentsModelSpec),
    /// Real vectors from files.
    Vectors(VectorsSpec),
    /// The prompts' texts through an n-gram hashing embedder.
    Ngrams(NgramsSpec),
}

impl Default for SimilaritySpec {
    fn default() -> Self {
        SimilaritySpec::Intents(IntentsModelSpec::default())
    }
}

/// Vectors from files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VectorsSpec {
    /// `NumPy`'s `.npy` files of two dimensions (float16, float32 or float64, rows
    /// contiguous), read as one long list: row i is the vector of prompt i. Found
    /// as traces are, and there in `paraphrases/` too. Vectors need not have
    /// length 1.
    pub files: Vec<PathBuf>,
}

/// When the nearest entry answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeSpec {
    /// From one similarity on, the same for all entries.
    #[default]
    Threshold,
    /// Each entry learns from which similarity on it is right.
    Learned(LearnedSpec),
}

impl SemanticSpec {
    /// Reports what cannot be simulated, and what would have no effect.
    pub fn check(&self, problems: &mut Problems) {
        if let Capacity::Entries(0) | Capacity::Bytes(0) | Capacity::Tokens(0) = self.capacity {
            problems.at("capacity", |p| {
                p.error_help(
                    "a cache must hold something",
                    "leave `semantic` out to do without it",
                );
            });
        }
        check_life("ttl", self.ttl, problems);
        self.check_turns(problems);
        problems.at("similarity", |p| match &self.similarity {
            SimilaritySpec::Intents(spec) => p.at("intents", |p| spec.check(p)),
            SimilaritySpec::Vectors(spec) => p.at("vectors", |p| spec.check(p)),
            SimilaritySpec::Ngrams(spec) => p.at("ngrams", |p| spec.check(p)),
        });
        if let IndexSpec::Hnsw(spec) = &self.index {
            problems.at("index", |p| {
                if let SimilaritySpec::Intents(_) = self.similarity {
                    p.error_help(
                        "an index has no effect on the model of intents, which has no vectors",
                        "remove it, or set `similarity` to `vectors` or `ngrams`",
                    );
                }
                p.at("hnsw", |p| spec.check(p));
            });
        }
        if let ModeSpec::Learned(spec) = &self.mode {
            problems.at("mode", |p| p.at("learned", |p| spec.check(p)));
        }
    }
}

impl SemanticSpec {
    fn check_turns(&self, problems: &mut Problems) {
        problems.at("turns", |p| match (self.turns, &self.similarity) {
            (0, _) => p.error_help(
                "no request would ask the cache",
                "leave `semantic` out to do without it",
            ),
            (1, _) | (_, SimilaritySpec::Intents(_)) => {}
            _ => p.error_help(
                "only first turns have vectors",
                "use `similarity: intents`, or leave `turns` out",
            ),
        });
    }
}

impl VectorsSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("files", |p| {
            if self.files.is_empty() {
                p.error_help("there are no files", "such as `files: [origin.npy, similar.npy]`");
            }
            for (place, file) in self.files.iter().enumerate() {
                if file.as_os_str().is_empty() {
                    p.at(place, |p| p.error("expected the name of a file"));
                }
            }
        });
    }
}
