//! A request at the semantic cache, and an answer on its way into it.

use super::model::{Next, System};
use super::request::Request;
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
    /// Where a request goes that has its key.
    pub(super) fn first_cache(&self) -> Stage {
        if self.caches.is_some() { Stage::Cache } else { self.after_levels() }
    }

    /// Where a request goes that no exact level could answer.
    pub(super) fn after_levels(&self) -> Stage {
        if self.semantic.is_some() { Stage::Semantic } else { Stage::Select }
    }

    /// Asks the semantic cache.
    pub(super) fn ask_similar(&mut self, request: &mut Request, now: Time) -> Next {
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
            self.count_miss(request, now);
            return Next::Stage(Stage::Select);
        };
        if !right {
            answer.quality = semantic.wrong_answer_quality;
        }
        if semantic.promote
            && let Some(caches) = &mut self.caches
        {
            caches.store(request.key, answer.size(), answer, now);
        }
        request.similar = true;
        self.count_hit(request, answer, now);
        Next::Stage(Stage::Format)
    }

    /// Keeps a model's answer.
    pub(super) fn store_similar(&mut self, request: &Request, now: Time) {
        if let (Some(semantic), Some(answer)) = (&mut self.semantic, request.answer) {
            let prompt = request.incoming.prompt;
            let asked = (prompt, self.source.intent(prompt));
            semantic.cache.store(asked, request.compared, (answer.size(), answer), now);
        }
    }

    /// The row of `levels.csv`, in the order of its columns.
    pub(super) fn semantic_row(&self) -> Option<Vec<Cell>> {
        let cache = &self.semantic.as_ref()?.cache;
        let stats = cache.stats();
        let rate = (stats.lookups > 0).then(|| stats.hits as f64 / stats.lookups as f64);
        Some(vec![
            SEMANTIC.into(),
            stats.lookups.into(),
            stats.hits.into(),
            stats.misses.into(),
            rate.into(),
            stats.insertions.into(),
            stats.promotions.into(),
            stats.evictions.into(),
            stats.expirations.into(),
            stats.rejected.into(),
            (cache.len() as u64).into(),
        ])
    }
}
