//! Workflows and agents against closed forms, and what must hold of any of them.

mod bench;
mod conservation;
mod driver;
mod laws;
mod patterns;
mod prompts;
mod rules;
mod system;
