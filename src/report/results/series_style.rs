//! Which look a value has: the same in every chart of an experiment.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::report::figure::{Look, look};
use crate::report::results::dimension::Dimension;

/// The values of each dimension, in the order in which they were first drawn. A value's
/// place is the number of its look.
#[derive(Debug, Default)]
pub(crate) struct Looks(RefCell<BTreeMap<String, Vec<String>>>);

impl Looks {
    /// The look of a value of a dimension.
    pub(crate) fn of(&self, dimension: &str, value: &str) -> Look {
        let mut all = self.0.borrow_mut();
        let known = all.entry(dimension.to_owned()).or_default();
        let place = known.iter().position(|other| other == value).unwrap_or_else(|| {
            known.push(value.to_owned());
            known.len() - 1
        });
        look(place)
    }

    /// The looks of all values of a dimension.
    pub(crate) fn all(&self, dimension: &Dimension) -> Vec<Look> {
        dimension.levels.iter().map(|level| self.of(&dimension.title, &level.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_look_whatever_is_drawn_beside_it() {
        let looks = Looks::default();
        let sieve = looks.of("policy", "sieve");
        assert_eq!(looks.of("policy", "lru"), look(1));
        assert_eq!(looks.of("policy", "sieve"), sieve);
        assert_eq!(looks.of("model", "lru"), look(0), "another dimension begins anew");
    }
}
