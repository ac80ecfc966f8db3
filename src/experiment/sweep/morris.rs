//! Elementary effects: a design for which parameters matter at all.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::frame::{Block, Frame, Partial, Setting};
use super::spec::RangeSpec;
use crate::kernel::{Stream, Streams};
use crate::spec::Path;

/// Screening of parameters by elementary effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MorrisSpec {
    /// Walks through the space, each of one point more than there are parameters.
    /// Default 10.
    #[serde(default = "MorrisSpec::trajectories")]
    pub trajectories: u32,
    /// Levels that each range is cut into, an even number. Default 4.
    #[serde(default = "MorrisSpec::levels")]
    pub levels: u32,
    /// Paths and what each may take.
    pub ranges: IndexMap<String, RangeSpec>,
    /// The metrics to explain. Default: those that most people want to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
}

/// A step of a trajectory: which parameter moves, and by which share of its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The number of the parameter.
    pub parameter: usize,
    /// The share, negative for a step down.
    pub by: f64,
}

/// A walk through the unit cube.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// The points, one more than there are steps.
    pub places: Vec<Vec<f64>>,
    /// What is between them.
    pub steps: Vec<Step>,
}

impl MorrisSpec {
    const fn trajectories() -> u32 {
        10
    }

    const fn levels() -> u32 {
        4
    }

    /// The walks of an experiment with `seed`.
    pub fn walks(&self, seed: u64) -> Vec<Trajectory> {
        let mut stream = Streams::new(seed, 0).stream("sweep.morris");
        (0..self.trajectories).map(|_| self.walk(&mut stream)).collect()
    }

    /// From a random point of the levels, each parameter steps once, in random order, by
    /// `levels / (2 (levels - 1))` of its range (Morris 1991): such steps meet all levels
    /// equally often.
    fn walk(&self, stream: &mut Stream) -> Trajectory {
        let (count, levels) = (self.ranges.len(), u64::from(self.levels));
        let mut at = Vec::with_capacity(count);
        let mut steps = Vec::with_capacity(count);
        let by = levels as f64 / (2.0 * (levels - 1) as f64);
        for parameter in 0..count {
            let level = stream.below(levels);
            at.push(level as f64 / (levels - 1) as f64);
            // The lower half can only step up, the upper half only down.
            let by = if level < levels / 2 { by } else { -by };
            steps.push(Step { parameter, by });
        }
        for last in (1..count).rev() {
            steps.swap(last, stream.below(last as u64 + 1) as usize);
        }
        let mut places = vec![at.clone()];
        for step in &steps {
            at[step.parameter] = (at[step.parameter] + step.by).clamp(0.0, 1.0);
            places.push(at.clone());
        }
        Trajectory { places, steps }
    }
}

/// The design's points, walk by walk.
pub(super) fn block(spec: &MorrisSpec, frame: &mut Frame, seed: u64) -> Block {
    let root = Path::parse("sweep.morris");
    if spec.trajectories < 2 {
        let message = "expected at least 2 trajectories".to_owned();
        frame.refuse(root.join("trajectories"), false, message, None);
    }
    if spec.levels < 2 || spec.levels % 2 == 1 {
        let message = "expected an even number of levels, 2 or more".to_owned();
        frame.refuse(root.join("levels"), false, message, None);
    }
    let place = root.join("ranges");
    if spec.ranges.is_empty() {
        let message = "expected at least one path to vary".to_owned();
        frame.refuse(place.clone(), false, message, None);
    }
    let ranges = frame.ranges(&place, &spec.ranges);
    if !frame.problems.is_empty() {
        return Block::new();
    }
    let point =
        |places: Vec<f64>| {
            let setting =
                |((axis, origin, range), place): (&(usize, Path, super::range::Range), f64)| {
                    Setting { axis: *axis, value: range.at(place), origin: origin.clone() }
                };
            Partial { variant: None, settings: ranges.iter().zip(places).map(setting).collect() }
        };
    spec.walks(seed).into_iter().flat_map(|walk| walk.places).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_steps_once_in_a_walk_and_stays_inside() {
        let spec: MorrisSpec =
            serde_yaml::from_str("{ trajectories: 50, ranges: { a: [1], b: [1], c: [1] } }")
                .expect("a spec");
        let mut met = [0; 4];
        for walk in spec.walks(42) {
            let mut moved: Vec<usize> = walk.steps.iter().map(|step| step.parameter).collect();
            moved.sort_unstable();
            assert_eq!(moved, [0, 1, 2]);
            for (pair, step) in walk.places.windows(2).zip(&walk.steps) {
                let changed = pair[1][step.parameter] - pair[0][step.parameter];
                assert!((changed - step.by).abs() < 1e-12 && step.by.abs() > 0.6);
            }
            met[(walk.places[0][0] * 3.0).round() as usize] += 1;
        }
        assert!(met.iter().all(|count| *count > 3), "all levels: {met:?}");
    }
}
