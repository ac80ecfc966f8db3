//! How large a batch may be where an experiment does not say: vLLM's rule, by the GPU.

use crate::serving::step::StepSpec;

/// Sequences and tokens of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchLimits {
    pub seqs: u32,
    pub tokens: u32,
}

impl BatchLimits {
    /// Those of an online server of vLLM 0.33 (`EngineArgs.get_batch_defaults`) on the GPU of
    /// `step`: by its memory, and small on an A100, where larger steps were found to be slower.
    /// A model of steps that names no GPU is taken to be of an H100.
    pub fn of(step: &StepSpec) -> Self {
        const GIB: f64 = (1_u64 << 30) as f64;
        let gpu = step.gpu().unwrap_or_default();
        let huge = gpu.figures().memory_bytes() >= 160.0 * GIB;
        let (seqs, tokens) = match (gpu.is_large(), huge) {
            (true, true) => (1024, 16_384),
            (true, false) => (1024, 8192),
            (false, _) => (256, 2048),
        };
        BatchLimits { seqs, tokens }
    }
}
