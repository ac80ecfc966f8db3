//! What a model's weights, keys and values take.

use super::{Decomposition, Kept, Layer};
use crate::serving::step::precision::{Precision, WeightPrecision};

impl Layer {
    /// Numbers of one layer on a GPU, each kind as it is kept.
    fn numbers(&self) -> impl Iterator<Item = (Kept, f64)> {
        let experts = self.experts.map(|it| (Kept::Expert, f64::from(it.on_gpu) * it.numbers()));
        self.gemms.iter().map(|gemm| (gemm.weights, gemm.numbers())).chain(experts)
    }
}

impl Decomposition {
    /// Bytes of the weights on a GPU of each stage. Norms and biases are left out, which are
    /// less than 0.1 %.
    pub fn weight_bytes(&self, weights: WeightPrecision) -> Vec<f64> {
        let last = self.stages.len() - 1;
        let plain = Precision::Bf16.bytes();
        let stage = |(nth, stage): (usize, &super::Stage)| {
            let layers = self.layers.iter().zip(&stage.layers).map(|(layer, count)| {
                let kept = layer.numbers();
                let bytes = kept.map(|(kept, numbers)| kept.precision(weights).bytes() * numbers);
                f64::from(*count) * bytes.sum::<f64>()
            });
            let first = if nth == 0 { self.embedding } else { 0.0 };
            let shared = self.tied && last == 0;
            let head = if nth == last && !shared { self.head.numbers() } else { 0.0 };
            layers.sum::<f64>() + plain * (first + head)
        };
        self.stages.iter().enumerate().map(stage).collect()
    }

    /// Numbers that a GPU of each stage keeps of a context of `tokens`: a layer with a window
    /// keeps no more than that.
    pub fn kv_numbers(&self, tokens: f64) -> Vec<f64> {
        let kept = |layer: &Layer| {
            let most = layer.attention.window().map_or(f64::INFINITY, f64::from);
            layer.attention.kv_numbers() * tokens.min(most)
        };
        let stage = |stage: &super::Stage| {
            let layers = self.layers.iter().zip(&stage.layers);
            layers.map(|(layer, count)| f64::from(*count) * kept(layer)).sum()
        };
        self.stages.iter().map(stage).collect()
    }
}
