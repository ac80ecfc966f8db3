//! A request that is made cheaper: its prompt compressed, its answer cut, or put
//! off to the batch API.

use super::{Charge, Savings, Spend};
use crate::cost::{Levers, ModelId, Money, Usage};
use crate::kernel::Duration;
use crate::system::request::Request;
use crate::system::upstream::Inference;

impl Charge {
    /// Makes a request cheaper before a model is chosen for the first time. `Some`: it
    /// goes on after that time.
    pub fn apply_levers(
        &mut self,
        request: &mut Request,
        inference: &mut Inference,
    ) -> Option<Duration> {
        let spend = &mut inference.spend;
        if spend.pulled {
            return None;
        }
        spend.pulled = true;
        let levers = self.levers.as_ref()?;
        let incoming = &mut request.incoming;
        spend.batch = levers.turnaround(incoming.user, request.id).is_some();
        let compressed = levers.compress(incoming.input_decitokens)?;
        let chars = u64::from(incoming.chars) * compressed.input_decitokens
            / incoming.input_decitokens.max(1);
        incoming.chars = chars as u32;
        incoming.input_decitokens = compressed.input_decitokens;
        spend.quality = compressed.quality;
        Some(compressed.latency).filter(|latency| !latency.is_zero())
    }

    /// So many tokens of an answer as are let through.
    #[inline]
    pub fn cut(&self, output_tokens: u32) -> u32 {
        self.levers.as_ref().map_or(output_tokens, |levers| levers.most_tokens(output_tokens))
    }

    /// How long the batch API takes for a request.
    pub fn turnaround(&self, request: &Request) -> Duration {
        let levers = self.levers.as_ref();
        levers
            .and_then(|levers| levers.turnaround(request.incoming.user, request.id))
            .unwrap_or_default()
    }

    /// How good the answer of a model is, of so many tokens, to a request of these draws.
    #[inline]
    pub(super) fn quality(
        &self,
        model: ModelId,
        spend: &Spend,
        output_tokens: u32,
        (lots, question): (u64, u64),
    ) -> f64 {
        let mut factor = spend.quality;
        if let Some(levers) = self.levers.as_ref().filter(|_| output_tokens < spend.full_output) {
            factor *= levers.cut_quality();
        }
        self.optimizer.quality(model, lots, question, factor)
    }

    /// From what the answer would cost at full length and at once to what would have been
    /// charged without a prefix cache. That the model was asked is taken off what its choice
    /// saved; the list price of the answer that counts is added to it at the end.
    pub(super) fn count_savings(
        &self,
        savings: &mut Savings,
        spend: &Spend,
        model: ModelId,
        usage: &Usage,
        full_price: Money,
    ) {
        let price = self.optimizer.price(model);
        let at_full_length = price.of_usage(&Usage::new(spend.full_input, spend.full_output));
        let compressed = price.of_usage(&Usage::new(usage.input_decitokens, spend.full_output));
        let trimmed = price.of_usage(&Usage { batch: false, ..usage.uncached() });
        savings.routing -= at_full_length;
        savings.compression += at_full_length - compressed;
        savings.trimming += compressed - trimmed;
        savings.batch += trimmed - full_price;
    }

    /// The list price of an answer of a model: what the baseline would cost for it, at full
    /// length, at once and with nothing cached.
    pub(super) fn list_price(&self, model: ModelId, full_input: u64, full_output: u32) -> Money {
        let baseline = self.levers.as_ref().and_then(Levers::baseline).unwrap_or(model);
        self.optimizer.price(baseline).of_usage(&Usage::new(full_input, full_output))
    }

    /// The list price of an answered request, where that is kept: of what a model answered,
    /// that of the moment when it was charged.
    pub fn listed(&self, request: &Request, inference: Option<&Inference>) -> Option<Money> {
        let answer = request.answer.filter(|_| self.lists && request.error.is_none())?;
        if let Some(inference) = inference.filter(|_| !request.cached) {
            return Some(inference.spend.list);
        }
        let input = request.incoming.input_decitokens;
        Some(self.list_price(ModelId(answer.model), input, answer.full_output))
    }
}
