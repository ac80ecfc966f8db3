//! What happened in the window, whenever that began: what rates are made of.

use crate::cost::{Money, Usage};

/// What ended from the end of the warm-up until the window closed, though it may have
/// begun before.
#[derive(Clone, Debug, Default)]
pub struct InWindow {
    /// Requests that were answered.
    pub completed: u64,
    /// Of these, tokens of the answers that models made for them and that met the targets.
    pub good_tokens: u64,
    /// Money for all but servers.
    pub paid: Money,
    /// Tenths of tokens of prompts that were charged for.
    pub input_decitokens: u64,
    /// Tokens of answers that were charged for.
    pub output_tokens: u64,
    /// Of these, those of models with GPUs of their own.
    pub gpu_tokens: u64,
    /// Workflows that came to their end with a right result.
    pub jobs: u64,
    /// Seconds that such GPUs were paid for, added up.
    pub gpu_s: f64,
    /// By model: whether it has GPUs of its own.
    pub own_gpus: Vec<bool>,
}

impl InWindow {
    /// Nothing happened yet; of each model, whether it has GPUs of its own.
    pub fn new(own_gpus: Vec<bool>) -> Self {
        InWindow { own_gpus, ..InWindow::default() }
    }

    /// Whether a model has GPUs of its own.
    pub fn has_gpus(&self, model: u32) -> bool {
        self.own_gpus.get(model as usize).is_some_and(|it| *it)
    }

    /// A model's reading and writing was paid for.
    #[inline]
    pub fn used(&mut self, model: u32, usage: &Usage) {
        self.input_decitokens += usage.input_decitokens;
        self.output_tokens += u64::from(usage.output_tokens);
        if self.has_gpus(model) {
            self.gpu_tokens += u64::from(usage.output_tokens);
        }
    }

    /// Tokens that were read and written.
    pub fn tokens(&self) -> f64 {
        self.input_decitokens as f64 / 10.0 + self.output_tokens as f64
    }
}
