//! From a YAML file to a typed spec, with every mistake located.

mod as_written;
pub(super) mod diagnostic;
pub(super) mod document;
mod locate;
pub mod path;
pub(super) mod plain;
pub(super) mod read;
mod read_error;

pub use diagnostic::Diagnostic;
pub use document::Document;
pub use plain::plain;
pub use read::{Reading, read};
