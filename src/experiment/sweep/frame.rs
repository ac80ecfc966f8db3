//! What the designs of a sweep share: the paths that they vary, and their points in
//! the making.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_yaml::Value;

use super::quantity::same_value;
use super::range::Range;
use super::range_spec::RangeSpec;
use crate::experiment::load::path;
use crate::experiment::load::plain::plain;
use crate::spec::{Path, Problem, Segment};

/// What holds for all points alike: to vary it would do nothing.
const COMMON: [&str; 12] = [
    "name",
    "description",
    "seed",
    "replications",
    "antithetic",
    "precision",
    "sweep",
    "search",
    "charts",
    "theme",
    "record",
    "quick",
];

/// A varied path.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The path as written: the column's name.
    pub name: String,
    /// Where it leads.
    pub path: Path,
    /// What stands there in the experiment, for points that do not set it.
    pub base: Option<Value>,
}

/// One value of a point.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The number of the axis.
    pub axis: usize,
    /// The value.
    pub value: Value,
    /// Where in the file it stands.
    pub origin: Path,
}

/// What one design says of a point.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// Its name.
    pub variant: Option<String>,
    /// Its values, in the order in which they are set.
    pub settings: Vec<Setting>,
}

/// The points of one design.
pub(super) type Block = Vec<Partial>;

/// Every point of one block with every point of the others, the last varying fastest.
/// No block at all is one point that changes nothing.
pub(super) fn product(blocks: Vec<Block>) -> Block {
    let mut points = vec![Partial::default()];
    for block in blocks {
        let with = |point: &Partial| {
            let point = point.clone();
            block.iter().map(move |more| {
                let mut joined = point.clone();
                joined.variant = joined.variant.or_else(|| more.variant.clone());
                joined.settings.extend(more.settings.iter().cloned());
                joined
            })
        };
        points = points.iter().flat_map(with).collect();
    }
    points
}

/// Collects the axes of all designs, and what is wrong with them.
pub(in crate::experiment) struct Frame<'r> {
    resolved: &'r Value,
    pub axes: Vec<Axis>,
    pub problems: Vec<Problem>,
}

impl<'r> Frame<'r> {
    pub(in crate::experiment) fn new(resolved: &'r Value) -> Self {
        Frame { resolved, axes: Vec::new(), problems: Vec::new() }
    }

    pub(in crate::experiment) fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The number of a new axis; `place` is where its name stands in the file.
    pub(in crate::experiment) fn axis(&mut self, name: &str, place: Path) -> Option<usize> {
        self.new_axis(name, place, self.axes.len())
    }

    /// The same for a list, whose points may set the same paths, those from `first` on.
    pub(super) fn listed_axis(&mut self, name: &str, place: Path, first: usize) -> Option<usize> {
        let known = self.axes.iter().position(|axis| axis.name == name);
        known.filter(|axis| *axis >= first).or_else(|| self.new_axis(name, place, first))
    }

    /// `own` axes and those after it may overlap with the new one.
    fn new_axis(&mut self, name: &str, place: Path, own: usize) -> Option<usize> {
        let path = match path::resolve(self.resolved, name) {
            Ok(path) => path,
            Err(error) => {
                let message = format!("cannot vary `{name}`: {error}");
                self.refuse(Problem::error(place, message).help(error.help).at_key());
                return None;
            }
        };
        if is_common(&path) {
            let help = (name == "seed")
                .then(|| "`replications` runs every point with independent streams".to_owned());
            let message = format!("cannot vary `{name}`: all points share it");
            self.refuse(Problem::error(place, message).help(help).at_key());
            return None;
        }
        let other = self.axes[..own].iter().find(|axis| overlap(&axis.path, &path));
        if let Some(other) = other.map(|axis| axis.name.clone()) {
            let message = format!("`{name}` and `{other}` set the same thing");
            self.refuse(Problem::error(place, message).at_key());
        }
        let base = path::get(self.resolved, &path).filter(|value| !value.is_null()).cloned();
        self.axes.push(Axis { name: name.to_owned(), path, base });
        Some(self.axes.len() - 1)
    }

    /// Whether a value gives the experiment that there is without it, in whatever way it
    /// is written. A choice by its bare word has the default settings, which need not be
    /// those of the experiment: `in_full` writes an experiment out with all of its
    /// settings, if it is one.
    pub(super) fn changes_nothing(
        &self,
        axis: usize,
        value: &Value,
        in_full: impl Fn(&Value) -> Option<Value>,
    ) -> bool {
        let Axis { path, base, .. } = &self.axes[axis];
        if base.as_ref().is_some_and(|base| same_value(base, value)) {
            return true;
        }
        let mut with = self.resolved.clone();
        path::put(&mut with, path, value.clone());
        in_full(&with).is_some_and(|with| with == *self.resolved)
    }

    /// Values of a path must be there, and differ.
    pub(super) fn refuse_repeated(&mut self, values: &[Value], place: &Path) {
        if values.is_empty() {
            self.refuse(Problem::error(place.clone(), "expected at least one value to try"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = values.iter().map(plain).find(|text| !seen.insert(text.clone())) {
            self.refuse(Problem::error(place.clone(), format!("`{twice}` is listed twice")));
        }
    }

    /// The points of a design that draws from ranges. `places` gives, for a path, the
    /// place in (0, 1) of each point.
    pub(super) fn sampled(
        &mut self,
        design: &str,
        points: u32,
        ranges: &IndexMap<String, RangeSpec>,
        places: impl Fn(&str) -> Vec<f64>,
    ) -> Block {
        let root = Path::parse("sweep").join(design);
        if points == 0 {
            self.refuse(Problem::error(root.join("points"), "expected at least 1 point"));
        }
        if ranges.is_empty() {
            self.refuse(Problem::error(root.join("ranges"), "expected at least one path to vary"));
        }
        let mut block = vec![Partial::default(); points as usize];
        for (axis, origin, range) in self.ranges(&root.join("ranges"), ranges) {
            for (partial, place) in block.iter_mut().zip(places(&self.axes[axis].name)) {
                let setting = Setting { axis, value: range.at(place), origin: origin.clone() };
                partial.settings.push(setting);
            }
        }
        block
    }

    /// The sound ones of `ranges`, with their axes and places in the file.
    pub(in crate::experiment) fn ranges(
        &mut self,
        root: &Path,
        ranges: &IndexMap<String, RangeSpec>,
    ) -> Vec<(usize, Path, Range)> {
        let mut sound = Vec::new();
        for (name, spec) in ranges {
            let place = root.join(name.as_str());
            let range = Range::new(spec)
                .map_err(|message| self.refuse(Problem::error(place.clone(), message)));
            let axis = self.axis(name, place.clone());
            if let (Ok(range), Some(axis)) = (range, axis) {
                sound.push((axis, place, range));
            }
        }
        sound
    }
}

/// Whether a path leads to what all points share.
fn is_common(path: &Path) -> bool {
    matches!(path.0.first(), Some(Segment::Key(section)) if COMMON.contains(&section.as_str()))
}

/// Whether one path leads to the other or to a part of it.
fn overlap(a: &Path, b: &Path) -> bool {
    let shared = a.0.len().min(b.0.len());
    a.0[..shared] == b.0[..shared]
}
