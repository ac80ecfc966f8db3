//! Why things fail, and what their time was spent on.

use crate::kernel::Duration;
use crate::orchestration::plan::Kind;
use crate::pipeline::RequestError;

/// Why something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request was refused or failed.
    Call(RequestError),
    /// A tool failed.
    Tool,
    /// It took too long.
    Deadline,
    /// Too few of what it waited for succeeded.
    Join,
    /// It made too many calls of models.
    Calls,
    /// It cost too much.
    Cost,
    /// A loop ran to its limit.
    Runaway,
    /// Agents waited for each other: none had anything to say.
    Deadlock,
    /// Too many of its kind waited already.
    Full,
    /// All of its kind had spent what they may.
    Budget,
}

impl Reason {
    /// All of them, in the order of the columns of results.
    pub const NAMES: [&'static str; 10] = [
        "call", "tool", "deadline", "join", "calls", "cost", "runaway", "deadlock", "full",
        "budget",
    ];

    /// Its place among them.
    pub const fn index(self) -> usize {
        match self {
            Reason::Call(_) => 0,
            Reason::Tool => 1,
            Reason::Deadline => 2,
            Reason::Join => 3,
            Reason::Calls => 4,
            Reason::Cost => 5,
            Reason::Runaway => 6,
            Reason::Deadlock => 7,
            Reason::Full => 8,
            Reason::Budget => 9,
        }
    }

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        Reason::NAMES[self.index()]
    }

    /// Whether it was turned away before it began.
    pub const fn is_rejection(self) -> bool {
        matches!(self, Reason::Full | Reason::Budget)
    }
}

/// Time by what it was spent on, along the way that decided when something ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path(pub [Duration; Kind::ALL.len()]);

impl Path {
    /// More time of a kind.
    #[inline]
    pub fn add(&mut self, kind: Kind, span: Duration) {
        self.0[kind as usize] += span;
    }

    /// All of it.
    pub fn total(&self) -> Duration {
        self.0.iter().fold(Duration::ZERO, |sum, it| sum + *it)
    }
}
