//! Elementary effects: a design for which parameters matter at all.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting};
use crate::experiment::sweep::range::Range;
use crate::experiment::sweep::range_spec::RangeSpec;
use crate::kernel::{Stream, Streams};
use crate::spec::{Path, Problem};

/// More levels than a screening has use for.
const MOST_LEVELS: u32 = 1000;

/// Screening of parameters by elementary effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MorrisSpec {
    /// Walks through the space, each of one point more than there are parameters.
    /// Default 10.
    #[serde(default = "MorrisSpec::trajectories")]
    pub trajectories: u32,
    /// Levels that each range is cut into, an even number. Default 4. The values of a list
    /// are its levels, however many there are.
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

/// A walk through the grid of all levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// The level of each parameter at each point, one point more than there are steps.
    pub points: Vec<Vec<usize>>,
    /// What is between them.
    pub steps: Vec<Step>,
}

/// The levels of a parameter, in rising order, with their places in [0, 1].
type Grid = Vec<(f64, Value)>;

impl MorrisSpec {
    const fn trajectories() -> u32 {
        10
    }

    const fn levels() -> u32 {
        4
    }

    /// The walks of a checked experiment with `seed`.
    pub fn walks(&self, seed: u64) -> Vec<Trajectory> {
        let ranges = self.ranges.values().filter_map(|spec| Range::new(spec).ok());
        let grids: Vec<Grid> = ranges.map(|range| range.grid(self.levels as usize)).collect();
        debug_assert_eq!(grids.len(), self.ranges.len(), "every range is sound");
        self.walks_on(&grids, seed)
    }

    fn walks_on(&self, grids: &[Grid], seed: u64) -> Vec<Trajectory> {
        let mut stream = Streams::new(seed, 0).stream("sweep.morris");
        (0..self.trajectories).map(|_| walk(grids, &mut stream)).collect()
    }
}

/// From a random point of the grid, each parameter steps once, in random order, by half of
/// its levels (Morris 1991), so that steps meet an even number of levels equally often. Of
/// an odd number the one in the middle has no partner: steps are by half of the others, and
/// each such pair is as likely as any.
fn walk(grids: &[Grid], stream: &mut Stream) -> Trajectory {
    let mut at = Vec::with_capacity(grids.len());
    let mut to = Vec::with_capacity(grids.len());
    let mut steps = Vec::with_capacity(grids.len());
    for (parameter, grid) in grids.iter().enumerate() {
        let jump = grid.len() / 2;
        let pairs = grid.len() - jump;
        let drawn = stream.below(2 * pairs as u64) as usize;
        let (from, next) = if drawn < pairs {
            (drawn, drawn + jump)
        } else {
            (drawn - pairs + jump, drawn - pairs)
        };
        at.push(from);
        to.push(next);
        steps.push(Step { parameter, by: grid[next].0 - grid[from].0 });
    }
    for last in (1..grids.len()).rev() {
        steps.swap(last, stream.below(last as u64 + 1) as usize);
    }
    let mut points = vec![at.clone()];
    for step in &steps {
        at[step.parameter] = to[step.parameter];
        points.push(at.clone());
    }
    Trajectory { points, steps }
}

/// The design's points, walk by walk.
pub(in crate::experiment::sweep) fn block(
    spec: &MorrisSpec,
    frame: &mut Frame,
    seed: u64,
) -> Block {
    let root = Path::parse("sweep.morris");
    if spec.trajectories < 2 {
        frame.refuse(Problem::error(root.join("trajectories"), "expected at least 2 trajectories"));
    }
    if !(2..=MOST_LEVELS).contains(&spec.levels) || spec.levels % 2 == 1 {
        frame.refuse(Problem::error(
            root.join("levels"),
            format!("expected an even number of levels, 2 to {MOST_LEVELS}"),
        ));
    }
    let place = root.join("ranges");
    if spec.ranges.is_empty() {
        frame.refuse(Problem::error(place.clone(), "expected at least one path to vary"));
    }
    for (name, range) in &spec.ranges {
        if matches!(range, RangeSpec::Values(values) if values.len() == 1) {
            frame.refuse(Problem::error(
                place.join(name.as_str()),
                "expected at least 2 values to step between",
            ));
        }
    }
    let ranges = frame.ranges(&place, &spec.ranges);
    if !frame.problems.is_empty() {
        return Block::new();
    }
    let levels = spec.levels as usize;
    let grids: Vec<Grid> = ranges.iter().map(|(_, _, range)| range.grid(levels)).collect();
    let point =
        |point: Vec<usize>| {
            let chosen = ranges.iter().zip(&grids).zip(point);
            let setting =
                |(((axis, origin, _), grid), level): ((&(usize, Path, Range), &Grid), usize)| {
                    Setting { axis: *axis, value: grid[level].1.clone(), origin: origin.clone() }
                };
            Partial { variant: None, settings: chosen.map(setting).collect() }
        };
    spec.walks_on(&grids, seed).into_iter().flat_map(|walk| walk.points).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(ranges: &str) -> MorrisSpec {
        serde_yaml::from_str(&format!("{{ trajectories: 60, ranges: {{ {ranges} }} }}"))
            .expect("a spec")
    }

    #[test]
    fn each_parameter_steps_once_in_a_walk_and_all_levels_are_met() {
        let spec = spec("a: { from: 0, to: 1.5 }, b: [1, 2, 16], c: { from: 1, to: 5 }");
        let mut met = [vec![0; 4], vec![0; 3], vec![0; 4]];
        for walk in spec.walks(42) {
            let mut moved: Vec<usize> = walk.steps.iter().map(|step| step.parameter).collect();
            moved.sort_unstable();
            assert_eq!(moved, [0, 1, 2]);
            for (pair, step) in walk.points.windows(2).zip(&walk.steps) {
                for (parameter, (from, to)) in pair[0].iter().zip(&pair[1]).enumerate() {
                    assert_eq!(from != to, parameter == step.parameter);
                }
            }
            for point in &walk.points {
                met.iter_mut().zip(point).for_each(|(met, level)| met[*level] += 1);
            }
        }
        assert!(met.iter().flatten().all(|count| *count > 20), "all levels: {met:?}");
    }

    #[test]
    fn a_step_of_an_odd_list_goes_to_a_neighbour_half_a_range_away() {
        let mut seen = std::collections::BTreeSet::new();
        for walk in spec("a: [1, 2, 16]").walks(42) {
            assert!((walk.steps[0].by.abs() - 0.5).abs() < 1e-12);
            seen.insert((walk.points[0][0], walk.points[1][0]));
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(0, 1), (1, 0), (1, 2), (2, 1)]);
    }

    #[test]
    fn a_step_is_as_long_as_the_numbers_that_it_goes_between_are_apart() {
        // Levels 1, 2, 4 and 5 of 1 to 5, for 1, 2.33, 3.67 and 5.
        for walk in spec("a: { from: 1, to: 5 }").walks(42) {
            assert!((walk.steps[0].by.abs() - 0.75).abs() < 1e-12, "{:?}", walk.steps);
        }
    }
}
