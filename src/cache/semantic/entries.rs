//! The semantic cache of one run: its entries, and which of them answers.

use super::learned::Learner;
use super::order::Order;
use super::similar::Similar;
use crate::cache::semantic::Question;
use crate::cache::{AnyPolicy, Item, Key, KeyMap, KeyScopes, LevelStats, Size, Slot};
use crate::kernel::{Duration, Time};
use crate::spec::Capacity;
use crate::workload::IntentId;

/// An answer that is kept, and to what.
#[derive(Clone, Copy, Debug)]
struct Entry<V> {
    value: V,
    intent: IntentId,
    scope: u32,
    /// From this instant on it is gone.
    expires: Time,
    /// Told from other entries that had the slot.
    serial: u64,
}

/// What a look into the cache found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<V> {
    /// The answer, if an entry answers, and whether it is one to this intent.
    pub answer: Option<(V, bool)>,
    /// Whether an entry with the right answer is held.
    pub possible: bool,
    /// The nearest entry, which did not answer but wants to learn from the
    /// model's answer.
    pub compared: Option<Compared>,
}

/// An entry that is to be compared with a model's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    slot: Slot,
    serial: u64,
    similarity: f64,
}

/// A cache that answers a prompt with the answer to a similar one.
#[derive(Clone, Debug)]
pub struct SemanticCache<V> {
    pub(super) capacity: Capacity,
    pub(super) latency: Duration,
    pub(super) ttl: Duration,
    pub(super) threshold: f64,
    pub(super) similar: Similar,
    pub(super) learner: Option<Learner>,
    policy: AnyPolicy,
    /// By slot; what is in a free slot means nothing.
    entries: Vec<Entry<V>>,
    /// The slots of entries that expire.
    written: Order,
    /// Entries of each intent in each scope that has any.
    held: KeyMap<u32>,
    scopes: KeyScopes,
    serial: u64,
    stats: LevelStats,
}

impl<V: Copy> SemanticCache<V> {
    pub(super) fn new(
        (capacity, policy): (Capacity, AnyPolicy),
        (latency, ttl): (Duration, Duration),
        threshold: f64,
        (similar, scopes): (Similar, KeyScopes),
        learner: Option<Learner>,
    ) -> Self {
        SemanticCache {
            capacity,
            latency,
            ttl,
            threshold,
            similar,
            learner,
            policy,
            entries: Vec::new(),
            written: Order::default(),
            held: KeyMap::default(),
            scopes,
            serial: 0,
            stats: LevelStats::default(),
        }
    }

    /// How long a look into it takes.
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// What happened since the last reset.
    pub fn stats(&self) -> &LevelStats {
        &self.stats
    }

    /// Counts from zero again; the entries, and what they learned, stay.
    pub fn reset_stats(&mut self) {
        self.stats = LevelStats::default();
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.policy.table().len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.policy.table().is_empty()
    }

    /// Asks for an answer.
    pub fn lookup(&mut self, question: Question, now: Time) -> Found<V> {
        self.expire(now);
        self.stats.lookups += 1;
        let Question { intent, scope, .. } = question;
        let possible = self.held.get(self.scopes.key(Key(intent.0), scope)).is_some();
        let floor = if self.learner.is_some() { -1.0 } else { self.threshold };
        let nearest = self.similar.nearest(question, floor);
        let Some((index, similarity)) = nearest else {
            self.stats.misses += 1;
            return Found { answer: None, possible, compared: None };
        };
        let entry = self.entries[index];
        let slot = Slot(index as u32);
        let answers = match &mut self.learner {
            None => similarity >= self.threshold,
            Some(learner) => learner.exploits(index, similarity),
        };
        if !answers {
            self.stats.misses += 1;
            let learns = self.learner.is_some();
            let compared = learns.then_some(Compared { slot, serial: entry.serial, similarity });
            return Found { answer: None, possible, compared };
        }
        self.stats.hits += 1;
        self.policy.hit(slot);
        Found { answer: Some((entry.value, entry.intent == intent)), possible, compared: None }
    }

    /// Keeps a model's answer to a question. `compared` is what the lookup that led
    /// to the model gave: the entry learns from the answer, and if its own would
    /// have been right, the new one is not kept beside it.
    pub fn store(
        &mut self,
        question: Question,
        compared: Option<Compared>,
        (size, value): (Size, V),
        now: Time,
    ) {
        self.expire(now);
        if compared.is_some_and(|compared| self.learn(compared, question.intent)) {
            return;
        }
        let weight = match self.capacity {
            Capacity::Bytes(_) => size.bytes,
            Capacity::Tokens(_) => size.tokens,
            Capacity::Entries(_) | Capacity::Unbounded => 1,
        };
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let key = self.scopes.key(Key(question.prompt.0), question.scope);
        let item = Item { key, weight, cost: size.cost };
        if let Some(slot) = self.policy.find(item.key) {
            // Written anew: the same prompt, so that its place stays what it is.
            self.stats.overwrites += 1;
            let mut gone = Vec::new();
            let stays = self.policy.rewrite(slot, item, |slot| gone.push(slot));
            self.stats.evictions += gone.len() as u64;
            for slot in gone {
                self.forget(slot);
            }
            if stays {
                self.leave_order(slot);
                let entry = &mut self.entries[slot.index()];
                entry.value = value;
                entry.expires = now.saturating_add(self.ttl);
                self.join_order(slot);
            }
            return;
        }
        self.insert(item, (question, value), now);
    }

    fn insert(&mut self, item: Item, (question, value): (Question, V), now: Time) {
        let (mut evicted, mut only) = (Vec::new(), None);
        // Nearly always one entry makes room for one; the list is for the rest.
        let admitted = self.policy.admit(item, |slot| match only {
            None => only = Some(slot),
            Some(_) => evicted.push(slot),
        });
        for slot in only.into_iter().chain(evicted) {
            self.stats.evictions += 1;
            self.forget(slot);
        }
        let Some(slot) = admitted else {
            self.stats.rejected += 1;
            return;
        };
        self.stats.insertions += 1;
        self.serial += 1;
        let expires = now.saturating_add(self.ttl);
        let Question { intent, scope, .. } = question;
        let entry = Entry { value, intent, scope, expires, serial: self.serial };
        if slot.index() >= self.entries.len() {
            self.entries.resize(slot.index() + 1, entry);
        }
        self.entries[slot.index()] = entry;
        let held = self.scopes.key(Key(intent.0), scope);
        match self.held.get_mut(held) {
            Some(count) => *count += 1,
            None => _ = self.held.insert(held, 1),
        }
        self.similar.insert(slot.index(), question);
        if let Some(learner) = &mut self.learner {
            learner.reset(slot.index());
        }
        self.join_order(slot);
    }

    /// Lets an entry learn from a model's answer. Whether its own was right.
    fn learn(&mut self, compared: Compared, intent: IntentId) -> bool {
        let Compared { slot, serial, similarity } = compared;
        let Some(learner) = &mut self.learner else { return false };
        let entry = &self.entries[slot.index()];
        // It may have gone meanwhile, and another come into its slot.
        if entry.serial != serial {
            return false;
        }
        let right = entry.intent == intent;
        learner.observe(slot.index(), similarity, right);
        if right {
            self.policy.hit(slot);
        }
        right
    }

    /// Removes what expired until `now`.
    fn expire(&mut self, now: Time) {
        while let Some(index) = self.written.first()
            && self.entries[index].expires <= now
        {
            let slot = Slot(index as u32);
            self.forget(slot);
            self.policy.remove(slot);
            self.stats.expirations += 1;
        }
    }

    /// Drops all that is known of an entry but the policy's part.
    fn forget(&mut self, slot: Slot) {
        self.leave_order(slot);
        self.similar.remove(slot.index());
        let entry = &mut self.entries[slot.index()];
        entry.serial = 0;
        let intent = self.scopes.key(Key(entry.intent.0), entry.scope);
        match self.held.get_mut(intent) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = self.held.remove(intent),
        }
    }

    fn join_order(&mut self, slot: Slot) {
        if self.ttl != Duration::MAX {
            self.written.push(slot.index());
        }
    }

    fn leave_order(&mut self, slot: Slot) {
        if self.ttl != Duration::MAX {
            self.written.remove(slot.index());
        }
    }
}
