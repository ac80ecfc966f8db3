//! The requests of one run.

use std::borrow::Cow;
use std::sync::Arc;

use super::arrivals::Arrivals;
use super::asked::Asked;
use super::blocks::{BlockLists, BlocksId, chain};
use super::incoming::{
    Incoming, IntentId, ProfileId, PromptId, SloClassId, UserId, sizes_of_tokens,
};
use super::lengths::{Copula, Lengths, PromptLengths};
use super::params::Profile;
use super::plan::{Kind, Ready, Recipe};
use super::prompts::Texts;
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
struct Synthetic {
    arrivals: Arrivals,
    gaps: Stream,
    asked: Asked,
    output: Option<(Lengths, Stream)>,
    /// Characters and tenths of a token by prompt, where texts are real.
    sizes: Vec<(u32, u64)>,
    copula: Option<Copula>,
    who: Stream,
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
            Kind::Synthetic(recipe) => {
                let Recipe { arrivals, prompts, input, output, copula } = &**recipe;
                let mut keys = streams.stream("workload.tokens.input");
                let lengths = PromptLengths::new(input.clone(), prompts.count(), &mut keys);
                State::Synthetic(Box::new(Synthetic {
                    arrivals: arrivals.clone(),
                    gaps: streams.stream("workload.arrivals"),
                    asked: Asked::new(prompts.clone(), what, Some(lengths)),
                    sizes: prompts.texts().map(Texts::sizes).unwrap_or_default(),
                    output: output.clone().map(|it| (it, streams.stream("workload.tokens.output"))),
                    copula: *copula,
                    who,
                }))
            }
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
        &self.ready.users.users
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
        self.ready
            .text(prompt)
            .map_or_else(|| Cow::Owned(format!("prompt {}", prompt.0)), Cow::Borrowed)
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
        chain(request.prompt, request.input_decitokens / 10, shared, block_tokens, made);
        made
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
            State::Synthetic(state) => state.next(&self.ready).map(Ok),
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

impl Synthetic {
    #[inline]
    fn next(&mut self, ready: &Ready) -> Option<Incoming> {
        let at = self.arrivals.next_at(&mut self.gaps)?;
        let (prompt, input) = self.asked.draw();
        let output = self.output.as_mut().map(|(lengths, stream)| {
            let own = stream.uniform();
            let u = match (self.copula, self.asked.length_uniform(prompt)) {
                (Some(copula), Some(other)) => copula.join(other, own),
                _ => own,
            };
            lengths.pick(u)
        });
        let request = request(at, ready.user(&mut self.who), prompt, input, output);
        Some(match self.sizes.get(prompt.0 as usize) {
            Some((chars, decitokens)) => {
                Incoming { chars: *chars, input_decitokens: *decitokens, ..request }
            }
            None => request,
        })
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
            None => ready.user(&mut self.who),
        };
        let request = request(at, user, prompt, row.input_tokens, Some(row.output_tokens));
        let blocks = self.rows.blocks();
        let blocks = (!blocks.is_empty()).then(|| self.blocks.keep(blocks));
        Ok(Some(Incoming { blocks, ..request }))
    }
}

impl Ready {
    /// Who asks next.
    #[inline]
    fn user(&self, stream: &mut Stream) -> UserId {
        UserId(self.users.shares.pick(stream.bits()))
    }
}

/// A request of which only the tokens are known.
#[inline]
fn request(at: Time, user: UserId, prompt: PromptId, input: u32, output: Option<u32>) -> Incoming {
    let (chars, input_decitokens) = sizes_of_tokens(input);
    let profile = ProfileId(0);
    Incoming {
        at,
        user,
        prompt,
        chars,
        input_decitokens,
        output_tokens: output,
        profile,
        slo_class: SloClassId(0),
        blocks: None,
    }
}
