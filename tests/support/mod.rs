//! What integration tests share.

pub mod folder;
