//! The experiment as it is, then each path with each of its values alone.

use super::frame::{Block, Frame, Partial, Setting};
use super::spec::Values;
use crate::spec::Path;

/// The design's points: first the one that changes nothing. A value that the
/// experiment has anyway would be that point again, and is left out.
pub(super) fn block(paths: &Values, frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.one_at_a_time");
    let mut block = vec![Partial::default()];
    for (name, values) in paths {
        let place = root.join(name.as_str());
        frame.refuse_repeated(values, &place);
        let Some(axis) = frame.axis(name, place.clone()) else { continue };
        for (index, value) in values.iter().enumerate() {
            if frame.changes_nothing(axis, value) {
                continue;
            }
            let setting = Setting { axis, value: value.clone(), origin: place.join(index) };
            block.push(Partial { variant: None, settings: vec![setting] });
        }
    }
    block
}
