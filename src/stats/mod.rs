//! Statistics of simulation output. Knows no LLM.

pub mod table;

pub use table::{Cell, Table};
