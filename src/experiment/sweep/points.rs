//! The points of a sweep.

use serde_yaml::Value;

use super::designs::{grid, latin_hypercube, list, morris, one_at_a_time, random, sobol, zip};
use super::frame::{Axis, Block, Frame, Partial, product};
use super::spec::{SweepSpec, VARIANT};
use super::when::{self, WhenSpec};
use crate::experiment::load::path;
use crate::experiment::load::plain::plain;
use crate::experiment::load::read::read;
use crate::experiment::spec::experiment::Experiment;
use crate::kernel::Streams;
use crate::spec::{Path, Problem};

/// More points are refused: their results alone would not fit.
pub const MOST_POINTS: u64 = 100_000;
/// More runs are refused.
pub const MOST_RUNS: u64 = 100_000_000;

/// The points of a sweep, with their paths found in the experiment.
#[derive(Clone, Debug)]
pub struct Sweep {
    axes: Vec<Axis>,
    points: Vec<Partial>,
    named: bool,
}

impl Sweep {
    /// Finds every path of `spec` in the resolved experiment and makes the points.
    ///
    /// # Errors
    /// If a path leads nowhere or to what all points share, a design is not sound, two
    /// of them vary the same, no point is left, or there are more points or runs than
    /// [`MOST_POINTS`] and [`MOST_RUNS`].
    pub(super) fn new(
        spec: &SweepSpec,
        resolved: &Value,
        seed: u64,
        replications: u32,
    ) -> Result<Sweep, Vec<Problem>> {
        refuse_too_many(spec, replications).map_err(|problem| vec![problem])?;
        refuse_combined_study(spec).map_err(|problem| vec![problem])?;
        let mut frame = Frame::new(resolved);
        let blocks = blocks(spec, &mut frame, seed);
        if !frame.problems.is_empty() {
            return Err(frame.problems);
        }
        let named = spec.list.iter().any(|variant| variant.name.is_some());
        let mut sweep = Sweep { axes: frame.axes, points: product(blocks), named };
        sweep.keep(&spec.when, resolved).map_err(|problem| vec![problem])?;
        Ok(sweep)
    }

    /// The points of an experiment.
    ///
    /// # Errors
    /// If there are too many points, or a value is not allowed where it is put.
    pub fn of(experiment: &Experiment, resolved: &Value) -> Result<Sweep, Vec<Problem>> {
        let most = experiment.replicated().most() as u32;
        Sweep::new(&experiment.sweep, resolved, experiment.seed, most)
    }

    /// Leaves out the points for which `when` does not hold.
    fn keep(&mut self, when: &WhenSpec, resolved: &Value) -> Result<(), Problem> {
        if when.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::new();
        let mut unseen = when::paths(when);
        for point in 0..self.points() {
            let experiment = self.apply(resolved, point);
            if when::holds(when, &experiment)? {
                kept.push(self.points[point].clone());
            }
            unseen.retain(|(_, name)| !when::is_there(&experiment, name));
        }
        // What is left out at some points is a condition; at all of them, a slip.
        if let Some((path, name)) = unseen.into_iter().next() {
            return Err(Problem::error(path, format!("no point has a `{name}`")).at_key());
        }
        if kept.is_empty() {
            let message = format!("holds for none of the {} points", self.points());
            return Err(Problem::error(Path::parse("sweep.when"), message));
        }
        self.points = kept;
        Ok(())
    }

    /// The number of points; 1 where nothing is varied.
    pub fn points(&self) -> usize {
        self.points.len()
    }

    /// Whether nothing is varied.
    pub fn is_single(&self) -> bool {
        self.axes.is_empty() && !self.named
    }

    /// The columns that tell the points apart, as [`SweepSpec::columns`].
    pub fn columns(&self) -> Vec<String> {
        let variant = self.named.then(|| VARIANT.to_owned());
        variant.into_iter().chain(self.axes.iter().map(|axis| axis.name.clone())).collect()
    }

    /// The values of `point` in these columns: what it sets, or else what the
    /// experiment has; `None` where that is nothing.
    pub fn values(&self, point: usize) -> Vec<Option<Value>> {
        let partial = &self.points[point];
        let mut values: Vec<Option<Value>> =
            self.axes.iter().map(|axis| axis.base.clone()).collect();
        for setting in &partial.settings {
            values[setting.axis] = Some(setting.value.clone());
        }
        let variant = partial.variant.clone().map(Value::from);
        self.named.then_some(variant).into_iter().chain(values).collect()
    }

    /// A point in words: its name, or what it sets.
    pub fn describe(&self, point: usize) -> String {
        let partial = &self.points[point];
        let settings = partial
            .settings
            .iter()
            .map(|setting| format!("{}={}", self.axes[setting.axis].name, plain(&setting.value)));
        let all: Vec<String> = match &partial.variant {
            Some(name) if self.columns().len() > 1 => vec![name.clone()],
            _ => settings.collect(),
        };
        all.join(", ")
    }

    /// The experiment at `point`.
    pub fn apply(&self, resolved: &Value, point: usize) -> Value {
        let mut value = resolved.clone();
        for setting in &self.points[point].settings {
            path::put(&mut value, &self.axes[setting.axis].path, setting.value.clone());
        }
        value
    }

    /// Where in the file the value stands that `point` puts at `path` or above it.
    pub fn origin(&self, point: usize, path: &Path) -> Option<&Path> {
        let settings = self.points[point].settings.iter().rev();
        let mut above =
            settings.filter(|setting| path.0.starts_with(&self.axes[setting.axis].path.0));
        above.next().map(|setting| &setting.origin)
    }
}

/// The designs in the order in which their points vary, the last fastest.
fn blocks(spec: &SweepSpec, frame: &mut Frame, seed: u64) -> Vec<Block> {
    let streams = &Streams::new(seed, 0);
    let mut blocks = Vec::new();
    if let Some(spec) = &spec.sobol {
        blocks.push(sobol::block(spec, frame, streams));
    }
    if let Some(spec) = &spec.morris {
        blocks.push(morris::block(spec, frame, seed));
    }
    if !spec.list.is_empty() {
        blocks.push(list::block(&spec.list, frame));
    }
    if !spec.zip.is_empty() {
        blocks.push(zip::block(&spec.zip, frame));
    }
    if let Some(spec) = &spec.latin_hypercube {
        blocks.push(latin_hypercube::block(spec, frame, streams));
    }
    if let Some(spec) = &spec.random {
        blocks.push(random::block(spec, frame, streams));
    }
    if !spec.one_at_a_time.is_empty() {
        blocks.push(one_at_a_time::block(&spec.one_at_a_time, frame, in_full));
    }
    if !spec.grid.is_empty() {
        blocks.push(grid::block(&spec.grid, frame));
    }
    blocks
}

/// The points of a sensitivity study belong together: none may be left out or doubled.
fn refuse_combined_study(spec: &SweepSpec) -> Result<(), Problem> {
    let studies = [("sobol", spec.sobol.is_some()), ("morris", spec.morris.is_some())];
    let Some((name, _)) = studies.into_iter().find(|(_, there)| *there) else { return Ok(()) };
    if spec.designs() == 1 && spec.when.is_empty() {
        return Ok(());
    }
    let message = format!("`{name}` stands alone: no other design, and no `when`");
    Err(Problem::error(Path::parse("sweep").join(name), message).at_key())
}

/// Nothing is allocated for points that are too many.
fn refuse_too_many(spec: &SweepSpec, replications: u32) -> Result<(), Problem> {
    let points = spec.most_points();
    let runs = points.saturating_mul(u128::from(replications));
    if points == 1 && runs > u128::from(MOST_RUNS) {
        let message = format!("expected at most {MOST_RUNS} replications");
        return Err(Problem::error(Path::parse("replications"), message));
    }
    let message = if points > 10u128.pow(38) {
        "the sweep has more than 10^38 points".to_owned()
    } else if points > u128::from(MOST_POINTS) {
        format!("the sweep has {points} points; at most {MOST_POINTS} are run")
    } else if runs > u128::from(MOST_RUNS) {
        format!(
            "{points} points x {replications} replications are {runs} runs; at most {MOST_RUNS} are run"
        )
    } else {
        return Ok(());
    };
    let place = Path::parse(if spec.grid.is_empty() { "sweep" } else { "sweep.grid" });
    let help = "vary fewer paths, or give each fewer values";
    Err(Problem::error(place, message).help(help).at_key())
}

/// An experiment with all of its settings, if a value is one.
fn in_full(value: &Value) -> Option<Value> {
    let reading = read::<Experiment>(value);
    reading.spec.filter(|_| reading.problems.is_empty()).map(|experiment| experiment.to_value())
}
