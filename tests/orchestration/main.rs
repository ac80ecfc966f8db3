//! Workflows and agents against what theory says of them.

mod patterns;
