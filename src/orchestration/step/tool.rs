//! A step that calls a tool.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::known::Known;
use super::lengths::{check_lengths, lengths};
use crate::cost::Money;
use crate::orchestration::plan::{Body, Calls, Kind, Site, Tool};
use crate::spec::{Fraction, Problems};
use crate::workload::SpanSpec;
use crate::workload::lengths::LengthsSpec;

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
    pub(in crate::orchestration) fn check(&self, problems: &mut Problems) {
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

    /// Makes it ready; gives its index.
    pub(in crate::orchestration) fn tool(&self, calls: &mut Calls<'_>) -> u32 {
        let tool = Tool {
            kind: Kind::Tool,
            latency: self.latency.distribution(),
            failure: self.failure.get(),
            station: calls.station(self.concurrency),
            cost: self.cost,
            output: self.output.as_ref().map(|output| (1, lengths(output))),
            right: self.right.get(),
            judge: None,
        };
        calls.tool(tool)
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

impl UseToolSpec {
    pub(super) fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        match self {
            UseToolSpec::Named(name) if !known.tools.contains(&name.as_str()) => {
                problems.unknown("tool", name, known.tools.iter().copied());
            }
            UseToolSpec::Named(_) => {}
            UseToolSpec::Own(tool) => tool.check(problems),
        }
    }

    /// Makes it ready.
    pub(super) fn body(&self, _: &Site<'_>, calls: &mut Calls<'_>) -> Body {
        Body::Tool(match self {
            UseToolSpec::Named(name) => calls.named.get(name).copied().unwrap_or(0),
            UseToolSpec::Own(tool) => tool.tool(calls),
        })
    }
}

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
