//! Who is nearest: by the model of intents, or among vectors.

use std::sync::Arc;

use super::index::Index;
use super::intents::Intents;
use super::vectors::Vectors;
use crate::workload::{IntentId, PromptId};

/// The entries of a cache by slot, and the nearest of them to a prompt.
#[derive(Clone, Debug)]
pub(super) enum Similar {
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
    /// Puts an entry into a free slot.
    pub fn insert(&mut self, slot: usize, prompt: PromptId, intent: IntentId) {
        match self {
            Similar::Model(intents) => intents.insert(slot, prompt, intent),
            Similar::Vectors { all, index } => index.insert(slot, all.row(prompt.0 as usize)),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, slot: usize) {
        match self {
            Similar::Model(intents) => intents.remove(slot),
            Similar::Vectors { index, .. } => index.remove(slot),
        }
    }

    /// The slot of the nearest entry and its similarity; perhaps none, if that is
    /// less than `floor`.
    #[inline]
    pub fn nearest(
        &mut self,
        prompt: PromptId,
        intent: IntentId,
        floor: f64,
    ) -> Option<(usize, f64)> {
        match self {
            Similar::Model(intents) => intents.nearest(prompt, intent, floor),
            Similar::Vectors { all, index } => {
                let (slot, similarity) = index.nearest(all.row(prompt.0 as usize))?;
                Some((slot, f64::from(similarity)))
            }
        }
    }
}
