//! What each part of a step costs, in ticks.

use super::RooflineSpec;
use super::pace::{AttentionCost, ExpertsCost, ProductCost, Roofline};
use crate::serving::step::decomposition::{
    Attention, Decomposition, Exchange, ExchangeKind, ExpertsPart, Gemm, Kept, Layer, Rows,
};
use crate::serving::step::hardware::{GpuFigures, LinkSpec};
use crate::serving::step::memory::Memory;
use crate::serving::step::precision::{Precision, WeightPrecision};
use crate::serving::step::step_time::{MOST_TICKS, TICKS_PER_NANO};
use crate::spec::Positive;

/// Bytes of a number between layers.
const ACTIVATION_BYTES: f64 = 2.0;

/// As many tokens are looked up; more touch as many experts.
const MOST_LOOKED_UP: usize = 8192;

/// The figures that costs are worked out of.
pub(super) struct Costs<'s> {
    spec: &'s RooflineSpec,
    gpu: GpuFigures,
    weights: WeightPrecision,
    /// Bytes of a number in keys and values.
    pub kv_bytes: f64,
    /// Bytes a second.
    bandwidth: f64,
    /// Operations a second of attention.
    attention_flops: f64,
}

impl<'s> Costs<'s> {
    pub fn new(spec: &'s RooflineSpec, weights: WeightPrecision) -> Self {
        let gpu = spec.gpu.figures();
        let kv = spec.precision.kv_cache.map_or(2.0, Precision::bytes);
        Costs {
            kv_bytes: spec.kv_bytes.map_or(kv, Positive::get),
            bandwidth: gpu.bandwidth_gb_s.get() * 1e9 * spec.bandwidth_efficiency.get(),
            attention_flops: gpu.tflops.get() * 1e12 * spec.attention_efficiency.get(),
            weights,
            gpu,
            spec,
        }
    }

    /// The model of steps.
    pub fn roofline(&self, parts: &Decomposition, memory: Memory) -> Roofline {
        let layers = parts.layers.iter();
        let products = layers.clone().flat_map(|layer| {
            layer.gemms.iter().map(|gemm| self.product(gemm, f64::from(layer.count)))
        });
        let experts = layers.clone().filter_map(|layer| {
            layer.experts.map(|experts| self.experts(&experts, f64::from(layer.count)))
        });
        let stages = f64::from(parts.parallelism.pipeline_parallel_size);
        let attention = layers.clone().map(|layer| self.attention(layer, stages));
        let of_layers = layers.clone().flat_map(|layer| {
            layer.exchanges.iter().map(|exchange| (exchange, f64::from(layer.count)))
        });
        let of_step = parts.exchanges.iter().map(|exchange| (exchange, 1.0));
        let (mut latency, mut per_token, mut per_seq) = (0.0, 0.0, 0.0);
        for (exchange, times) in of_layers.chain(of_step) {
            let (constant, row) = self.exchange(exchange, parts);
            latency += times * constant;
            match exchange.rows {
                Rows::Tokens => per_token += times * row,
                Rows::Sequences => per_seq += times * row,
            }
        }
        for layer in layers.clone() {
            let bytes = between(layer) * ACTIVATION_BYTES;
            per_token += f64::from(layer.count) * bytes / self.bandwidth;
        }
        let count: u32 = layers.clone().map(|layer| layer.count).sum();
        let of_layers = self.spec.per_layer.0.saturating_mul(u64::from(count));
        let constant = self.spec.per_step.0.saturating_add(of_layers);
        Roofline {
            constant: constant
                .saturating_mul(TICKS_PER_NANO)
                .saturating_add(ticks(latency))
                .min(MOST_TICKS),
            per_token: ticks(per_token),
            per_seq: ticks(per_seq),
            products: products.chain([self.product(&parts.head, 1.0)]).collect(),
            experts: experts.collect(),
            attention: attention.collect(),
            stages: u64::from(parts.parallelism.pipeline_parallel_size),
            memory,
        }
    }

    /// Bytes of a weight, and operations a second on it.
    fn of_weights(&self, kept: Kept) -> (f64, f64) {
        let precision = kept.precision(self.weights);
        let bytes = self.spec.weight_bytes.map_or(precision.bytes(), Positive::get);
        let multiplied = match kept {
            Kept::Plain => Precision::Bf16,
            Kept::Projection | Kept::Expert => self.spec.precision.multiplied(precision),
        };
        let (flops, _) = self.gpu.flops(multiplied);
        (bytes, flops * self.spec.compute_efficiency.get())
    }

    fn product(&self, gemm: &Gemm, times: f64) -> ProductCost {
        let (bytes, flops) = self.of_weights(gemm.weights);
        let row = (f64::from(gemm.n) + f64::from(gemm.k)) * ACTIVATION_BYTES;
        ProductCost {
            rows: gemm.rows,
            work: ticks(times * 2.0 * gemm.numbers() / flops),
            weights: ticks(times * gemm.numbers() * bytes / self.bandwidth),
            traffic: ticks(times * row / self.bandwidth),
        }
    }

    fn experts(&self, experts: &ExpertsPart, times: f64) -> ExpertsCost {
        let (bytes, flops) = self.of_weights(Kept::Expert);
        let expert = times * experts.numbers() * bytes / self.bandwidth;
        let pairs = times * experts.pairs(1.0);
        let row = 2.0 * f64::from(experts.hidden);
        let most = expert * f64::from(experts.on_gpu);
        let mut read = Vec::new();
        for tokens in 0..MOST_LOOKED_UP {
            let touched = ticks(expert * experts.touched(tokens as f64));
            read.push(touched);
            if touched >= ticks(most) {
                break;
            }
        }
        ExpertsCost {
            work: ticks(pairs * 2.0 * experts.numbers() / flops),
            traffic: ticks(pairs * row * ACTIVATION_BYTES / self.bandwidth),
            read,
        }
    }

    /// Of all layers of a kind. Each of the stages has its part of the sequences.
    fn attention(&self, layer: &Layer, stages: f64) -> AttentionCost {
        let attention = &layer.attention;
        let times = f64::from(layer.count) / stages;
        let read = attention.kv_numbers() * self.kv_bytes / self.bandwidth;
        let again = match *attention {
            Attention::Grouped { .. } => 0.0,
            // Keys and values of what was computed before are made of what is kept.
            Attention::Latent { heads, kv_rank, nope_dim, value_dim, .. } => {
                let numbers = f64::from(heads) * f64::from(nope_dim + value_dim);
                2.0 * numbers * f64::from(kv_rank) / self.of_weights(Kept::Projection).1
            }
        };
        let decode = (attention.decode_flops() / self.attention_flops).max(read);
        AttentionCost {
            window: attention.window().map(u64::from),
            pair: ticks(times * attention.prefill_flops() / self.attention_flops),
            again: ticks(times * again),
            read: ticks(times * read),
            decode: ticks(times * decode),
        }
    }

    /// Seconds of an exchange however small it is, and for each row.
    fn exchange(&self, exchange: &Exchange, parts: &Decomposition) -> (f64, f64) {
        let across = exchange.gpus.max(parts.parallelism.gpus()) > self.gpu.node;
        let link: &LinkSpec = match (&self.spec.link, across) {
            (_, true) => &self.spec.network,
            (Some(link), false) => link,
            (None, false) => &self.gpu.link,
        };
        let gpus = f64::from(exchange.gpus);
        let others = (gpus - 1.0) / gpus;
        // What a GPU sends of each byte.
        let sent = match exchange.kind {
            ExchangeKind::AllReduce => 2.0 * others,
            ExchangeKind::AllGather | ExchangeKind::AllToAll => others,
            ExchangeKind::Send => 1.0,
        };
        let bytes = f64::from(exchange.numbers) * ACTIVATION_BYTES * sent;
        (link.latency.0 as f64 / 1e9, bytes / link.bandwidth.bytes_per_sec())
    }
}

/// Numbers that are read and written of a token between a layer's matrices: by two norms with
/// what was added up, the rotation of queries and keys, and the product of gate and up.
fn between(layer: &Layer) -> f64 {
    let f = f64::from;
    let n = |name| layer.gemms.iter().find(|gemm| gemm.name == name).map_or(0.0, |it| f(it.n));
    let experts = layer.experts.map_or(0.0, |it| it.pairs(1.0) * 3.0 * f(it.intermediate));
    8.0 * n("o_proj") + 2.0 * (n("qkv_proj") + n("q_b_proj")) + 1.5 * n("gate_up_proj") + experts
}

/// Seconds in ticks, rounded; the cast saturates.
fn ticks(secs: f64) -> u64 {
    (secs * 1e9 * TICKS_PER_NANO as f64 + 0.5) as u64
}
