//! Agents' patterns and recorded workflows, run by the engine alone.

mod bench;
mod calls;
mod prompts;
mod recorded;
