//! Another model than the one that was chosen, as that one failed.

use super::Optimizer;
use crate::cost::{Cached, Demand, ModelId, Money};
use crate::kernel::Time;

impl Optimizer {
    /// Lets go of `hold`, and holds the estimate of `model` instead (nothing, where
    /// estimates are not held). Returns what is held now; `None` if the budget does not
    /// pay for that model, in which case nothing is. What its provider has of the prompt is
    /// `cached`; money is held for what it costs without.
    ///
    /// # Panics
    /// `model` is not one of those given to [`new`](Optimizer::new).
    pub fn hold_instead(
        &mut self,
        demand: &Demand,
        model: ModelId,
        hold: Money,
        cached: Cached,
        now: Time,
    ) -> Option<Money> {
        self.change_prices(now);
        self.release(demand.user, hold);
        let expected = self.expected(demand);
        let (input, output) = (expected.input_decitokens, expected.most_output());
        let reserves = self.reserve.is_some();
        let estimate = match cached.keeps {
            true if reserves => self.price(model).of_usage(&cached.gone().usage(&expected)),
            true => self.price(model).of_usage(&cached.usage(&expected)),
            false => self.price(model).rates(input).most().of(input, output),
        };
        if !self.budgets.purse(demand.user, now).allowance.pays(estimate) {
            return None;
        }
        let hold = if reserves { estimate } else { Money::ZERO };
        self.release(demand.user, -hold);
        Some(hold)
    }
}
