//! Letting time pass: whole runs of steps, and what comes at their ends.

use super::Engine;
use super::job::{Progress, ProgressKind};
use super::run::{clock_at, time_of};
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

    /// Ends all runs that end up to and at `now`. An idle engine to which jobs came
    /// before `now` has begun by then.
    pub(super) fn catch_up(&mut self, now: Time) {
        loop {
            if self.run.left > 0 {
                if self.end_of_run() > now {
                    return;
                }
                self.pass(self.run.left);
                self.end_step();
            } else if self.waiting.jobs() == 0 || time_of(self.clock) >= now {
                return;
            }
            self.compose();
        }
    }

    /// The present run ends with the step that runs at `now`.
    pub(super) fn cut(&mut self, now: Time) {
        if self.run.left > 1 {
            self.pass_until(now);
            self.run.left = 1;
        }
    }

    /// Passes the steps of the present run that end up to and at `now`.
    pub(super) fn pass_until(&mut self, now: Time) {
        if self.run.left > 1 {
            let end = clock_at(now) + (clock_at(Time(1)) - 1);
            let steps = self.run.steps_within(end.saturating_sub(self.clock));
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
        self.leave_batch(slot);
        self.tally.departed(self.sequences[slot].arrived, time_of(self.clock));
        self.sequences.forget(slot);
    }

    /// A running sequence leaves the batch and gives its blocks back, between two
    /// steps.
    pub(super) fn leave_batch(&mut self, slot: u32) {
        if self.sequences[slot].state == State::Decode {
            let last = self.tally.last_token(self.sequences[slot].last_token);
            self.sequences[slot].last_token = last;
            self.decoding.leave(&mut self.sequences, slot);
        }
        if self.partial == Some(slot) {
            self.partial = None;
        }
        let computed = self.sequences[slot].computed;
        self.name_units(slot, computed);
        let sequence = &mut self.sequences[slot];
        let named = sequence.units.len() as u32 * self.blocks.per_unit();
        self.blocks.give(computed.div_ceil(self.settings.block_size) - named);
        // The end of a chain is of use to fewer than its beginning.
        while let Some(unit) = sequence.units.pop() {
            self.blocks.release(unit);
        }
        self.sequences.end(slot);
        self.tally.running.add(time_of(self.clock), -1);
    }

    pub(super) fn tell(&mut self, slot: u32, kind: ProgressKind) {
        let (at, id) = (time_of(self.clock), self.sequences[slot].id);
        self.happened.push(Progress { at, id, kind });
    }
}
