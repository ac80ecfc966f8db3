//! Caches of answers: which requests need no model at all.
//!
//! From the outside in:
//! - [`Hierarchy`] is a row of levels, fastest first: a store writes them all, a
//!   hit in a slow one is promoted to the faster ones. [`CacheSpec`] describes
//!   it in an experiment file. `levels/` also has what goes with a level: latency,
//!   admission, expiry, changes at the origin.
//! - [`semantic`] is the cache that is asked last: it answers a prompt with the
//!   answer to a similar one.
//! - [`prefix`] is something else: the beginnings of prompts that a model's
//!   servers need not compute again.
//! - [`prompt`] is the same of hosted models, whose providers keep beginnings for a time and
//!   at a price.
//! - [`policy`] decides what goes when a level is full: one file per policy.
//! - [`replay`] runs bare policies on a recorded trace, and draws LRU's whole
//!   miss-ratio curve in one pass.
//! - `structures/` is what policies are built of: [`Table`] (key to slot by
//!   hashing, doubly linked lists through the slots), [`Segments`] (lists that know
//!   their weight), [`PerSlot`] (what else is known of an entry), [`Heap`],
//!   [`Ghosts`] and [`Past`] (keys that went), [`Sketch`] (how often keys were
//!   asked for).
//!
//! Memory is bounded by the capacities, never by how many distinct keys passed.

mod item;
mod key;
mod levels;
pub mod policy;
pub mod prefix;
pub mod prompt;
pub mod replay;
mod scope;
pub mod semantic;
mod structures;

pub use item::Item;
pub use key::{Key, cache_key_md5};
pub use levels::{
    Admission, AdmissionSpec, CacheSpec, Dollars, DoorkeeperSpec, ExpirySpec, Hierarchy, Hit,
    InvalidationSpec, KeyMap, LevelSpec, LevelStats, ModeSpec, NegativeCache, PromoteSpec,
    PromoteTo, Size, WriteSpec,
};
pub use policy::{AnyPolicy, Policy, PolicySpec};
pub use prefix::{Match, PrefixCache, PrefixCacheSpec};
pub use scope::{KeyScopes, ScopeSpec, TenantsSpec};
pub use semantic::{Question, SEMANTIC, SemanticCache, SemanticPlan, SemanticSpec};
use structures::hash;
pub use structures::{
    ByNumber, Ghosts, Heap, List, Past, PerSlot, Ranked, Segments, Sketch, Slot, Table, Word, share,
};
