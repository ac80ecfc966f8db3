//! Which style a value has: the same in every chart of an experiment.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::report::figure::{Style, style};
use crate::report::results::dimension::Dimension;

/// The values of each dimension, in the order in which they were first drawn. A value's
/// place is the number of its style.
#[derive(Debug, Default)]
pub(crate) struct SeriesStyles(RefCell<BTreeMap<String, Vec<String>>>);

impl SeriesStyles {
    /// The style of a value of a dimension.
    pub(crate) fn of(&self, dimension: &str, value: &str) -> Style {
        let mut all = self.0.borrow_mut();
        let known = all.entry(dimension.to_owned()).or_default();
        let place = known.iter().position(|other| other == value).unwrap_or_else(|| {
            known.push(value.to_owned());
            known.len() - 1
        });
        style(place)
    }

    /// The styles of all values of a dimension.
    pub(crate) fn all(&self, dimension: &Dimension) -> Vec<Style> {
        dimension.levels.iter().map(|level| self.of(&dimension.title, &level.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_look_whatever_is_drawn_beside_it() {
        let styles = SeriesStyles::default();
        let sieve = styles.of("policy", "sieve");
        assert_eq!(styles.of("policy", "lru"), style(1));
        assert_eq!(styles.of("policy", "sieve"), sieve);
        assert_eq!(styles.of("model", "lru"), style(0), "another dimension begins anew");
    }
}
