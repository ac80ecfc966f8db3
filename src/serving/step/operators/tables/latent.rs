//! Multi-head latent attention: alone, or as a module with its projections.

use std::collections::BTreeMap;

use super::attention::{Decodes, Prompts, Times};
use super::gemm::Gemms;
use super::heads::collect;
use super::needed::{needed, problem};
use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::decomposition::Attention;
use crate::serving::step::operators::dtypes::{Dtypes, PLAIN};
use crate::serving::step::operators::files::{Frame, Tables};
use crate::spec::Problem;

/// The one that is measured: `DeepSeek` V3's.
const HIDDEN: u32 = 7168;
const Q_RANK: u32 = 1536;
const KV_RANK: u32 = 512;
const NOPE_DIM: u32 = 128;
const ROPE_DIM: u32 = 64;
const VALUE_DIM: u32 = 128;

/// Reads attention over prompts and over decoding sequences.
///
/// A module's time is that of attention and of the projections around it. The model's own
/// projections are counted with those of all its tokens, so that the module's, as the table of
/// matrices has them, are taken off here.
pub(super) fn read(
    tables: &Tables<'_>,
    attention: &Attention,
    dtypes: &Dtypes,
    gemms: &mut Gemms<'_>,
) -> Result<(Prompts, Decodes), Problem> {
    let Attention::Latent { heads, kv_rank, nope_dim, rope_dim, value_dim } = *attention else {
        return Err(problem("model", "it has no latent attention".to_owned()));
    };
    let own = [kv_rank, nope_dim, rope_dim, value_dim];
    let measured = [KV_RANK, NOPE_DIM, ROPE_DIM, VALUE_DIM];
    if own != measured {
        let said = |sizes: [u32; 4]| sizes.map(|it| it.to_string()).join("/");
        let message = format!(
            "latent attention of kv_lora_rank/qk_nope_head_dim/qk_rope_head_dim/v_head_dim {} was \
             not measured; that of {} was",
            said(own),
            said(measured)
        );
        return Err(problem("model", message));
    }
    let mut both = [Times::new(), Times::new()];
    for (times, (alone, module, decodes)) in both.iter_mut().zip([
        ("context_mla", "mla_context_module", false),
        ("generation_mla", "mla_generation_module", true),
    ]) {
        let wrong = |why| problem("tables", why);
        *times = if let Some(frame) = tables.table(alone, PLAIN).map_err(wrong)? {
            rows(&frame, heads, dtypes, decodes)?
        } else {
            let frame = needed(tables, module, PLAIN)?;
            let all = rows(&frame, heads, dtypes, decodes)?;
            without(all, &projections(heads, dtypes, gemms)?, decodes)
        };
    }
    let [prompts, decodes] = both;
    Ok((Prompts::new(prompts), Decodes::new(decodes)))
}

fn rows(frame: &Frame, heads: u32, dtypes: &Dtypes, decodes: bool) -> Result<Times, Problem> {
    let mut rows = frame.all();
    for (column, field, word) in [
        ("mla_dtype", "tables", PLAIN),
        ("kv_cache_dtype", "kv_cache_dtype", dtypes.kv_cache.as_str()),
        ("gemm_type", "gemm_dtype", dtypes.gemm.as_str()),
    ] {
        frame.keep(&mut rows, column, word);
        if rows.is_empty() {
            let there = frame.words(column).join(", ");
            let message = format!("{} has no {column} `{word}`; it has: {there}", frame.name);
            return Err(problem(field, message));
        }
    }
    if !decodes {
        frame.keep_number(&mut rows, "step", 0);
    }
    let wrong = |why| problem("tables", why);
    let mut there: Vec<u64> =
        frame.numbers("num_heads").map_err(wrong)?.iter().map(|it| *it as u64).collect();
    frame.keep_number(&mut rows, "num_heads", heads);
    if rows.is_empty() {
        there.sort_unstable();
        there.dedup();
        let there: Vec<String> = there.iter().map(u64::to_string).collect();
        let message = format!(
            "{} has no latent attention of {heads} heads on a GPU; it has those of {}",
            frame.name,
            there.join(", ")
        );
        return Err(problem("tensor_parallel_size", message));
    }
    collect(frame, &rows, decodes).map_err(wrong)
}

/// The projections that a module has, by tokens.
fn projections(
    heads: u32,
    dtypes: &Dtypes,
    gemms: &mut Gemms<'_>,
) -> Result<BTreeMap<u64, f64>, Problem> {
    let mut sum = BTreeMap::new();
    for (n, k) in [
        (Q_RANK + KV_RANK + ROPE_DIM, HIDDEN),
        (heads * (NOPE_DIM + ROPE_DIM), Q_RANK),
        (heads * (NOPE_DIM + VALUE_DIM), KV_RANK),
        (HIDDEN, heads * VALUE_DIM),
    ] {
        for (tokens, us) in gemms.of(&dtypes.gemm, n, k)? {
            *sum.entry(tokens).or_insert(0.0) += us;
        }
    }
    Ok(sum)
}

fn without(times: Times, projections: &BTreeMap<u64, f64>, decodes: bool) -> Times {
    let projections = Axis::new(projections.clone());
    let of_row = |(count, row): (u64, BTreeMap<u64, f64>)| {
        let alone = row.into_iter().map(|(length, us)| {
            let tokens = if decodes { count } else { count * length };
            let off = projections.value(tokens as f64, Below::Level, |us| *us);
            (length, (us - off).max(0.0))
        });
        (count, alone.collect())
    };
    times.into_iter().map(of_row).collect()
}
