//! A request's money, and what was saved on it.

use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::system::upstream::{Queued, Seat};

/// A request's money, and what was done about it.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    /// Held of budgets.
    pub hold: Money,
    /// Charged so far, for all models that were asked.
    pub spent: Money,
    /// Of this, for judges.
    pub judged: Money,
    /// What the answer costs by the list, where that is kept.
    pub list: Money,
    /// The slot that it has at its model.
    pub slot: Option<Seat>,
    /// Where it waits for one, if it may leave.
    pub queued: Option<Queued>,
    /// How long it waited for that.
    pub seated_after: Duration,
    /// When it got it.
    pub seated_at: Time,
    /// Models that were asked before the present one.
    pub attempt: u32,
    /// Whether it has just waited for its budget.
    pub waited: bool,
    /// Whether levers were pulled.
    pub pulled: bool,
    /// Whether the batch API answers.
    pub batch: bool,
    /// Tenths of a token of the prompt before it was compressed.
    pub full_input: u64,
    /// Tokens of the answer if it had not been cut.
    pub full_output: u32,
    /// What is left of the model's quality.
    pub quality: f64,
}

impl Spend {
    /// Nothing was spent on a prompt of so many tenths of a token.
    pub fn new(full_input: u64) -> Self {
        Spend {
            hold: Money::ZERO,
            spent: Money::ZERO,
            judged: Money::ZERO,
            list: Money::ZERO,
            slot: None,
            queued: None,
            seated_after: Duration::ZERO,
            seated_at: Time::ZERO,
            attempt: 0,
            waited: false,
            pulled: false,
            batch: false,
            full_input,
            full_output: 0,
            quality: 1.0,
        }
    }
}

/// What levers saved on the way from the list price to the bill.
#[derive(Clone, Copy, Debug, Default)]
pub struct Savings {
    /// What the baseline would have cost for all answers.
    pub list: Money,
    /// By waiting for an answer that another request had asked for.
    pub coalesced: Money,
    /// By the choice of models; below zero where it cost more.
    pub routing: Money,
    /// By shorter prompts.
    pub compression: Money,
    /// By shorter answers.
    pub trimming: Money,
    /// By the batch API.
    pub batch: Money,
}
