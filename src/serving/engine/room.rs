//! When blocks or tokens are too few for all who run: whose they are, and who goes.

use super::Engine;
use super::job::ProgressKind;
use super::passing::Due;
use super::run::time_of;
use super::sequences::State;
use super::spec::QueuePolicy;

impl Engine {
    /// Gives those that run their tokens and blocks one by one, in the order in which they
    /// began, and preempts whoever is last in the policy's order while there are too few
    /// blocks. Returns whether any was.
    pub(super) fn continue_in_order(&mut self) -> bool {
        self.rooms += 1;
        let mut preempted = false;
        let mut tokens = self.settings.max_tokens;
        let mut next = self.sequences.first();
        while let Some(slot) = next.filter(|_| tokens > 0) {
            let chunk = match self.sequences[slot].state {
                State::Ending => {
                    next = self.sequences.next(slot);
                    continue;
                }
                State::Decode => 1,
                _ => self.wanted(slot).min(tokens),
            };
            let blocks = self.new_blocks(self.computed(slot), chunk);
            let mut stays = true;
            while stays && blocks > self.blocks.free() {
                preempted = true;
                let victim = self.last_in_order();
                tokens += self.given_tokens(victim);
                if victim == slot {
                    stays = false;
                    next = self.sequences.next(slot);
                }
                self.preempt(victim);
            }
            if !stays {
                continue;
            }
            self.blocks.take(blocks);
            tokens -= chunk;
            self.sequences[slot].given = self.rooms;
            if self.sequences[slot].state != State::Decode {
                self.sequences[slot].chunk = chunk;
                let filled = self.sequences[slot].computed + chunk;
                self.name_units(slot, filled);
            }
            next = self.sequences.next(slot);
        }
        while let Some(slot) = next {
            self.leave_out(slot);
            next = self.sequences.next(slot);
        }
        preempted
    }

    /// The next step computes nothing of a sequence.
    fn leave_out(&mut self, slot: u32) {
        if self.sequences[slot].state == State::Decode {
            self.leave_decoding(slot);
            self.sequences[slot].state = State::Single;
            let began = self.sequences[slot].began;
            let place = self.parts.partition_point(|other| self.sequences[*other].began < began);
            self.parts.insert(place, slot);
        }
        self.sequences[slot].chunk = 0;
    }

    /// Tokens that the next step, which is being composed, computes of a sequence.
    fn given_tokens(&self, slot: u32) -> u32 {
        let sequence = &self.sequences[slot];
        match sequence.state {
            _ if sequence.given != self.rooms => 0,
            State::Decode => 1,
            _ => sequence.chunk,
        }
    }

    /// Tokens of a sequence whose keys and values are there when the next step begins.
    fn computed(&self, slot: u32) -> u32 {
        let sequence = &self.sequences[slot];
        let decoded = match sequence.state {
            State::Decode => self.decoding.steps() - sequence.joined,
            _ => 0,
        };
        sequence.computed + decoded as u32
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
        let given = self.given_tokens(slot);
        self.leave_batch(slot, given, true);
        self.sequences[slot].computed = 0;
        self.sequences[slot].state = State::Waiting;
        self.waiting.push(&self.sequences, slot);
        let now = time_of(self.clock);
        self.tally.waiting.add(now, 1);
        self.tally.preemptions += 1;
        self.tell(slot, ProgressKind::Preempted);
    }

    /// A running sequence leaves the batch and gives its blocks back, among them those of
    /// `given` tokens that the composed step was to compute. If it `returns` it can find
    /// again those that are full.
    pub(super) fn leave_batch(&mut self, slot: u32, given: u32, returns: bool) {
        let full_tokens = self.full_tokens(slot, given);
        match self.sequences[slot].state {
            State::Decode => self.leave_decoding(slot),
            State::Prefill | State::Single => self.parts.retain(|other| *other != slot),
            State::Ending | State::Waiting | State::Gone => {}
        }
        self.name_units(slot, full_tokens);
        let sequence = &mut self.sequences[slot];
        let per_unit = self.blocks.per_unit();
        let named = sequence.units.len() as u32 * per_unit;
        let all = (sequence.computed + given).div_ceil(self.settings.block_size) - named;
        if self.settings.caching {
            let full = full_tokens / self.settings.block_size - named;
            let units = full_tokens / self.settings.per_id - sequence.units.len() as u32;
            let kept = if returns { units * per_unit } else { 0 };
            self.blocks.give_first(all - full);
            self.blocks.give(full - kept);
            if kept > 0 {
                sequence.kept = Some(self.blocks.keep(kept));
            }
        } else {
            self.blocks.give_first(all);
        }
        // The end of a chain is of use to fewer than its beginning.
        while let Some(unit) = sequence.units.pop() {
            self.blocks.release(unit);
        }
        self.sequences.end(slot);
        self.tally.running.add(time_of(self.clock), -1);
    }

    /// Tokens of a sequence that count as computed when it leaves: vLLM knows a block as soon
    /// as a step that fills it is scheduled, of those tokens of an answer that are known by
    /// then.
    fn full_tokens(&self, slot: u32, given: u32) -> u32 {
        let sequence = &self.sequences[slot];
        let computed = self.computed(slot);
        let decodes = sequence.state == State::Decode;
        let due = self.due.iter().find(|due| self.flight && due.slot == slot);
        let in_flight = self.flight && decodes && sequence.joined < self.decoding.steps();
        if (in_flight || due.is_some_and(|due| !due.apart)) && given == 0 {
            return computed - 1;
        }
        let made = sequence.made + (computed - sequence.computed);
        let unknown = u32::from(in_flight || due.is_some()).min(made);
        (computed + given).min(sequence.input + made - unknown)
    }

    /// A sequence decodes with the others no more.
    fn leave_decoding(&mut self, slot: u32) {
        let in_flight = self.flight && self.sequences[slot].joined < self.decoding.steps();
        self.decoding.leave(&mut self.sequences, slot);
        if in_flight {
            // Its token is still to come.
            self.due.push(Due { slot, apart: false });
        } else {
            let since = self.sequences[slot].last_token;
            self.sequences[slot].last_token = self.tally.last_token(since);
        }
    }
}
