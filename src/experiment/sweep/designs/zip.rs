//! Paths whose values go together.

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting};
use crate::experiment::sweep::spec::Values;
use crate::spec::{Path, Problem};

/// The design's points.
pub(in crate::experiment::sweep) fn block(zip: &Values, frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.zip");
    let points = zip.values().map(Vec::len).next().unwrap_or(0);
    let mut block = vec![Partial::default(); points];
    for (name, values) in zip {
        let place = root.join(name.as_str());
        if values.is_empty() {
            frame.refuse(Problem::error(place.clone(), "expected at least one value to try"));
        } else if values.len() != points {
            let message = format!("has {} values; the first path has {points}", values.len());
            let help = "paths of a `zip` have one value each for every point";
            frame.refuse(Problem::error(place.clone(), message).help(help));
        }
        let Some(axis) = frame.axis(name, place.clone()) else { continue };
        for (index, (partial, value)) in block.iter_mut().zip(values).enumerate() {
            let origin = place.join(index);
            partial.settings.push(Setting { axis, value: value.clone(), origin });
        }
    }
    block
}
