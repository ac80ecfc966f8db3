//! A job as it was recorded: calls of models, and what each of them waited for.

use std::ops::Range;

use super::sent_text::SentText;
use crate::kernel::Duration;
use crate::kernel::keyed_uniform::mix;
use crate::workload::incoming::PromptId;

/// Calls of models that belong together: an agent's task, a conversation. Each call is made
/// when all that it waits for have been answered and what people and tools did in between
/// has taken its time, so that a slower system takes longer over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedJob {
    calls: Vec<RecordedCall>,
    /// Of all calls, those that each waits for, and those that wait for it.
    after: Vec<u32>,
    feeds: Vec<u32>,
    blocks: Vec<u64>,
    /// By call: what its prompt says, where texts were recorded.
    texts: Vec<SentText>,
    opening: Opening,
}

/// What the prompts of a job's threads begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Names it: jobs with equal names begin alike.
    pub name: u64,
    /// Its tokens; 0 where jobs have nothing in common.
    pub tokens: u32,
}

/// A call of a model in a [`RecordedJob`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// How long people took after all that it waits for.
    pub think: Duration,
    /// How long tools took after that.
    pub tools: Duration,
    /// Tokens of its prompt.
    pub input_tokens: u32,
    /// Tokens of its answer; `None` leaves them to the model.
    pub output_tokens: Option<u32>,
    /// Which prompt it is.
    pub prompt: PromptId,
    /// What names the blocks of its prompt where they are not recorded: calls of the same
    /// thread begin alike, as far as the shorter goes.
    pub thread: PromptId,
    /// The model that it asked, by its number among those that were recorded.
    pub model: Option<u32>,
    after: Range<u32>,
    feeds: Range<u32>,
    blocks: Range<u32>,
}

/// A call as a reader finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDraft {
    /// As [`RecordedCall::think`].
    pub think: Duration,
    /// As [`RecordedCall::tools`].
    pub tools: Duration,
    /// As [`RecordedCall::input_tokens`].
    pub input_tokens: u32,
    /// As [`RecordedCall::output_tokens`].
    pub output_tokens: Option<u32>,
    /// As [`RecordedCall::prompt`]; `None` where it is not known: it is one of its own.
    pub prompt: Option<PromptId>,
    /// As [`RecordedCall::thread`].
    pub thread: PromptId,
    /// As [`RecordedCall::model`].
    pub model: Option<u32>,
    /// What its prompt says: of all calls of a job, or of none.
    pub text: Option<SentText>,
    /// The ids of its prompt's blocks, if they are known.
    pub blocks: Vec<u64>,
    /// Or how many of the blocks that [`RecordedJob::sharing`] is given its prompt has.
    pub shared_blocks: u32,
    /// The calls that it waits for, by their places in the job.
    pub after: Vec<u32>,
}

impl RecordedJob {
    /// The job of these calls.
    ///
    /// # Errors
    /// The place of a call that waits for itself, by way of others or not.
    ///
    /// # Panics
    /// If a call waits for one that is not there.
    pub fn new(drafts: Vec<CallDraft>) -> Result<Self, usize> {
        RecordedJob::sharing(drafts, Vec::new())
    }

    /// The same, of calls whose prompts are beginnings of one text, of which these are the blocks.
    ///
    /// # Errors
    /// As [`RecordedJob::new`].
    ///
    /// # Panics
    /// As [`RecordedJob::new`].
    pub fn sharing(drafts: Vec<CallDraft>, blocks: Vec<u64>) -> Result<Self, usize> {
        let calls = Vec::with_capacity(drafts.len());
        let mut job = RecordedJob { calls, blocks, ..Self::default() };
        let mut feeds: Vec<Vec<u32>> = vec![Vec::new(); drafts.len()];
        for (place, mut draft) in (0..).zip(drafts) {
            draft.after.sort_unstable();
            draft.after.dedup();
            draft.after.iter().for_each(|before| feeds[*before as usize].push(place));
            job.calls.push(RecordedCall {
                think: draft.think,
                tools: draft.tools,
                input_tokens: draft.input_tokens,
                output_tokens: draft.output_tokens,
                prompt: draft.prompt.unwrap_or_else(|| own_prompt(draft.thread, place)),
                thread: draft.thread,
                model: draft.model,
                after: append(&mut job.after, &draft.after),
                feeds: 0..0,
                blocks: match draft.shared_blocks {
                    0 => append(&mut job.blocks, &draft.blocks),
                    shared => 0..shared,
                },
            });
            job.texts.extend(draft.text);
        }
        debug_assert!(job.texts.is_empty() || job.texts.len() == job.calls.len());
        for (call, feeds) in job.calls.iter_mut().zip(&feeds) {
            call.feeds = append(&mut job.feeds, feeds);
        }
        match job.first_in_circle() {
            Some(place) => Err(place),
            None => Ok(job),
        }
    }

    /// The same, with prompts that begin so.
    #[must_use]
    pub fn opening(self, opening: Opening) -> Self {
        RecordedJob { opening, ..self }
    }

    /// The same job of another file, whose names are its own: threads and prompts that are known
    /// by these, and, where they `count` from 0 in each file, the ids of prompts and blocks.
    #[must_use]
    pub fn of_file(mut self, salt: u64, counts: bool) -> Self {
        if salt == 0 {
            return self;
        }
        for (place, call) in (0..).zip(&mut self.calls) {
            let thread = PromptId(salted(call.thread.0, salt));
            if call.prompt == own_prompt(call.thread, place) {
                call.prompt = own_prompt(thread, place);
            } else if counts {
                call.prompt = PromptId(salted(call.prompt.0, salt));
            }
            call.thread = thread;
        }
        if counts {
            self.blocks.iter_mut().for_each(|block| *block = salted(*block, salt));
        }
        self
    }

    /// The same, of which the first model has this number.
    #[must_use]
    pub fn with_models_from(mut self, first: u32) -> Self {
        let models = self.calls.iter_mut().filter_map(|call| call.model.as_mut());
        models.for_each(|model| *model += first);
        self
    }

    /// What a call's prompt says, where that was recorded.
    #[inline]
    pub fn text(&self, place: u32) -> Option<&SentText> {
        self.texts.get(place as usize)
    }

    /// What its prompts begin with, where their blocks are not recorded.
    pub fn begins_with(&self) -> Opening {
        self.opening
    }

    /// A call that waits for itself: those are never reached from the calls that wait for none.
    fn first_in_circle(&self) -> Option<usize> {
        let mut pending: Vec<usize> = self.calls.iter().map(|it| it.after.len()).collect();
        let mut ready: Vec<u32> = self.starters().collect();
        while let Some(call) = ready.pop() {
            for next in self.feeds(call) {
                pending[*next as usize] -= 1;
                if pending[*next as usize] == 0 {
                    ready.push(*next);
                }
            }
        }
        pending.iter().position(|left| *left > 0)
    }

    /// How many calls it has.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The calls, in the order of the file.
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    /// The call at a place.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn call(&self, place: u32) -> &RecordedCall {
        &self.calls[place as usize]
    }

    /// The calls that wait for no other.
    pub fn starters(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.calls).filter(|(_, call)| call.after.is_empty()).map(|(place, _)| place)
    }

    /// How many calls one waits for.
    #[inline]
    pub fn waits_for(&self, place: u32) -> u32 {
        self.call(place).after.len() as u32
    }

    /// The calls that wait for one.
    #[inline]
    pub fn feeds(&self, place: u32) -> &[u32] {
        within(&self.feeds, &self.call(place).feeds)
    }

    /// The ids of the blocks of a call's prompt; none where they were not recorded.
    #[inline]
    pub fn blocks(&self, place: u32) -> &[u64] {
        within(&self.blocks, &self.call(place).blocks)
    }

    /// How long it takes where models answer at once: the longest way through what people and
    /// tools did.
    pub fn shortest(&self) -> Duration {
        let mut pending: Vec<u32> =
            (0..).zip(&self.calls).map(|(it, _)| self.waits_for(it)).collect();
        let mut begins = vec![Duration::ZERO; self.calls.len()];
        let mut ready: Vec<u32> = self.starters().collect();
        let mut longest = Duration::ZERO;
        while let Some(place) = ready.pop() {
            let call = self.call(place);
            let ends = begins[place as usize] + call.think + call.tools;
            longest = longest.max(ends);
            for next in self.feeds(place) {
                begins[*next as usize] = begins[*next as usize].max(ends);
                pending[*next as usize] -= 1;
                if pending[*next as usize] == 0 {
                    ready.push(*next);
                }
            }
        }
        longest
    }
}

/// The prompt of a call of which only its thread is known.
fn own_prompt(thread: PromptId, place: u32) -> PromptId {
    // Threads may be numbered: those of one are not the next ones of another.
    PromptId(mix(mix(thread.0).wrapping_add(u64::from(place))))
}

/// Another number for the same thing in another file; 0 leaves it.
#[inline]
pub(in crate::workload) fn salted(id: u64, salt: u64) -> u64 {
    // A bijection, so that different ids of one file stay different.
    if salt == 0 { id } else { (id ^ salt.rotate_right(16)).wrapping_mul(0x9e37_79b9_7f4a_7c15) }
}

/// Appends a list to all lists of its kind and tells where it is.
fn append<T: Copy>(all: &mut Vec<T>, list: &[T]) -> Range<u32> {
    let from = all.len() as u32;
    all.extend_from_slice(list);
    from..all.len() as u32
}

fn within<'l, T>(all: &'l [T], range: &Range<u32>) -> &'l [T] {
    &all[range.start as usize..range.end as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(think: u64, tools: u64, after: &[u32]) -> CallDraft {
        let [think, tools] = [think, tools].map(Duration::from_secs);
        CallDraft { think, tools, after: after.to_vec(), ..CallDraft::default() }
    }

    #[test]
    fn calls_know_what_waits_for_them_and_the_longest_way() {
        // 0 -> 1, 2 -> 3, of which 3 stands before 2 in the file.
        let calls = vec![
            call(1, 0, &[]),
            call(0, 5, &[0]),
            call(2, 0, &[1, 3, 3]),
            CallDraft { blocks: vec![7, 8], ..call(0, 3, &[0]) },
        ];
        let job = RecordedJob::new(calls).unwrap();
        assert_eq!((job.starters().collect::<Vec<_>>(), job.feeds(0)), (vec![0], &[1, 3][..]));
        assert_eq!((job.waits_for(2), job.feeds(2), job.blocks(3)), (2, &[][..], &[7, 8][..]));
        assert_eq!(job.shortest(), Duration::from_secs(1 + 5 + 2));
    }

    #[test]
    fn a_circle_is_refused() {
        assert_eq!(RecordedJob::new(vec![call(0, 0, &[0])]), Err(0));
        let calls = vec![call(0, 0, &[]), call(0, 0, &[0, 2]), call(0, 0, &[1])];
        assert_eq!(RecordedJob::new(calls), Err(1));
    }
}
