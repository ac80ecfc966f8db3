//! What was measured of a model's parts.

mod all_reduce;
mod attention;
mod experts;
mod gemm;
mod grid;
mod heads;
mod latent;
mod needed;

use std::collections::BTreeMap;

pub(super) use all_reduce::AllReduce;
pub(super) use attention::{Decodes, Prompts};
use gemm::Gemms;
pub(super) use needed::Choice;

use super::dtypes::Dtypes;
use super::files::Tables;
use crate::serving::step::axis::Axis;
use crate::serving::step::decomposition::{Attention, Decomposition, Layer, Rows};
use crate::spec::Problem;

/// Microseconds of a model's parts on one of the GPUs that share it.
#[derive(Debug)]
pub(super) struct Measured {
    /// By tokens: the projections of all layers.
    pub dense: Axis<f64>,
    /// By sequences: the head.
    pub head: Axis<f64>,
    /// Layers of one kind each.
    pub layers: Vec<OfLayer>,
    /// Where several GPUs share it.
    pub all_reduce: Option<AllReduce>,
}

/// What was measured of one layer.
#[derive(Debug)]
pub(super) struct OfLayer {
    /// How many there are.
    pub count: f64,
    pub prompts: Prompts,
    pub decodes: Decodes,
    /// How many tokens a token attends to.
    pub window: Option<u32>,
    /// By tokens.
    pub experts: Option<Axis<f64>>,
}

impl Measured {
    /// Reads what the parts need.
    ///
    /// # Errors
    /// A table is missing or has no row for them; the place is the field that asks for it.
    pub fn read(
        tables: &Tables<'_>,
        parts: &Decomposition,
        dtypes: &Dtypes,
        choice: Choice<'_>,
    ) -> Result<Self, Problem> {
        let mut gemms = Gemms::new(tables, dtypes);
        let mut dense = BTreeMap::new();
        for layer in &parts.layers {
            for gemm in layer.gemms.iter().filter(|gemm| gemm.rows == Rows::Tokens) {
                for (tokens, us) in gemms.curve(gemm)? {
                    *dense.entry(tokens).or_insert(0.0) += us * f64::from(layer.count);
                }
            }
        }
        let head = Axis::new(gemms.curve(&parts.head)?);
        let mut layers = Vec::new();
        for layer in &parts.layers {
            layers.push(of_layer(layer, parts, tables, dtypes, choice, &mut gemms)?);
        }
        let gpus = parts.parallelism.tensor_parallel_size;
        let all_reduce = match gpus {
            1 => None,
            _ => Some(AllReduce::read(tables, gpus)?),
        };
        Ok(Measured { dense: Axis::new(dense), head, layers, all_reduce })
    }
}

fn of_layer(
    layer: &Layer,
    parts: &Decomposition,
    tables: &Tables<'_>,
    dtypes: &Dtypes,
    choice: Choice<'_>,
    gemms: &mut Gemms<'_>,
) -> Result<OfLayer, Problem> {
    let (prompts, decodes) = match layer.attention {
        Attention::Grouped { heads, kv_heads, head_dim, .. } => {
            let shape = heads::Shape { heads, kv_heads, head_dim };
            heads::read(tables, shape, &dtypes.kv_cache)?
        }
        Attention::Latent { .. } => latent::read(tables, &layer.attention, dtypes, gemms)?,
    };
    let experts = match &layer.experts {
        None => None,
        Some(part) => {
            let read = experts::read(tables, part, &parts.parallelism, &dtypes.moe, choice);
            Some(Axis::new(read?))
        }
    };
    Ok(OfLayer {
        count: f64::from(layer.count),
        prompts,
        decodes,
        window: layer.attention.window(),
        experts,
    })
}
