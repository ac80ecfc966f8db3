//! A sweep's points: every combination of the grid's values.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::load::path;
use super::spec::SweepSpec;
use crate::spec::{Path, Problem, Segment, Severity};

/// More points are refused: their results alone would not fit.
pub const MOST_POINTS: u64 = 100_000;
/// More runs are refused.
pub const MOST_RUNS: u64 = 100_000_000;

/// What holds for all points alike: to vary it would do nothing.
const COMMON: [&str; 8] =
    ["name", "description", "seed", "replications", "sweep", "charts", "record", "quick"];

/// The grid with its paths found in the experiment.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// Each swept path as the user wrote it, and where it leads.
    pub axes: Vec<Axis>,
}

/// One swept path and its values.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The path as written: the column's name.
    pub name: String,
    /// Where it leads.
    pub path: Path,
    /// The values, in order.
    pub values: Vec<Value>,
}

impl Grid {
    /// Finds every path of `spec` in the resolved experiment. Nothing is
    /// allocated for the points.
    ///
    /// # Errors
    /// If a path leads nowhere or to what all points share, an axis is empty or
    /// has a value twice, two axes are the same, or there are more points or runs than [`MOST_POINTS`] and [`MOST_RUNS`].
    pub fn new(
        spec: &SweepSpec,
        resolved: &Value,
        replications: u32,
    ) -> Result<Grid, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut axes: Vec<Axis> = Vec::new();
        let root = Path::parse("sweep.grid");
        for (name, values) in &spec.grid {
            let mut refuse = |at_key: bool, message: String, help: Option<String>| {
                let path = root.join(name.as_str());
                problems.push(Problem { path, at_key, severity: Severity::Error, message, help });
            };
            match path::resolve(resolved, name) {
                Err(error) => refuse(true, format!("cannot vary `{name}`: {error}"), error.help),
                Ok(_) if values.is_empty() => {
                    refuse(false, "expected at least one value to try".to_owned(), None);
                }
                Ok(path) if is_common(&path) => {
                    let help = (name == "seed").then(|| {
                        "`replications` runs every point with independent streams".to_owned()
                    });
                    refuse(true, format!("cannot vary `{name}`: all points share it"), help);
                }
                Ok(path) => {
                    if let Some(twice) = repeated(values) {
                        let shown = super::prepare::plain(&values[twice]);
                        refuse(false, format!("`{shown}` is listed twice"), None);
                    }
                    if let Some(other) = axes.iter().find(|axis| overlap(&axis.path, &path)) {
                        let other = &other.name;
                        refuse(true, format!("`{name}` and `{other}` set the same thing"), None);
                    }
                    axes.push(Axis { name: name.clone(), path, values: values.clone() });
                }
            }
        }
        let grid = Grid { axes };
        if problems.is_empty() {
            grid.refuse_too_many(replications).map_err(|problem| vec![problem])?;
            return Ok(grid);
        }
        Err(problems)
    }

    fn refuse_too_many(&self, replications: u32) -> Result<(), Problem> {
        let points = self
            .axes
            .iter()
            .try_fold(1u128, |points, axis| points.checked_mul(axis.values.len() as u128));
        let runs = |points: u128| points * u128::from(replications);
        let message = match points {
            Some(1) if runs(1) > u128::from(MOST_RUNS) => {
                return Err(Problem {
                    path: Path::parse("replications"),
                    at_key: false,
                    severity: Severity::Error,
                    message: format!("expected at most {MOST_RUNS} replications"),
                    help: None,
                });
            }
            Some(points) if points > u128::from(MOST_POINTS) => {
                format!("the grid has {points} points; at most {MOST_POINTS} are run")
            }
            Some(points) if runs(points) > u128::from(MOST_RUNS) => format!(
                "{points} points x {replications} replications are {} runs; at most {MOST_RUNS} are run",
                runs(points)
            ),
            Some(_) => return Ok(()),
            None => "the grid has more than 10^38 points".to_owned(),
        };
        Err(Problem {
            path: Path::parse("sweep.grid"),
            at_key: true,
            severity: Severity::Error,
            message,
            help: Some("vary fewer paths, or give each fewer values".to_owned()),
        })
    }

    /// The number of points; 1 where nothing is varied.
    pub fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// For each axis the index of its value at `point`.
    pub fn indices(&self, point: usize) -> Vec<usize> {
        let mut rest = point;
        let mut indices = vec![0; self.axes.len()];
        for (index, axis) in indices.iter_mut().zip(&self.axes).rev() {
            *index = rest % axis.values.len();
            rest /= axis.values.len();
        }
        indices
    }

    /// The values of `point`, axis by axis.
    pub fn values(&self, point: usize) -> impl Iterator<Item = (&Axis, &Value)> {
        self.axes.iter().zip(self.indices(point)).map(|(axis, index)| (axis, &axis.values[index]))
    }

    /// The experiment at `point`.
    pub fn apply(&self, resolved: &Value, point: usize) -> Value {
        let mut value = resolved.clone();
        for (axis, chosen) in self.values(point) {
            path::put(&mut value, &axis.path, chosen.clone());
        }
        value
    }
}

/// Whether a path leads to what all points share.
fn is_common(path: &Path) -> bool {
    matches!(path.0.first(), Some(Segment::Key(section)) if COMMON.contains(&section.as_str()))
}

/// The first value that was listed before.
fn repeated(values: &[Value]) -> Option<usize> {
    let texts: Vec<String> = values.iter().map(super::prepare::plain).collect();
    let mut seen = BTreeSet::new();
    texts.iter().position(|text| !seen.insert(text))
}

/// Whether one path leads to the other or to a part of it.
fn overlap(a: &Path, b: &Path) -> bool {
    let shared = a.0.len().min(b.0.len());
    a.0[..shared] == b.0[..shared]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(text: &str) -> Result<Grid, Vec<Problem>> {
        let resolved: Value =
            serde_yaml::from_str("{ a: 1, b: { c: 2, d: 3 }, e: 4 }").expect("YAML");
        let spec: SweepSpec = serde_yaml::from_str(text).expect("a sweep");
        Grid::new(&spec, &resolved, 3)
    }

    #[test]
    fn the_last_path_varies_fastest() {
        let grid = grid("{ grid: { a: [10, 20], b.c: [1, 2, 3] } }").expect("a grid");
        assert_eq!(grid.points(), 6);
        assert_eq!(grid.indices(4), vec![1, 1]);
    }

    #[test]
    fn a_billion_points_are_refused_with_their_count() {
        let thousand: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
        let list = thousand.join(",");
        let problems = grid(&format!("{{ grid: {{ a: [{list}], b.c: [{list}], e: [{list}] }} }}"));
        assert!(problems.expect_err("too many")[0].message.contains("1000000000 points"));
    }

    #[test]
    fn what_would_change_nothing_is_refused() {
        let message = |text: &str| grid(text).expect_err("refused")[0].message.clone();
        assert!(message("{ grid: { a: [1, 2, 1] } }").contains("`1` is listed twice"));
        let spec: SweepSpec = serde_yaml::from_str("{ grid: { seed: [1, 2] } }").expect("a sweep");
        let resolved: Value = serde_yaml::from_str("{ seed: 1 }").expect("YAML");
        let problems = Grid::new(&spec, &resolved, 3).expect_err("refused");
        assert!(problems[0].message.contains("all points share it"));
    }

    #[test]
    fn too_many_replications_are_told_as_such() {
        let resolved = Value::Null;
        let problems = Grid::new(&SweepSpec::default(), &resolved, u32::MAX).expect_err("refused");
        assert_eq!(problems[0].path, Path::parse("replications"));
    }

    #[test]
    fn paths_that_overlap_are_refused() {
        assert!(grid("{ grid: { b: [1], b.c: [1] } }").is_err());
    }
}
