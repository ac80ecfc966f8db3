//! The texts of prompts that a trace brings, as long as their requests are under way.

use std::collections::HashMap;

use super::blocks::BlocksId;
use super::incoming::PromptId;
use super::recorded::SentText;

/// Texts by prompt; nothing is kept of requests that are done.
#[derive(Debug, Default)]
pub(super) struct TextsUnderWay {
    /// How many requests are under way with each text.
    texts: HashMap<PromptId, (SentText, u32)>,
    /// Whose request has which list of blocks.
    prompts: Vec<Option<PromptId>>,
}

impl TextsUnderWay {
    /// Keeps the text of the request that has the blocks `id`.
    pub fn keep(&mut self, id: BlocksId, prompt: PromptId, text: SentText) {
        if self.prompts.len() <= id.index() {
            self.prompts.resize(id.index() + 1, None);
        }
        self.prompts[id.index()] = Some(prompt);
        self.texts.entry(prompt).or_insert((text, 0)).1 += 1;
    }

    /// A prompt's text, while a request with it is under way.
    pub fn get(&self, prompt: PromptId) -> Option<&str> {
        self.texts.get(&prompt).map(|(text, _)| text.as_str())
    }

    /// The request that has the blocks `id` is done.
    pub fn release(&mut self, id: BlocksId) {
        let Some(prompt) = self.prompts.get_mut(id.index()).and_then(Option::take) else { return };
        if let Some((_, requests)) = self.texts.get_mut(&prompt) {
            *requests -= 1;
            if *requests == 0 {
                self.texts.remove(&prompt);
            }
        }
    }
}
