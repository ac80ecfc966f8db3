//! Sobol' indices: a design for how much of a metric's variance each parameter explains.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting};
use crate::experiment::sweep::range_spec::RangeSpec;
use crate::kernel::Streams;
use crate::spec::{Path, Problem};

/// More samples than the sequence has.
pub(super) const MOST_SAMPLES: u32 = 1 << 16;
/// More parameters than the sequence has dimensions for.
pub(super) const MOST_PARAMETERS: usize = 128;

/// First-order and total Sobol' indices of parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SobolSpec {
    /// Samples; each takes two points more than there are parameters. A power of two is
    /// best. Default 64.
    #[serde(default = "SobolSpec::samples")]
    pub samples: u32,
    /// Paths and what each may take.
    pub ranges: IndexMap<String, RangeSpec>,
    /// The metrics to explain. Default: those that most people want to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
}

impl SobolSpec {
    const fn samples() -> u32 {
        64
    }

    /// Points of a sample: `a`, then `a` with each parameter taken from `b`, then `b`.
    pub fn points_of_sample(&self) -> usize {
        self.ranges.len() + 2
    }
}

/// The design's points, sample by sample.
///
/// The two samples `a` and `b` are the halves of an Owen-scrambled Sobol' sequence
/// (Burley, J. of Computer Graphics Techniques 9(4), 2020), which fills the space more
/// evenly than chance.
pub(in crate::experiment::sweep) fn block(
    spec: &SobolSpec,
    frame: &mut Frame,
    streams: &Streams,
) -> Block {
    let root = Path::parse("sweep.sobol");
    if !(2..=MOST_SAMPLES).contains(&spec.samples) {
        frame.refuse(Problem::error(
            root.join("samples"),
            format!("expected 2 to {MOST_SAMPLES} samples"),
        ));
    }
    let (count, place) = (spec.ranges.len(), root.join("ranges"));
    if count == 0 || count > MOST_PARAMETERS {
        frame.refuse(Problem::error(
            place.clone(),
            format!("expected 1 to {MOST_PARAMETERS} paths to vary"),
        ));
    }
    let ranges = frame.ranges(&place, &spec.ranges);
    if !frame.problems.is_empty() {
        return Block::new();
    }
    let seed = streams.stream("sweep.sobol").bits() as u32;
    let mut block = Block::with_capacity(spec.samples as usize * spec.points_of_sample());
    for sample in 0..spec.samples {
        // None: all from `a`; Some(count): all from `b`.
        for swapped in [None].into_iter().chain((0..=count).map(Some)) {
            let setting = |(number, (axis, origin, range)): (usize, &(usize, Path, _))| {
                let from_b = swapped == Some(count) || swapped == Some(number);
                let dimension = if from_b { count + number } else { number };
                let range: &crate::experiment::sweep::range::Range = range;
                let value = range.at(place_of(sample, dimension as u32, seed));
                Setting { axis: *axis, value, origin: origin.clone() }
            };
            let settings = ranges.iter().enumerate().map(setting).collect();
            block.push(Partial { variant: None, settings });
        }
    }
    block
}

/// In the middle of one of 2^24 cells of (0, 1).
fn place_of(sample: u32, dimension: u32, seed: u32) -> f64 {
    f64::from(sobol_burley::sample(sample, dimension, seed)) + 1.0 / f64::from(1 << 25)
}
