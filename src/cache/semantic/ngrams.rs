//! An embedder of texts that needs no model: n-grams of characters, hashed.
//!
//! Feature hashing with signs: K. Weinberger, A. Dasgupta, J. Langford, A. Smola,
//! J. Attenberg: Feature hashing for large scale multitask learning. ICML 2009.
//! N-grams of characters within words, with the words' ends marked, as fastText
//! has them: P. Bojanowski, E. Grave, A. Joulin, T. Mikolov: Enriching word
//! vectors with subword information. TACL 5, 2017.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vectors::Vectors;
use crate::spec::Problems;

/// Texts are made into vectors by hashing the n-grams of their characters. They
/// see words in common, not meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NgramsSpec {
    /// Numbers in a vector; more of them, fewer collisions. Default: 384.
    pub dimensions: u32,
    /// The shortest n-grams, in characters. Default: 3.
    pub min: u32,
    /// The longest n-grams, in characters. Default: 5.
    pub max: u32,
}

impl Default for NgramsSpec {
    fn default() -> Self {
        NgramsSpec { dimensions: 384, min: 3, max: 5 }
    }
}

impl NgramsSpec {
    /// Reports what would embed nothing, or more than memory holds.
    pub fn check(&self, problems: &mut Problems) {
        if !(1..=65_536).contains(&self.dimensions) {
            problems.at("dimensions", |p| p.error("expected 1 to 65536"));
        }
        if !(1..=64).contains(&self.min) {
            problems.at("min", |p| p.error("expected 1 to 64 characters"));
        }
        if !(self.min..=64).contains(&self.max) {
            problems.at("max", |p| p.error("expected `min` to 64 characters"));
        }
    }

    /// Adds the vector of a text; of a text without words, a vector that is
    /// similar to none.
    pub fn embed(&self, text: &str, vectors: &mut Vectors) {
        let mut sums = vec![0.0f64; self.dimensions as usize];
        let mut word: Vec<char> = Vec::new();
        for raw in text.split(|c: char| !c.is_alphanumeric()).filter(|raw| !raw.is_empty()) {
            word.clear();
            word.push('<');
            word.extend(raw.chars().flat_map(char::to_lowercase));
            word.push('>');
            for n in self.min as usize..=self.max as usize {
                // A word shorter than its n-grams is one itself, once.
                let whole = n == self.min as usize && word.len() < n;
                for gram in word.windows(if whole { word.len() } else { n }) {
                    let hash = hash(gram);
                    // Place and sign from different ends of the hash.
                    let place = ((u128::from(hash) * sums.len() as u128) >> 64) as usize;
                    sums[place] += if hash & 1 == 0 { 1.0 } else { -1.0 };
                }
            }
        }
        if vectors.push_scaled(&sums).is_err() {
            vectors.push_zero();
        }
    }
}

/// FNV-1a over the characters, its bits then mixed (the finalizer of
/// `SplitMix64`: Steele, Lea and Flood, OOPSLA 2014).
fn hash(gram: &[char]) -> u64 {
    let fnv = gram.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, c| {
        (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x0100_0000_01b3)
    });
    crate::kernel::keyed_uniform::mix(fnv)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::semantic::vectors::dot;

    fn similarity(a: &str, b: &str) -> f32 {
        let spec = NgramsSpec::default();
        let mut vectors = Vectors::new(spec.dimensions as usize);
        spec.embed(a, &mut vectors);
        spec.embed(b, &mut vectors);
        dot(vectors.row(0), vectors.row(1))
    }

    #[test]
    fn words_in_common_make_texts_similar() {
        let same = similarity("What is AI?", "what is  AI");
        assert!((same - 1.0).abs() < 1e-6, "case and punctuation do not count: {same}");
        let near = similarity("How do I reset my password?", "How can I reset the password?");
        let far = similarity("How do I reset my password?", "Best pizza in town");
        assert!(near > 0.6 && far.abs() < 0.25, "{near} {far}");
        let inflected = similarity("caching", "cached");
        assert!(inflected > 0.2, "a common stem counts: {inflected}");
    }

    #[test]
    fn a_text_without_words_is_similar_to_none() {
        assert_eq!(similarity("?!", "?!"), 0.0);
        assert!((similarity("é", "É") - 1.0).abs() < 1e-6, "short words count as a whole");
    }
}
