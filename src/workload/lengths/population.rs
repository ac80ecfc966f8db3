//! Lengths that belong to prompts: whoever asks a prompt, and whenever, it is
//! as long as before.

use super::Lengths;
use crate::kernel::Stream;
use crate::workload::incoming::PromptId;

/// Populations up to this size keep the lengths that were already worked out
/// (4 bytes each); a larger one works them out each time.
const MEMO_COUNT: usize = 1 << 24;

/// Gives each prompt of a population its length: a draw keyed by the prompt's
/// id, and so independent of the order in which prompts are asked.
#[derive(Debug)]
pub(in crate::workload) struct PromptLengths {
    lengths: Lengths,
    key: u64,
    /// Length by prompt id; 0 where not yet known.
    known: Vec<u32>,
}

impl PromptLengths {
    /// The lengths of `count` prompts, or of endless many.
    pub fn new(lengths: Lengths, count: Option<usize>, stream: &mut Stream) -> Self {
        let memo = match lengths {
            Lengths::Constant(_) => 0,
            _ => count.filter(|count| *count <= MEMO_COUNT).unwrap_or(0),
        };
        PromptLengths { lengths, key: stream.bits(), known: vec![0; memo] }
    }

    /// The variate that picked a prompt's length.
    pub fn uniform(&self, prompt: PromptId) -> f64 {
        keyed_uniform(self.key, prompt.0)
    }

    /// Tokens of a prompt.
    #[inline]
    pub fn of(&mut self, prompt: PromptId) -> u32 {
        let Some(known) = self.known.get_mut(prompt.0 as usize) else {
            return self.lengths.pick(keyed_uniform(self.key, prompt.0));
        };
        if *known == 0 {
            *known = self.lengths.pick(keyed_uniform(self.key, prompt.0));
        }
        *known
    }
}

/// 64 random bits, a function of `key` and `id` alone: output number `id` of
/// the generator `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014) seeded by `key`.
#[inline]
pub(in crate::workload) fn keyed_bits(key: u64, id: u64) -> u64 {
    let mut bits = key.wrapping_add(id.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Uniform on (0, 1), of [`keyed_bits`]. As `Stream::uniform`: the middle of one of
/// 2^52 cells.
#[inline]
pub(in crate::workload) fn keyed_uniform(key: u64, id: u64) -> f64 {
    ((keyed_bits(key, id) >> 12) as f64 * 2.0 + 1.0) * (1.0 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;
    use crate::workload::lengths::LengthsSpec;

    #[test]
    fn a_prompts_length_depends_neither_on_order_nor_on_the_memo() {
        let spec: LengthsSpec =
            serde_json::from_str(r#"{"lognormal": {"mean": 500, "sigma": 1}}"#).unwrap();
        let lengths = spec.distribution().unwrap();
        let of = |count| {
            PromptLengths::new(
                lengths.clone(),
                count,
                &mut Streams::new(1, 0).stream("workload.test"),
            )
        };
        let (mut kept, mut endless) = (of(Some(1000)), of(None));
        let forwards: Vec<u32> = (0..1000).map(|id| kept.of(PromptId(id))).collect();
        for id in (0..1000).rev() {
            assert_eq!(endless.of(PromptId(id)), forwards[id as usize]);
            assert_eq!(kept.of(PromptId(id)), forwards[id as usize]);
        }
    }

    #[test]
    fn keyed_draws_are_uniform() {
        let mut cells = [0u32; 100];
        for id in 0..100_000 {
            cells[(keyed_uniform(7, id) * 100.0) as usize] += 1;
        }
        let chi2: f64 = cells.iter().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!((54.0..149.0).contains(&chi2), "99.9 % of chi-square(99): {chi2}");
    }
}
