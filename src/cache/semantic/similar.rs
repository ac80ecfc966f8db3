//! Who is nearest: by the model of intents, or among vectors.

use std::sync::Arc;

use super::Question;
use super::index::Index;
use super::intents::Intents;
use super::vectors::Vectors;

/// The entries of a cache by slot, and the nearest of them to a prompt.
#[derive(Clone, Debug)]
pub(super) struct Similar {
    measure: Measure,
    /// By slot; empty where there is one scope.
    scopes: Vec<u32>,
    scoped: bool,
}

/// How similar two prompts are.
#[derive(Clone, Debug)]
pub(super) enum Measure {
    /// See [`Intents`].
    Model(Box<Intents>),
    /// Each prompt has a vector.
    Vectors {
        /// By prompt.
        all: Arc<Vectors>,
        /// Of the entries.
        index: Index,
    },
}

impl Similar {
    /// No entries yet; `scoped`: an entry serves its own scope only.
    pub fn new(measure: Measure, scoped: bool) -> Self {
        Similar { measure, scopes: Vec::new(), scoped }
    }

    /// Puts an entry into a free slot.
    pub fn insert(&mut self, slot: usize, question: Question) {
        let Question { prompt, intent, scope } = question;
        if self.scoped {
            if slot >= self.scopes.len() {
                self.scopes.resize(slot + 1, scope);
            }
            self.scopes[slot] = scope;
        }
        match &mut self.measure {
            Measure::Model(intents) => intents.insert(slot, prompt, intent),
            Measure::Vectors { all, index } => index.insert(slot, all.row(prompt.0 as usize)),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, slot: usize) {
        match &mut self.measure {
            Measure::Model(intents) => intents.remove(slot),
            Measure::Vectors { index, .. } => index.remove(slot),
        }
    }

    /// The slot of the nearest entry that may serve the question, and its similarity;
    /// perhaps none, if that is less than `floor`.
    #[inline]
    pub fn nearest(&mut self, question: Question, floor: f64) -> Option<(usize, f64)> {
        if self.scoped {
            let scopes = &self.scopes;
            return self.measure.nearest(question, floor, |slot| scopes[slot] == question.scope);
        }
        self.measure.nearest(question, floor, |_| true)
    }
}

impl Measure {
    #[inline]
    fn nearest(
        &mut self,
        question: Question,
        floor: f64,
        serves: impl Fn(usize) -> bool,
    ) -> Option<(usize, f64)> {
        match self {
            Measure::Model(intents) => intents.nearest(question, floor, serves),
            Measure::Vectors { all, index } => {
                let row = all.row(question.prompt.0 as usize);
                let (slot, similarity) = index.nearest(row, serves)?;
                Some((slot, f64::from(similarity)))
            }
        }
    }
}
