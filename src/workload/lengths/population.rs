//! Lengths that belong to prompts: whoever asks a prompt, and whenever, it is
//! as long as before.

use super::Lengths;
use crate::kernel::Keyed;
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
    keyed: Keyed,
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
        PromptLengths { lengths, keyed: Keyed::new(stream), known: vec![0; memo] }
    }

    /// The variate that picked a prompt's length.
    pub fn uniform(&self, prompt: PromptId) -> f64 {
        self.keyed.uniform(prompt.0)
    }

    /// Tokens of a prompt.
    #[inline]
    pub fn of(&mut self, prompt: PromptId) -> u32 {
        let Some(known) = self.known.get_mut(prompt.0 as usize) else {
            return self.lengths.pick(self.keyed.uniform(prompt.0));
        };
        if *known == 0 {
            *known = self.lengths.pick(self.keyed.uniform(prompt.0));
        }
        *known
    }
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
}
