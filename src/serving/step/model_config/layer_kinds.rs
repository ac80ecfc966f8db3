//! Which layers have a window and which have experts.

use super::raw::Raw;
use super::{Experts, LayerKind};

/// What each layer is.
pub(super) fn layer_kinds(
    raw: &Raw,
    architecture: &str,
    experts: Option<&Experts>,
) -> Result<Vec<LayerKind>, String> {
    let windows = windows(raw, architecture)?;
    let kind = |nth: u32| LayerKind {
        window: windows[nth as usize],
        sparse: experts.is_some() && is_sparse(raw, nth),
    };
    Ok((0..raw.num_hidden_layers).map(kind).collect())
}

/// The windows of all layers. What a file says layer by layer (`layer_types`) goes before the
/// rule of its architecture, which is that of its class in Hugging Face's transformers.
fn windows(raw: &Raw, architecture: &str) -> Result<Vec<Option<u32>>, String> {
    let layers = raw.num_hidden_layers;
    let llama4 = architecture.starts_with("Llama4");
    let width = if llama4 { raw.attention_chunk_size } else { raw.sliding_window };
    let width = width.filter(|_| raw.use_sliding_window != Some(false));
    let Some(width) = width else { return Ok(vec![None; layers as usize]) };
    if width == 0 {
        return Err("`sliding_window` is 0; without a window it is null".to_owned());
    }
    if let Some(types) = &raw.layer_types {
        if types.len() != layers as usize {
            let message = format!("`layer_types` has {} layers of {layers}", types.len());
            return Err(message);
        }
        return types.iter().map(|name| window_of(name, width)).collect();
    }
    // A pattern of n: the last of n layers attends to everything.
    let every = |pattern: u32| move |nth: u32| !(nth + 1).is_multiple_of(pattern.max(1));
    let windowed: Box<dyn Fn(u32) -> bool> = match architecture {
        "Gemma2ForCausalLM" | "GptOssForCausalLM" => Box::new(every(2)),
        name if name.starts_with("Gemma3") => {
            Box::new(every(raw.sliding_window_pattern.unwrap_or(6)))
        }
        name if name.starts_with("Llama4") => match &raw.no_rope_layers {
            // 1 where positions turn, which is where attention is in chunks.
            Some(turned) if turned.len() == layers as usize => {
                let turned = turned.clone();
                Box::new(move |nth| turned[nth as usize] != 0)
            }
            _ => Box::new(every(4)),
        },
        name if name.starts_with("Qwen2") || name.starts_with("Qwen3") => {
            let whole = raw.max_window_layers.unwrap_or(0);
            Box::new(move |nth| nth >= whole && raw.use_sliding_window == Some(true))
        }
        _ => Box::new(|_| true),
    };
    Ok((0..layers).map(|nth| windowed(nth).then_some(width)).collect())
}

fn window_of(name: &str, width: u32) -> Result<Option<u32>, String> {
    match name {
        "full_attention" => Ok(None),
        "sliding_attention" | "chunked_attention" => Ok(Some(width)),
        _ => Err(format!(
            "the layer type `{name}` is not known; known are full_attention, \
             sliding_attention, chunked_attention"
        )),
    }
}

/// Whether the `nth` layer, from 0, has experts.
fn is_sparse(raw: &Raw, nth: u32) -> bool {
    let after_dense = nth >= raw.first_k_dense_replace.unwrap_or(0);
    let every = raw.decoder_sparse_step.or(raw.interleave_moe_layer_step).unwrap_or(1).max(1);
    let of_step = (nth + 1).is_multiple_of(every);
    // DeepSeek counts from 0.
    let of_freq = nth.is_multiple_of(raw.moe_layer_freq.unwrap_or(1).max(1));
    let named_dense = raw.mlp_only_layers.as_ref().is_some_and(|dense| dense.contains(&nth));
    after_dense && of_step && of_freq && !named_dense
}
