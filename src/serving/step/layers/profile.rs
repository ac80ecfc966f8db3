//! A layer profile: the folder that the profiler of `LLMServingSim` writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::attention::{self, Attention};
use super::skew::{self, Skew};
use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::model_config::ModelConfig;
use crate::workload::typed_rows;

/// Microseconds of one layer's parts, and of what comes before and after the layers, on one
/// of the GPUs that share them.
#[derive(Debug)]
pub(super) struct Profile {
    /// By tokens: all layers together, embedding and last norm among them.
    dense: Axis<f64>,
    /// By sequences: head and sampler.
    per_sequence: Axis<f64>,
    /// Of one layer.
    pub attention: Attention,
    pub skew: Skew,
    /// By tokens, then by experts touched; of one layer.
    experts: Option<Axis<Axis<f64>>>,
}

#[derive(serde::Deserialize)]
struct DenseRow {
    layer: String,
    #[serde(deserialize_with = "typed_rows::whole")]
    tokens: u64,
    #[serde(deserialize_with = "typed_rows::number")]
    time_us: f64,
}

#[derive(serde::Deserialize)]
struct SequenceRow {
    layer: String,
    #[serde(deserialize_with = "typed_rows::whole")]
    sequences: u64,
    #[serde(deserialize_with = "typed_rows::number")]
    time_us: f64,
}

#[derive(serde::Deserialize)]
struct ExpertsRow {
    #[serde(deserialize_with = "typed_rows::whole")]
    tokens: u64,
    #[serde(deserialize_with = "typed_rows::whole")]
    activated_experts: u64,
    #[serde(deserialize_with = "typed_rows::number")]
    time_us: f64,
}

/// How often a part comes in a step of a model with so many layers.
fn times(part: &str, layers: u32) -> f64 {
    match part {
        "embedding" | "final_layernorm" | "lm_head" | "sampler" => 1.0,
        // Before attention and before the feed-forward layer.
        "layernorm" => 2.0 * f64::from(layers),
        _ => f64::from(layers),
    }
}

impl Profile {
    /// Reads the folder `tp<size>` of `folder`.
    ///
    /// # Errors
    /// What is missing or wrong in it, with the file.
    pub fn read(folder: &Path, size: u32, model: &ModelConfig) -> Result<Self, String> {
        let of_size = folder.join(format!("tp{size}"));
        if !of_size.is_dir() {
            let there = sizes(folder);
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Err(format!("it has no `tp{size}`; `tensor_parallel_size` can be: {there}"));
        }
        let mut dense = vec!["embedding", "layernorm", "qkv_proj", "rotary_emb", "o_proj"];
        dense.push("final_layernorm");
        if model.has_qk_norm() {
            dense.push("qk_norm");
        }
        if model.experts.is_none() {
            dense.extend(["gate_up_proj", "act_fn", "down_proj"]);
        }
        let rows: Vec<DenseRow> = read(&of_size.join("dense.csv"))?;
        let rows = rows.into_iter().map(|row| (row.layer, row.tokens, row.time_us));
        let dense = sum("dense.csv", rows, &dense, model.layers)?;
        let rows: Vec<SequenceRow> = read(&of_size.join("per_sequence.csv"))?;
        let rows = rows.into_iter().map(|row| (row.layer, row.sequences, row.time_us));
        let per_sequence = sum("per_sequence.csv", rows, &["lm_head", "sampler"], model.layers)?;
        let rows: Vec<attention::Row> = read(&of_size.join("attention.csv"))?;
        let attention = Attention::new(rows).map_err(|why| format!("attention.csv: {why}"))?;
        let fit = of_size.join("skew_fit.csv");
        let skew = if fit.is_file() {
            let rows: Vec<skew::Row> = read(&fit)?;
            Skew::new(&rows).map_err(|why| format!("skew_fit.csv: {why}"))?
        } else {
            Skew::default()
        };
        let experts = match model.experts {
            Some(_) => Some(experts(folder, size)?),
            None => None,
        };
        Ok(Profile { dense, per_sequence, attention, skew, experts })
    }

    /// Microseconds of all but attention and experts.
    pub fn dense_us(&self, tokens: u64, sequences: u64) -> f64 {
        self.dense.value(tokens as f64, Below::Level, |us| *us)
            + self.per_sequence.value(sequences as f64, Below::Level, |us| *us)
    }

    /// Microseconds of a layer's experts, so many of which are touched.
    pub fn experts_us(&self, tokens: f64, touched: f64) -> f64 {
        let of = |row: &Axis<f64>| row.value(touched, Below::Level, |us| *us);
        self.experts.as_ref().map_or(0.0, |axis| axis.value(tokens, Below::Level, of))
    }
}

/// The sizes of tensor parallelism that a profile has.
fn sizes(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut sizes: Vec<u32> =
        names.filter_map(|name| name.strip_prefix("tp")?.parse().ok()).collect();
    sizes.sort_unstable();
    sizes.iter().map(u32::to_string).collect()
}

/// The experts of a layer. Those of several GPUs are measured on one where they have no
/// file of their own; each has its part of their work then.
fn experts(folder: &Path, size: u32) -> Result<Axis<Axis<f64>>, String> {
    let file = |size: u32| folder.join(format!("tp{size}")).join("moe.csv");
    let own: PathBuf = file(size);
    let (file, share) =
        if own.is_file() || size == 1 { (own, 1.0) } else { (file(1), f64::from(size)) };
    let rows: Vec<ExpertsRow> = read(&file)?;
    let mut tree: BTreeMap<u64, BTreeMap<u64, f64>> = BTreeMap::new();
    for row in rows {
        let us = checked("moe.csv", row.time_us)?;
        let (tokens, experts) = (row.tokens, row.activated_experts);
        if tree.entry(tokens).or_default().insert(experts, us / share).is_some() {
            return Err(format!("moe.csv: two rows for tokens {tokens}, experts {experts}"));
        }
    }
    if tree.is_empty() {
        return Err("moe.csv has no row".to_owned());
    }
    Ok(Axis::new(tree.into_iter().map(|(at, of)| (at, Axis::new(of))).collect()))
}

/// Adds up the parts of a step, of which each must be there at the same sizes.
fn sum(
    file: &str,
    rows: impl Iterator<Item = (String, u64, f64)>,
    parts: &[&str],
    layers: u32,
) -> Result<Axis<f64>, String> {
    let mut found: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    for (part, at, us) in rows {
        let us = checked(file, us)? * times(&part, layers);
        if found.entry(part.clone()).or_default().insert(at, us).is_some() {
            return Err(format!("{file}: two rows for the layer `{part}` at {at}"));
        }
    }
    let mut total: Option<BTreeMap<u64, f64>> = None;
    for part in parts {
        let Some(of_part) = found.get(*part) else {
            let there: Vec<&str> = found.keys().map(String::as_str).collect();
            return Err(format!(
                "{file} has no layer `{part}`, which the model has; it has: {}",
                there.join(", ")
            ));
        };
        let total = total.get_or_insert_with(|| of_part.keys().map(|at| (*at, 0.0)).collect());
        for (at, sum) in total.iter_mut() {
            let Some(us) = of_part.get(at) else {
                return Err(format!("{file}: layer `{part}` has no row for {at}"));
            };
            *sum += us;
        }
    }
    Ok(Axis::new(total.unwrap_or_default()))
}

fn checked(file: &str, us: f64) -> Result<f64, String> {
    if (0.0..=1e9).contains(&us) {
        Ok(us)
    } else {
        Err(format!("{file}: a time of {us} us, expected 0 to 1e9"))
    }
}

fn read<R: DeserializeOwned>(file: &Path) -> Result<Vec<R>, String> {
    typed_rows::read(file).map_err(|error| error.to_string())
}
