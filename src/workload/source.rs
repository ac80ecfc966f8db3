//! The requests of one run.

use std::borrow::Cow;
use std::sync::Arc;

use super::asked::Asked;
use super::blocks::{BlockLists, BlocksId, EVERYONE, chain};
use super::incoming::{Incoming, IntentId, PromptId, UserId, sizes_of_tokens};
use super::params::Profile;
use super::plan::{Kind, Ready};
use super::synthetic::Synthetic;
use super::threads::{FollowUp, turn_name};
use super::trace::{Rows, TraceError};
use super::users::User;
use crate::kernel::{Stream, Streams, Time};

/// The requests of one run in the order of their times: an iterator, endless
/// where arrivals are a random process.
#[derive(Debug)]
pub struct Source {
    ready: Arc<Ready>,
    state: State,
}

/// How far a run has come. Boxed so that a source is cheap to move.
#[derive(Debug)]
enum State {
    Synthetic(Box<Synthetic>),
    Trace(Box<Replay>),
    Listed { next: usize },
}

#[derive(Debug)]
struct Replay {
    rows: Rows,
    /// `None` where the rows know their prompts.
    asked: Option<Asked>,
    who: Stream,
    blocks: BlockLists,
}

impl Source {
    pub(super) fn new(ready: Arc<Ready>, streams: &Streams) -> Result<Self, TraceError> {
        let who = streams.stream("workload.users");
        let what = streams.stream("workload.prompts");
        let state = match &ready.kind {
            Kind::Synthetic(recipe) => State::Synthetic(Box::new(Synthetic::new(recipe, streams))),
            Kind::Trace { spec, file, prompts, .. } => State::Trace(Box::new(Replay {
                rows: spec.open(file, streams.stream("workload.trace.keep"))?,
                asked: prompts.clone().map(|prompts| Asked::new(prompts, what, None)),
                who,
                blocks: BlockLists::default(),
            })),
            Kind::Listed(_) => State::Listed { next: 0 },
        };
        Ok(Source { ready, state })
    }

    /// The users, whom [`UserId`] indexes.
    pub fn users(&self) -> &[User] {
        &self.ready.users
    }

    /// What clients ask for, which [`ProfileId`] indexes.
    pub fn profiles(&self) -> &[Profile] {
        &self.ready.profiles
    }

    /// The names of the SLO classes, which [`SloClassId`] indexes; at least one.
    pub fn slo_classes(&self) -> &[String] {
        &self.ready.slo_classes
    }

    /// A prompt's text, stripped of white space at its ends. A prompt of which
    /// only the length is known has a name instead: `prompt 17`.
    pub fn prompt_text(&self, prompt: PromptId) -> Cow<'_, str> {
        match self.ready.text(prompt) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(turn_name(prompt).unwrap_or_else(|| format!("prompt {}", prompt.0))),
        }
    }

    /// What a prompt means.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        self.ready.intent(prompt)
    }

    /// The ids of a prompt's blocks, in their order: equal ids mean equal blocks
    /// after equal prefixes.
    pub fn blocks(&self, id: BlocksId) -> &[u64] {
        match &self.state {
            State::Trace(replay) => replay.blocks.get(id),
            _ => &[],
        }
    }

    /// The ids of the blocks of a request's prompt: those that a trace brought, or a
    /// chain of blocks of `block_tokens` made of the prompt's id, which is written
    /// into `made`. See `docs/prefix.md`.
    pub fn prefix<'s>(
        &'s self,
        request: &Incoming,
        block_tokens: u32,
        made: &'s mut Vec<u64>,
    ) -> &'s [u64] {
        if let Some(id) = request.blocks {
            return self.blocks(id);
        }
        let shared = u64::from(self.ready.shared_prefix);
        let tokens = request.input_decitokens / 10;
        let conversation = match &self.state {
            State::Synthetic(state) => state.conversation(request),
            _ => None,
        };
        match conversation {
            // What the first turn asked, then what is the session's own.
            Some(thread) => {
                let first = (thread.first, thread.first_decitokens / 10);
                let parts = [(EVERYONE, shared), first, (thread.own, tokens)];
                chain(&parts, tokens, block_tokens, made);
            }
            None => {
                chain(&[(EVERYONE, shared), (request.prompt, tokens)], tokens, block_tokens, made);
            }
        }
        made
    }

    /// What follows a request of this source that was answered with `answer` tokens
    /// at `now`, or that failed (`None`): the next turn of its session, or of its
    /// closed loop. To be asked once for each request, when it is done.
    #[inline]
    pub fn follow_up(&mut self, asked: &Incoming, answer: Option<u32>, now: Time) -> FollowUp {
        match &mut self.state {
            State::Synthetic(state) if asked.thread.is_some() => {
                state.follow_up(asked, answer, now)
            }
            _ => FollowUp::default(),
        }
    }

    /// Takes back the blocks of a request that is done, so that their memory can be
    /// used again.
    pub fn release(&mut self, id: BlocksId) {
        if let State::Trace(replay) = &mut self.state {
            replay.blocks.release(id);
        }
    }

    /// How many bad rows of a trace were left out so far.
    pub fn skipped_rows(&self) -> u64 {
        match &self.state {
            State::Trace(replay) => replay.rows.skipped(),
            _ => 0,
        }
    }
}

impl Iterator for Source {
    type Item = Result<Incoming, TraceError>;

    /// The next request; an error if a trace can no longer be read.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.state {
            State::Synthetic(state) => state.next().map(Ok),
            State::Trace(state) => state.next(&self.ready).transpose(),
            State::Listed { next } => {
                let Kind::Listed(listed) = &self.ready.kind else { return None };
                let request = listed.requests.get(*next)?;
                *next += 1;
                Some(Ok(*request))
            }
        }
    }
}

impl Replay {
    #[inline]
    fn next(&mut self, ready: &Ready) -> Result<Option<Incoming>, TraceError> {
        let Some((at, row)) = self.rows.next_row()? else { return Ok(None) };
        let prompt = match &mut self.asked {
            Some(asked) => asked.draw().0,
            None => row.prompt.unwrap_or_default(),
        };
        let user = match row.user {
            Some(user) => ready.trace_users[user as usize],
            None => ready.askers.pick(&mut self.who),
        };
        let request = request(at, user, prompt, row.input_tokens, Some(row.output_tokens));
        let blocks = self.rows.blocks();
        let blocks = (!blocks.is_empty()).then(|| self.blocks.keep(blocks));
        Ok(Some(Incoming { blocks, ..request }))
    }
}

/// A request of which only the tokens are known.
#[inline]
fn request(at: Time, user: UserId, prompt: PromptId, input: u32, output: Option<u32>) -> Incoming {
    let (chars, input_decitokens) = sizes_of_tokens(input);
    let output_tokens = output;
    Incoming { at, user, prompt, chars, input_decitokens, output_tokens, ..Incoming::default() }
}
