//! Traces beyond one file of rows: conversations, cache traces, several on one clock,
//! and traces that are written;
//! logs of gateways and benchmarks; what is never done in silence.

mod conversations;
mod formats;
mod merged;
mod silence;
mod support;
mod written;
