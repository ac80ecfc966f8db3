//! A request at the semantic cache, and an answer on its way into it.

use super::model::{Next, System};
use super::request::{Answer, Request, SIMILAR};
use super::tables::level_row;
use crate::cache::SEMANTIC;
use crate::kernel::Time;
use crate::pipeline::Stage;
use crate::stats::Cell;

/// How good the semantic cache's answers were, of measured requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judged {
    /// Answered.
    pub hits: u64,
    /// Of these, with the answer to another question.
    pub false_hits: u64,
    /// Asked while an entry with the right answer was held.
    pub possible: u64,
    /// Of these, answered rightly.
    pub found: u64,
}

impl System<'_> {
    /// Whether the semantic cache knows a request's prompt: not where it is a later
    /// turn of a session, whose meaning is that of all turns before.
    pub(super) fn asks_similar(&self, request: &Request) -> bool {
        self.semantic.is_some() && request.incoming.turn == 0
    }

    /// Asks the semantic cache.
    pub(super) fn ask_similar(&mut self, slot: u32, request: &mut Request, now: Time) -> Next {
        if let Some(next) = self.after_waiting(request, now) {
            return next;
        }
        let prompt = request.incoming.prompt;
        let intent = self.source.intent(prompt);
        let Some(semantic) = &mut self.semantic else { return Next::Stage(Stage::Select) };
        let found = semantic.cache.lookup(prompt, intent, now);
        request.compared = found.compared;
        if request.measured {
            let right = found.answer.is_some_and(|(_, right)| right);
            let judged = &mut self.measures.judged;
            judged.hits += u64::from(found.answer.is_some());
            judged.false_hits += u64::from(found.answer.is_some() && !right);
            judged.possible += u64::from(found.possible);
            judged.found += u64::from(found.possible && right);
        }
        let Some((mut answer, right)) = found.answer else {
            return self.miss(slot, request, now);
        };
        if !right {
            answer.quality = semantic.wrong_answer_quality;
        }
        if semantic.promote
            && let Some(caches) = &mut self.caches
        {
            caches.store(request.key, answer.size(), answer, None, now);
        }
        request.level = SIMILAR;
        self.hit(request, answer, now);
        Next::Stage(Stage::Format)
    }

    /// Keeps a model's answer.
    pub(super) fn store_similar(&mut self, request: &Request, answer: Answer, now: Time) {
        if let Some(semantic) = &mut self.semantic
            && request.incoming.turn == 0
        {
            let prompt = request.incoming.prompt;
            let asked = (prompt, self.source.intent(prompt));
            semantic.cache.store(asked, request.compared, (answer.size(), answer), now);
        }
    }

    /// The row of `levels.csv`, in the order of its columns.
    pub(super) fn semantic_row(&self) -> Option<Vec<Cell>> {
        let cache = &self.semantic.as_ref()?.cache;
        let stats = cache.stats();
        let latency = (stats.lookups > 0).then(|| cache.latency().as_secs_f64());
        let times = [latency.into(), Cell::Empty, Cell::Empty];
        Some(level_row(SEMANTIC, stats, cache.len(), Cell::Empty, times))
    }
}
