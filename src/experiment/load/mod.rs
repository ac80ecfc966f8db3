//! From a YAML file to a checked spec, with every mistake located.

mod diagnostic;
mod document;
mod locate;
pub mod path;
mod read;
mod read_error;

pub use diagnostic::Diagnostic;
pub use document::Document;
pub use read::{Reading, read};
