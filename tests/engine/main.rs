//! The batching engine: step by step and in one go it does the same; its limits are
//! those of queueing theory; nothing is lost.

mod agreement;
mod reference;
