//! What goes into an engine and what comes out.

use crate::kernel::Time;

/// A job's number: an index, and which it is of the jobs that had that index one after
/// another. What is heard of a job that was taken back or lost cannot be mistaken for
/// news of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// Should be small, such as that of a table: memory grows with the greatest.
    pub index: u32,
    /// Another one for each job of the same index.
    pub generation: u32,
}

impl From<u32> for JobId {
    fn from(index: u32) -> Self {
        JobId { index, generation: 0 }
    }
}

/// A request as an engine sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Job<'a> {
    /// The caller's number for it, by which it is known until it is finished, taken
    /// back or lost; no other job that is here may have its index.
    pub id: JobId,
    /// Tokens of the prompt; 0 counts as 1.
    pub input_tokens: u32,
    /// Tokens of the answer. With 0 the job is finished when its prompt is computed.
    pub output_tokens: u32,
    /// Smaller goes first, under `policy: priority`.
    pub priority: u32,
    /// The prompt's chain of blocks, each id standing for
    /// [`tokens_per_id`](super::EngineSpec::tokens_per_id) tokens and all before them;
    /// of a short last block there may be an id or not.
    pub blocks: &'a [u64],
    /// Whether `blocks` go on with those of the answer, for prompts that go on from there.
    pub names_answer: bool,
    /// Whether the keys and values of the prompt, save those of its last token, come
    /// with the job, computed by another engine.
    pub prefilled: bool,
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `queue_limit` jobs wait already.
    QueueFull,
    /// It would never fit: into the memory, `max_model_len`, or, without chunked
    /// prefill, `max_num_batched_tokens`.
    TooLong,
    /// The engine takes no more jobs.
    Draining,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Progress {
    /// When: the start of a step for those that start, resume and are preempted, the
    /// end of one for others.
    pub at: Time,
    /// The job's number.
    pub id: JobId,
    /// What.
    pub kind: ProgressKind,
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProgressKind {
    /// Its first step begins.
    Started {
        /// Tokens of its prompt that were found computed.
        cached_tokens: u32,
    },
    /// It lost its blocks to others and waits for being computed again.
    Preempted,
    /// Its first step after that begins.
    Resumed {
        /// Tokens of its prompt and of its answer that were still there.
        cached_tokens: u32,
    },
    /// The first token of its answer is there.
    FirstToken,
    /// Its answer is whole, and the engine has forgotten it.
    Finished,
}
