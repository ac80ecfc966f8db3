//! A request at the semantic cache, and an answer on its way into it.

use super::{Caches, count_crossing, take_answer};
use crate::cache::{Question, SemanticCache, SemanticPlan};
use crate::cost::Optimizer;
use crate::kernel::{Streams, Time};
use crate::pipeline::Stage;
use crate::system::ids::RequestId;
use crate::system::measure::Observers;
use crate::system::request::{Answer, Looked, Next, Request, SIMILAR};
use crate::workload::{Incoming, IntentId, Source};

/// The semantic cache, and what becomes of its answers.
pub struct Semantic {
    /// Its entries.
    pub cache: SemanticCache<Answer>,
    wrong_answer_quality: f64,
    promote: bool,
    turns: u32,
}

impl Semantic {
    pub(super) fn new(plan: &SemanticPlan, scopes: usize, copy: usize, streams: &Streams) -> Self {
        Semantic {
            cache: plan.scoped_cache(scopes, copy, streams),
            wrong_answer_quality: plan.spec().wrong_answer_quality.get(),
            promote: plan.spec().promote,
            turns: plan.spec().turns,
        }
    }
}

impl Caches {
    /// Whether a request asks the semantic cache: not where it is too late a turn of a
    /// session, whose meaning is that of all turns before.
    #[inline]
    pub(super) fn asks_similar(&self, request: &Request) -> bool {
        self.semantic.first().is_some_and(|it| request.incoming.turn < it.turns)
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
        let question = question(request, source);
        let semantic = of_copy(&mut self.semantic, request);
        let Some(semantic) = semantic else { return Next::Stage(Stage::Select) };
        let found = semantic.cache.lookup(question, now);
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
            levels.turn_to(request.incoming.copy);
            levels.store(request.key, answer.size(), answer, None, now);
        }
        count_crossing(&self.scopes, request, answer, observers);
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
        if let Some(semantic) = of_copy(&mut self.semantic, request)
            && request.incoming.turn < semantic.turns
        {
            let question = question(request, source);
            semantic.cache.store(question, request.compared, (answer.size(), answer), now);
        }
    }
}

/// The semantic cache of a request's copy of the gateway, or the one that all copies share.
fn of_copy<'s>(all: &'s mut [Semantic], request: &Request) -> Option<&'s mut Semantic> {
    let last = all.len().checked_sub(1)?;
    all.get_mut(usize::from(request.incoming.copy).min(last))
}

/// What a request asks. What a later turn means, only its own session has asked.
fn question(request: &Request, source: &Source) -> Question {
    let Incoming { prompt, turn, .. } = request.incoming;
    let intent = if turn == 0 { source.intent(prompt) } else { IntentId(prompt.0) };
    Question { prompt, intent, scope: request.scope }
}
