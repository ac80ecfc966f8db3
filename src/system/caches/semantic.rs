//! A request at the semantic cache, and an answer on its way into it.

use super::{Caches, take_answer};
use crate::cache::{SemanticCache, SemanticPlan};
use crate::cost::Optimizer;
use crate::kernel::{Streams, Time};
use crate::pipeline::Stage;
use crate::system::ids::RequestId;
use crate::system::measure::Observers;
use crate::system::request::{Answer, Looked, Next, Request, SIMILAR};
use crate::workload::Source;

/// The semantic cache, and what becomes of its answers.
pub struct Semantic {
    /// Its entries.
    pub cache: SemanticCache<Answer>,
    wrong_answer_quality: f64,
    promote: bool,
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
        id: RequestId,
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
            answer.wrong = true;
        }
        if semantic.promote
            && let Some(levels) = &mut self.levels
        {
            levels.store(request.key, answer.size(), answer, None, now);
        }
        request.level = SIMILAR;
        take_answer(request, answer, optimizer, observers, now);
        request.looked = if right { Looked::Hit } else { Looked::FalseHit };
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
}
