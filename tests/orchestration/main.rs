//! Workflows and agents against closed forms, and what must hold of any of them.

mod conservation;
mod driver;
mod laws;
mod patterns;
mod rules;
mod system;
