//! Points drawn from ranges, each independent of all others.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::experiment::sweep::frame::{Block, Frame};
use crate::experiment::sweep::range_spec::RangeSpec;
use crate::kernel::Streams;

/// Points drawn from ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomSpec {
    /// How many points. More points leave the first ones as they were.
    pub points: u32,
    /// Paths and what each may take.
    pub ranges: IndexMap<String, RangeSpec>,
}

/// The design's points.
pub(in crate::experiment::sweep) fn block(
    spec: &RandomSpec,
    frame: &mut Frame,
    streams: &Streams,
) -> Block {
    let place = |path: &str| {
        let mut stream = streams.stream(&format!("sweep.random.{path}"));
        (0..spec.points).map(|_| stream.uniform()).collect()
    };
    frame.sampled("random", spec.points, &spec.ranges, place)
}
