//! A step that asks a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::JudgeSpec;
use super::known::Known;
use super::lengths::{check_lengths, lengths};
use crate::orchestration::plan::{Body, Calls, Llm, Site};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;
use crate::workload::{Profile, PyNumber};

/// A call of a model, through the same pipeline, caches and budgets as any request.
///
/// Its prompt is the system prompt, what the workflow was given (`input` of the
/// step), its own instruction, what the steps that it `reads` have put out, and in
/// a loop what was said before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LlmSpec {
    /// Tokens of the system prompt with which all its prompts begin. Default: 0.
    pub system: u32,
    /// Tokens of its own instruction. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<LengthsSpec>,
    /// Tokens of the answer. Default: as the workload says, or the model's own rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
    /// The model that answers. Default: `cost.select` chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The longest answer in tokens. Default: as the workload's requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Sampling temperature. Default: as the workload's requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<PyNumber>,
    /// The least quality wanted of a model. Default: as the workload's requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_threshold: Option<Fraction>,
    /// How often it is right where all that it reads is right. Default: the quality
    /// of the answer: the model's, or right or wrong as `cost.quality` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<Fraction>,
    /// How often it is right although something that it reads is wrong. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovers: Option<Fraction>,
    /// It judges what it reads: it accepts or rejects it, for loops (`until:
    /// accepted`) and later steps (`when`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeSpec>,
}

impl LlmSpec {
    pub(super) fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        for (name, lengths) in [("prompt", &self.prompt), ("output", &self.output)] {
            if let Some(lengths) = lengths {
                problems.at(name, |p| check_lengths(lengths, p));
            }
        }
        if let Some(model) = &self.model
            && !known.models.contains(&model.as_str())
        {
            problems.at("model", |p| p.unknown("model", model, known.models.iter().copied()));
        }
        if self.max_tokens == Some(0) {
            problems.at("max_tokens", |p| p.error("expected at least 1 token"));
        }
    }

    /// Makes it ready.
    pub(super) fn body(&self, site: &Site<'_>, calls: &mut Calls<'_>) -> Body {
        let model = |name: &String| calls.models.iter().position(|it| it == name);
        let llm = Llm {
            system: self.system,
            system_id: name_of(site.workflow, site.name),
            prompt: self.prompt.as_ref().map(lengths),
            output: self.output.as_ref().map(lengths),
            model: self.model.as_ref().and_then(model).map(|it| it as u32),
            profiles: self.profiles(calls),
            right: self.right.map(Fraction::get),
            recovers: self.recovers.map_or(0.0, Fraction::get),
            judge: self.judge.map(JudgeSpec::errors),
            plain: self.system == 0 && self.prompt.is_none() && site.alone,
        };
        calls.llms.push(llm);
        Body::Llm(calls.llms.len() as u32 - 1)
    }

    /// What a call asks with, where that is not what the workload's requests do.
    fn profiles(&self, calls: &mut Calls<'_>) -> Vec<u32> {
        let own = self.max_tokens.is_some()
            || self.temperature.is_some()
            || self.quality_threshold.is_some();
        if !own {
            return Vec::new();
        }
        let profiles = calls.base.iter().map(|base| Profile {
            max_tokens: self.max_tokens.or(base.max_tokens),
            temperature: self.temperature.or(base.temperature),
            quality_threshold: self.quality_threshold.map(Fraction::get).or(base.quality_threshold),
            missing_prompt: false,
            ..*base
        });
        profiles.map(|profile| calls.profile(profile)).collect()
    }
}

/// A number for a name, the same in every run: what blocks of prompts are named by.
fn name_of(workflow: &str, name: &str) -> u64 {
    use md5::{Digest, Md5};
    let digest = Md5::new().chain_update(workflow).chain_update("/").chain_update(name).finalize();
    u64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"))
}
