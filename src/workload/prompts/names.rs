//! Which prompt has a text: for what refers to prompts by their texts, such as the
//! contents of a cache written by another run.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The most texts that are made to find one of them.
const MOST: u64 = 1 << 20;

/// Prompts by their texts; made when first asked.
#[derive(Debug, Default)]
pub(super) struct Names(OnceLock<HashMap<String, u64>>);

impl Names {
    /// The first of `count` prompts with this text. `None` if there is none, or if
    /// there are too many to look at.
    pub fn find(
        &self,
        text: &str,
        count: u64,
        text_of: impl Fn(u64) -> Option<String>,
    ) -> Option<u64> {
        let names = self.0.get_or_init(|| {
            let mut names = HashMap::new();
            for id in 0..if count > MOST { 0 } else { count } {
                if let Some(text) = text_of(id) {
                    names.entry(text).or_insert(id);
                }
            }
            names
        });
        names.get(text).copied()
    }
}
