//! A general discrete-event simulation library. It knows no LLM.

pub mod random;
pub mod time;

pub use random::{Stream, Streams};
pub use time::{Duration, Time};
