//! The sum of what several GPUs have, measured by its numbers.

use std::collections::BTreeMap;

use super::needed::{needed, problem};
use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::operators::dtypes::PLAIN;
use crate::serving::step::operators::files::Tables;
use crate::spec::Problem;

/// Microseconds by numbers, in a step that is replayed as a CUDA graph and in one that is
/// launched kernel by kernel.
#[derive(Debug)]
pub(in crate::serving::step::operators) struct AllReduce {
    graph: Axis<f64>,
    eager: Axis<f64>,
}

impl AllReduce {
    /// Reads that of so many GPUs.
    ///
    /// # Errors
    /// There is no table, or none of so many.
    pub fn read(tables: &Tables<'_>, gpus: u32) -> Result<Self, Problem> {
        let frame = needed(tables, "custom_allreduce", PLAIN)?;
        let wrong = |why| problem("tables", why);
        let mut rows = frame.all();
        frame.keep_number(&mut rows, "num_gpus", gpus);
        if rows.is_empty() {
            let mut there: Vec<u64> =
                frame.numbers("num_gpus").map_err(wrong)?.iter().map(|it| *it as u64).collect();
            there.sort_unstable();
            there.dedup();
            let there: Vec<String> = there.iter().map(u64::to_string).collect();
            let message = format!(
                "{} has no all-reduce of {gpus} GPUs; it has those of {}",
                frame.name,
                there.join(", ")
            );
            return Err(problem("tensor_parallel_size", message));
        }
        let axis = |end: &str| {
            let words = frame.words("backend");
            let mut rows = rows.clone();
            // An engine that has no such word has one way.
            if let Some(word) = words.iter().find(|word| word.ends_with(end)) {
                frame.keep(&mut rows, "backend", word);
            }
            let mut times: BTreeMap<u64, f64> = BTreeMap::new();
            for ([numbers], us) in frame.sizes(&rows, ["message_size"])? {
                times.entry(numbers).and_modify(|it| *it = it.min(us)).or_insert(us);
            }
            Ok(Axis::new(times))
        };
        Ok(AllReduce { graph: axis("graph").map_err(wrong)?, eager: axis("eager").map_err(wrong)? })
    }

    /// Microseconds of the sum of so many numbers.
    pub fn micros(&self, numbers: f64, graph: bool) -> f64 {
        let axis = if graph { &self.graph } else { &self.eager };
        axis.value(numbers, Below::Level, |us| *us)
    }
}
