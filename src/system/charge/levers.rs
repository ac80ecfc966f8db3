//! A request that is made cheaper: its prompt compressed, its answer cut, or put
//! off to the batch API.

use super::{Charge, Savings, Spend};
use crate::cost::{ModelId, Money, Usage};
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

    /// From the list price to what would have been charged without a prefix cache.
    pub(super) fn count_savings(
        &self,
        savings: &mut Savings,
        spend: &Spend,
        model: ModelId,
        usage: &Usage,
        full_price: Money,
    ) {
        let Some(levers) = &self.levers else { return };
        let price = self.optimizer.price(model);
        let Spend { full_input, full_output, attempt, .. } = *spend;
        let full = Usage::new(full_input, full_output);
        let at_full_length = price.of_usage(&full);
        let compressed = price.of_usage(&Usage::new(usage.input_decitokens, full_output));
        let trimmed = price.of_usage(&Usage { batch: false, ..usage.uncached() });
        let list = match levers.baseline() {
            None => at_full_length,
            Some(baseline) if attempt == 0 => self.optimizer.price(baseline).of_usage(&full),
            // The baseline would have answered once.
            Some(_) => Money::ZERO,
        };
        savings.list += list;
        savings.routing += list - at_full_length;
        savings.compression += at_full_length - compressed;
        savings.trimming += compressed - trimmed;
        savings.batch += trimmed - full_price;
    }
}
