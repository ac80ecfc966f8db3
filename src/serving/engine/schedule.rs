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
use crate::serving::step::{Batch, Growth};

/// The steps that are composed.
#[derive(Debug, Default)]
pub(super) struct Composed {
    pub run: Run,
    pub batch: Batch,
    /// Tokens that may still be computed.
    pub tokens: u32,
    /// Whether what comes next may be something else.
    pub only_once: bool,
}

impl Engine {
    /// Composes the steps from the next one on; there are none where there is nobody to work
    /// on.
    pub(super) fn compose(&mut self) -> Run {
        let batch = Batch { decode_shortest: u64::MAX, ..Batch::default() };
        let mut composed =
            Composed { batch, tokens: self.settings.max_tokens, ..Composed::default() };
        self.held_up_by_prefix = false;
        let preempted = self.continue_running(&mut composed);
        if !preempted {
            self.admit_waiting(&mut composed);
        }
        self.tally.kv.set(time_of(self.clock), u64::from(self.blocks.used()));
        self.full = composed.tokens == 0;
        if composed.run.seqs == 0 {
            return Run::default();
        }
        composed.only_once |= preempted;
        self.start(&composed)
    }

    /// The steps that are composed, of which the first has its blocks.
    fn start(&mut self, composed: &Composed) -> Run {
        let mut run = composed.run;
        let mut growth = Growth {
            prefill_pairs: 0,
            context_tokens: u64::from(run.decoding),
            decode_context: u64::from(run.decoding),
        };
        for slot in &self.parts {
            let chunk = u64::from(self.sequences[*slot].chunk);
            growth.prefill_pairs += chunk * chunk;
            growth.context_tokens += chunk;
        }
        let pace = self.step.pace(&composed.batch, &growth);
        run.set_pace(&pace, self.slowdown);
        run.left = if composed.only_once { 1 } else { self.steps_alike().min(pace.steps) };
        run.given = 1;
        debug_assert!(run.left > 0, "a step is a step");
        self.tally.busy.set(time_of(self.clock), 1);
        self.limit_to_blocks(&mut run);
        run
    }

    /// Steps until a sequence has made all its tokens or computed all its prompt but
    /// the last part.
    fn steps_alike(&mut self) -> u64 {
        // Of equal blocks that two prompts fill, that of the first to do so is found; and
        // with what one fills others may fit that wait.
        let others = self.parts.len() > 1 || self.waiting.jobs() > 0 && self.has_room();
        if self.settings.caching && !self.parts.is_empty() && others {
            return 1;
        }
        let mut steps = self.decoding.until_first_end(&self.sequences).unwrap_or(u64::MAX);
        let mut tokens = self.settings.max_tokens - self.decoding.count();
        for slot in &self.parts {
            let sequence = &self.sequences[*slot];
            let (chunk, remaining) = (sequence.chunk, sequence.remaining());
            if chunk == 0 || chunk == remaining {
                return 1;
            }
            // One that began beside others has more room in the next step.
            let steady = chunk == self.most_of(u32::MAX).min(tokens);
            let parts = if steady { u64::from((remaining - 1) / chunk) } else { 1 };
            tokens = tokens.saturating_sub(chunk);
            steps = steps.min(parts);
        }
        steps
    }

    /// Cuts a run to the steps that there are blocks for.
    fn limit_to_blocks(&self, run: &mut Run) {
        // Whoever waits only because much of its prefix is known may begin as soon as
        // some of that is overwritten.
        let free = u64::from(if self.held_up_by_prefix {
            self.blocks.free_before_known()
        } else {
            self.blocks.free()
        });
        if self.blocks_ahead(run.left - 1) <= free {
            return;
        }
        // The most steps beyond the first that fit: enough and too many close in.
        let (mut fits, mut too_many) = (0, run.left - 1);
        while too_many - fits > 1 {
            let middle = fits + (too_many - fits) / 2;
            if self.blocks_ahead(middle) <= free {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        run.left = fits + 1;
    }

    /// New blocks that the `steps` steps after the next one take.
    pub(super) fn blocks_ahead(&self, steps: u64) -> u64 {
        let size = u64::from(self.settings.block_size);
        let part = |slot: &u32| {
            let sequence = &self.sequences[*slot];
            let chunk = u64::from(sequence.chunk);
            let next = u64::from(sequence.computed) + chunk;
            (next + chunk.saturating_mul(steps)).div_ceil(size) - next.div_ceil(size)
        };
        let parts: u64 = self.parts.iter().map(part).sum();
        self.decoding.blocks_after_next_step(steps) + parts
    }

    /// Gives those that run their blocks for the next step. Returns whether any was
    /// preempted for that.
    fn continue_running(&mut self, composed: &mut Composed) -> bool {
        let mut preempted = false;
        if !self.continue_all() {
            preempted = self.continue_in_order();
            composed.only_once = true;
        }
        let decoding = self.decoding.count();
        let context = self.decoding.context() + u64::from(decoding);
        let Composed { run, batch, tokens, .. } = composed;
        batch.decode_seqs += u64::from(decoding);
        batch.decode_context += context;
        batch.context_tokens += context;
        (run.seqs, run.decoding) = (decoding, decoding);
        *tokens -= decoding;
        if let Some((shortest, longest)) = self.decoding.spread(&self.sequences) {
            batch.decode_shortest = batch.decode_shortest.min(shortest + 1);
            batch.decode_longest = batch.decode_longest.max(longest + 1);
        }
        for nth in 0..self.parts.len() {
            self.compute(self.parts[nth], composed);
        }
        preempted
    }

    /// The same at once, if there are blocks and tokens for all.
    fn continue_all(&mut self) -> bool {
        let mut tokens = self.settings.max_tokens - self.decoding.count();
        let mut blocks = self.decoding.blocks_of_next_step();
        for nth in 0..self.parts.len() {
            let slot = self.parts[nth];
            let wanted = self.wanted(slot);
            let chunk = wanted.min(tokens);
            // Whoever is last has what the others leave; whoever is not goes before some that
            // decode.
            if chunk < wanted && (chunk == 0 || self.sequences.last() != Some(slot)) {
                return false;
            }
            tokens -= chunk;
            self.sequences[slot].chunk = chunk;
            blocks += self.new_blocks(self.sequences[slot].computed, chunk);
        }
        let enough = blocks <= self.blocks.free();
        if enough {
            self.blocks.take(blocks);
        }
        enough
    }

    /// Tokens that a sequence which does not decode with the others would compute if it were
    /// up to it.
    pub(super) fn wanted(&self, slot: u32) -> u32 {
        self.most_of(self.sequences[slot].remaining())
    }

    /// Of `tokens` of a prompt, those that one step may compute. A prompt that is alone keeps
    /// nobody waiting.
    fn most_of(&self, tokens: u32) -> u32 {
        let here = self.sequences.running() + self.waiting.jobs();
        match self.settings.long_prefill {
            0 => tokens,
            most if here > 1 => tokens.min(most),
            _ => tokens,
        }
    }

    /// New blocks for `tokens` more tokens after those `computed`.
    pub(super) fn new_blocks(&self, computed: u32, tokens: u32) -> u32 {
        (computed + tokens).div_ceil(self.settings.block_size)
            - computed.div_ceil(self.settings.block_size)
    }

    /// Lets those that wait begin, as far as tokens, seats and blocks go.
    fn admit_waiting(&mut self, composed: &mut Composed) {
        while composed.tokens > 0 && self.sequences.running() < self.settings.max_seqs {
            let Some(slot) = self.waiting.first(&self.sequences) else { break };
            if !self.admit(slot, composed) {
                break;
            }
            self.compute(slot, composed);
        }
    }

    /// Lets `slot` begin, if it can.
    fn admit(&mut self, slot: u32, composed: &Composed) -> bool {
        let tokens = composed.tokens;
        let sequence = &self.sequences[slot];
        // The last token is always computed, for it gives the next.
        let ids = (sequence.target() - 1) / self.settings.per_id;
        let chain = &sequence.chain[..(ids as usize).min(sequence.chain.len())];
        let mut known = self.blocks.known(chain);
        if let Some(kept) = &sequence.kept
            && known.units as usize == chain.len()
        {
            let units = self.blocks.kept_units(kept).min(ids - known.units);
            known.units += units;
            known.free_blocks += units * self.blocks.per_unit();
        }
        let cached = known.units * self.settings.per_id;
        let elsewhere = sequence.prefilled && !sequence.started;
        let computed = if elsewhere { sequence.target() - 1 } else { cached };
        let wanted = self.most_of(sequence.target() - computed);
        // Whole prompts only; one that has grown beyond the limit goes alone.
        let alone = composed.run.seqs == 0 && sequence.started;
        if !self.settings.chunked && wanted > tokens && !alone {
            return false;
        }
        let chunk = if self.settings.chunked { wanted.min(tokens) } else { wanted };
        let held = known.units * self.blocks.per_unit();
        let blocks = (computed + chunk).div_ceil(self.settings.block_size) - held;
        let whole = sequence.target().div_ceil(self.settings.block_size) - held;
        let needed = if self.settings.whole_prompts { whole } else { blocks };
        if needed + known.free_blocks > self.blocks.free() {
            // With less of its prefix known a first step that does not come to its end
            // might end earlier in it, and so need fewer blocks; and where a block that is
            // known twice is overwritten, the other is found, which may be in use.
            let most = self.most_of(if self.settings.chunked { tokens } else { u32::MAX });
            let is_short = !self.settings.whole_prompts && sequence.target() > most;
            self.held_up_by_prefix = known.free_blocks > 0 && (is_short || self.blocks.has_twins());
            return false;
        }
        self.waiting.pop(&self.sequences, slot);
        self.begin(slot, known.units, computed);
        let sequence = &mut self.sequences[slot];
        sequence.chunk = chunk;
        sequence.state = if elsewhere { State::Single } else { State::Prefill };
        self.parts.push(slot);
        self.blocks.take(blocks);
        true
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
        sequence.computed = computed;
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

    /// The next step computes the `chunk` of the sequence in `slot`, whose blocks are given.
    fn compute(&mut self, slot: u32, composed: &mut Composed) {
        let Composed { run, batch, tokens: left, .. } = composed;
        let sequence = &self.sequences[slot];
        let (computed, tokens) = (u64::from(sequence.computed), u64::from(sequence.chunk));
        if tokens == 0 {
            return;
        }
        *left = left.saturating_sub(sequence.chunk);
        let context = computed + tokens;
        batch.context_tokens += context;
        run.seqs += 1;
        if sequence.state == State::Single {
            batch.decode_seqs += 1;
            batch.decode_context += context;
            batch.decode_shortest = batch.decode_shortest.min(context);
            batch.decode_longest = batch.decode_longest.max(context);
        } else {
            batch.prefill_seqs += 1;
            batch.prefill_tokens += tokens;
            batch.prefill_pairs += tokens * computed + tokens * (tokens + 1) / 2;
            run.prefill += sequence.chunk;
        }
        // Others in this step can use what it computes, layer by layer.
        self.name_units(slot, sequence.computed + sequence.chunk);
    }

    /// The first `filled` tokens of a sequence are computed: others can use those of
    /// its blocks that have a name.
    pub(super) fn name_units(&mut self, slot: u32, filled: u32) {
        let sequence = &mut self.sequences[slot];
        let whole = (filled / self.settings.per_id) as usize;
        for nth in sequence.units.len()..whole.min(sequence.chain.len()) {
            let unit = self.blocks.name(sequence.chain[nth]);
            sequence.units.push(unit);
        }
    }
}
