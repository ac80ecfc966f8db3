//! Handed cases.
