//! Workflows against closed forms, and what must hold of any of them.

mod conservation;
mod driver;
mod laws;
mod rules;
