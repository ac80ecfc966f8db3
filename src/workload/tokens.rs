//! The `tokens:` block of a workload: how long prompts and answers are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lengths::{LengthsSpec, LognormalSpec};
use super::prompts::PromptsSpec;
use crate::spec::{Correlation, Problems};

/// How long prompts and answers are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensSpec {
    /// Tokens of a prompt; the same prompt has the same length whenever it is
    /// asked. Default: the Azure conversation trace of 2023, roughly:
    /// `lognormal: { mean: 1155, sigma: 0.86 }`.
    pub input: LengthsSpec,
    /// Tokens of a full answer, drawn for each request. Default: the model's
    /// own rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
    /// Rank correlation of the two, as a Gaussian copula has it: with 1 the
    /// longest prompts have the longest answers, with -1 the shortest. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
}

impl Default for TokensSpec {
    fn default() -> Self {
        let input = LognormalSpec::of_sigma(1155.0, 0.86).expect("both are positive");
        TokensSpec { input: LengthsSpec::Lognormal(input), output: None, correlation: None }
    }
}

impl TokensSpec {
    /// Reports what is wrong with it.
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("input", |p| self.input.check(p));
        if let Some(output) = &self.output {
            problems.at("output", |p| output.check(p));
        }
    }
}

impl PromptsSpec {
    /// Whether prompts have texts that say how many tokens they have. The tokens of
    /// templates may be given all the same: their text may stand for more.
    pub(super) fn measure_themselves(&self, tokens: &TokensSpec) -> bool {
        match self {
            PromptsSpec::Paraphrases(_) => true,
            PromptsSpec::Templates(_) => tokens.input == TokensSpec::default().input,
            _ => false,
        }
    }
}
