//! Traces beyond one file of rows: conversations, cache traces, several on one clock,
//! and traces that are written.

mod conversations;
mod merged;
mod support;
mod written;
