//! Conversations as jobs: each answer waits for those before it, for the people who went on from
//! them and for the tools that they called.
//!
//! A call is an answer to something new: a user's message, or the result of a tool. It comes as
//! long after the answer before it as the messages' times say, and where they have none, as long
//! as people and tools are told to take.

use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::{JobOptions, Models, ReadJob, ReadJobs, number};
use crate::kernel::Duration;
use crate::kernel::keyed_uniform::{keyed_bits, keyed_uniform};
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::recorded::SentText;
use crate::workload::text;
use crate::workload::trace::formats::dialect::{Messages, Role, Said};
use crate::workload::trace::formats::format::Dialect;
use crate::workload::trace::formats::growing_text::{GrowingText, tokens_of};
use crate::workload::trace::formats::log::TimeUnit;
use crate::workload::trace::formats::log::fields::stamp;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::items::Items;
use crate::workload::trace::input::json;
use crate::workload::trace::input::position::Position;
use crate::workload::{CallDraft, RecordedJob};

/// What is drawn of a call.
const THINK: u64 = 0;
const TOOLS: u64 = 1;

/// Reads conversations one after another; one is in memory.
#[derive(Debug)]
pub(in crate::workload::trace) struct ConversationJobs {
    dialect: Dialect,
    items: Items,
    options: JobOptions,
    models: Models,
    read: u64,
    /// Pauses that were drawn, of people and of tools.
    drawn: [u64; 2],
}

/// A call, while the texts of its conversation still grow.
struct Asked {
    think: Duration,
    tools: Duration,
    output_tokens: Option<u32>,
    end: usize,
    blocks: u32,
    prompt: PromptId,
    chars: u32,
    decitokens: u64,
}

/// What has been said since the last answer.
#[derive(Default)]
struct News {
    /// Whether a user did, and when last.
    of_user: bool,
    user_at: Option<u64>,
    /// Whether a tool did.
    of_tool: bool,
    tool_at: Option<u64>,
}

impl ConversationJobs {
    /// Opens a file; conversations that begin when they did are sorted by that.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(
        path: &Path,
        dialect: Dialect,
        options: JobOptions,
    ) -> Result<Box<dyn ReadJobs>, TraceError> {
        let items = Items::open(path)?;
        let (models, drawn) = (Models::new(), [0; 2]);
        let jobs = ConversationJobs { dialect, items, options, models, read: 0, drawn };
        Ok(if options.as_recorded { Box::new(super::spans::sorted(jobs)?) } else { Box::new(jobs) })
    }

    /// A conversation, unless nothing is asked in it.
    fn job(&mut self, said: &Messages) -> Result<Option<ReadJob>, String> {
        let at = |written: &Option<Box<RawValue>>| written.as_deref().map(time).transpose();
        let key = keyed_bits(self.options.key, self.read);
        let mut growing = GrowingText::default();
        let mut calls: Vec<Asked> = Vec::new();
        let mut news = News::default();
        // When it began, and when the last answer was there.
        let (mut begins, mut answered) = (at(&said.at)?, None);
        let mut is_first = true;
        let messages = said.said.iter().map(|it| (it, text::strip(&it.text)));
        for (Said { role, at: written, .. }, message) in messages {
            if message.is_empty() {
                continue;
            }
            let at = at(written)?;
            if *role == Role::Assistant {
                if news.is_any() {
                    let pauses = self.pauses(&news, answered, subkey(key, calls.len()), is_first);
                    calls.push(Asked::new(&growing, pauses, Some(tokens_of(message))));
                    (news, is_first) = (News::default(), false);
                }
                answered = at;
            }
            if *role == Role::User && is_first && !news.of_user {
                begins = at.or(begins);
            }
            news.hear(*role, at);
            growing.add(message);
        }
        if news.is_any() {
            let pauses = self.pauses(&news, answered, subkey(key, calls.len()), is_first);
            calls.push(Asked::new(&growing, pauses, None));
        }
        if let (Some(last), Some(counted)) = (calls.last_mut(), said.counted) {
            last.decitokens = u64::from(counted.input.min(MAX_TOKENS)) * 10;
            last.output_tokens = Some(counted.output.min(MAX_TOKENS));
        }
        if calls.is_empty() {
            return Ok(None);
        }
        self.read += 1;
        if begins.is_none() && self.options.as_recorded {
            return Err("when the conversation began is not known (`timestamp`, `created_at` or \
                        `create_time` of a message or of the whole): say so by `arrivals`, such as \
                        `arrivals: { poisson: { rate: 1/s } }`"
                .to_owned());
        }
        let model = said.model.as_deref().map(|name| number(&mut self.models, name));
        let whole: Arc<str> = growing.text.into();
        let draft = |(turn, asked): (u32, Asked)| {
            let Asked { end, chars, decitokens, .. } = asked;
            CallDraft {
                think: asked.think,
                tools: asked.tools,
                input_tokens: decitokens.div_ceil(10).min(u64::from(MAX_TOKENS)) as u32,
                output_tokens: asked.output_tokens,
                prompt: Some(asked.prompt),
                thread: asked.prompt,
                model,
                text: Some(SentText { whole: Arc::clone(&whole), end, chars, decitokens, turn }),
                shared_blocks: asked.blocks,
                blocks: Vec::new(),
                after: turn.checked_sub(1).into_iter().collect(),
            }
        };
        let drafts = (0..).zip(calls).map(draft).collect();
        let job = RecordedJob::sharing(drafts, growing.blocks);
        let job = job.map_err(|_| "its turns wait for each other".to_owned())?;
        Ok(Some(ReadJob { begins: begins.unwrap_or(0), job, user: None }))
    }

    /// How long people thought and tools worked before a call; the first comes when its
    /// conversation does.
    fn pauses(
        &mut self,
        news: &News,
        answered: Option<u64>,
        key: u64,
        is_first: bool,
    ) -> (Duration, Duration) {
        let between = |from: Option<u64>, until: Option<u64>| {
            from.zip(until).map(|(from, until)| Duration(until.saturating_sub(from)))
        };
        let mut tools = Duration::ZERO;
        let mut last = answered;
        if news.of_tool {
            tools = between(last, news.tool_at).unwrap_or_else(|| {
                self.drawn[1] += 1;
                self.options.tools.pick(keyed_uniform(key, TOOLS))
            });
            last = news.tool_at;
        }
        let think = if news.of_user && !is_first {
            between(last, news.user_at).unwrap_or_else(|| {
                self.drawn[0] += 1;
                self.options.think.pick(keyed_uniform(key, THINK))
            })
        } else {
            Duration::ZERO
        };
        (think, tools)
    }
}

fn subkey(key: u64, place: usize) -> u64 {
    keyed_bits(key, place as u64)
}

impl News {
    fn is_any(&self) -> bool {
        self.of_user || self.of_tool
    }

    fn hear(&mut self, role: Role, at: Option<u64>) {
        match role {
            Role::User => (self.of_user, self.user_at) = (true, at),
            Role::Tool => (self.of_tool, self.tool_at) = (true, at),
            Role::System | Role::Assistant => {}
        }
    }
}

impl Asked {
    /// The call that sends all so far.
    fn new(
        text: &GrowingText,
        (think, tools): (Duration, Duration),
        output_tokens: Option<u32>,
    ) -> Self {
        Asked {
            think,
            tools,
            output_tokens,
            end: text.text.len(),
            blocks: text.blocks.len() as u32,
            prompt: text.prompt(),
            chars: text.chars,
            decitokens: text.decitokens(),
        }
    }
}

/// A time: seconds since 1970, or a date.
fn time(written: &RawValue) -> Result<u64, String> {
    let text = json::text(written)?;
    stamp(text.as_bytes(), TimeUnit::S).ok_or_else(|| {
        format!(
            "a message's time is `{text}`: expected seconds since 1970, or a time such as \
             2026-01-31T12:00:00Z"
        )
    })
}

impl ReadJobs for ConversationJobs {
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError> {
        while self.items.advance()? {
            let said = self.dialect.read(self.items.item());
            let job = said.and_then(|said| self.job(&said));
            if let Some(job) = job.map_err(|why| self.position().bad_row(why))? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    fn position(&self) -> &Position {
        self.items.position()
    }

    fn models(&self) -> Option<&Models> {
        Some(&self.models)
    }

    fn notes(&self) -> Vec<String> {
        let kinds = [("people", "think_time"), ("tools", "tool_time")].into_iter();
        let drawn = kinds.zip(self.drawn).zip(self.options.is_told);
        let drawn = drawn.filter(|((_, count), is_told)| *count > 0 && !is_told);
        let note = |(((who, key), count), _)| {
            format!(
                "how long {who} took is not known of {count} calls, as messages have no times: it is \
                 drawn, as `{key}` says"
            )
        };
        drawn.map(note).collect()
    }
}
