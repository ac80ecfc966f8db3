//! The experiment as it is, then each path with each of its values alone.

use serde_yaml::Value;

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting};
use crate::experiment::sweep::spec::Values;
use crate::spec::Path;

/// The design's points: first the one that changes nothing. A value that the
/// experiment has anyway would be that point again, and is left out; `in_full` writes an
/// experiment out with all of its settings, if it is one.
pub(in crate::experiment::sweep) fn block(
    paths: &Values,
    frame: &mut Frame,
    in_full: impl Fn(&Value) -> Option<Value>,
) -> Block {
    let root = Path::parse("sweep.one_at_a_time");
    let mut block = vec![Partial::default()];
    for (name, values) in paths {
        let place = root.join(name.as_str());
        frame.refuse_repeated(values, &place);
        let Some(axis) = frame.axis(name, place.clone()) else { continue };
        for (index, value) in values.iter().enumerate() {
            if frame.changes_nothing(axis, value, &in_full) {
                continue;
            }
            let setting = Setting { axis, value: value.clone(), origin: place.join(index) };
            block.push(Partial { variant: None, settings: vec![setting] });
        }
    }
    block
}
