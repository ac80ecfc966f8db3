//! Latin hypercube sampling (`McKay`, Beckman and Conover, Technometrics 21(2), 1979).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::experiment::sweep::frame::{Block, Frame};
use crate::experiment::sweep::range_spec::RangeSpec;
use crate::kernel::Streams;

/// Points spread evenly over ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatinHypercubeSpec {
    /// How many points.
    pub points: u32,
    /// Paths and what each may take.
    pub ranges: IndexMap<String, RangeSpec>,
}

/// The design's points.
pub(in crate::experiment::sweep) fn block(
    spec: &LatinHypercubeSpec,
    frame: &mut Frame,
    streams: &Streams,
) -> Block {
    let place =
        |path: &str| strata(spec.points as usize, &format!("latin_hypercube.{path}"), streams);
    frame.sampled("latin_hypercube", spec.points, &spec.ranges, place)
}

/// A place in each of `points` equal parts of (0, 1), in random order. Each path has a
/// stream of its own, so that one more path leaves the others' values as they were.
pub(in crate::experiment) fn strata(points: usize, name: &str, streams: &Streams) -> Vec<f64> {
    let mut stream = streams.stream(&format!("sweep.{name}"));
    let mut order: Vec<usize> = (0..points).collect();
    for last in (1..points).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
    order.into_iter().map(|part| (part as f64 + stream.uniform()) / points as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_range_is_met_once() {
        let places = strata(100, "x", &Streams::new(42, 0));
        let mut parts: Vec<usize> = places.iter().map(|place| (place * 100.0) as usize).collect();
        assert_ne!(parts, (0..100).collect::<Vec<_>>(), "in random order");
        parts.sort_unstable();
        assert_eq!(parts, (0..100).collect::<Vec<_>>());
        assert_ne!(places, strata(100, "y", &Streams::new(42, 0)), "paths are independent");
        assert_eq!(places, strata(100, "x", &Streams::new(42, 0)));
    }
}
