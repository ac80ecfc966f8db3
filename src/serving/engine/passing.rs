//! Letting time pass: whole runs of steps, and what comes at their ends.

use super::Engine;
use super::job::{Progress, ProgressKind};
use super::run::time_of;
use super::sequences::State;
use crate::kernel::Time;

impl Engine {
    /// When the present run ends.
    pub(super) fn end_of_run(&self) -> Time {
        time_of(self.clock.saturating_add(self.run.span(self.run.left)))
    }

    /// Whether another sequence could join the next step, if there are blocks.
    pub(super) fn has_seats(&self) -> bool {
        self.sequences.running() < self.settings.max_seqs && self.run.partial.is_none()
    }

    /// Ends all runs that end before `horizon`, and begins those that begin before it.
    pub(super) fn catch_up(&mut self, horizon: u128) {
        // An engine that was advanced to an instant stays behind what ended then.
        self.horizon = self.horizon.max(horizon);
        loop {
            if self.run.left > 0 {
                if self.clock.saturating_add(self.run.span(self.run.left)) >= self.horizon {
                    return;
                }
                self.pass(self.run.left);
                self.end_step();
            } else if self.waiting.jobs() == 0 || self.clock >= self.horizon {
                return;
            }
            self.compose();
        }
    }

    /// The present run ends with its first step that ends at the horizon or beyond it.
    pub(super) fn cut(&mut self) {
        if self.run.left > 1 {
            self.pass_steps();
            self.run.left = 1;
        }
    }

    /// Passes all steps that end before `horizon`.
    pub(super) fn pass_until(&mut self, horizon: u128) {
        self.catch_up(horizon);
        self.pass_steps();
    }

    /// Passes the steps of the present run that end before the horizon.
    fn pass_steps(&mut self) {
        if self.run.left > 1 && self.clock < self.horizon {
            let steps = self.run.steps_within(self.horizon - 1 - self.clock);
            debug_assert!(steps < self.run.left, "a run that has ended is not the present one");
            self.pass(steps);
        }
    }

    /// Does `steps` steps of the present run. The step that runs then, if any, has its
    /// blocks.
    pub(super) fn pass(&mut self, steps: u64) {
        if steps == 0 {
            return;
        }
        let begun = steps.min(self.run.left - 1);
        self.blocks.take(self.blocks_ahead(begun) as u32);
        let span = self.run.span(steps);
        self.tally.pass(&self.run, steps, self.clock, self.decoding.count());
        let end = self.clock.saturating_add(span);
        self.tally.kv_moved(self.clock, end, self.blocks.used());
        if self.run.decodes {
            self.decoding.advance(steps);
        }
        if let Some((slot, chunk)) = self.run.partial {
            self.sequences[slot].computed += steps as u32 * chunk;
        }
        self.clock = end;
        self.run.advance(steps);
    }

    /// The last step of a run has ended: tokens come, sequences go.
    fn end_step(&mut self) {
        let sequences = &self.sequences;
        self.leaving.sort_unstable_by_key(|slot| sequences[*slot].began);
        for nth in 0..self.leaving.len() {
            let slot = self.leaving[nth];
            if self.completing.contains(&slot) {
                self.completing.retain(|other| *other != slot);
                self.sequences[slot].computed = self.sequences[slot].target();
            }
            self.leave(slot);
        }
        self.leaving.clear();
        while let Some(slot) = self.decoding.ended(&self.sequences) {
            self.tell(slot, ProgressKind::Finished);
            self.leave(slot);
        }
        for nth in 0..self.completing.len() {
            self.complete(self.completing[nth]);
        }
        self.completing.clear();
    }

    /// All tokens of a sequence so far are computed: the next one comes.
    fn complete(&mut self, slot: u32) {
        let sequence = &mut self.sequences[slot];
        sequence.computed = sequence.target();
        if sequence.output > 0 {
            let last = std::mem::replace(&mut sequence.last_token, self.clock);
            sequence.made += 1;
            self.tally.output_tokens += 1;
            if sequence.made == 1 {
                self.tell(slot, ProgressKind::FirstToken);
            } else {
                self.tally.token_after(last, self.clock);
            }
        }
        if self.sequences[slot].made == self.sequences[slot].output {
            self.tell(slot, ProgressKind::Finished);
            self.leave(slot);
        } else {
            self.decoding.join(&mut self.sequences, slot);
        }
    }

    /// A running sequence leaves the engine.
    pub(super) fn leave(&mut self, slot: u32) {
        self.leave_batch(slot, false);
        self.tally.departed(self.sequences[slot].arrived, time_of(self.clock));
        self.sequences.forget(slot);
    }

    /// A running sequence leaves the batch and gives its blocks back, between two
    /// steps. If it `returns` it can find again those that are full.
    pub(super) fn leave_batch(&mut self, slot: u32, returns: bool) {
        if self.sequences[slot].state == State::Decode {
            let last = self.tally.last_token(self.sequences[slot].last_token);
            self.sequences[slot].last_token = last;
            self.decoding.leave(&mut self.sequences, slot);
        }
        if self.partial == Some(slot) {
            self.partial = None;
        }
        self.drop_ahead(slot);
        let computed = self.sequences[slot].computed;
        self.name_units(slot, computed);
        let sequence = &mut self.sequences[slot];
        let named = sequence.units.len() as u32 * self.blocks.per_unit();
        let own = computed.div_ceil(self.settings.block_size) - named;
        let full = (computed / self.settings.per_id).saturating_sub(sequence.chain.len() as u32);
        let kept = if returns && self.settings.caching { full * self.blocks.per_unit() } else { 0 };
        self.blocks.give(own - kept);
        if kept > 0 {
            sequence.kept = Some(self.blocks.keep(kept));
        }
        // The end of a chain is of use to fewer than its beginning.
        while let Some(unit) = sequence.units.pop() {
            self.blocks.release(unit);
        }
        self.sequences.end(slot);
        self.tally.running.add(time_of(self.clock), -1);
    }

    /// What a preempted sequence could have found again holds nothing known.
    pub(super) fn drop_kept(&mut self, slot: u32) {
        if let Some(kept) = self.sequences[slot].kept.take() {
            self.blocks.reclaim(kept, 0);
        }
    }

    pub(super) fn tell(&mut self, slot: u32, kind: ProgressKind) {
        let (at, id) = (time_of(self.clock), self.sequences[slot].id);
        self.happened.push(Progress { at, id, kind });
    }
}
