//! Every combination of the paths' values.

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting, product};
use crate::experiment::sweep::spec::Values;
use crate::spec::Path;

/// The design's points, the last path varying fastest.
pub(in crate::experiment::sweep) fn block(grid: &Values, frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.grid");
    let mut blocks = Vec::new();
    for (name, values) in grid {
        let place = root.join(name.as_str());
        frame.refuse_repeated(values, &place);
        let Some(axis) = frame.axis(name, place.clone()) else { continue };
        let point = |(index, value): (usize, &serde_yaml::Value)| {
            let setting = Setting { axis, value: value.clone(), origin: place.join(index) };
            Partial { variant: None, settings: vec![setting] }
        };
        blocks.push(values.iter().enumerate().map(point).collect());
    }
    product(blocks)
}
