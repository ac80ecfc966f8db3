//! Money: prices, budgets, the ledger and the choice of a model.

pub mod money;

pub use money::Money;
