//! What steps do, made ready.

use super::build::{Builder, lengths};
use super::parts::{Body, Kind, Llm, Station, Tool};
use crate::orchestration::{HumanSpec, JudgeSpec, LlmSpec, RetrievalSpec, StepSpec, ToolSpec};
use crate::spec::Fraction;
use crate::workload::Profile;

impl Builder<'_> {
    pub(super) fn llm(
        &mut self,
        spec: &LlmSpec,
        step: &StepSpec,
        workflow: &str,
        name: &str,
    ) -> Body {
        let plain = spec.system == 0
            && spec.prompt.is_none()
            && step.input
            && step.map.is_none()
            && step.reads.as_ref().map_or(step.after.is_empty(), super::super::Names::is_empty);
        let profiles = self.profiles(spec);
        self.ready.llms.push(Llm {
            system: spec.system,
            system_id: name_of(workflow, name),
            prompt: spec.prompt.as_ref().map(lengths),
            output: spec.output.as_ref().map(lengths),
            model: spec
                .model
                .as_ref()
                .and_then(|name| self.models.iter().position(|it| it == name).map(|it| it as u32)),
            profiles,
            right: spec.right.map(Fraction::get),
            recovers: spec.recovers.map_or(0.0, Fraction::get),
            judge: spec.judge.map(judge),
            plain,
        });
        Body::Llm(self.ready.llms.len() as u32 - 1)
    }

    /// What a call asks with, where that is not what the workload's requests do.
    fn profiles(&mut self, spec: &LlmSpec) -> Vec<u32> {
        let own = spec.max_tokens.is_some()
            || spec.temperature.is_some()
            || spec.quality_threshold.is_some();
        if !own {
            return Vec::new();
        }
        let profiles = self.base.iter().map(|base| Profile {
            max_tokens: spec.max_tokens.or(base.max_tokens),
            temperature: spec.temperature.or(base.temperature),
            quality_threshold: spec.quality_threshold.map(Fraction::get).or(base.quality_threshold),
            missing_prompt: false,
            ..*base
        });
        let made = &mut self.ready.profiles;
        let index = |profile: Profile| {
            let known = *self.profiles.entry(profile.key()).or_insert_with(|| {
                made.push(profile);
                made.len() - 1
            });
            (self.base.len() + known) as u32
        };
        profiles.map(index).collect()
    }

    pub(super) fn named_tool(&mut self, name: &str) -> u32 {
        if let Some(tool) = self.tools.get(name) {
            return *tool;
        }
        let Some((name, spec)) = self.spec.tools.get_key_value(name) else { return 0 };
        let tool = self.tool(spec);
        self.tools.insert(name, tool);
        tool
    }

    pub(super) fn tool(&mut self, spec: &ToolSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Tool,
            latency: spec.latency.distribution(),
            failure: spec.failure.get(),
            station: self.station(spec.concurrency),
            cost: spec.cost,
            output: spec.output.as_ref().map(|output| (1, lengths(output))),
            right: spec.right.get(),
            judge: None,
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    pub(super) fn retrieval(&mut self, spec: &RetrievalSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Retrieval,
            latency: spec.latency.distribution(),
            failure: spec.failure.get(),
            station: self.station(spec.concurrency),
            cost: spec.cost,
            output: Some((spec.documents, lengths(&spec.tokens))),
            right: spec.recall.get(),
            judge: None,
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    pub(super) fn human(&mut self, spec: &HumanSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Human,
            latency: spec.think_time.distribution(),
            failure: 0.0,
            station: self.station(spec.people),
            cost: None,
            output: spec.output.as_ref().map(|output| (1, lengths(output))),
            right: 1.0,
            judge: spec.judge.map(judge),
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    pub(super) fn station(&mut self, places: Option<u32>) -> Option<u32> {
        self.ready.stations.push(Station { places: places? });
        Some(self.ready.stations.len() as u32 - 1)
    }
}

fn judge(spec: JudgeSpec) -> [f64; 2] {
    [spec.false_accept.get(), spec.false_reject.get()]
}

/// A number for a name, the same in every run: what blocks of prompts are named by.
fn name_of(workflow: &str, name: &str) -> u64 {
    use md5::{Digest, Md5};
    let digest = Md5::new().chain_update(workflow).chain_update("/").chain_update(name).finalize();
    u64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"))
}
