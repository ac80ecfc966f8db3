//! What steps may name.

/// What steps may name.
pub(in crate::orchestration) struct Known<'k> {
    pub models: &'k [&'k str],
    pub workflows: Vec<&'k str>,
    pub tools: Vec<&'k str>,
}
