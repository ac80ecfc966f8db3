//! A model's parts on a GPU.

use super::{
    Attention, Decomposition, Exchange, ExchangeKind, ExpertsPart, Gemm, Kept, Layer, Parallelism,
    Rows, Stage,
};
use crate::serving::step::model_config::{Experts, LayerKind, ModelConfig};
use crate::spec::Problem;

/// vLLM fills a vocabulary up to a multiple of this.
const VOCABULARY_UNIT: u32 = 64;

impl Decomposition {
    /// The model divided among GPUs.
    ///
    /// # Errors
    /// It cannot be divided so; the problem's place is the field of `parallelism`.
    pub fn new(model: &ModelConfig, parallelism: Parallelism) -> Result<Self, Problem> {
        parallelism.check(model)?;
        let mut kinds: Vec<LayerKind> = Vec::new();
        for kind in &model.kinds {
            if !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
        let stages = stages(model, &kinds, parallelism.pipeline_parallel_size);
        let layers = kinds.iter().enumerate().map(|(nth, kind)| {
            let count = stages.iter().map(|stage| stage.layers[nth]).sum();
            layer(model, *kind, count, &parallelism)
        });
        let gpus = parallelism.tensor_parallel_size;
        let words = model.vocabulary.div_ceil(VOCABULARY_UNIT) * VOCABULARY_UNIT / gpus;
        let words = if gpus == 1 { model.vocabulary } else { words };
        Ok(Decomposition {
            parallelism,
            hidden: model.hidden,
            layers: layers.collect(),
            head: Gemm {
                name: "lm_head",
                n: words,
                k: model.hidden,
                rows: Rows::Sequences,
                weights: Kept::Plain,
            },
            embedding: f64::from(words) * f64::from(model.hidden),
            tied: model.tied,
            exchanges: exchanges(model, &parallelism),
            stages,
        })
    }
}

/// Layers divided as vLLM does: alike, and of those that are over one each to the stages
/// before the last, from the back (`get_pp_indices`).
fn stages(model: &ModelConfig, kinds: &[LayerKind], count: u32) -> Vec<Stage> {
    let (each, over) = (model.layers / count, model.layers % count);
    let mut layers = model.kinds.iter();
    (0..count)
        .map(|nth| {
            let one_more = nth + 1 < count && nth + 1 + over >= count;
            let mut of_kind = vec![0; kinds.len()];
            for kind in layers.by_ref().take((each + u32::from(one_more)) as usize) {
                let nth = kinds.iter().position(|it| it == kind).unwrap_or(0);
                of_kind[nth] += 1;
            }
            Stage { layers: of_kind }
        })
        .collect()
}

fn layer(model: &ModelConfig, kind: LayerKind, count: u32, among: &Parallelism) -> Layer {
    let gpus = among.tensor_parallel_size;
    let hidden = model.hidden;
    let projection =
        |name, n, k| Gemm { name, n, k, rows: Rows::Tokens, weights: Kept::Projection };
    let (attention, mut gemms) = attention(model, kind, gpus);
    let mut feed_forward = |width: u32| {
        gemms.push(projection("gate_up_proj", 2 * width, hidden));
        gemms.push(projection("down_proj", hidden, width));
    };
    let sum = all_reduce(hidden, gpus);
    let mut exchanges: Vec<Exchange> = sum.into_iter().collect();
    let experts = model.experts.filter(|_| kind.sparse);
    match experts {
        None => {
            feed_forward(model.intermediate / gpus);
            exchanges.extend(sum);
        }
        Some(experts) => {
            if experts.shared > 0 {
                feed_forward(experts.shared / gpus);
            }
            let router = projection("gate", experts.count, hidden);
            gemms.push(Gemm { weights: Kept::Plain, ..router });
            exchanges.extend(experts_exchanges(&experts, hidden, among));
        }
    }
    let experts = experts.map(|experts| part(&experts, hidden, among));
    Layer { count, attention, gemms, experts, exchanges }
}

/// What attends, and the projections around it.
fn attention(model: &ModelConfig, kind: LayerKind, gpus: u32) -> (Attention, Vec<Gemm>) {
    let (hidden, heads) = (model.hidden, model.heads / gpus);
    let gemm = |name, n, k| Gemm { name, n, k, rows: Rows::Tokens, weights: Kept::Projection };
    let Some(latent) = model.latent else {
        let (kv_heads, head_dim) = ((model.kv_heads / gpus).max(1), model.head_dim);
        let attention = Attention::Grouped { heads, kv_heads, head_dim, window: kind.window };
        let gemms = vec![
            gemm("qkv_proj", (heads + 2 * kv_heads) * head_dim, hidden),
            gemm("o_proj", hidden, heads * head_dim),
        ];
        return (attention, gemms);
    };
    let attention = Attention::Latent {
        heads,
        kv_rank: latent.kv_rank,
        nope_dim: latent.nope_dim,
        rope_dim: latent.rope_dim,
        value_dim: latent.value_dim,
    };
    let queries = heads * (latent.nope_dim + latent.rope_dim);
    let kept = latent.kv_rank + latent.rope_dim;
    // What is narrow is not divided: each GPU makes all of it.
    let mut gemms = match latent.q_rank {
        Some(rank) => {
            vec![gemm("fused_qkv_a_proj", rank + kept, hidden), gemm("q_b_proj", queries, rank)]
        }
        None => vec![gemm("kv_a_proj_with_mqa", kept, hidden), gemm("q_proj", queries, hidden)],
    };
    // In a decode these weights bring queries and results to what is kept and back, which
    // is as much work for a token.
    gemms.push(gemm("kv_b_proj", heads * (latent.nope_dim + latent.value_dim), latent.kv_rank));
    gemms.push(gemm("o_proj", hidden, heads * latent.value_dim));
    (attention, gemms)
}

fn part(experts: &Experts, hidden: u32, among: &Parallelism) -> ExpertsPart {
    let gpus = among.expert_gpus();
    let (on_gpu, intermediate) = if among.enable_expert_parallel {
        (experts.count / gpus, experts.intermediate)
    } else {
        (experts.count, experts.intermediate / gpus)
    };
    ExpertsPart {
        on_gpu,
        count: experts.count,
        per_token: experts.per_token,
        hidden,
        intermediate,
        ranks: among.data_parallel_size,
    }
}

/// Experts of one engine are summed up as a dense layer is; those of several get the tokens
/// sent and send back what becomes of them.
fn experts_exchanges(experts: &Experts, hidden: u32, among: &Parallelism) -> Vec<Exchange> {
    let (gpus, ranks) = (among.tensor_parallel_size, among.data_parallel_size);
    if ranks == 1 {
        return all_reduce(hidden, gpus).into_iter().collect();
    }
    let exchange = |kind, gpus, numbers| Exchange { kind, gpus, numbers, rows: Rows::Tokens };
    if among.enable_expert_parallel {
        // A GPU of those that share an engine's layers sends its part of the tokens, each
        // to no more GPUs than it has experts.
        let copies = experts.per_token.min(among.expert_gpus());
        let numbers = (hidden.saturating_mul(copies)).div_ceil(gpus);
        vec![exchange(ExchangeKind::AllToAll, among.expert_gpus(), numbers); 2]
    } else {
        // All tokens come to all, and the sums go back.
        let numbers = hidden.saturating_mul(ranks);
        vec![exchange(ExchangeKind::AllGather, ranks, numbers); 2]
    }
}

fn all_reduce(numbers: u32, gpus: u32) -> Option<Exchange> {
    let exchange = Exchange { kind: ExchangeKind::AllReduce, gpus, numbers, rows: Rows::Tokens };
    (gpus > 1).then_some(exchange)
}

/// What is exchanged once in a step.
fn exchanges(model: &ModelConfig, among: &Parallelism) -> Vec<Exchange> {
    let gpus = among.tensor_parallel_size;
    // After the embedding, of which each GPU has some words.
    let mut exchanges: Vec<Exchange> = all_reduce(model.hidden, gpus).into_iter().collect();
    if gpus > 1 {
        // What the head makes of the words that each has.
        let numbers = model.vocabulary;
        let kind = ExchangeKind::AllGather;
        exchanges.push(Exchange { kind, gpus, numbers, rows: Rows::Sequences });
    }
    // A token and what was added to it; each GPU sends its part.
    let numbers = (2 * model.hidden).div_ceil(gpus);
    let send = Exchange { kind: ExchangeKind::Send, gpus: 2, numbers, rows: Rows::Tokens };
    exchanges.extend((1..among.pipeline_parallel_size).map(|_| send));
    exchanges
}
