//! Workflows and agents against what theory says of them.

mod bench;
mod patterns;
mod prompts;
