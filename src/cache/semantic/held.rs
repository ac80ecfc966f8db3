//! Which intents have entries.

use hashbrown::HashTable;

use super::keyed::mix;
use crate::workload::IntentId;

/// The number of entries of each intent that has any.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(HashTable<(IntentId, u32)>);

impl Held {
    /// Whether an intent has an entry.
    #[inline]
    pub fn has(&self, intent: IntentId) -> bool {
        self.0.find(mix(intent.0), |(other, _)| *other == intent).is_some()
    }

    /// An entry came.
    pub fn add(&mut self, intent: IntentId) {
        let same = |(other, _): &(IntentId, u32)| *other == intent;
        let hash = |(other, _): &(IntentId, u32)| mix(other.0);
        self.0.entry(mix(intent.0), same, hash).or_insert((intent, 0)).get_mut().1 += 1;
    }

    /// An entry went.
    pub fn take(&mut self, intent: IntentId) {
        let entry = self.0.find_entry(mix(intent.0), |(other, _)| *other == intent);
        debug_assert!(entry.is_ok(), "only what is there is taken");
        if let Ok(mut entry) = entry {
            entry.get_mut().1 -= 1;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
    }
}
