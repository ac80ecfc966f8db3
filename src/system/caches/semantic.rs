//! A request at the semantic cache, and an answer on its way into it.

use super::{Caches, take_answer};
use crate::cache::{SEMANTIC, SemanticCache, SemanticPlan};
use crate::cost::Optimizer;
use crate::kernel::{Streams, Time};
use crate::pipeline::Stage;
use crate::stats::Cell;
use crate::system::event::Next;
use crate::system::ids::Id;
use crate::system::measure::Observers;
use crate::system::request::{Answer, Request, SIMILAR};
use crate::system::tables::level_row;
use crate::workload::Source;

/// The semantic cache, and what becomes of its answers.
pub struct Semantic {
    /// Its entries.
    pub cache: SemanticCache<Answer>,
    wrong_answer_quality: f64,
    promote: bool,
}

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

impl Semantic {
    pub(super) fn new(plan: &SemanticPlan, streams: &Streams) -> Self {
        Semantic {
            cache: plan.cache(streams),
            wrong_answer_quality: plan.spec().wrong_answer_quality.get(),
            promote: plan.spec().promote,
        }
    }
}

impl Caches {
    /// Whether the semantic cache knows a request's prompt: not where it is a later
    /// turn of a session, whose meaning is that of all turns before.
    #[inline]
    pub(super) fn asks_similar(&self, request: &Request) -> bool {
        self.semantic.is_some() && request.incoming.turn == 0
    }

    /// Asks the semantic cache.
    pub fn look_up_similar(
        &mut self,
        id: Id<Request>,
        request: &mut Request,
        source: &Source,
        optimizer: &mut Optimizer,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Next {
        if let Some(next) = self.after_waiting(request, observers, now) {
            return next;
        }
        let prompt = request.incoming.prompt;
        let intent = source.intent(prompt);
        let Some(semantic) = &mut self.semantic else { return Next::Stage(Stage::Select) };
        let found = semantic.cache.lookup(prompt, intent, now);
        request.compared = found.compared;
        if request.measured {
            let right = found.answer.is_some_and(|(_, right)| right);
            let judged = &mut observers.measures.judged;
            judged.hits += u64::from(found.answer.is_some());
            judged.false_hits += u64::from(found.answer.is_some() && !right);
            judged.possible += u64::from(found.possible);
            judged.found += u64::from(found.possible && right);
        }
        let Some((mut answer, right)) = found.answer else {
            return self.miss(id, request, observers, now);
        };
        if !right {
            answer.quality = semantic.wrong_answer_quality;
        }
        if semantic.promote
            && let Some(levels) = &mut self.levels
        {
            levels.store(request.key, answer.size(), answer, None, now);
        }
        request.level = SIMILAR;
        take_answer(request, answer, optimizer, observers, now);
        Next::Stage(Stage::Format)
    }

    /// Keeps a model's answer.
    pub(super) fn store_similar(
        &mut self,
        request: &Request,
        answer: Answer,
        source: &Source,
        now: Time,
    ) {
        if let Some(semantic) = &mut self.semantic
            && request.incoming.turn == 0
        {
            let prompt = request.incoming.prompt;
            let asked = (prompt, source.intent(prompt));
            semantic.cache.store(asked, request.compared, (answer.size(), answer), now);
        }
    }

    /// The row of `levels.csv`, in the order of its columns.
    pub fn semantic_row(&self) -> Option<Vec<Cell>> {
        let cache = &self.semantic.as_ref()?.cache;
        let stats = cache.stats();
        let latency = (stats.lookups > 0).then(|| cache.latency().as_secs_f64());
        let times = [latency.into(), Cell::Empty, Cell::Empty];
        Some(level_row(SEMANTIC, stats, cache.len(), Cell::Empty, times))
    }
}
