//! What prompts bring beside their text: images, and results of tools.
//!
//! A payload belongs to what a prompt means, as its length belongs to the prompt:
//! whoever asks, whenever and in whatever words, brings the same. So a prompt's id
//! stands for its payload as well, and caches need not know of payloads.

mod images;
mod tools;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use images::{ImageSizeSpec, ImagesSpec};
pub use tools::ToolsSpec;

use super::incoming::IntentId;
use crate::kernel::Stream;
use crate::kernel::keyed_uniform::{keyed_bits, keyed_uniform};
use crate::spec::Problems;
use images::Images;
use tools::Tools;

/// The most images or results of one prompt; more are cut off.
const MOST: u32 = 1000;

/// What prompts bring beside their text. It adds to their tokens, and to the bytes
/// that are sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PayloadsSpec {
    /// Images. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<ImagesSpec>,
    /// Results of tools: what was looked up for the model, sent with the prompt.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsSpec>,
}

impl PayloadsSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        if let Some(images) = &self.images {
            problems.at("images", |p| images.check(p));
        }
        if let Some(tools) = &self.tools {
            problems.at("tools", |p| tools.check(p));
        }
    }

    /// The payloads of one run. The spec must have passed its check.
    pub(super) fn payloads(&self, stream: &mut Stream) -> Payloads {
        // Drawn even where it is not used, so that each keeps its own.
        let keys = [stream.bits(), stream.bits()];
        Payloads {
            images: self.images.as_ref().map(|spec| (Images::new(spec), keys[0])),
            tools: self.tools.as_ref().map(|spec| (Tools::new(spec), keys[1])),
        }
    }
}

/// What a prompt brings beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Payload {
    pub tokens: u64,
    pub bytes: u64,
}

impl Payload {
    fn plus(self, other: Payload) -> Self {
        Payload { tokens: self.tokens + other.tokens, bytes: self.bytes + other.bytes }
    }
}

/// The payloads of prompts, each a function of a key and of what a prompt means.
#[derive(Clone, Debug)]
pub(super) struct Payloads {
    images: Option<(Images, u64)>,
    tools: Option<(Tools, u64)>,
}

impl Payloads {
    #[inline]
    pub fn of(&self, intent: IntentId) -> Payload {
        let mut payload = Payload::default();
        if let Some((images, key)) = &self.images
            && keyed_uniform(*key, intent.0) < images.share
        {
            payload = images.draw(Draws::of(*key, intent));
        }
        if let Some((tools, key)) = &self.tools
            && keyed_uniform(*key, intent.0) < tools.share
        {
            payload = payload.plus(tools.draw(Draws::of(*key, intent)));
        }
        payload
    }
}

/// The variates of one payload.
struct Draws {
    key: u64,
    next: u64,
}

impl Draws {
    fn of(key: u64, intent: IntentId) -> Self {
        // Not the bits by which the share was decided.
        Draws { key: keyed_bits(!key, intent.0), next: 0 }
    }

    fn bits(&mut self) -> u64 {
        self.next += 1;
        keyed_bits(self.key, self.next)
    }

    fn uniform(&mut self) -> f64 {
        self.next += 1;
        keyed_uniform(self.key, self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn payloads(yaml: &str, seed: u64) -> Payloads {
        let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
        let spec: PayloadsSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        assert_eq!(problems.list().len(), 0, "{:?}", problems.list());
        spec.payloads(&mut Streams::new(seed, 0).stream("workload.payloads"))
    }

    const MIXED: &str = "{images: {share: 0.2, count: {uniform: {min: 1, max: 3}}, sizes: \
        [{width: 1024, height: 1024, weight: 3}, {width: 512, height: 512}], bytes: \
        {constant: 90000}}, tools: {share: 0.5, count: {constant: 2}, tokens: {exponential: \
        {mean: 300}}}}";

    #[test]
    fn means_are_those_of_the_spec() {
        let payloads = payloads(MIXED, 1);
        let n = 200_000u32;
        let (mut tokens, mut bytes) = (0.0, 0.0);
        for id in 0..n {
            let payload = payloads.of(IntentId(u64::from(id)));
            tokens += payload.tokens as f64 / f64::from(n);
            bytes += payload.bytes as f64 / f64::from(n);
        }
        // Images: 765 tokens for 1024 x 1024, 255 for 512 x 512; two on average.
        let expected = 0.2 * 2.0 * (0.75 * 765.0 + 0.25 * 255.0) + 0.5 * 2.0 * 300.0;
        assert!((tokens / expected - 1.0).abs() < 0.01, "{tokens}, expected {expected}");
        let expected = 0.2 * 2.0 * 90_000.0 + 0.5 * 2.0 * 300.0 * 4.0;
        assert!((bytes / expected - 1.0).abs() < 0.01, "{bytes}, expected {expected}");
    }

    #[test]
    fn a_payload_is_the_same_whenever_it_is_asked_for() {
        let (one, other) = (payloads(MIXED, 1), payloads(MIXED, 2));
        let of = |payloads: &Payloads| -> Vec<Payload> {
            (0..1000).map(|id| payloads.of(IntentId(id))).collect()
        };
        assert_eq!(of(&one), of(&one));
        assert_ne!(of(&one), of(&other), "runs differ");
        let tools = MIXED.find("tools").unwrap();
        let tools = payloads(&format!("{{{}", &MIXED[tools..]), 1);
        for id in (0..1000).map(IntentId) {
            let (alone, both) = (tools.of(id), one.of(id));
            let images = both.tokens - alone.tokens;
            assert!(images % 255 == 0 && images <= 3 * 765, "{images}");
        }
    }
}
