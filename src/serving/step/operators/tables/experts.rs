//! A layer's experts, measured by the tokens that come to them.

use std::collections::BTreeMap;

use super::needed::{Choice, needed, problem};
use crate::serving::step::decomposition::{ExpertsPart, Parallelism};
use crate::serving::step::operators::files::Tables;
use crate::spec::{Problem, suggestion};

/// Microseconds of one layer's experts by tokens.
pub(super) fn read(
    tables: &Tables<'_>,
    part: &ExpertsPart,
    among: &Parallelism,
    dtype: &str,
    choice: Choice<'_>,
) -> Result<BTreeMap<u64, f64>, Problem> {
    let frame = needed(tables, "moe", dtype)?;
    let wrong = |why| problem("tables", why);
    let mut rows = frame.all();
    for (column, field, word) in [
        ("moe_dtype", "moe_dtype", dtype),
        ("distribution", "expert_distribution", choice.distribution),
    ] {
        frame.keep(&mut rows, column, word);
        if rows.is_empty() {
            let there = frame.words(column);
            let message =
                format!("{} has no `{word}` experts; it has: {}", frame.name, there.join(", "));
            return Err(problem(field, message).help(suggestion(word, &there)));
        }
    }
    let gpus = among.expert_gpus();
    let (shared, apart) = if among.enable_expert_parallel { (1, gpus) } else { (gpus, 1) };
    let whole = part.intermediate * shared;
    let shape = [
        ("hidden_size", part.hidden),
        ("inter_size", whole),
        ("topk", part.per_token),
        ("num_experts", part.count),
    ];
    let names = shape.map(|(name, _)| name);
    let kept = rows.clone();
    for (name, size) in shape {
        frame.keep_number(&mut rows, name, size);
    }
    if rows.is_empty() {
        let mut there: Vec<[u64; 4]> =
            frame.sizes(&kept, names).map_err(wrong)?.into_iter().map(|(sizes, _)| sizes).collect();
        there.sort_unstable();
        there.dedup();
        let distance = |sizes: &[u64; 4]| {
            let far = |(size, (_, own)): (&u64, &(&str, u32))| {
                libm::log2((*size).max(1) as f64 / f64::from((*own).max(1))).abs()
            };
            sizes.iter().zip(&shape).map(far).sum::<f64>()
        };
        there.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let said = |sizes: &[u64; 4]| sizes.map(|it| it.to_string()).join("/");
        let there: Vec<String> = there.iter().take(6).map(said).collect();
        let own = shape.map(|(_, size)| size.to_string()).join("/");
        let message = format!(
            "{} has no `{dtype}` experts of {} {own}; the nearest are {}",
            frame.name,
            names.join("/"),
            there.join(", ")
        );
        return Err(problem("model", message));
    }
    let of_shape = rows.clone();
    frame.keep_number(&mut rows, "moe_tp_size", shared);
    frame.keep_number(&mut rows, "moe_ep_size", apart);
    if rows.is_empty() {
        let sizes = frame.sizes(&of_shape, ["moe_tp_size", "moe_ep_size"]).map_err(wrong)?;
        let mut there: Vec<[u64; 2]> = sizes.into_iter().map(|(sizes, _)| sizes).collect();
        there.sort_unstable();
        there.dedup();
        let there: Vec<String> = there.iter().map(|[t, e]| format!("{t} x {e}")).collect();
        let message = format!(
            "{} has no such experts on {shared} GPUs that share each x {apart} with whole ones; \
             it has {}",
            frame.name,
            there.join(", ")
        );
        return Err(problem("tensor_parallel_size", message));
    }
    let mut times: BTreeMap<u64, f64> = BTreeMap::new();
    for ([tokens], us) in frame.sizes(&rows, ["num_tokens"]).map_err(wrong)? {
        times.entry(tokens).and_modify(|it| *it = it.min(us)).or_insert(us);
    }
    Ok(times)
}
