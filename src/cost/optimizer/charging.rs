//! Charging: what is let go of, and what is paid.

use super::Optimizer;
use crate::cost::ledger::Charge;
use crate::cost::{ModelId, Money, Payer, Usage};
use crate::kernel::{Duration, Time};

impl Optimizer {
    /// Lets go of what was held for a request that is not answered after all.
    #[inline]
    pub fn release(&mut self, payer: impl Into<Payer>, hold: Money) {
        if hold != Money::ZERO {
            let payer = payer.into();
            self.budgets.hold(payer, -hold);
            self.ledger.hold(payer.user, -hold);
        }
    }

    /// Charges a user for an answer, and returns how much. What is held for it is
    /// to be [released](Optimizer::release) first.
    ///
    /// # Panics
    /// `model` is not one of those given to [`new`](Optimizer::new).
    #[inline]
    pub fn charge(
        &mut self,
        payer: impl Into<Payer>,
        model: ModelId,
        usage: &Usage,
        now: Time,
    ) -> Money {
        self.change_prices(now);
        let payer = payer.into();
        let user = payer.user;
        let amount = self.price(model).of_usage(usage);
        let (overshoot, alerted) = self.budgets.spend(payer, amount, now);
        let &Usage { input_decitokens, output_tokens, .. } = usage;
        self.ledger.charge(&Charge {
            user,
            model,
            input_decitokens,
            output_tokens,
            amount,
            overshoot,
        });
        if alerted {
            self.ledger.alert();
        }
        if let Some(allocation) = &mut self.allocation {
            let output = 10 * u64::from(output_tokens);
            allocation.spend(user, model, amount, input_decitokens.saturating_add(output));
        }
        amount
    }

    /// Charges a user for something other than a model's tokens, such as a judge.
    pub fn charge_fee(&mut self, payer: impl Into<Payer>, amount: Money, now: Time) {
        let payer = payer.into();
        let (overshoot, alerted) = self.budgets.spend(payer, amount, now);
        self.ledger.fee(payer.user, amount, overshoot);
        if alerted {
            self.ledger.alert();
        }
    }

    /// Charges for `gpus` GPUs of a model's own servers over a span of time, and
    /// returns how much: GPU hours times the model's `per_gpu_hour`, rounded to
    /// the pico-dollar. It is nobody's budget.
    ///
    /// # Panics
    /// `model` is not one of those given to [`new`](Optimizer::new).
    pub fn charge_servers(&mut self, model: ModelId, gpus: u64, span: Duration) -> Money {
        const HOUR: i128 = 3600 * 1_000_000_000;
        let nanos = i128::from(span.as_nanos()) * i128::from(gpus);
        let price = self.price(model).gpu_hour();
        // In parts, so that no product of a rest overflows.
        let (hours, rest) = (nanos / HOUR, nanos % HOUR);
        let (each, left) = (price.picos() / HOUR, price.picos() % HOUR);
        let part = Money::from_picos(each) * rest;
        let amount = price * hours + part + Money::from_picos((left * rest + HOUR / 2) / HOUR);
        self.ledger.serve(model, amount);
        amount
    }
}
