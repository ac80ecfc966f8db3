//! The prompt cache of a hosted model: what its provider keeps of prompts for a while, at a
//! price.
//!
//! A sibling of [`prefix`](super::prefix) with other rules. There, blocks lie in a server's
//! memory until others need the room; here, beginnings of prompts are kept to the token and
//! for a time, and whoever sends a prompt is told what was read, written and neither, as each
//! has its own price.
//!
//! - [`PromptCacheSpec`] describes it in an experiment file, [`PromptRules`] what comes of that
//!   and of a [`Preset`], a provider's documented rules.
//! - [`PromptCache`] is that of one model: [`look_up`](PromptCache::look_up) when a request
//!   begins, [`touch`](PromptCache::touch) for what it read, and
//!   [`write`](PromptCache::write) when others may read what it wrote.
//! - [`Reason`] tells why tokens were not read.
//!
//! What is modelled, and after which documents, is in `docs/prompt-caches.md`.

mod cache;
mod lines;
mod preset;
mod reason;
mod spec;
#[cfg(test)]
mod tests;

pub use cache::{Asked, PromptCache, PromptUse};
pub use preset::Preset;
pub use reason::{Missed, Reason};
pub use spec::{
    Choose, Clock, KeepAliveSpec, Lifetime, LifetimeSpec, Mark, Mode, OverflowSpec,
    PromptCacheSpec, PromptRules, PromptScope, Refresh, Visible, preset_or_block,
    preset_or_block_schema,
};
