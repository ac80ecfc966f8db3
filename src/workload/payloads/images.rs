//! Images: how many tokens they cost, and how many bytes they take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draws, MOST, Payload};
use crate::spec::{Fraction, Positive, Problems};
use crate::workload::alias::Alias;
use crate::workload::lengths::{Lengths, LengthsSpec};

/// The longest side of an image, in pixels.
const MOST_PIXELS: u32 = 100_000;

/// Images in prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImagesSpec {
    /// Share of the prompts that have images. Default: 0.1.
    pub share: Fraction,
    /// How many such a prompt has. Default: `constant: 1`.
    pub count: LengthsSpec,
    /// How large they are. Default: all 1024 by 1024 pixels.
    pub sizes: Vec<ImageSizeSpec>,
    /// Tokens of an image. Default: by its size, as `OpenAI` counts tiles: see
    /// `docs/workloads.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<LengthsSpec>,
    /// Bytes of an image as it is sent. Default: by its size, a third of a byte a
    /// pixel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<LengthsSpec>,
}

/// A size of images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageSizeSpec {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How usual it is, relative to the others. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Positive>,
}

impl Default for ImagesSpec {
    fn default() -> Self {
        ImagesSpec {
            share: Fraction::percent(10),
            count: LengthsSpec::Constant(1),
            sizes: vec![ImageSizeSpec { width: 1024, height: 1024, weight: None }],
            tokens: None,
            bytes: None,
        }
    }
}

impl ImagesSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| self.count.check(p));
        for (name, lengths) in [("tokens", &self.tokens), ("bytes", &self.bytes)] {
            if let Some(lengths) = lengths {
                problems.at(name, |p| lengths.check(p));
            }
        }
        problems.at("sizes", |p| {
            if self.sizes.is_empty() {
                p.error_help("there are no sizes", "such as `- { width: 1024, height: 768 }`");
            }
            for (i, size) in self.sizes.iter().enumerate() {
                if ![size.width, size.height].iter().all(|side| (1..=MOST_PIXELS).contains(side)) {
                    p.at(i, |p| p.error(format!("expected sides of 1 to {MOST_PIXELS} pixels")));
                }
            }
        });
    }
}

impl ImageSizeSpec {
    /// Tokens by `OpenAI`'s tiles: 85, and 170 for each square of 512 pixels of the
    /// image, scaled down to fit into 2048 x 2048 and then to a shorter side of 768
    /// (`OpenAI`, *Images and vision*, "Calculating costs", for gpt-4o).
    fn tokens(self) -> u32 {
        let scaled = |(width, height): (u32, u32), side: u32, most: u32| {
            if side <= most { (width, height) } else { (width * most / side, height * most / side) }
        };
        let (width, height) = scaled((self.width, self.height), self.width.max(self.height), 2048);
        let (width, height) = scaled((width, height), width.min(height), 768);
        85 + 170 * width.max(1).div_ceil(512) * height.max(1).div_ceil(512)
    }

    /// A JPEG has about 2 bits a pixel; base64, as APIs take it, adds a third.
    fn bytes(self) -> u64 {
        u64::from(self.width) * u64::from(self.height) / 3
    }
}

/// Images made ready.
#[derive(Clone, Debug)]
pub(super) struct Images {
    pub share: f64,
    count: Lengths,
    /// Tokens and bytes by size.
    sizes: Vec<Payload>,
    chosen: Alias,
    tokens: Option<Lengths>,
    bytes: Option<Lengths>,
}

impl Images {
    pub fn new(spec: &ImagesSpec) -> Self {
        let made = |lengths: &LengthsSpec| {
            lengths.distribution().expect("a checked spec has a distribution")
        };
        let weight = |size: &ImageSizeSpec| size.weight.map_or(1.0, Positive::get);
        let size = |size: &ImageSizeSpec| Payload {
            tokens: u64::from(size.tokens()),
            bytes: size.bytes(),
        };
        Images {
            share: spec.share.get(),
            count: made(&spec.count),
            sizes: spec.sizes.iter().map(size).collect(),
            chosen: Alias::new(&spec.sizes.iter().map(weight).collect::<Vec<f64>>()),
            tokens: spec.tokens.as_ref().map(made),
            bytes: spec.bytes.as_ref().map(made),
        }
    }

    pub fn draw(&self, mut draws: Draws) -> Payload {
        let count = self.count.pick(draws.uniform()).min(MOST);
        (0..count).fold(Payload::default(), |sum, _| {
            let size = self.sizes[self.chosen.pick(draws.bits()) as usize];
            let mut or = |lengths: &Option<Lengths>, own: u64| {
                let u = draws.uniform();
                lengths.as_ref().map_or(own, |lengths| u64::from(lengths.pick(u)))
            };
            sum.plus(Payload {
                tokens: or(&self.tokens, size.tokens),
                bytes: or(&self.bytes, size.bytes),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_that_openai_publishes() {
        let tokens = |width, height| ImageSizeSpec { width, height, weight: None }.tokens();
        // The two worked examples of the guide.
        assert_eq!((tokens(1024, 1024), tokens(2048, 4096)), (765, 1105));
        // Not scaled up: one tile, and two where one pixel is too many.
        assert_eq!((tokens(512, 512), tokens(513, 512), tokens(1, 1)), (255, 425, 255));
        assert_eq!(tokens(100_000, 1), 85 + 170 * 4);
    }

    #[test]
    fn what_cannot_be_an_image_is_told() {
        let spec: ImagesSpec =
            serde_yaml::from_str("{sizes: [{width: 0, height: 5}, {width: 5, height: 5}]}")
                .unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        ImagesSpec { sizes: Vec::new(), ..spec }.check(&mut problems);
        let paths: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["sizes.0", "sizes"]);
    }
}
