//! Which sequences are in the next step, and for how many steps that stays so.
//!
//! The order is that of vLLM's scheduler (`v1/core/sched/scheduler.py`): first those
//! that run, in the order in which they began, one token each or the next part of a
//! prompt; if blocks run out, the last in the policy's order is preempted. Then, if
//! none was, those that wait, until tokens, seats or blocks run out.

use super::Engine;
use super::job::ProgressKind;
use super::run::{Run, time_of};
use super::sequences::State;
use super::spec::QueuePolicy;
use crate::serving::step::{Batch, Growth};

impl Engine {
    /// Composes the steps from now on; without anybody to work on the engine is idle.
    pub(super) fn compose(&mut self) {
        debug_assert!(self.completing.is_empty(), "the last step has ended");
        let mut batch = Batch { decode_shortest: u64::MAX, ..Batch::default() };
        self.held_up_by_prefix = false;
        let mut preempted = false;
        let mut run = Run { decodes: true, ..Run::default() };
        if self.settings.ahead {
            preempted = self.compose_ahead(&mut run, &mut batch);
        } else if self.settings.chunked {
            preempted = self.continue_running(&mut run, &mut batch);
            if !preempted {
                self.admit_waiting(&mut run, &mut batch);
            }
        } else {
            self.admit_waiting(&mut run, &mut batch);
            run.decodes = self.completing.is_empty();
            if run.decodes {
                preempted = self.continue_running(&mut run, &mut batch);
            }
        }
        self.tally.kv.set(time_of(self.clock), u64::from(self.blocks.used()));
        if self.sequences.running() == 0 {
            self.idle();
            return;
        }
        self.start(run, &batch, preempted);
    }

    fn idle(&mut self) {
        self.run = Run::default();
        debug_assert_eq!(self.waiting.jobs(), 0, "whoever is alone fits");
        debug_assert_eq!(self.demand_tokens(), 0, "all blocks are freed, and none is wanted");
        let now = time_of(self.clock);
        self.tally.busy.set(now, 0);
        self.tally.check_littles_law(now);
    }

    /// Starts the steps of `run`, of which the first works on `batch`.
    fn start(&mut self, mut run: Run, batch: &Batch, preempted: bool) {
        let chunk = run.partial.map_or(0, |(_, chunk)| u64::from(chunk));
        let decoding = if run.decodes { u64::from(self.decoding.count()) } else { 0 };
        let growth = Growth {
            prefill_pairs: chunk * chunk,
            context_tokens: chunk + decoding,
            decode_context: decoding,
        };
        let pace = self.step.pace(batch, &growth);
        run.set_pace(&pace, self.slowdown);
        run.left = if preempted || !self.completing.is_empty() || !self.ahead.is_empty() {
            1
        } else {
            self.steps_alike(&run).min(pace.steps)
        };
        debug_assert!(run.left > 0, "a step is a step");
        self.tally.busy.set(time_of(self.clock), 1);
        self.run = run;
        self.limit_to_blocks();
    }

    /// Steps until a sequence has made all its tokens or computed all its prompt but
    /// the last part.
    fn steps_alike(&mut self, run: &Run) -> u64 {
        let mut ends = self.decoding.until_first_end(&self.sequences).unwrap_or(u64::MAX);
        if self.settings.ahead && self.waiting.jobs() > 0 && self.may_begin() {
            // While the last token of one is made, another may be admitted in its place.
            ends = ends.saturating_sub(1).max(1);
        }
        let parts = run.partial.map_or(u64::MAX, |(slot, chunk)| {
            let parts = u64::from((self.sequences[slot].remaining() - 1) / chunk);
            // One that begins beside others has more room in the next step; and while the last
            // whole part is computed, others are admitted beside the rest.
            let whole = chunk == self.settings.max_tokens - self.decoding.count();
            match self.settings.ahead {
                false => parts,
                true if whole => parts.saturating_sub(1).max(1),
                true => 1,
            }
        });
        ends.min(parts)
    }

    /// Cuts the run to the steps that there are blocks for.
    fn limit_to_blocks(&mut self) {
        // Whoever waits only because much of its prefix is known may begin as soon as
        // some of that is overwritten.
        let free = u64::from(if self.held_up_by_prefix {
            self.blocks.free_before_known()
        } else {
            self.blocks.free()
        });
        if self.blocks_ahead(self.run.left - 1) <= free {
            return;
        }
        // The most steps beyond the first that fit: enough and too many close in.
        let (mut fits, mut too_many) = (0, self.run.left - 1);
        while too_many - fits > 1 {
            let middle = fits + (too_many - fits) / 2;
            if self.blocks_ahead(middle) <= free {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        self.run.left = fits + 1;
    }

    /// New blocks that the `steps` steps after the running one take.
    pub(super) fn blocks_ahead(&self, steps: u64) -> u64 {
        let decodes =
            if self.run.decodes { self.decoding.blocks_after_next_step(steps) } else { 0 };
        let part = self.run.partial.map_or(0, |(slot, chunk)| {
            let size = u64::from(self.settings.block_size);
            let running = u64::from(self.sequences[slot].computed) + u64::from(chunk);
            (running + u64::from(chunk) * steps).div_ceil(size) - running.div_ceil(size)
        });
        decodes + part
    }

    /// Gives those that run their blocks for the next step. Returns whether any was
    /// preempted for that.
    pub(super) fn continue_running(&mut self, run: &mut Run, batch: &mut Batch) -> bool {
        let part = self.partial.map(|slot| self.part_of(slot, self.decoding.count()));
        let blocks = self.decoding.blocks_of_next_step() + part.map_or(0, |(_, blocks)| blocks);
        let enough = blocks <= self.blocks.free();
        if enough {
            self.blocks.take(blocks);
        } else {
            self.make_room();
        }
        let decoding = self.decoding.count();
        batch.decode_seqs += u64::from(decoding);
        batch.decode_context += self.decoding.context() + u64::from(decoding);
        batch.context_tokens += self.decoding.context() + u64::from(decoding);
        run.seqs += decoding;
        if let Some((shortest, longest)) = self.decoding.spread(&self.sequences) {
            batch.decode_shortest = batch.decode_shortest.min(shortest + 1);
            batch.decode_longest = batch.decode_longest.max(longest + 1);
        }
        if let Some(slot) = self.partial {
            let (chunk, _) = self.part_of(slot, decoding);
            self.compute(slot, chunk, run, batch);
        }
        !enough
    }

    /// How many tokens of its prompt a sequence computes beside `decoding` others, and
    /// the new blocks that takes.
    fn part_of(&self, slot: u32, decoding: u32) -> (u32, u32) {
        let sequence = &self.sequences[slot];
        let chunk = sequence.remaining().min(self.settings.max_tokens - decoding);
        (chunk, self.new_blocks(sequence.computed, chunk))
    }

    /// New blocks for `tokens` more tokens after those `computed`.
    pub(super) fn new_blocks(&self, computed: u32, tokens: u32) -> u32 {
        (computed + tokens).div_ceil(self.settings.block_size)
            - computed.div_ceil(self.settings.block_size)
    }

    /// Gives those that run their blocks one by one, and preempts whoever is last in
    /// the policy's order while there are too few.
    fn make_room(&mut self) {
        self.rooms += 1;
        let mut taken = 0;
        let mut decoding = 0;
        let mut next = self.sequences.first();
        while let Some(slot) = next {
            let blocks = self.blocks_wanted(slot, decoding);
            if blocks <= self.blocks.free() - taken {
                taken += blocks;
                self.sequences[slot].given = self.rooms;
                decoding += u32::from(self.sequences[slot].state == State::Decode);
                next = self.sequences.next(slot);
                continue;
            }
            let victim = self.last_in_order();
            if self.sequences[victim].given == self.rooms {
                // It has been given blocks in vain; as it is not the last that began,
                // it decodes.
                taken -= self.blocks_wanted(victim, decoding);
                decoding -= 1;
            }
            if victim == slot {
                next = self.sequences.next(slot);
            }
            self.preempt(victim);
        }
        self.blocks.take(taken);
    }

    /// New blocks that a sequence needs for the next step beside `decoding` others.
    fn blocks_wanted(&self, slot: u32, decoding: u32) -> u32 {
        if self.begins_next(slot) {
            return 0;
        }
        let sequence = &self.sequences[slot];
        if sequence.state == State::Decode {
            let tokens = self.decoding.steps() - sequence.joined;
            let computed = u64::from(sequence.computed) + tokens;
            u32::from(computed.is_multiple_of(u64::from(self.settings.block_size)))
        } else {
            self.part_of(slot, decoding).1
        }
    }

    /// Of those that run, the one that goes first when blocks run out.
    fn last_in_order(&self) -> u32 {
        let last = self.sequences.last().expect("somebody runs");
        if self.settings.policy == QueuePolicy::Fcfs {
            return last;
        }
        let (mut victim, mut next) = (last, self.sequences.first());
        while let Some(slot) = next {
            if self.sequences[slot].rank > self.sequences[victim].rank {
                victim = slot;
            }
            next = self.sequences.next(slot);
        }
        victim
    }

    fn preempt(&mut self, slot: u32) {
        self.leave_batch(slot, true);
        self.sequences[slot].computed = 0;
        self.sequences[slot].state = State::Waiting;
        self.waiting.push(&self.sequences, slot);
        let now = time_of(self.clock);
        self.tally.waiting.add(now, 1);
        self.tally.preemptions += 1;
        self.tell(slot, ProgressKind::Preempted);
    }

    /// Lets those that wait begin, as far as tokens, seats and blocks go.
    pub(super) fn admit_waiting(&mut self, run: &mut Run, batch: &mut Batch) {
        let mut tokens =
            self.settings.max_tokens - (batch.prefill_tokens + batch.decode_seqs) as u32;
        while tokens > 0 && self.may_begin() {
            let Some(slot) = self.waiting.first(&self.sequences) else { break };
            let Some(chunk) = self.admit(slot, tokens) else { break };
            tokens = tokens.saturating_sub(chunk);
            self.compute(slot, chunk, run, batch);
        }
    }

    /// Whether there is a seat, and any block.
    pub(super) fn may_begin(&self) -> bool {
        self.sequences.running() < self.settings.max_seqs && self.blocks.free() > 0
    }

    /// Lets `slot` begin with at most `tokens` tokens. Returns how many, or `None` if
    /// it cannot.
    pub(super) fn admit(&mut self, slot: u32, tokens: u32) -> Option<u32> {
        let sequence = &self.sequences[slot];
        // The last token is always computed, for it gives the next.
        let ids = ((sequence.target() - 1) / self.settings.per_id) as usize;
        let chain = &sequence.chain[..ids.min(sequence.chain.len())];
        let mut known = self.blocks.known(chain);
        if let Some(kept) = &sequence.kept
            && known.units as usize == chain.len()
        {
            let units = self.blocks.kept_units(kept);
            known.units += units;
            known.free_blocks += units * self.blocks.per_unit();
        }
        let cached = known.units * self.settings.per_id;
        let computed =
            if sequence.prefilled && !sequence.started { sequence.target() - 1 } else { cached };
        let missing = sequence.target() - computed;
        // Whole prompts only; one that has grown beyond the limit goes alone.
        let alone = self.completing.is_empty() && sequence.started;
        if !self.settings.chunked && missing > tokens && !alone {
            return None;
        }
        let chunk = if self.settings.chunked { missing.min(tokens) } else { missing };
        let held = known.units * self.blocks.per_unit();
        let blocks = (computed + chunk).div_ceil(self.settings.block_size) - held;
        let whole = sequence.target().div_ceil(self.settings.block_size) - held;
        let wanted = if self.settings.whole_prompts { whole } else { blocks };
        if wanted + known.free_blocks > self.blocks.free() {
            // With less of its prefix known a first step that does not come to its end
            // might end earlier in it, and so need fewer blocks.
            self.held_up_by_prefix = self.settings.chunked
                && !self.settings.whole_prompts
                && known.free_blocks > 0
                && sequence.target() > tokens;
            return None;
        }
        self.waiting.pop(&self.sequences, slot);
        self.begin(slot, known.units, computed);
        self.blocks.take(blocks);
        Some(chunk)
    }

    /// The sequence `slot` begins with `units` units that are known, and `computed`
    /// tokens.
    fn begin(&mut self, slot: u32, units: u32, computed: u32) {
        let named = units.min(self.sequences[slot].chain.len() as u32);
        for nth in 0..named as usize {
            let unit = self.blocks.hold(self.sequences[slot].chain[nth]);
            self.sequences[slot].units.push(unit);
        }
        if let Some(kept) = self.sequences[slot].kept.take() {
            self.blocks.reclaim(kept, units - named);
        }
        self.begun += 1;
        self.sequences.begin(slot);
        let cached_tokens = units * self.settings.per_id;
        let sequence = &mut self.sequences[slot];
        sequence.named = named;
        sequence.computed = computed;
        sequence.state = State::Prefill;
        sequence.began = self.begun;
        let now = time_of(self.clock);
        self.tally.waiting.add(now, -1);
        self.tally.running.add(now, 1);
        let kind = if std::mem::replace(&mut sequence.started, true) {
            ProgressKind::Resumed { cached_tokens }
        } else {
            self.tally.prompt_tokens += u64::from(sequence.input);
            self.tally.cached_tokens += u64::from(cached_tokens);
            ProgressKind::Started { cached_tokens }
        };
        self.tell(slot, kind);
    }

    /// The next step computes `chunk` tokens of the sequence in `slot`.
    pub(super) fn compute(&mut self, slot: u32, chunk: u32, run: &mut Run, batch: &mut Batch) {
        let sequence = &self.sequences[slot];
        let (computed, tokens) = (u64::from(sequence.computed), u64::from(chunk));
        batch.context_tokens += computed + tokens;
        run.seqs += 1;
        if sequence.remaining() == 1 {
            batch.decode_seqs += 1;
            batch.decode_context += computed + tokens;
            batch.decode_shortest = batch.decode_shortest.min(computed + tokens);
            batch.decode_longest = batch.decode_longest.max(computed + tokens);
        } else {
            batch.prefill_seqs += 1;
            batch.prefill_tokens += tokens;
            batch.prefill_pairs += tokens * computed + tokens * (tokens + 1) / 2;
            run.prefill += chunk;
        }
        if chunk == sequence.remaining() {
            let filled = sequence.target();
            self.completing.push(slot);
            self.partial = None;
            // Others in this step can use what it computes, layer by layer.
            self.name_units(slot, filled);
        } else {
            debug_assert!(self.partial.is_none_or(|it| it == slot), "one prompt is in parts");
            self.partial = Some(slot);
            run.partial = Some((slot, chunk));
        }
    }

    /// The first `filled` tokens of a sequence are computed: others can use those of
    /// its blocks that have a name.
    pub(super) fn name_units(&mut self, slot: u32, filled: u32) {
        let sequence = &mut self.sequences[slot];
        let whole = (filled / self.settings.per_id).min(sequence.chain.len() as u32);
        for nth in sequence.named..whole {
            let unit = self.blocks.name(sequence.chain[nth as usize]);
            sequence.units.extend(unit);
        }
        sequence.named = sequence.named.max(whole);
    }
}
