//! Preprocessing: what a client asked for becomes what a model is asked for.

use std::collections::HashMap;

use super::spec::PipelineSpec;
use crate::cache::Key;
use crate::workload::{Profile, PromptId, PyNumber};

/// The parameters of a request after preprocessing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Output tokens at most.
    pub max_tokens: u32,
    /// Sampling temperature, within 0 and 2.
    pub temperature: PyNumber,
    /// Nucleus sampling, within 0 and 1.
    pub top_p: PyNumber,
    /// The least quality that the client accepts, if it says so.
    pub quality_threshold: Option<f64>,
    /// Whether the client sent no prompt.
    pub missing_prompt: bool,
}

/// Fills in defaults and bounds parameters.
#[derive(Clone, Debug)]
pub struct Preprocessor {
    spec: PipelineSpec,
    bounded: bool,
}

impl Preprocessor {
    /// Without a `pipeline:` block defaults are filled in, but nothing bounded.
    pub fn new(spec: Option<&PipelineSpec>) -> Self {
        Preprocessor { spec: spec.cloned().unwrap_or_default(), bounded: spec.is_some() }
    }

    /// The parameters that a model is asked with.
    pub fn apply(&self, profile: &Profile) -> Params {
        let defaults = &self.spec.defaults;
        let max_tokens = profile.max_tokens.unwrap_or(defaults.max_tokens);
        let temperature = profile.temperature.unwrap_or(defaults.temperature);
        let top_p = profile.top_p.unwrap_or(defaults.top_p);
        let mut params = Params {
            max_tokens,
            temperature,
            top_p,
            quality_threshold: profile.quality_threshold,
            missing_prompt: profile.missing_prompt,
        };
        if self.bounded {
            params.max_tokens = max_tokens.min(self.spec.max_tokens_cap);
            params.temperature = temperature.clamp(0.0, 2.0);
            params.top_p = top_p.clamp(0.0, 1.0);
        }
        params
    }
}

/// Numbers cache keys: equal numbers exactly where the MD5 keys would be equal.
///
/// The key is a function of the prompt and of (temperature, `max_tokens`, `top_p`)
/// as they are printed. A workload has few such triples, so that prompt times
/// their count plus the triple's index names the key without hashing a string
/// for each request.
#[derive(Clone, Debug)]
pub struct KeyMaker {
    /// For each profile the index of its triple.
    triple: Vec<u32>,
    triples: u64,
    /// For each triple the first profile that has it.
    profile: Vec<u32>,
}

impl KeyMaker {
    /// For the parameters of each profile.
    pub fn new(params: &[Params]) -> Self {
        // Only looked up, never walked: its order is nobody's.
        let mut seen = HashMap::new();
        let mut profile = Vec::new();
        let number = |(params, of): (&Params, u32)| {
            let printed =
                (params.temperature.identity(), params.max_tokens, params.top_p.identity());
            *seen.entry(printed).or_insert_with(|| {
                profile.push(of);
                profile.len() as u32 - 1
            })
        };
        let triple = params.iter().zip(0..).map(number).collect();
        KeyMaker { triple, triples: profile.len().max(1) as u64, profile }
    }

    /// The key of `prompt` asked with the parameters of profile `profile`.
    #[inline]
    pub fn key(&self, prompt: PromptId, profile: u32) -> Key {
        let triple = u64::from(self.triple[profile as usize]);
        // A trace's prompts may be 64-bit hashes, which go around.
        Key(prompt.0.wrapping_mul(self.triples).wrapping_add(triple))
    }

    /// The prompt of a key, and a profile that it was asked with.
    pub fn parts(&self, key: Key) -> (PromptId, u32) {
        let profile = self.profile.get((key.0 % self.triples) as usize).copied();
        (PromptId(key.0 / self.triples), profile.unwrap_or(0))
    }
}
