//! Attention of heads in groups: which rows are of a model's.

use std::collections::BTreeMap;

use super::attention::{Decodes, Prompts, Times};
use super::needed::{needed, problem};
use crate::serving::step::operators::dtypes::PLAIN;
use crate::serving::step::operators::files::{Frame, Tables};
use crate::spec::Problem;

/// Heads on one GPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub heads: u32,
    pub kv_heads: u32,
    pub head_dim: u32,
}

/// Reads attention over prompts and over decoding sequences.
pub(super) fn read(
    tables: &Tables<'_>,
    shape: Shape,
    kv_cache: &str,
) -> Result<(Prompts, Decodes), Problem> {
    let context = needed(tables, "context_attention", PLAIN)?;
    let prompts = times(&context, shape, kv_cache, false)?;
    let generation = needed(tables, "generation_attention", PLAIN)?;
    let decodes = times(&generation, shape, kv_cache, true)?;
    Ok((Prompts::new(prompts), Decodes::new(decodes)))
}

/// Times by sequences and the length of each. Between two numbers of heads that were measured
/// with the same heads of keys and values they are on a straight line.
fn times(frame: &Frame, shape: Shape, kv_cache: &str, decodes: bool) -> Result<Times, Problem> {
    let wrong = |why| problem("tables", why);
    let mut rows = frame.all();
    for (column, word) in [("attn_dtype", PLAIN), ("kv_cache_dtype", kv_cache)] {
        frame.keep(&mut rows, column, word);
        // A file that does not say it has what is not quantised.
        if rows.is_empty() || !frame.has(column) && word != PLAIN {
            let words = frame.words(column);
            let there = if words.is_empty() { PLAIN.to_owned() } else { words.join(", ") };
            let message =
                format!("{} has no attention with {column} `{word}`; it has: {there}", frame.name);
            return Err(problem("kv_cache_dtype", message));
        }
    }
    // A window is told by how much of a context is read.
    frame.keep_number(&mut rows, "window_size", 0);
    if !decodes {
        frame.keep_number(&mut rows, "step", 0);
    }
    let mut of_dim = rows.clone();
    frame.keep_number(&mut of_dim, "head_dim", shape.head_dim);
    let mut of_kv = of_dim.clone();
    frame.keep_number(&mut of_kv, "num_key_value_heads", shape.kv_heads);
    let heads = frame.numbers("num_heads").map_err(wrong)?;
    let mut there: Vec<u32> = of_kv.iter().map(|row| heads[*row] as u32).collect();
    there.sort_unstable();
    there.dedup();
    let place = there.partition_point(|it| *it < shape.heads);
    let of = |heads: u32| -> Result<Times, Problem> {
        let mut rows = of_kv.clone();
        frame.keep_number(&mut rows, "num_heads", heads);
        collect(frame, &rows, decodes).map_err(wrong)
    };
    match (there.get(place), place.checked_sub(1).and_then(|it| there.get(it))) {
        (Some(exact), _) if *exact == shape.heads => of(*exact),
        (Some(above), Some(below)) => {
            let way = f64::from(shape.heads - below) / f64::from(above - below);
            Ok(blend(&of(*below)?, &of(*above)?, way))
        }
        _ => Err(missing(frame, &rows, &of_dim, shape)),
    }
}

/// Times at sizes that both have, so far between them.
fn blend(below: &Times, above: &Times, way: f64) -> Times {
    let row = |(count, low): (&u64, &BTreeMap<u64, f64>)| {
        let high = above.get(count)?;
        let both = low
            .iter()
            .filter_map(|(length, us)| Some((*length, us + (high.get(length)? - us) * way)));
        let row: BTreeMap<u64, f64> = both.collect();
        (!row.is_empty()).then_some((*count, row))
    };
    below.iter().filter_map(row).collect()
}

/// Rows by sequences and their length.
pub(super) fn collect(frame: &Frame, rows: &[usize], decodes: bool) -> Result<Times, String> {
    let mut times = Times::new();
    for ([count, tokens, before], us) in frame.sizes(rows, ["batch_size", "isl", "step"])? {
        let length = if decodes { tokens + before } else { tokens };
        let row = times.entry(count).or_default();
        row.entry(length).and_modify(|it| *it = it.min(us)).or_insert(us);
    }
    if times.is_empty() { Err(format!("{} has no such row", frame.name)) } else { Ok(times) }
}

fn missing(frame: &Frame, rows: &[usize], of_dim: &[usize], shape: Shape) -> Problem {
    let numbers = |name: &str, rows: &[usize]| -> Vec<u32> {
        let column = frame.numbers(name).unwrap_or_default();
        rows.iter().map(|row| column.get(*row).map_or(0, |it| *it as u32)).collect()
    };
    let listed = |mut all: Vec<u32>| {
        all.sort_unstable();
        all.dedup();
        all.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    };
    let Shape { heads, kv_heads, head_dim } = shape;
    if of_dim.is_empty() {
        let there = listed(numbers("head_dim", rows));
        let message = format!(
            "{} has no attention with heads of {head_dim} numbers; it has those of {there}",
            frame.name
        );
        return problem("model", message);
    }
    let pairs =
        numbers("num_heads", of_dim).into_iter().zip(numbers("num_key_value_heads", of_dim));
    let mut pairs: Vec<(u32, u32)> = pairs.collect();
    // The nearest first.
    pairs.sort_unstable_by_key(|(h, kv)| (kv.abs_diff(kv_heads), h.abs_diff(heads), *h));
    pairs.dedup();
    let there: Vec<String> = pairs.iter().take(12).map(|(h, kv)| format!("{h}/{kv}")).collect();
    let message = format!(
        "{} has no attention of {heads} heads with {kv_heads} of keys and values on a GPU \
         ({head_dim} numbers each); the nearest of {} are {}",
        frame.name,
        pairs.len(),
        there.join(", ")
    );
    problem("model", message).help("another `tensor_parallel_size` leaves other numbers of heads")
}
