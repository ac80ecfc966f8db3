//! What is under way: workflows, flows within them, steps of these, and single
//! calls.
//!
//! ```text
//! Instance ── Scope (a flow) ── Run (a step) ── Job (an item, a try) ── Call, tool, or a Scope
//! ```

use super::outcome::{Path, Reason};
use super::tally::Spent;
use crate::cost::Money;
use crate::kernel::{EventId, Ticket, Time};
use crate::workload::{CallId, Incoming};

/// No frame.
pub const NONE: u32 = u32::MAX;

/// What came of a call, a step or a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Tokens that later prompts read.
    pub tokens: u32,
    /// All tokens that were said on the way there.
    pub spoken: u32,
    /// What names its text: equal texts have equal names.
    pub text: u64,
    /// 0 is right; others are so many ways to be wrong.
    pub label: u16,
    /// Whether it accepts what it judged, if it did.
    pub verdict: Option<bool>,
}

/// A workflow under way.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    pub root: u32,
    /// Its number in order of arrival, from 0.
    pub number: u64,
    /// What names its draws.
    pub key: u64,
    pub incoming: Incoming,
    /// What it does, if that was recorded.
    pub recorded: u32,
    pub measured: bool,
    /// When its turn came.
    pub began: Time,
    pub scope: u32,
    pub deadline: Option<EventId>,
    pub calls: u32,
    pub jobs: u32,
    /// Nanoseconds that models have worked for it.
    pub attained: u64,
    pub spent: Spent,
}

/// The state of a step in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Status {
    /// It waits for others.
    #[default]
    Waiting,
    /// It is being done.
    Running,
    /// It was done.
    Done,
    /// It failed, and the flow goes on.
    Failed,
    /// It was left out.
    Skipped,
    /// Nobody needed it any more.
    CalledOff,
}

impl Status {
    /// Whether nothing more will come of it.
    pub fn has_ended(self) -> bool {
        !matches!(self, Status::Waiting | Status::Running)
    }
}

/// A step of a flow under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepState {
    pub status: Status,
    /// Steps that it waits for and that have not ended.
    pub pending: u16,
    /// The step that it chose.
    pub chosen: Option<u16>,
    pub run: u32,
    /// In which order steps were done, from 1.
    pub done: u16,
    pub said: Said,
}

/// A flow under way.
#[derive(Clone, Debug)]
pub struct Scope {
    pub instance: u32,
    /// The job that it is the body of; [`NONE`] for the workflow's own.
    pub parent: u32,
    pub flow: u32,
    pub key: u64,
    pub states: Vec<StepState>,
    /// Steps that have not ended.
    pub left: u16,
    /// Steps that were done.
    pub done: u16,
    /// Tokens that it was given, what names them, and what names all that was said
    /// before them in loops around it.
    pub base: u32,
    pub text: u64,
    pub before: u64,
    /// Whether that is wrong.
    pub label: u16,
    /// Tokens said in it.
    pub spoken: u32,
    /// The way from the end of what it is within to the workflow's end, in
    /// milliseconds.
    pub rank: u32,
    /// It has failed, and what was done is being undone.
    pub failed: Option<Failed>,
}

/// What a flow failed of, after which way, and when.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    pub reason: Reason,
    pub path: Path,
    pub at: Time,
}

/// How many items said the same.
#[derive(Clone, Copy, Debug)]
pub struct Votes {
    pub count: u32,
    /// The first of the items, and what it said.
    pub item: u32,
    pub said: Said,
}

/// A step under way.
#[derive(Clone, Debug)]
pub struct Run {
    pub scope: u32,
    pub step: u16,
    pub key: u64,
    pub round: u32,
    /// Items in all, the next to begin, and those that take part, are under way, were
    /// done, and failed.
    pub items: u32,
    pub next: u32,
    pub taken: u32,
    pub ok: u32,
    pub failed: u32,
    pub jobs: Vec<u32>,
    /// Tokens that it reads, what names them, and whether they are wrong.
    pub reads: Said,
    /// Tokens of earlier rounds, and what names them.
    pub grown: u32,
    pub before: u64,
    /// What this round has said so far: all of it together, and by label.
    pub all: Said,
    pub votes: Vec<Votes>,
    /// Tokens said in this round and in all.
    pub round_spoken: u32,
    pub spoken: u32,
    /// What most said in the last round.
    pub majority: u16,
    /// What was charged for it.
    pub cost: Money,
    /// The inner step whose turn it is.
    pub turn: Option<u16>,
    pub deadline: Option<EventId>,
    pub began: Time,
}

/// Where a job is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Nowhere yet, or done.
    Between,
    /// Before a gate.
    Gate,
    /// Asking a model.
    Call(CallId),
    /// Before a tool.
    Queued(Ticket),
    /// At a tool, until then.
    Tool(EventId),
    /// A flow.
    Scope(u32),
    /// A recorded job.
    Replay(u32),
    /// Waiting before the next try.
    Backoff(EventId),
}

/// Whose a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An item of a step.
    Run(u32),
    /// It undoes a step of a flow that failed.
    Undo(u32),
    /// A call of a recorded job.
    Replay(u32),
}

/// An item of a step, once or again after failures.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub owner: Owner,
    pub instance: u32,
    /// Its step's index among all.
    pub step: u32,
    pub item: u32,
    pub tries: u32,
    pub key: u64,
    pub place: Place,
    /// Gates passed, of the step's and the workflow's.
    pub gates: u8,
    pub began: Time,
    /// Since when it is where it is.
    pub since: Time,
    pub path: Path,
}

/// A call of a model under way, or given up by its workflow.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// [`NONE`] once nobody waits for it.
    pub job: u32,
    /// Its workflow's number.
    pub number: u64,
    /// What its costs are counted to.
    pub step: u32,
    pub root: u32,
    pub measured: bool,
    /// What names the blocks of its prompt after the system prompt; `None` where the
    /// prompt is the workload's own.
    pub conversation: Option<u64>,
    /// Whether a later prompt goes on where its answer ends.
    pub goes_on: bool,
    pub system: u32,
    pub system_id: u64,
    pub question: u64,
    pub key: u64,
    pub priority: Option<u32>,
    pub model: Option<u32>,
}
