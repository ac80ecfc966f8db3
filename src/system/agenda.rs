//! What is still to be ended.
//!
//! Nothing ends within what began it: a crash that fails an attempt, whose request's
//! workflow fails, which calls its other requests off, would reach back into the list
//! that the crash is walking through, and deeper with each of them. Whoever finds that
//! something must end or go on pushes it here instead. The list is worked off after the
//! event, the last first, so that all that follows from one end comes before the next:
//! several ends are pushed in the reverse of the order in which they are to come. The
//! stack depth depends on no input, and what has gone meanwhile is skipped by its id.

use super::ids::{AttemptId, InferenceId, RequestId};
use crate::cost::Money;
use crate::orchestration::End;
use crate::pipeline::RequestError;
use crate::serving::engine::ProgressKind;
use crate::workload::{CallId, UserId};

/// One thing that is to happen at once.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// A request goes on: what its stage waited for is there.
    Advance(RequestId),
    /// An engine tells of an attempt.
    Progress(AttemptId, ProgressKind),
    /// An attempt that has left its server came to nothing, by its replica's fault.
    AttemptFailed(AttemptId, RequestError),
    /// The last attempt that a request waited for has failed.
    AttemptsFailed(InferenceId, RequestError),
    /// Nobody waits for a workflow's call any more.
    CallOff(CallId),
    /// A workflow's tool is to be paid for.
    Bill {
        /// Who pays.
        user: UserId,
        /// How much.
        amount: Money,
        /// Whether the workflow is measured.
        measured: bool,
    },
    /// The last attempt of a request that has left is gone: nothing needs it any more.
    Forget(RequestId),
    /// A workflow has ended, and its client may go on: see [`Agenda::pop_end`].
    WorkflowEnded,
}

/// The tasks of the event at hand.
#[derive(Debug, Default)]
pub struct Agenda {
    tasks: Vec<Task>,
    /// Beside the list, for they are large and few: those of its `WorkflowEnded`.
    ends: Vec<End>,
}

impl Agenda {
    /// Adds a task, which comes before those that are there already.
    #[inline]
    pub fn push(&mut self, task: Task) {
        self.tasks.push(task);
    }

    /// Adds the end of a workflow.
    pub fn push_end(&mut self, end: &End) {
        self.ends.push(*end);
        self.tasks.push(Task::WorkflowEnded);
    }

    /// The end that belongs to the [`Task::WorkflowEnded`] that was just popped.
    pub fn pop_end(&mut self) -> Option<End> {
        self.ends.pop()
    }

    /// The next task.
    #[inline]
    pub fn pop(&mut self) -> Option<Task> {
        self.tasks.pop()
    }
}
