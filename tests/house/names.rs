//! Where a name is defined.

use std::collections::BTreeMap;

use super::source::{Import, Module, Source, by_path};

/// Modules by their paths, with the files in which they are.
pub struct House<'s>(BTreeMap<&'s [String], (&'s Module, &'s str)>);

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'s> {
    /// A module, which is in this file.
    Module(&'s Module, &'s str),
    /// Something defined in this file.
    Item(&'s str),
}

impl PartialEq for Module {
    fn eq(&self, other: &Module) -> bool {
        self.path == other.path
    }
}
impl Eq for Module {}

/// Imports that import each other end here.
const DEEPEST: usize = 16;

impl<'s> House<'s> {
    pub fn new(sources: &'s [Source]) -> House<'s> {
        House(by_path(sources))
    }

    /// What `names`, written in a module, mean; nothing if it is of another crate.
    pub fn find(&self, module: &'s Module, names: &[String]) -> Option<Found<'s>> {
        self.find_within(module, names, DEEPEST)
    }

    fn find_within(&self, module: &'s Module, names: &[String], depth: usize) -> Option<Found<'s>> {
        let (first, rest) = names.split_first()?;
        let path = &module.path[..];
        let start = match first.as_str() {
            "crate" | "windtunnel" => self.module(&[]),
            "self" => self.module(path),
            "super" => self.module(path.get(..path.len().checked_sub(1)?)?),
            name => self.member(module, name, depth),
        };
        rest.iter().try_fold(start?, |found, name| match (found, name.as_str()) {
            (Found::Module(module, _), "super") => {
                self.module(module.path.get(..module.path.len().checked_sub(1)?)?)
            }
            // A macro may have defined what is not to be seen.
            (Found::Module(module, file), name) => {
                Some(self.member(module, name, depth).unwrap_or(Found::Item(file)))
            }
            (item, _) => Some(item),
        })
    }

    fn module(&self, path: &[String]) -> Option<Found<'s>> {
        self.0.get(path).map(|(module, file)| Found::Module(module, file))
    }

    /// What a name means right in a module.
    fn member(&self, module: &'s Module, name: &str, depth: usize) -> Option<Found<'s>> {
        if depth == 0 {
            return None;
        }
        if module.defined.iter().any(|it| it == name) {
            return self.0.get(&module.path[..]).map(|(_, file)| Found::Item(file));
        }
        if module.children.iter().any(|it| it == name) {
            return self.module(&[&module.path[..], &[name.to_owned()]].concat());
        }
        let named = |it: &&Import| it.known_as.as_deref() == Some(name) && it.target[0] != name;
        if let Some(import) = module.imports.iter().find(named) {
            return self.find_within(module, &import.target, depth - 1);
        }
        let all = module.imports.iter().filter(|it| it.known_as.is_none());
        all.filter_map(|it| self.find_within(module, &it.target, depth - 1)).find_map(|found| {
            match found {
                Found::Module(within, _) => self.member(within, name, depth - 1),
                Found::Item(_) => None,
            }
        })
    }
}
