//! A trace that was read, with what is known of it.

use crate::cache::replay::Reuse;
use crate::stats::fit::Zipf;
use crate::workload::trace::Profile;

/// A trace that was read.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// What it is called: the file's name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// What it holds.
    pub profile: Profile,
    /// The correlation of the ranks of prompts' and answers' lengths (Spearman's).
    pub rank_correlation: f64,
    /// How soon prompts or blocks are asked for again, where they are known.
    pub reuse: Option<(&'static str, Reuse)>,
    /// Zipf's law fitted to prompts, blocks and users, where they repeat.
    pub laws: [Option<Zipf>; 3],
}

impl Surveyed {
    /// A trace with its laws fitted.
    pub fn new(
        name: String,
        format: String,
        profile: Profile,
        rank_correlation: f64,
        reuse: Option<(&'static str, Reuse)>,
    ) -> Self {
        let known = [&profile.prompts, &profile.blocks, &profile.users];
        let laws = known.map(|popularity| Zipf::fit(&popularity.ranked()));
        Surveyed { name, format, profile, rank_correlation, reuse, laws }
    }
}
