//! Bills as columns: what was paid, and what for.

use crate::stats::Cell;
use crate::system::measure::{Bill, Measures, Share};

/// The parts of a bill of a user or a workflow.
pub const PARTS: [&str; 5] = [
    "token_cost_usd",
    "judge_cost_usd",
    "tool_cost_usd",
    "server_cost_usd",
    "wrong_answer_cost_usd",
];

/// Who used the servers that all share: their cost is divided in proportion to tokens, or,
/// where there were none, to requests. Servers that nobody used are nobody's.
#[derive(Clone, Copy, Debug)]
pub struct Division {
    servers: f64,
    tokens: f64,
    requests: f64,
}

impl Division {
    /// Among users.
    pub fn among_users(measures: &Measures) -> Self {
        let all = measures.users.iter();
        Division::among(measures, all.map(|user| (tokens(user), user.requests)))
    }

    /// Among those who used so many tokens and had so many requests.
    pub fn among(measures: &Measures, uses: impl Iterator<Item = (f64, u64)>) -> Self {
        let (tokens, requests) = uses.fold((0.0, 0.0), |(tokens, requests), (more, count)| {
            (tokens + more, requests + count as f64)
        });
        Division { servers: measures.bill.servers.usd(), tokens, requests }
    }

    /// The part in dollars of one who used so many tokens and had so many requests.
    pub fn part(&self, tokens: f64, requests: u64) -> f64 {
        if self.tokens > 0.0 {
            self.servers * tokens / self.tokens
        } else if self.requests > 0.0 {
            self.servers * requests as f64 / self.requests
        } else {
            0.0
        }
    }
}

/// The tokens that models read and wrote for a user.
pub fn tokens(share: &Share) -> f64 {
    share.input_decitokens as f64 / 10.0 + share.output_tokens as f64
}

/// The columns [`PARTS`] of a bill, with a part of the servers in dollars.
pub fn parts(bill: &Bill, servers: f64) -> [Cell; PARTS.len()] {
    let Bill { tokens, judges, tools, wrong_answers, .. } = bill;
    [tokens.usd(), judges.usd(), tools.usd(), servers, wrong_answers.usd()].map(Cell::Num)
}

/// All of a bill in dollars, with a part of the servers.
pub fn total(bill: &Bill, servers: f64) -> f64 {
    (bill.total() - bill.servers).usd() + servers
}
