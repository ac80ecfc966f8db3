//! Letting time pass: whole runs of steps, and what comes at their ends.

use super::Engine;
use super::job::{Progress, ProgressKind};
use super::run::time_of;
use super::sequences::State;
use crate::kernel::Time;

/// A sequence of which something is heard when the running step ends: a token, its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub slot: u32,
    /// Whether its token is none of those that decoding sequences make together.
    pub apart: bool,
}

impl Engine {
    /// When something next happens in the present run: it ends, or what follows is composed.
    pub(super) fn next_change(&self) -> Time {
        time_of(self.clock.saturating_add(self.run.span(self.steps_to_change())))
    }

    /// Steps of the present run after which something else is composed.
    fn steps_to_change(&self) -> u64 {
        // What follows the last one is composed while it runs.
        if self.settings.ahead && !self.flight { self.run.left - 1 } else { self.run.left }
    }

    /// Whether another sequence could join the next step, if there are blocks.
    pub(super) fn has_room(&self) -> bool {
        self.sequences.running() < self.settings.max_seqs && !self.full
    }

    /// Ends all runs that end before `horizon`, and begins those that begin before it.
    pub(super) fn catch_up(&mut self, horizon: u128) {
        // An engine that was advanced to an instant stays behind what ended then.
        self.horizon = self.horizon.max(horizon);
        loop {
            if self.run.left == 0 {
                if self.waiting.jobs() == 0 || self.clock >= self.horizon {
                    return;
                }
                self.run = self.compose();
            } else {
                let steps = self.steps_to_change();
                if self.clock.saturating_add(self.run.span(steps)) >= self.horizon {
                    return;
                }
                if steps < self.run.left {
                    self.pass(steps);
                    self.fly();
                    continue;
                }
                self.end_run();
            }
            if self.run.left == 0 {
                self.idle();
            } else if self.settings.ahead {
                if self.run.left == 1 {
                    self.fly();
                } else {
                    self.give_blocks(2);
                }
            }
        }
    }

    fn idle(&mut self) {
        if self.waiting.jobs() > 0 {
            return;
        }
        debug_assert_eq!(self.sequences.running(), 0, "whoever runs is worked on");
        debug_assert_eq!(self.demand_tokens(), 0, "all blocks are freed, and none is wanted");
        let now = time_of(self.clock);
        self.tally.busy.set(now, 0);
        self.tally.check_littles_law(now);
    }

    /// The present run ends with its first step that ends at the horizon or beyond it, or with
    /// the one after that, if that is composed already.
    pub(super) fn cut(&mut self) {
        if self.flight {
            self.next.left = self.next.left.min(1);
        } else if self.run.left > 1 {
            self.pass_steps();
            if self.settings.ahead {
                self.split();
            }
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
    /// blocks, and the one after it if that is composed by then.
    fn pass(&mut self, steps: u64) {
        if steps == 0 {
            return;
        }
        self.give_blocks(steps + 1 + u64::from(self.settings.ahead));
        self.elapse(steps);
        self.advance_sequences(steps);
    }

    /// The first `steps` steps of the present run get their blocks.
    fn give_blocks(&mut self, steps: u64) {
        let steps = steps.min(self.run.left);
        if steps > self.run.given {
            let blocks = self.blocks_ahead(steps - 1) - self.blocks_ahead(self.run.given - 1);
            self.blocks.take(blocks as u32);
            self.run.given = steps;
            for nth in 0..self.parts.len() {
                let sequence = &self.sequences[self.parts[nth]];
                let filled = sequence.computed + steps as u32 * sequence.chunk;
                self.name_units(self.parts[nth], filled);
            }
        }
    }

    /// The time of `steps` steps passes.
    fn elapse(&mut self, steps: u64) {
        self.tally.pass(&self.run, steps, self.clock);
        let end = self.clock.saturating_add(self.run.span(steps));
        self.tally.kv_moved(self.clock, end, self.blocks.used());
        self.clock = end;
        self.run.advance(steps);
    }

    /// Those that run have done `steps` steps.
    pub(super) fn advance_sequences(&mut self, steps: u64) {
        self.decoding.advance(steps);
        for slot in &self.parts {
            let sequence = &mut self.sequences[*slot];
            sequence.computed += steps as u32 * sequence.chunk;
        }
    }

    /// The last step of a run ends: tokens come, sequences go, and other steps begin.
    fn end_run(&mut self) {
        if self.flight {
            self.elapse(1);
        } else {
            self.pass(self.run.left);
            self.close_step();
        }
        let freed = self.deliver();
        if self.settings.ahead {
            self.begin_next(freed);
        } else {
            self.run = self.compose();
        }
    }

    /// What the step does that those who run have just done: some have made all their tokens,
    /// some computed all their prompt. What is heard of that is due when the step ends.
    pub(super) fn close_step(&mut self) {
        while let Some(slot) = self.decoding.ended(&self.sequences) {
            self.decoding.leave(&mut self.sequences, slot);
            self.sequences[slot].state = State::Ending;
            self.due.push(Due { slot, apart: false });
        }
        let mut nth = 0;
        while let Some(slot) = self.parts.get(nth).copied() {
            if self.sequences[slot].remaining() > 0 {
                nth += 1;
                continue;
            }
            self.parts.remove(nth);
            self.due.push(Due { slot, apart: true });
            let sequence = &mut self.sequences[slot];
            sequence.made += u32::from(sequence.output > 0);
            if sequence.made == sequence.output {
                sequence.state = State::Ending;
            } else {
                self.decoding.join(&mut self.sequences, slot);
            }
        }
    }

    /// The step has ended that was closed. Returns whether anybody left.
    fn deliver(&mut self) -> bool {
        let mut freed = !self.leaving.is_empty();
        self.drop_leaving();
        self.flight = false;
        let mut due = std::mem::take(&mut self.due);
        if due.len() > 1 {
            due.sort_unstable_by_key(|due| self.sequences[due.slot].began);
        }
        for Due { slot, apart } in due.drain(..) {
            let sequence = &mut self.sequences[slot];
            let last = sequence.last_token;
            if sequence.output > 0 {
                sequence.last_token = self.clock;
            }
            let (made, ends) = (sequence.made, sequence.made == sequence.output);
            if apart && made > 0 {
                self.tally.output_tokens += 1;
                if made == 1 {
                    self.tell(slot, ProgressKind::FirstToken);
                } else {
                    self.tally.token_after(last, self.clock);
                }
            }
            if ends {
                freed = true;
                self.tell(slot, ProgressKind::Finished);
                self.leave(slot, 0);
            }
        }
        self.due = due;
        freed
    }

    /// Those who were taken back leave.
    fn drop_leaving(&mut self) {
        let sequences = &self.sequences;
        self.leaving.sort_unstable_by_key(|slot| sequences[*slot].began);
        let mut leaving = std::mem::take(&mut self.leaving);
        for slot in leaving.drain(..) {
            let sequence = &self.sequences[slot];
            let given = match sequence.state {
                // The next step is composed, and they are in it.
                State::Decode if self.next.left > 0 => 1,
                State::Prefill | State::Single if self.next.left > 0 => sequence.chunk,
                _ => 0,
            };
            self.leave(slot, given);
            self.due.retain(|due| due.slot != slot);
        }
        self.leaving = leaving;
    }

    /// A sequence leaves the engine, with the blocks of `given` tokens that the composed step
    /// was to compute.
    fn leave(&mut self, slot: u32, given: u32) {
        let now = time_of(self.clock);
        if self.sequences[slot].state == State::Waiting {
            // It was preempted while its last token was made.
            self.leave_queue(slot, now);
        } else {
            self.leave_batch(slot, given, false);
            self.tally.departed(self.sequences[slot].arrived, now);
            self.sequences.forget(slot);
        }
    }

    /// A waiting sequence leaves the engine.
    pub(super) fn leave_queue(&mut self, slot: u32, now: Time) {
        self.tally.departed(self.sequences[slot].arrived, now);
        let tokens = self.sequences[slot].target();
        // What it could have found again holds nothing known.
        if let Some(kept) = self.sequences[slot].kept.take() {
            self.blocks.reclaim(kept, 0);
        }
        self.sequences.forget(slot);
        self.waiting.one_left(&self.sequences, tokens);
        self.tally.waiting.add(now, -1);
    }

    pub(super) fn tell(&mut self, slot: u32, kind: ProgressKind) {
        let (at, id) = (time_of(self.clock), self.sequences[slot].id);
        self.happened.push(Progress { at, id, kind });
    }
}
