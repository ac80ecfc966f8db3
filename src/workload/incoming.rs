//! One request as it comes in.

use std::num::NonZeroU32;

use super::blocks::BlocksId;
use super::text;
use super::waiting_clients::ThreadId;
use crate::kernel::Time;

/// Index of a user in [`Source::users`](super::Source::users).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// A prompt's identity: equal ids mean equal texts (after stripping white space
/// at both ends, as the pipeline does before it makes a cache key).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptId(pub u64);

/// What a prompt means: prompts of the same intent want the same answer. Models
/// and caches do not see it; it judges whether an answer was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub u64);

/// Index of a request's parameters in
/// [`Source::profiles`](super::Source::profiles).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId(pub u32);

/// Index of a request's SLO class in
/// [`Source::slo_classes`](super::Source::slo_classes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SloClassId(pub u16);

/// A call that a workflow makes, as the orchestration knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(NonZeroU32);

impl CallId {
    /// The call in a table's row `index`.
    ///
    /// # Panics
    /// If there are 2^32 calls at a time.
    pub fn new(index: usize) -> Self {
        let index = u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index));
        CallId(index.expect("fewer than 2^32 calls at a time"))
    }

    /// Its row.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A request at the moment of its arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// When it arrives.
    pub at: Time,
    /// Who asks.
    pub user: UserId,
    /// The copy of the gateway that it comes to.
    pub copy: u16,
    /// What is asked.
    pub prompt: PromptId,
    /// Length of the prompt after preprocessing, without the white space at its ends, in
    /// characters (Unicode scalar values). Where only tokens are known, four to a token.
    pub chars: u32,
    /// White space at the ends of the prompt as sent, in characters: validation counts
    /// it, preprocessing strips it.
    pub blank_chars: u32,
    /// Tenths of a token in the prompt. A text has 1.3 tokens a word, hence the
    /// tenths.
    pub input_decitokens: u64,
    /// How many tokens a model would answer if nothing cut it short; `None`
    /// leaves it to the model's own rule.
    pub output_tokens: Option<u32>,
    /// What the client asks for: `max_tokens` and the like.
    pub profile: ProfileId,
    /// How urgent it is.
    pub slo_class: SloClassId,
    /// Bytes of images and results of tools, which come beside the text. Their
    /// tokens are among the input's.
    pub payload_bytes: u64,
    /// The prompt's blocks, where a trace knows them.
    pub blocks: Option<BlocksId>,
    /// The client that waits for the answer before it goes on, if it does.
    pub thread: Option<ThreadId>,
    /// Which turn of its session it is, from 0.
    pub turn: u32,
    /// The call of a workflow that it is, if it is one.
    pub call: Option<CallId>,
}

/// Characters to a token, where only tokens are known: the rule of thumb for
/// English text (`OpenAI`, "What are tokens and how to count them?").
pub const CHARS_PER_TOKEN: u32 = 4;

/// The longest prompt or answer in tokens; longer draws are cut to it. Its
/// characters still fit into 32 bits.
pub const MAX_TOKENS: u32 = 1_000_000_000;

impl Incoming {
    /// Length of the prompt as sent, in characters.
    pub const fn sent_chars(&self) -> u32 {
        self.chars.saturating_add(self.blank_chars)
    }
}

/// How long a prompt is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptSize {
    /// As [`Incoming::chars`].
    pub chars: u32,
    /// As [`Incoming::blank_chars`].
    pub blank_chars: u32,
    /// As [`Incoming::input_decitokens`].
    pub decitokens: u64,
}

impl PromptSize {
    /// That of a text as it is sent: 1.3 tokens a word.
    pub fn of(sent: &str) -> Self {
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let stripped = text::strip(sent);
        let chars = count(stripped);
        let blank_chars = count(sent).saturating_sub(chars);
        PromptSize { chars, blank_chars, decitokens: text::words(stripped) * 13 }
    }
}

/// Characters and tenths of a token of a prompt of `tokens` tokens.
#[inline]
pub(crate) const fn sizes_of_tokens(tokens: u32) -> (u32, u64) {
    (tokens * CHARS_PER_TOKEN, tokens as u64 * 10)
}
