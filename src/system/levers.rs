//! A request that is made cheaper: its prompt compressed, its answer cut, or put
//! off to the batch API.

use super::model::{Event, Next, System};
use super::request::{Answer, Request};
use crate::cost::{ModelId, Money};
use crate::kernel::{Duration, Scheduler};

impl System<'_> {
    /// Pulls the levers once, before a model is chosen. `Some`: the request goes on
    /// after that time.
    pub(super) fn pull_levers(&mut self, request: &mut Request) -> Option<Duration> {
        if request.spend.pulled {
            return None;
        }
        request.spend.pulled = true;
        request.spend.full_input = request.incoming.input_decitokens;
        let levers = self.levers.as_ref()?;
        request.spend.batch = levers.turnaround(request.incoming.user, request.id).is_some();
        let compressed = levers.compress(request.incoming.input_decitokens)?;
        let chars = u64::from(request.incoming.chars) * compressed.input_decitokens
            / request.incoming.input_decitokens.max(1);
        request.incoming.chars = chars as u32;
        request.incoming.input_decitokens = compressed.input_decitokens;
        request.spend.quality = compressed.quality;
        Some(compressed.latency).filter(|latency| !latency.is_zero())
    }

    /// The length of the answer, cut if it is too long.
    pub(super) fn trimmed(&mut self, request: &mut Request, output_tokens: u32) -> u32 {
        request.spend.full_output = output_tokens;
        self.cut(output_tokens)
    }

    /// So many tokens of an answer as are let through.
    pub(super) fn cut(&self, output_tokens: u32) -> u32 {
        self.levers.as_ref().map_or(output_tokens, |levers| levers.most_tokens(output_tokens))
    }

    /// How good the answer of the request's model is, of so many tokens.
    pub(super) fn answer_quality(&self, request: &Request, output_tokens: u32) -> f64 {
        let mut factor = request.spend.quality;
        if let Some(levers) =
            self.levers.as_ref().filter(|_| output_tokens < request.spend.full_output)
        {
            factor *= levers.cut_quality();
        }
        let (lots, question) = self.draws(request);
        self.optimizer.quality(ModelId(request.model), lots, question, factor)
    }

    /// Sends a request to the batch API, which has servers of its own.
    pub(super) fn defer(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Next {
        let levers = self.levers.as_ref();
        let turnaround = levers
            .and_then(|levers| levers.turnaround(request.incoming.user, request.id))
            .unwrap_or_default();
        let output_tokens = self.answer_tokens(&request.incoming, request.model as usize);
        let output_tokens = self.trimmed(request, output_tokens);
        request.started = sim.now() + turnaround;
        (request.inference, request.first_token) = (Duration::ZERO, Duration::ZERO);
        request.answer = Some(Answer {
            cost: Money::ZERO,
            quality: self.answer_quality(request, output_tokens),
            output_tokens,
            model: request.model,
        });
        sim.schedule_in(turnaround, Event::Advance(slot));
        Next::Wait
    }
}
