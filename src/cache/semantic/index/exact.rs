//! Every vector is compared.

use crate::cache::semantic::vectors::{Vectors, dot};

/// Vectors by slot in one flat buffer.
#[derive(Clone, Debug)]
pub struct Exact {
    vectors: Vectors,
    used: Vec<bool>,
}

impl Exact {
    /// No vectors yet.
    pub fn new(dimensions: usize) -> Self {
        Exact { vectors: Vectors::new(dimensions), used: Vec::new() }
    }

    /// Puts a vector into a free slot.
    pub fn insert(&mut self, slot: usize, vector: &[f32]) {
        self.vectors.set(slot, vector);
        if slot >= self.used.len() {
            self.used.resize(slot + 1, false);
        }
        self.used[slot] = true;
    }

    /// Takes the vector of a slot out.
    pub fn remove(&mut self, slot: usize) {
        self.used[slot] = false;
    }

    /// The slot of the nearest vector, the lowest among equals, and its
    /// similarity.
    pub fn nearest(&self, vector: &[f32]) -> Option<(usize, f32)> {
        self.nearest_of(vector, |_| true)
    }

    /// The same among the slots that `serves` names.
    pub fn nearest_of(
        &self,
        vector: &[f32],
        serves: impl Fn(usize) -> bool,
    ) -> Option<(usize, f32)> {
        let mut best: Option<(usize, f32)> = None;
        let used = self.used.iter().enumerate().filter(|(slot, used)| **used && serves(*slot));
        for (slot, _) in used {
            let similarity = dot(vector, self.vectors.row(slot));
            if best.is_none_or(|(_, most)| similarity > most) {
                best = Some((slot, similarity));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_and_the_first_of_equals() {
        let mut all = Vectors::new(2);
        for vector in [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.1]] {
            all.push_scaled(&vector).unwrap();
        }
        let mut index = Exact::new(2);
        assert_eq!(index.nearest(all.row(0)), None);
        for (slot, row) in [(5, 1), (2, 0), (7, 0), (3, 2)] {
            index.insert(slot, all.row(row));
        }
        assert_eq!(index.nearest(all.row(3)).unwrap().0, 2);
        index.remove(2);
        assert_eq!(index.nearest(all.row(3)).unwrap().0, 7);
        index.remove(7);
        assert_eq!(index.nearest(all.row(3)).unwrap().0, 3);
    }
}
