//! Another model than the one that was chosen, as that one failed.

use super::Optimizer;
use crate::cost::{Demand, ModelId, Money};
use crate::kernel::Time;

impl Optimizer {
    /// Lets go of `hold`, and holds the estimate of `model` instead (nothing, where
    /// estimates are not held), which may be a group's. Returns what is held now; `None` if the budget does not
    /// pay for that model, in which case nothing is.
    ///
    /// # Panics
    /// `model` is not one of those given to [`new`](Optimizer::new).
    pub fn hold_instead(
        &mut self,
        demand: &Demand,
        model: ModelId,
        hold: Money,
        now: Time,
    ) -> Option<Money> {
        self.change_prices(now);
        self.release(demand.user, hold);
        let expected = self.expected(demand);
        let estimate = self.estimate(model, &expected);
        if !self.budgets.purse(demand.user, now).allowance.pays(estimate) {
            return None;
        }
        let hold = if self.reserve.is_some() { estimate } else { Money::ZERO };
        self.release(demand.user, -hold);
        Some(hold)
    }
}
