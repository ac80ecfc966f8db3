//! A conversation as the requests that it makes.

use std::sync::Arc;

use crate::kernel::Time;
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::recorded::SentText;
use crate::workload::text;
use crate::workload::trace::formats::dialect::{Messages, Role, Said};
use crate::workload::trace::formats::growing_text::{GrowingText, tokens_of};
use crate::workload::trace::row::Row;

/// A conversation: its whole text, and what of it each request sends.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    text: Arc<str>,
    /// Names of the blocks of the text, which tell a block and all before it.
    blocks: Vec<u64>,
    turns: Vec<Asked>,
}

/// A user's turn: how much of the conversation it sends.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// Bytes of the text.
    end: usize,
    /// Full blocks.
    blocks: usize,
    prompt: PromptId,
    chars: u32,
    decitokens: u64,
    output_tokens: Option<u32>,
}

impl Asked {
    /// The request that sends all so far.
    fn new(text: &GrowingText, output_tokens: Option<u32>) -> Self {
        Asked {
            end: text.text.len(),
            blocks: text.blocks.len(),
            prompt: text.prompt(),
            chars: text.chars,
            decitokens: text.decitokens(),
            output_tokens,
        }
    }
}

impl Dialogue {
    /// What is asked in a conversation. A turn ends with the first answer after it;
    /// messages of nothing but white space are none.
    pub fn new(said: &Messages) -> Self {
        let mut growing = GrowingText::default();
        let mut turns: Vec<Asked> = Vec::new();
        let mut asks = false;
        for Said { role, text: message, .. } in &said.said {
            let message = text::strip(message);
            if asks && *role == Role::Assistant && !message.is_empty() {
                turns.push(Asked::new(&growing, Some(tokens_of(message))));
                asks = false;
            }
            if !message.is_empty() {
                growing.add(message);
                asks |= *role == Role::User;
            }
        }
        if asks {
            turns.push(Asked::new(&growing, None));
        }
        if let (Some(last), Some(counted)) = (turns.last_mut(), said.counted) {
            last.decitokens = u64::from(counted.input.min(MAX_TOKENS)) * 10;
            last.output_tokens = Some(counted.output.min(MAX_TOKENS));
        }
        Dialogue { text: growing.text.into(), blocks: growing.blocks, turns }
    }

    /// How many requests it makes.
    pub fn turns(&self) -> usize {
        self.turns.len()
    }

    /// The request of a turn.
    pub fn row(&self, turn: usize, at: Time) -> Row {
        let asked = &self.turns[turn];
        Row {
            stamp: at.as_nanos(),
            input_tokens: asked.decitokens.div_ceil(10).min(u64::from(MAX_TOKENS)) as u32,
            output_tokens: asked.output_tokens,
            prompt: Some(asked.prompt),
            user: None,
        }
    }

    /// The prompt of a turn.
    pub fn text(&self, turn: usize) -> SentText {
        let Asked { end, chars, decitokens, .. } = self.turns[turn];
        SentText { whole: Arc::clone(&self.text), end, chars, decitokens, turn: turn as u32 }
    }

    /// The blocks of a turn's prompt.
    pub fn blocks(&self, turn: usize) -> &[u64] {
        &self.blocks[..self.turns[turn].blocks]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogue(messages: &[(Role, &str)]) -> Dialogue {
        let said =
            |(role, text): &(Role, &str)| Said { role: *role, text: (*text).to_owned(), at: None };
        let messages = messages.iter().map(said).collect();
        Dialogue::new(&Messages { said: messages, ..Messages::default() })
    }

    #[test]
    fn each_turn_sends_what_was_said_before() {
        let dialogue = dialogue(&[
            (Role::System, "Be kind."),
            (Role::Assistant, "Hello!"),
            (Role::User, " What is\tAI? "),
            (Role::User, ""),
            (Role::Assistant, "A field of study."),
            (Role::Assistant, "Indeed."),
            (Role::User, "Größer?"),
        ]);
        let sent: Vec<SentText> = (0..2).map(|turn| dialogue.text(turn)).collect();
        assert_eq!(sent[0].as_str(), "Be kind.\nHello!\nWhat is\tAI?");
        assert_eq!(
            sent[1].as_str(),
            "Be kind.\nHello!\nWhat is\tAI?\nA field of study.\nIndeed.\nGrößer?"
        );
        for text in &sent {
            assert_eq!(text.chars as usize, text.as_str().chars().count());
            assert_eq!(text.decitokens, text::words(text.as_str()) * 13);
        }
        // 4 words of 1.3 tokens.
        assert_eq!(dialogue.turns[0].output_tokens, Some(5));
        assert_eq!(dialogue.turns[1].output_tokens, None);
        assert_eq!(dialogue.turns(), 2);
    }

    #[test]
    fn equal_texts_are_equal_prompts_and_begin_with_equal_blocks() {
        let words: Vec<String> = (0..100).map(|i| format!("w{i}")).collect();
        let ask = |n: usize, end: &str| {
            dialogue(&[(Role::User, &format!("{} {end}", words[..n].join(" ")))])
        };
        let (a, b) = (ask(50, "yes"), ask(50, "no"));
        assert_eq!(a.turns[0].prompt, ask(50, "yes").turns[0].prompt);
        assert_ne!(a.turns[0].prompt, b.turns[0].prompt);
        // 51 words are 66.3 tokens: four full blocks of 16, the last with word 50.
        assert_eq!((a.blocks(0).len(), a.blocks(0)[..3] == b.blocks(0)[..3]), (4, true));
        assert_eq!(a.blocks(0)[3], b.blocks(0)[3], "word 50 is common to both");
        let other = dialogue(&[(Role::User, &format!("x {}", words.join(" ")))]);
        assert!(other.blocks(0).iter().all(|block| !a.blocks(0).contains(block)));
        let more = dialogue(&[
            (Role::User, &words[..50].join(" ")),
            (Role::Assistant, "a b c"),
            (Role::User, "d"),
        ]);
        assert_eq!(more.blocks(0), &more.blocks(1)[..more.blocks(0).len()]);
    }
}
