//! Scheduling one step ahead.
//!
//! While a step runs on the GPU, the next one is composed already (vLLM's asynchronous
//! scheduling, `v1/engine/core.py`: `step_with_batch_queue`, and `AsyncScheduler`): as if
//! the running step had ended, save that nobody has left and nothing is heard of it. So
//! who comes while a step runs computes with the one after the next, seats and blocks come
//! free a step later, and those that go on take their blocks, or are preempted for want of
//! them, a step earlier. At an idle engine the first step is composed and begins at once.
//!
//! So the sequences are a step ahead of the clock while the last step of a run is `in
//! flight`: [`close_step`](Engine::close_step) has been when the next run is composed, and
//! [`deliver`](Engine::deliver) comes when the step ends. Within a run all steps are alike,
//! and only the blocks of its second step are taken ahead.

use super::Engine;

impl Engine {
    /// The last step of the present run begins, and what follows it is composed.
    pub(super) fn fly(&mut self) {
        debug_assert!(self.run.left == 1 && !self.flight, "the last step begins once");
        self.advance_sequences(1);
        self.close_step();
        self.flight = true;
        self.next = self.compose();
    }

    /// The running step, of several alike, is made the last of its run: the one after it is
    /// composed, and what comes then may be something else.
    pub(super) fn split(&mut self) {
        debug_assert!(self.run.left > 1 && self.run.given == 2, "the second step is composed");
        self.advance_sequences(1);
        self.flight = true;
        self.next = self.run.rest();
        self.next.left = 1;
    }

    /// The step in flight has ended, and the next run begins. If seats or blocks were `freed`,
    /// others may come in beside its second step.
    pub(super) fn begin_next(&mut self, freed: bool) {
        self.run = std::mem::take(&mut self.next);
        self.run.slow_down(self.slowdown);
        if freed && (self.waiting.jobs() > 0 || self.settings.long_prefill > 0) {
            self.run.left = self.run.left.min(1);
        }
    }
}
