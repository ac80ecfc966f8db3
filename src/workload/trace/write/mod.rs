//! Traces written.
