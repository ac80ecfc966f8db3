//! Points one by one, with names of their own.

use std::collections::BTreeSet;

use crate::experiment::sweep::frame::{Block, Frame, Partial, Setting};
use crate::experiment::sweep::spec::Variant;
use crate::spec::{Path, Problem};

/// The design's points. A point may set a section and then a field of it; different
/// points may set different paths.
pub(in crate::experiment::sweep) fn block(list: &[Variant], frame: &mut Frame) -> Block {
    let root = Path::parse("sweep.list");
    let named = list.iter().filter(|variant| variant.name.is_some()).count();
    if named != 0 && named != list.len() {
        let unnamed = list.iter().position(|variant| variant.name.is_none()).unwrap_or(0);
        frame.refuse(Problem::error(root.join(unnamed), "name every point of the list, or none"));
    }
    let mut taken = BTreeSet::new();
    let first = frame.axes.len();
    let mut block = Block::new();
    for (index, variant) in list.iter().enumerate() {
        let here = root.join(index);
        if let Some(name) = &variant.name
            && !taken.insert(name.as_str())
        {
            frame.refuse(Problem::error(here.join("name"), format!("`{name}` is used twice")));
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
