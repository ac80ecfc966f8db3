//! Which file uses which, and which of them do so in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Found, House};
use super::source::{Module, Source};

/// A file uses a name that another defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub name: String,
}

/// All arrows between files, in order.
///
/// Who imports a name from a module that hands it on uses the file that defines it. A
/// module that hands a name of its own parts on, and does no more with it, uses nothing.
pub fn arrows(sources: &[Source]) -> BTreeSet<Arrow> {
    let house = House::new(sources);
    let mut arrows = BTreeSet::new();
    for source in sources {
        for module in &source.modules {
            for (file, name) in used(&house, module) {
                if file != source.file {
                    arrows.insert(Arrow { from: source.file.clone(), to: file.to_owned(), name });
                }
            }
        }
    }
    arrows
}

/// The files that a module uses, each with a name that it has from there.
fn used<'s>(house: &House<'s>, module: &'s Module) -> Vec<(&'s str, String)> {
    let mut used = Vec::new();
    for import in &module.imports {
        let Some(found) = house.find(module, &import.target) else { continue };
        let own_part =
            import.target.first().is_some_and(|it| it == "self" || module.children.contains(it));
        if let Found::Item(file) = found
            && !(import.handed_on && own_part)
        {
            used.push((file, import.target.last().cloned().unwrap_or_default()));
        }
    }
    for names in &module.named {
        if let Some(Found::Item(file)) = house.find(module, names) {
            used.push((file, names.join("::")));
        }
    }
    used
}

/// The sets of files of which each uses each, if by way of others, with two files or
/// more; the largest first.
pub fn circles(arrows: &BTreeSet<Arrow>) -> Vec<BTreeSet<String>> {
    let (mut onwards, mut back) = (Ways::new(), Ways::new());
    for Arrow { from, to, .. } in arrows {
        onwards.entry(from).or_default().insert(to);
        back.entry(to).or_default().insert(from);
    }
    let (mut circles, mut done) = (Vec::new(), BTreeSet::new());
    for file in onwards.keys() {
        if done.contains(file) {
            continue;
        }
        let behind = reached(file, &back);
        let both = reached(file, &onwards).intersection(&behind).copied().collect::<BTreeSet<_>>();
        done.extend(both.iter().copied());
        if both.len() > 1 {
            circles.push(both.into_iter().map(str::to_owned).collect::<BTreeSet<String>>());
        }
    }
    circles.sort_by_key(|it| std::cmp::Reverse(it.len()));
    circles
}

type Ways<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The files that one leads to, itself among them.
fn reached<'a>(file: &'a str, ways: &Ways<'a>) -> BTreeSet<&'a str> {
    let (mut reached, mut next) = (BTreeSet::from([file]), vec![file]);
    while let Some(file) = next.pop() {
        for to in ways.get(file).into_iter().flatten() {
            if reached.insert(to) {
                next.push(to);
            }
        }
    }
    reached
}
