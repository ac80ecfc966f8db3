//! A model of similarities that needs no vectors: prompts belong to intents.
//!
//! Similarities are not kept but drawn when asked for, keyed by seed, replication
//! and the pair, so that the same pair has the same similarity whenever it is
//! met:
//! - one prompt and itself: 1;
//! - two phrasings of an intent: the quantile of [`Same`] at a uniform keyed by
//!   the pair of prompts;
//! - prompts of two intents: the upper quantile of [`Different`] at a uniform t
//!   keyed by the pair of intents, and in its last digits by the pair of prompts.
//!
//! The nearest of N entries is found without N draws. Intents fall into 2^16
//! buckets by a hash b. The leading 16 bits of t are `rank(b(i) xor b(j))`, where
//! `rank` is a random permutation: uniform, the same in both directions, and,
//! what a hash of the pair is not, open to being walked in order. From the
//! bucket at rank 0 on, the first that holds an entry holds the nearest, after
//! 2^16 / N buckets in the mean, and none beyond the rank where similarities
//! fall under the threshold need be looked at. For a fixed prompt the t of
//! distinct intents are independent, so that the best of N is distributed as the
//! largest order statistic, F^N (H. A. David, H. N. Nagaraja: Order Statistics,
//! 3rd edition, 2003, section 2.1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Question;
use super::laws::{Different, DifferentSpec, Same, SameSpec};
use crate::kernel::keyed_uniform::uniform_of;
use crate::kernel::{Keyed, Streams};
use crate::spec::Problems;
use crate::workload::{IntentId, PromptId};

/// A model of similarities: prompts belong to intents (`prompts: intents`; in
/// other populations each prompt is an intent of its own). The defaults are
/// fitted to the vectors of 999 pairs of paraphrases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IntentsModelSpec {
    /// Phrasings of the same intent.
    pub same: SameSpec,
    /// Prompts of different intents.
    pub different: DifferentSpec,
}

impl IntentsModelSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("same", |p| self.same.check(p));
        problems.at("different", |p| self.different.check(p));
    }
}

const BUCKETS: usize = 1 << 16;
const NONE: u32 = u32::MAX;

/// What is known of an entry; entries of a bucket are on a list.
#[derive(Clone, Copy, Debug)]
struct Member {
    prompt: PromptId,
    intent: IntentId,
    next: u32,
    previous: u32,
}

/// The model, and the entries among which the nearest is sought, by slot.
#[derive(Clone, Debug)]
pub(super) struct Intents {
    same: Same,
    different: Different,
    phrasings: Keyed,
    places: Keyed,
    crowds: Keyed,
    details: Keyed,
    /// `b(i) xor b(j)` by rank.
    order: Vec<u16>,
    /// The first slot of each bucket.
    heads: Vec<u32>,
    members: Vec<Member>,
}

/// The best so far among entries of other intents: its t and slot.
type Best = Option<(f64, u32)>;

impl Intents {
    /// No entries yet. The draws are those of seed and replication.
    pub fn new(spec: &IntentsModelSpec, streams: &Streams) -> Self {
        let mut stream = streams.stream("cache.semantic.intents");
        let mut order: Vec<u16> = (0..=u16::MAX).collect();
        // Fisher and Yates's shuffle.
        for last in (1..BUCKETS).rev() {
            order.swap(last, stream.below(last as u64 + 1) as usize);
        }
        Intents {
            same: Same::new(&spec.same),
            different: Different::new(&spec.different),
            phrasings: Keyed::new(&mut stream),
            places: Keyed::new(&mut stream),
            crowds: Keyed::new(&mut stream),
            details: Keyed::new(&mut stream),
            order,
            heads: vec![NONE; BUCKETS],
            members: Vec::new(),
        }
    }

    #[inline]
    fn bucket(&self, intent: IntentId) -> usize {
        (self.places.bits(intent.0) >> 48) as usize
    }

    /// Adds an entry.
    pub fn insert(&mut self, slot: usize, prompt: PromptId, intent: IntentId) {
        let bucket = self.bucket(intent);
        let next = std::mem::replace(&mut self.heads[bucket], slot as u32);
        let member = Member { prompt, intent, next, previous: NONE };
        if slot >= self.members.len() {
            self.members.resize(slot + 1, member);
        }
        self.members[slot] = member;
        if next != NONE {
            self.members[next as usize].previous = slot as u32;
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, slot: usize) {
        let Member { intent, next, previous, .. } = self.members[slot];
        if next != NONE {
            self.members[next as usize].previous = previous;
        }
        if previous == NONE {
            let bucket = self.bucket(intent);
            self.heads[bucket] = next;
        } else {
            self.members[previous as usize].next = next;
        }
    }

    /// The nearest entry and its similarity; perhaps none, if the nearest is less
    /// similar than `floor`. Only entries in slots that `serves` names are sought.
    pub fn nearest(
        &self,
        question: Question,
        floor: f64,
        serves: impl Fn(usize) -> bool,
    ) -> Option<(usize, f64)> {
        let intent = question.intent;
        let home = self.bucket(intent);
        let same = self.nearest_phrasing(home, question, &serves);
        let floor = same.map_or(floor, |(_, similarity)| similarity.max(floor));
        if floor >= 1.0 {
            return same;
        }
        let crowd = self.different.crowd(uniform_of(self.crowds.bits(intent.0)));
        let most = self.different.share_above(floor, crowd);
        match self.nearest_other(home, question, most, &serves) {
            Some((t, slot)) if t < most => {
                Some((slot as usize, self.different.exceeded_by(t, crowd)))
            }
            _ => same,
        }
    }

    /// The nearest entry of the same intent.
    fn nearest_phrasing(
        &self,
        home: usize,
        Question { prompt, intent, .. }: Question,
        serves: &impl Fn(usize) -> bool,
    ) -> Option<(usize, f64)> {
        let mut best = None;
        let mut slot = self.heads[home];
        while slot != NONE {
            let member = &self.members[slot as usize];
            if member.intent == intent && serves(slot as usize) {
                if member.prompt == prompt {
                    return Some((slot as usize, 1.0));
                }
                best =
                    best.max(Some((self.phrasings.bits_of_pair(prompt.0, member.prompt.0), slot)));
            }
            slot = member.next;
        }
        best.map(|(bits, slot)| (slot as usize, self.same.quantile(uniform_of(bits))))
    }

    /// The entry of another intent with the least t, if that is under `most`.
    fn nearest_other(
        &self,
        home: usize,
        Question { prompt, intent, .. }: Question,
        most: f64,
        serves: &impl Fn(usize) -> bool,
    ) -> Best {
        let ranks = (most * BUCKETS as f64) as usize + 1;
        for (rank, step) in self.order.iter().take(ranks).enumerate() {
            let mut slot = self.heads[home ^ usize::from(*step)];
            let mut best: Best = None;
            while slot != NONE {
                let member = &self.members[slot as usize];
                if member.intent != intent && serves(slot as usize) {
                    let t = self.t(rank, prompt, member.prompt);
                    if best.is_none_or(|(least, _)| t < least) {
                        best = Some((t, slot));
                    }
                }
                slot = member.next;
            }
            if best.is_some() {
                return best;
            }
        }
        None
    }

    #[inline]
    fn t(&self, rank: usize, a: PromptId, b: PromptId) -> f64 {
        (rank as f64 + uniform_of(self.details.bits_of_pair(a.0, b.0))) / BUCKETS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(replication: u64) -> Intents {
        Intents::new(&IntentsModelSpec::default(), &Streams::new(7, replication))
    }

    /// The similarity of a pair by its definition, at the asker's crowd.
    fn similarity(model: &Intents, a: (u64, u64), b: (u64, u64)) -> f64 {
        let ((pa, ia), (pb, ib)) = (a, b);
        if pa == pb {
            return 1.0;
        }
        if ia == ib {
            return model.same.quantile(uniform_of(model.phrasings.bits_of_pair(pa, pb)));
        }
        let step = model.bucket(IntentId(ia)) ^ model.bucket(IntentId(ib));
        let rank = model.order.iter().position(|other| usize::from(*other) == step).unwrap();
        let crowd = model.different.crowd(uniform_of(model.crowds.bits(ia)));
        model.different.exceeded_by(model.t(rank, PromptId(pa), PromptId(pb)), crowd)
    }

    #[test]
    fn the_walk_finds_what_comparing_all_pairs_finds() {
        let mut model = model(0);
        let mut stream = Streams::new(1, 0).stream("test");
        let mut held: Vec<Option<u64>> = vec![None; 300];
        for round in 0..3000u64 {
            let slot = stream.below(300) as usize;
            if let Some(prompt) = held[slot] {
                model.remove(slot);
                held[slot] = None;
                assert!(prompt < 5000);
            } else {
                let prompt = stream.below(5000);
                if !held.contains(&Some(prompt)) {
                    model.insert(slot, PromptId(prompt), IntentId(prompt / 5));
                    held[slot] = Some(prompt);
                }
            }
            let asked = stream.below(5000);
            let pair = (asked, asked / 5);
            let all = held.iter().enumerate().filter_map(|(slot, prompt)| {
                let prompt = (*prompt)?;
                Some((similarity(&model, pair, (prompt, prompt / 5)), slot))
            });
            let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
            let found =
                model.nearest(Question::new(PromptId(asked), IntentId(asked / 5)), -1.0, |_| true);
            assert_eq!(found.map(|(slot, s)| (s, slot)), best, "round {round}");
            let floored =
                model.nearest(Question::new(PromptId(asked), IntentId(asked / 5)), 0.8, |_| true);
            let expected = best.filter(|(s, _)| *s > 0.8);
            assert_eq!(
                floored.filter(|(_, s)| *s > 0.8).map(|(slot, s)| (s, slot)),
                expected,
                "round {round}"
            );
        }
    }

    #[test]
    fn a_pair_is_as_similar_in_both_directions_and_in_every_run_of_a_replication() {
        let (one, again, other) = (model(0), model(0), model(1));
        let ask = |model: &Intents, asked: u64, stored: u64| {
            let mut model = model.clone();
            model.insert(0, PromptId(stored), IntentId(stored / 5));
            model
                .nearest(Question::new(PromptId(asked), IntentId(asked / 5)), -1.0, |_| true)
                .unwrap()
                .1
        };
        assert_eq!(ask(&one, 10, 13), ask(&one, 13, 10));
        assert_eq!(ask(&one, 10, 13), ask(&again, 10, 13));
        assert_eq!(ask(&one, 10, 99), ask(&again, 10, 99));
        assert_ne!(ask(&one, 10, 99), ask(&other, 10, 99));
        assert_eq!(ask(&one, 10, 10), 1.0);
    }

    /// Shares of lookups whose nearest of 998 other intents exceeds a similarity,
    /// as measured on the paraphrases: see `docs/semantic.md`.
    #[test]
    fn the_nearest_of_998_is_as_similar_as_in_the_fitted_data() {
        let (mut sum, mut squares, mut asked) = (0.0, 0.0, 0.0);
        let mut above = [0.0; 3];
        for replication in 0..4 {
            let mut model = model(replication);
            for slot in 0..998 {
                model.insert(slot, PromptId(slot as u64), IntentId(slot as u64));
            }
            for intent in 10_000..14_000 {
                let best = model
                    .nearest(Question::new(PromptId(intent), IntentId(intent)), -1.0, |_| true)
                    .unwrap()
                    .1;
                sum += best;
                squares += best * best;
                asked += 1.0;
                for (count, bound) in above.iter_mut().zip([0.8, 0.85, 0.9]) {
                    *count += f64::from(best > bound);
                }
            }
        }
        let mean = sum / asked;
        let sd = f64::sqrt(squares / asked - mean * mean);
        assert!((mean - 0.781).abs() < 0.02 && (sd - 0.125).abs() < 0.02, "{mean} {sd}");
        for (count, share) in above.iter().zip([0.530, 0.338, 0.159]) {
            assert!((count / asked - share).abs() < 0.045, "{} {share}", count / asked);
        }
    }
}
