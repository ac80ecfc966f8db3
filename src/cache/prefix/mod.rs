//! The prefix cache of a model's servers: keys and values of prompts that begin
//! alike are computed once.
//!
//! A prompt is a chain of blocks, each named by an id that stands for its tokens
//! and all before them. What a server has of a prompt is the longest run of blocks
//! from the first on. Blocks lie in tiers: the GPU's memory, then perhaps the
//! host's, then perhaps a store that all servers share. What is found in the first
//! tier costs nothing; what is found below it is loaded.
//!
//! - [`PrefixCacheSpec`] describes it in an experiment file.
//! - [`PrefixCache`] is that of all servers of one model: [`match_prefix`](PrefixCache::match_prefix)
//!   when a server begins to work on a prompt, [`commit`](PrefixCache::commit) when
//!   it has read it.
//!
//! What is modelled, and after whom, is in `docs/prefix.md`.

mod cache;
mod loading;
mod spec;
mod tier;

pub use cache::{Match, PrefixCache};
pub use spec::{Load, PrefixCacheSpec, Stored, TierSpec};
pub use tier::{Tier, TierStats};
