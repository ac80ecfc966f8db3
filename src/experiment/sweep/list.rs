//! Points one by one, with names of their own.

use std::collections::BTreeSet;

use super::frame::{Block, Frame, Partial, Setting};
use super::spec::Variant;
use crate::spec::Path;

/// The design's points. A point may set a section and then a field of it; different
/// points may set different paths.
pub(super) fn block(list: &[Variant], frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.list");
    let named = list.iter().filter(|variant| variant.name.is_some()).count();
    if named != 0 && named != list.len() {
        let unnamed = list.iter().position(|variant| variant.name.is_none()).unwrap_or(0);
        let message = "name every point of the list, or none".to_owned();
        frame.refuse(root.join(unnamed), false, message, None);
    }
    let mut taken = BTreeSet::new();
    let first = frame.axes.len();
    let mut block = Block::new();
    for (index, variant) in list.iter().enumerate() {
        let here = root.join(index);
        if let Some(name) = &variant.name
            && !taken.insert(name.as_str())
        {
            frame.refuse(here.join("name"), false, format!("`{name}` is used twice"), None);
        }
        let mut partial = Partial { variant: variant.name.clone(), settings: Vec::new() };
        for (name, value) in &variant.settings {
            let origin = here.join(name.as_str());
            if let Some(axis) = frame.listed_axis(name, origin.clone(), first) {
                partial.settings.push(Setting { axis, value: value.clone(), origin });
            }
        }
        block.push(partial);
    }
    block
}
