//! The requests of one run.

use std::borrow::Cow;
use std::sync::Arc;

use slab::Slab;

use super::blocks::{BlockLists, BlocksId, PromptParts, chain, shared_by};
use super::incoming::{Incoming, IntentId, PromptId, UserId, sizes_of_tokens};
use super::params::Profile;
use super::plan::{Kind, Ready};
use super::prompt_sampler::PromptSampler;
use super::recorded::RecordedJob;
use super::synthetic::Synthetic;
use super::texts_under_way::TextsUnderWay;
use super::trace::{Playback, Row, Successor, TraceError};
use super::users::User;
use super::waiting_clients::{FollowUp, Thread, ThreadId, turn_name};
use crate::kernel::{Stream, Streams, Time};

/// The requests of one run in the order of their times: an iterator, endless
/// where arrivals are a random process.
#[derive(Debug)]
pub struct Source {
    ready: Arc<Ready>,
    state: State,
    /// Of which shared prefix a prompt has.
    prefix_key: u64,
    /// Why a trace could not be read on, when an answer came.
    failure: Option<TraceError>,
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
    rows: Playback,
    /// `None` where the rows know their prompts.
    asked: Option<PromptSampler>,
    /// Whether a row's own prompt, if it knows it, is what is asked.
    own_prompts: bool,
    who: Stream,
    blocks: BlockLists,
    texts: TextsUnderWay,
    /// Jobs from their arrivals to their ends, and of which of merged traces they are.
    jobs: Slab<(Arc<RecordedJob>, u32)>,
}

impl Source {
    pub(super) fn new(ready: Arc<Ready>, streams: &Streams) -> Result<Self, TraceError> {
        let prefix_key = streams.stream("workload.shared_prefix").bits();
        let who = streams.stream("workload.users");
        let what = streams.stream("workload.prompts");
        let state = match &ready.kind {
            Kind::Synthetic(plans) => {
                let shared = (ready.shared_prefix.clone(), prefix_key);
                State::Synthetic(Box::new(Synthetic::new(plans, &shared, streams)))
            }
            Kind::Trace { recording, prompts, own_prompts } => State::Trace(Box::new(Replay {
                rows: recording.play(streams)?,
                asked: prompts.clone().map(|prompts| PromptSampler::new(prompts, what, None)),
                own_prompts: *own_prompts,
                who,
                blocks: BlockLists::default(),
                texts: TextsUnderWay::default(),
                jobs: Slab::new(),
            })),
            Kind::Listed(_) => State::Listed { next: 0 },
        };
        Ok(Source { ready, state, prefix_key, failure: None })
    }

    /// The users, whom [`UserId`] indexes.
    pub fn users(&self) -> &[User] {
        &self.ready.users
    }

    /// What clients ask for, which [`ProfileId`](super::ProfileId) indexes.
    pub fn profiles(&self) -> &[Profile] {
        &self.ready.profiles
    }

    /// The names of the SLO classes, which [`SloClassId`](super::SloClassId) indexes; at
    /// least one.
    pub fn slo_classes(&self) -> &[String] {
        &self.ready.slo_classes
    }

    /// A prompt's text, stripped of white space at its ends. A prompt of which
    /// only the length is known has a name instead: `prompt 17`.
    pub fn prompt_text(&self, prompt: PromptId) -> Cow<'_, str> {
        let (under_way, is_trace) = match &self.state {
            State::Trace(replay) => (replay.texts.get(prompt), true),
            _ => (None, false),
        };
        if let Some(text) = under_way.map(Cow::Borrowed).or_else(|| self.ready.text(prompt)) {
            return text;
        }
        // A trace's prompts are any numbers, and none of them a session's.
        let turn = if is_trace { None } else { turn_name(prompt) };
        Cow::Owned(turn.unwrap_or_else(|| format!("prompt {}", prompt.0)))
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
        let thread = match &self.state {
            State::Synthetic(state) => state.conversation(request),
            _ => None,
        };
        self.chain(request, thread, request.input_decitokens / 10, block_tokens, made);
        made
    }

    /// What a request's prompt is made of, to the token, written into `made`: blocks where a
    /// trace knows them, else its system prompt and whose the rest is.
    pub fn parts(&self, request: &Incoming, made: &mut PromptParts) {
        let tokens = request.input_decitokens / 10;
        made.begin(tokens);
        if let Some(id) = request.blocks {
            let size = u64::from(self.ready.block_tokens.unwrap_or(1));
            for (block, until) in self.blocks(id).iter().zip(1..) {
                made.push(*block, until * size);
            }
            // What fills no block is nobody else's.
            made.push(request.prompt.0, tokens);
            return;
        }
        let thread = match &self.state {
            State::Synthetic(state) => state.conversation(request),
            _ => None,
        };
        let begins = thread.map_or(request.prompt, |thread| thread.first);
        let shared = self.ready.shared_prefix.of(begins, self.prefix_key);
        made.push(shared_by(shared.id).0, u64::from(shared.tokens));
        made.end_system();
        match thread {
            Some(thread) => {
                made.push(thread.first.0, thread.first_decitokens / 10);
                made.push(thread.own.0, tokens);
            }
            None => made.push(request.prompt.0, tokens),
        }
    }

    /// The blocks of a prompt, followed by those of an answer of `answer` tokens where the next
    /// prompt of a conversation goes on from there. Returns also whether they are.
    pub fn prefix_and_answer<'s>(
        &'s self,
        request: &Incoming,
        answer: u32,
        block_tokens: u32,
        made: &'s mut Vec<u64>,
    ) -> (&'s [u64], bool) {
        let tokens = request.input_decitokens / 10;
        if let State::Synthetic(state) = &self.state
            && let Some(thread) = state.session(request)
        {
            self.chain(request, Some(thread), tokens + u64::from(answer), block_tokens, made);
            return (made, true);
        }
        let blocks = self.prefix(request, block_tokens, made);
        // A trace's may go on.
        let whole = tokens.max(1).div_ceil(u64::from(block_tokens));
        (blocks, blocks.len() as u64 > whole)
    }

    /// Names the blocks of the first `tokens` tokens of a prompt and what follows it.
    fn chain(
        &self,
        request: &Incoming,
        thread: Option<&Thread>,
        tokens: u64,
        block_tokens: u32,
        made: &mut Vec<u64>,
    ) {
        let begins = thread.map_or(request.prompt, |thread| thread.first);
        let shared = self.ready.shared_prefix.of(begins, self.prefix_key);
        let shared = (shared_by(shared.id), u64::from(shared.tokens));
        match thread {
            // What the first turn asked, then what is the session's own.
            Some(thread) => {
                let first = (thread.first, thread.first_decitokens / 10);
                chain(&[shared, first, (thread.own, tokens)], tokens, block_tokens, made);
            }
            None => chain(&[shared, (request.prompt, tokens)], tokens, block_tokens, made),
        }
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
            State::Trace(replay) if asked.thread.is_some() => {
                let next = replay
                    .instead((&self.ready, self.prefix_key), asked, now)
                    .unwrap_or_else(|error| {
                        self.failure = Some(error);
                        None
                    });
                FollowUp { next, ended: None }
            }
            _ => FollowUp::default(),
        }
    }

    /// Until when who asks waits for an answer, if there is an end to it.
    pub fn patience(&self, asked: &Incoming) -> Option<Time> {
        match &self.state {
            State::Synthetic(state) if asked.call.is_none() => state.patience(asked),
            _ => None,
        }
    }

    /// Why no request followed an answer, if that was because a trace could not be read.
    pub fn take_failure(&mut self) -> Option<TraceError> {
        self.failure.take()
    }

    /// The recorded job that a request begins, if it does: until [`Source::follow_up`] is asked
    /// for that request.
    #[inline]
    pub fn recorded_job(&self, asked: &Incoming) -> Option<Arc<RecordedJob>> {
        match &self.state {
            State::Trace(replay) => {
                replay.jobs.get(asked.thread?.index()).map(|(job, _)| job.clone())
            }
            _ => None,
        }
    }

    /// Keeps the ids of the blocks of a recorded call's prompt, and its text, until these are
    /// released; `None` where neither is recorded.
    pub fn keep_prompt(&mut self, job: &RecordedJob, call: u32) -> Option<BlocksId> {
        let State::Trace(replay) = &mut self.state else { return None };
        let (blocks, text) = (job.blocks(call), job.text(call));
        if blocks.is_empty() && text.is_none() {
            return None;
        }
        let id = replay.blocks.keep(blocks);
        if let Some(text) = text {
            replay.texts.keep(id, job.call(call).prompt, text.clone());
        }
        Some(id)
    }

    /// The number of the session that a request is a turn of, by the order in which sessions
    /// began, until [`Source::follow_up`] is asked for it.
    pub fn session_of(&self, request: &Incoming) -> Option<u64> {
        match &self.state {
            State::Synthetic(state) => state.session_of(request),
            _ => None,
        }
    }

    /// Takes back the blocks of a request that is done, so that their memory can be
    /// used again.
    pub fn release(&mut self, id: BlocksId) {
        if let State::Trace(replay) = &mut self.state {
            replay.blocks.release(id);
            replay.texts.release(id);
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
            State::Trace(state) => state.next(&self.ready, self.prefix_key).transpose(),
            State::Listed { next } => {
                let Kind::Listed(listed) = &self.ready.kind else { return None };
                let request = listed.requests.get(*next)?;
                *next += 1;
                let shared = &self.ready.shared_prefix;
                Some(Ok(shared.before(*request, self.prefix_key)))
            }
        }
    }
}

impl Replay {
    #[inline]
    fn next(&mut self, ready: &Ready, key: u64) -> Result<Option<Incoming>, TraceError> {
        let Some((at, row)) = self.rows.next_row()? else { return Ok(None) };
        let job = self.rows.take_job();
        Ok(Some(self.request(ready, key, (at, row), None, job)))
    }

    /// The job that begins instead of one that has ended, if any does.
    fn instead(
        &mut self,
        (ready, key): (&Ready, u64),
        ended: &Incoming,
        now: Time,
    ) -> Result<Option<Incoming>, TraceError> {
        let Some(thread) = ended.thread else { return Ok(None) };
        let Some((_, part)) = self.jobs.try_remove(thread.index()) else { return Ok(None) };
        let Some(next) = self.rows.instead(part, now)? else { return Ok(None) };
        let Successor { at, row, job, same_user } = next;
        let user = same_user.then_some(ended.user);
        Ok(Some(self.request(ready, key, (at, row), user, Some((part, job)))))
    }

    /// A row as a request, of its own user if it knows one.
    #[inline]
    fn request(
        &mut self,
        ready: &Ready,
        key: u64,
        (at, row): (Time, Row),
        user: Option<UserId>,
        job: Option<(u32, RecordedJob)>,
    ) -> Incoming {
        let prompt = match (row.prompt, &mut self.asked) {
            (Some(own), _) if self.own_prompts => own,
            (_, Some(asked)) => asked.draw().0,
            (own, None) => own.unwrap_or_default(),
        };
        let user = match (user, row.user) {
            (_, Some(user)) => ready.trace_users[user as usize],
            (Some(user), None) => user,
            (None, None) => ready.askers.pick(&mut self.who),
        };
        let request = request(at, user, prompt, row.input_tokens, row.output_tokens);
        if let Some((part, job)) = job {
            let thread = ThreadId::new(self.jobs.insert((Arc::new(job), part)));
            return Incoming { thread: Some(thread), ..request };
        }
        let on_top = ready.shared_prefix.on_top;
        let request = if on_top { ready.shared_prefix.before(request, key) } else { request };
        let blocks = self.rows.blocks();
        let Some(text) = self.rows.text().filter(|_| self.own_prompts) else {
            let blocks = (!blocks.is_empty()).then(|| self.blocks.keep(blocks));
            return Incoming { blocks, ..request };
        };
        let (chars, input_decitokens, turn) = (text.chars, text.decitokens, text.turn);
        let id = self.blocks.keep(blocks);
        self.texts.keep(id, prompt, text);
        Incoming { blocks: Some(id), chars, input_decitokens, turn, ..request }
    }
}

/// A request of which only the tokens are known.
#[inline]
fn request(at: Time, user: UserId, prompt: PromptId, input: u32, output: Option<u32>) -> Incoming {
    let (chars, input_decitokens) = sizes_of_tokens(input);
    let output_tokens = output;
    Incoming { at, user, prompt, chars, input_decitokens, output_tokens, ..Incoming::default() }
}
