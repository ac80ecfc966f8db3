//! What a step does: asks a model, calls a tool, looks something up, or waits for
//! a human.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cost::Money;
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;
use crate::workload::{PyNumber, SpanSpec};

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

/// How often a judge errs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeSpec {
    /// How often it accepts what is wrong. Default: 0.
    pub false_accept: Fraction,
    /// How often it rejects what is right. Default: 0.
    pub false_reject: Fraction,
}

impl Default for JudgeSpec {
    fn default() -> Self {
        JudgeSpec { false_accept: Fraction::percent(0), false_reject: Fraction::percent(0) }
    }
}

impl LlmSpec {
    pub(super) fn check(&self, models: &[&str], problems: &mut Problems) {
        for (name, lengths) in [("prompt", &self.prompt), ("output", &self.output)] {
            if let Some(lengths) = lengths {
                problems.at(name, |p| check_lengths(lengths, p));
            }
        }
        if let Some(model) = &self.model
            && !models.contains(&model.as_str())
        {
            problems.at("model", |p| p.unknown("model", model, models.iter().copied()));
        }
        if self.max_tokens == Some(0) {
            problems.at("max_tokens", |p| p.error("expected at least 1 token"));
        }
    }
}

/// Something that is called: a search, a database, a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToolSpec {
    /// How long a call takes. Default: `0ms`.
    pub latency: SpanSpec,
    /// How often a call fails, after its time. Default: 0.
    pub failure: Fraction,
    /// Calls at a time, of all workflows together; further ones wait for their turn.
    /// Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// What a call costs, also one that fails. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Tokens of its result, which later prompts have to read. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
    /// How often its result is right. Default: 1.
    pub right: Fraction,
}

impl Default for ToolSpec {
    fn default() -> Self {
        ToolSpec {
            latency: SpanSpec::default(),
            failure: Fraction::percent(0),
            concurrency: None,
            cost: None,
            output: None,
            right: Fraction::percent(100),
        }
    }
}

impl ToolSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.check(p));
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("no call would ever be made", "leave it out for no limit");
            });
        }
        if let Some(output) = &self.output {
            problems.at("output", |p| check_lengths(output, p));
        }
    }
}

/// Looks documents up; their text is read by later steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrievalSpec {
    /// How long a lookup takes. Default: `50ms`.
    pub latency: SpanSpec,
    /// How often it fails. Default: 0.
    pub failure: Fraction,
    /// How many documents are found. Default: 5.
    pub documents: u32,
    /// Tokens of each document. Default: `constant: 200`.
    pub tokens: LengthsSpec,
    /// How often the documents have what was looked for. Default: 1.
    pub recall: Fraction,
    /// Lookups at a time, of all workflows together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// What a lookup costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Default for RetrievalSpec {
    fn default() -> Self {
        RetrievalSpec {
            latency: SpanSpec::Constant(crate::kernel::Duration::from_millis(50)),
            failure: Fraction::percent(0),
            documents: 5,
            tokens: LengthsSpec::Constant(200),
            recall: Fraction::percent(100),
            concurrency: None,
            cost: None,
        }
    }
}

impl RetrievalSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.check(p));
        problems.at("tokens", |p| check_lengths(&self.tokens, p));
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("nothing would ever be looked up", "leave it out for no limit");
            });
        }
    }
}

/// Waits for a human: an approval, a correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HumanSpec {
    /// How long the human takes. Default: `30s`.
    pub think_time: SpanSpec,
    /// How many humans there are. Default: as many as are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// How often the human rejects what is right, and accepts what is wrong. Default:
    /// never asked to judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeSpec>,
    /// Tokens of what the human writes. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
}

impl Default for HumanSpec {
    fn default() -> Self {
        HumanSpec {
            think_time: SpanSpec::Constant(crate::kernel::Duration::from_secs(30)),
            people: None,
            judge: None,
            output: None,
        }
    }
}

impl HumanSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("think_time", |p| self.think_time.check(p));
        if self.people == Some(0) {
            problems.at("people", |p| p.error("nobody would ever answer"));
        }
        if let Some(output) = &self.output {
            problems.at("output", |p| check_lengths(output, p));
        }
    }
}

/// Lengths here are drawn from nothing but a spec.
pub(super) fn check_lengths(lengths: &LengthsSpec, problems: &mut Problems) {
    lengths.check(problems);
    if matches!(lengths, LengthsSpec::Column(_)) {
        problems.error_help(
            "lengths of a column are those of a workload",
            "use a histogram, or a distribution fitted to it (`windtunnel trace fit`)",
        );
    }
}

/// A distribution with a tail may well draw too many, which are cut; one that always does
/// is a mistake.
pub(super) fn check_items(items: &LengthsSpec, problems: &mut Problems) {
    check_lengths(items, problems);
    let ends = matches!(
        items,
        LengthsSpec::Constant(_) | LengthsSpec::Uniform(_) | LengthsSpec::Histogram(_)
    );
    let Some(lengths) = items.distribution() else { return };
    let typical = lengths.pick(if ends { 1.0 - f64::EPSILON } else { 0.5 });
    if typical > super::MOST_ITEMS {
        problems.error_help(
            format!("expected at most {} items", super::MOST_ITEMS),
            "let a loop do a map of fewer several times",
        );
    }
}

/// A tool of `orchestration.tools` by its name, or one of the step's own.
#[derive(Clone, Debug, PartialEq)]
pub enum UseToolSpec {
    /// One of `orchestration.tools`.
    Named(String),
    /// The step's own.
    Own(InlineTool),
}

/// A step's own tool.
pub type InlineTool = Box<ToolSpec>;

impl<'de> Deserialize<'de> for UseToolSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ToolVisitor;

        impl<'de> Visitor<'de> for ToolVisitor {
            type Value = UseToolSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a tool, or a tool such as { latency: 1s }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<UseToolSpec, E> {
                Ok(UseToolSpec::Named(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UseToolSpec, A::Error> {
                let tool = ToolSpec::deserialize(MapAccessDeserializer::new(map))?;
                Ok(UseToolSpec::Own(Box::new(tool)))
            }
        }
        deserializer.deserialize_any(ToolVisitor)
    }
}

impl Serialize for UseToolSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            UseToolSpec::Named(name) => serializer.serialize_str(name),
            UseToolSpec::Own(tool) => tool.serialize(serializer),
        }
    }
}

impl JsonSchema for UseToolSpec {
    fn schema_name() -> Cow<'static, str> {
        "UseTool".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<ToolSpec>();
        json_schema!({
            "description": "The name of a tool of orchestration.tools, or a tool.",
            "anyOf": [{ "type": "string" }, own],
        })
    }
}
