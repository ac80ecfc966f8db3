//! What a cache is asked for.

use std::fmt::Write;

use md5::{Digest, Md5};

use crate::kernel::keyed_uniform::{GOLDEN, mix};
use crate::workload::PyNumber;

/// The id under which a cache knows an answer. Ids may be any 64-bit numbers:
/// those of a trace, or real keys ([`cache_key_md5`]) interned once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    /// 64 bits that look random: equal for equal keys and salts, and unrelated
    /// otherwise. Two rounds of `SplitMix64`'s finalizer.
    #[inline]
    pub const fn mix(self, salt: u64) -> u64 {
        mix(mix(self.0.wrapping_add(GOLDEN)) ^ salt)
    }
}

/// The key of a request as the notebook makes it: the lower-case hexadecimal MD5
/// of `prompt|temperature|max_tokens|top_p`, numbers as Python prints them.
///
/// ```
/// use windtunnel::cache::cache_key_md5;
/// use windtunnel::workload::PyNumber;
/// let key = cache_key_md5("What is AI?", PyNumber::Float(0.7), 100, PyNumber::Int(1));
/// assert_eq!(key.len(), 32);
/// ```
pub fn cache_key_md5(
    prompt: &str,
    temperature: PyNumber,
    max_tokens: u64,
    top_p: PyNumber,
) -> String {
    let digest = Md5::digest(format!("{prompt}|{temperature}|{max_tokens}|{top_p}"));
    let mut hex = String::with_capacity(32);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use PyNumber::{Float, Int};

    #[test]
    fn keys_are_those_of_the_notebook() {
        let key = cache_key_md5("What is machine learning?", Float(0.7), 100, Float(0.9));
        assert_eq!(key, "37e09b4dfb8265f090810807fbe93786");
    }

    #[test]
    fn a_number_counts_as_it_is_written() {
        let key = |temperature| cache_key_md5("q", temperature, 100, Float(0.9));
        // python3: hashlib.md5(b"q|1|100|0.9") and (b"q|1.0|100|0.9").
        assert_eq!(key(Int(1)), "40a0273ed7a89ea7c6e43c7102dfbd4d");
        assert_eq!(key(Float(1.0)), "7c54e9685c3925cf036d437682c32680");
    }

    #[test]
    fn prompts_are_hashed_as_utf8() {
        // python3: hashlib.md5("Größe? 日本|0.7|100|0.9".encode()).
        let key = cache_key_md5("Größe? 日本", Float(0.7), 100, Float(0.9));
        assert_eq!(key, "3e9770495a781169a399290bf2074f7b");
    }
}
