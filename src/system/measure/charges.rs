//! How money is counted: what was paid, and what was not.

use super::bill::{LevelHits, Waste};
use super::{Measures, Share};
use crate::cost::{Money, Usage};
use crate::kernel::Duration;
use crate::pipeline::Outcome;
use crate::system::request::{Answer, SIMILAR};

impl Measures {
    /// An amount of a lever in dollars; NaN where there are none.
    pub fn lever(&self, amount: Money) -> f64 {
        if self.has_levers { amount.usd() } else { f64::NAN }
    }

    /// The levels that gave answers, and what those saved; 255 is the semantic cache.
    pub fn hits_by_level(&self) -> impl Iterator<Item = (u8, LevelHits)> + '_ {
        let levels = self.by_level.iter().enumerate().filter(|(_, level)| level.hits > 0);
        levels.map(|(level, hits)| (level as u8, *hits))
    }

    fn level(&mut self, level: u8) -> &mut LevelHits {
        let place = usize::from(level);
        if self.by_level.len() <= place {
            self.by_level.resize(place + 1, LevelHits::default());
        }
        &mut self.by_level[place]
    }

    /// Those of whom something is counted: a user, and a model.
    fn shares(&mut self, user: u32, model: u32) -> [&mut Share; 2] {
        [&mut self.users[user as usize], &mut self.models[model as usize]]
    }

    /// Counts an answer from a cache level to a request of `user`.
    #[inline]
    pub fn hit(&mut self, user: u32, level: u8, answer: &Answer) {
        for share in self.shares(user, answer.model) {
            share.hits += 1;
            share.saved += answer.cost;
        }
        self.hits += 1;
        self.saved += answer.cost;
        let of_level = self.level(level);
        of_level.hits += 1;
        of_level.saved += answer.cost;
    }

    /// Counts an answer that another request of `user` waited for.
    pub fn coalesce(&mut self, user: u32, answer: &Answer) {
        self.coalesced += 1;
        self.coalesced_saved += answer.cost;
        for share in self.shares(user, answer.model) {
            share.coalesced += 1;
        }
    }

    /// Counts what an answered request costs by the list, and who saved that: a cache, or
    /// the choice of models, which what they charged is taken off.
    pub fn list(&mut self, outcome: Outcome, list: Money) {
        let saved = match outcome {
            Outcome::Hit(level) => &mut self.level(level).list,
            Outcome::SimilarHit => &mut self.level(SIMILAR).list,
            Outcome::Coalesced => &mut self.savings.coalesced,
            Outcome::Answered => &mut self.savings.routing,
            Outcome::Failed(_) => return,
        };
        *saved += list;
        self.savings.list += list;
    }

    /// Counts what `user` was charged for a judge.
    pub fn judge(&mut self, user: u32, amount: Money) {
        self.bill.judges += amount;
        self.users[user as usize].bill.judges += amount;
        self.savings.routing -= amount;
    }

    /// Counts what `user` was charged for a tool.
    pub fn tool(&mut self, user: u32, amount: Money) {
        self.bill.tools += amount;
        self.users[user as usize].bill.tools += amount;
    }

    /// Counts what a server of `model` with so many GPUs cost for a span by the hour.
    pub fn serve_hours(&mut self, model: u32, gpus: u64, span: Duration, amount: Money) {
        self.bill.servers += amount;
        self.models[model as usize].bill.servers += amount;
        if self.in_window.has_gpus(model) {
            self.in_window.gpu_s += gpus as f64 * span.as_secs_f64();
        }
    }

    /// Counts a wrong answer to `user`: that of `model`, or of a workflow.
    pub fn wrong_answer(&mut self, user: u32, model: Option<u32>) {
        let price = self.wrong_answer_price;
        self.wrong_answers += 1;
        self.bill.wrong_answers += price;
        self.users[user as usize].bill.wrong_answers += price;
        if let Some(model) = model {
            self.models[model as usize].bill.wrong_answers += price;
        }
    }

    /// Counts a request that kept a prompt of `user` in the cache of `model`'s provider.
    pub fn keep_alive(&mut self, user: u32, model: u32, usage: &Usage, cost: Money) {
        let sums = &mut self.prompts[model as usize];
        sums.keep_alives += 1;
        sums.keep_alive_cost += cost;
        let waste = Waste { usage: *usage, cost, prefix: true };
        self.count_waste(user, model, &waste);
    }

    /// Counts what `model` did in vain for a request of `user`. Times of answers are
    /// not touched.
    pub fn waste(&mut self, user: u32, model: u32, waste: &Waste) {
        self.wasted += waste.cost;
        self.count_waste(user, model, waste);
    }

    /// Counts tokens and money that no answer came of.
    fn count_waste(&mut self, user: u32, model: u32, waste: &Waste) {
        let Waste { usage, cost, prefix } = waste;
        if *prefix {
            self.cached_decitokens += usage.cached_decitokens;
            self.prefix_decitokens += usage.input_decitokens;
        }
        self.bill.tokens += *cost;
        self.input_decitokens += usage.input_decitokens;
        self.output_tokens += u64::from(usage.output_tokens);
        for share in self.shares(user, model) {
            share.input_decitokens += usage.input_decitokens;
            share.cached_decitokens += usage.cached_decitokens;
            share.output_tokens += u64::from(usage.output_tokens);
            share.bill.tokens += *cost;
        }
    }
}
