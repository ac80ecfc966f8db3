//! Small kernels between the measured ones, by the memory that they read and write.

use super::figures::Figures;
use crate::serving::step::decomposition::{Attention, Decomposition, Layer};
use crate::serving::step::model_config::ModelConfig;

/// Bytes of an activation.
const BYTES: f64 = 2.0;

/// Microseconds of norms, rotations and activations of all layers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Small {
    /// However few tokens there are.
    pub fixed_us: f64,
    pub per_token_us: f64,
}

impl Small {
    pub fn new(model: &ModelConfig, parts: &Decomposition, figures: &Figures) -> Self {
        let mut all = Small::default();
        let mut add = |times: f64, kernels: f64, numbers: f64| {
            all.fixed_us += times * kernels * figures.kernel_us;
            all.per_token_us += times * numbers * BYTES / figures.bytes_per_us;
        };
        let hidden = f64::from(model.hidden);
        for layer in &parts.layers {
            let count = f64::from(layer.count);
            // Two norms, each with the sum of what comes and what was there: both are read
            // and written.
            add(count, 2.0, 2.0 * 4.0 * hidden);
            // Latent attention was measured with its own.
            if let Attention::Grouped { heads, kv_heads, head_dim, .. } = layer.attention {
                let turned = 2.0 * f64::from(heads + kv_heads) * f64::from(head_dim);
                let kernels = if model.has_qk_norm() { 2.0 } else { 1.0 };
                add(count, kernels, kernels * turned);
            }
            let width = gated(layer);
            if width > 0.0 {
                add(count, 1.0, 3.0 * width);
            }
            if layer.experts.is_some() {
                // The router's choice.
                add(count, 1.0, 0.0);
            }
        }
        // Embedding and last norm.
        add(1.0, 2.0, 2.0 * hidden + 4.0 * hidden);
        all
    }
}

/// Width of the dense feed-forward layer, or of the shared experts.
fn gated(layer: &Layer) -> f64 {
    let gate_up = layer.gemms.iter().find(|gemm| gemm.name == "gate_up_proj");
    gate_up.map_or(0.0, |gemm| f64::from(gemm.n) / 2.0)
}
