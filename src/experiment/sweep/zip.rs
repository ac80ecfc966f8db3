//! Paths whose values go together.

use super::frame::{Block, Frame, Partial, Setting};
use super::spec::Values;
use crate::spec::Path;

/// The design's points.
pub(super) fn block(zip: &Values, frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.zip");
    let points = zip.values().map(Vec::len).next().unwrap_or(0);
    let mut block = vec![Partial::default(); points];
    for (name, values) in zip {
        let place = root.join(name.as_str());
        if values.is_empty() {
            let message = "expected at least one value to try".to_owned();
            frame.refuse(place.clone(), false, message, None);
        } else if values.len() != points {
            let message = format!("has {} values; the first path has {points}", values.len());
            let help = Some("paths of a `zip` have one value each for every point".to_owned());
            frame.refuse(place.clone(), false, message, help);
        }
        let Some(axis) = frame.axis(name, place.clone()) else { continue };
        for (index, (partial, value)) in block.iter_mut().zip(values).enumerate() {
            let origin = place.join(index);
            partial.settings.push(Setting { axis, value: value.clone(), origin });
        }
    }
    block
}
