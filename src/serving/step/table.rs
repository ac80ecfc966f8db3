//! Step time from a measured profile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interpolate::{between, cell, line_at};
use super::step_time::{Batch, Growth, MOST_TICKS, Pace, TICKS_PER_NANO};
use crate::spec::{Path, Problem};
use crate::workload::{DataPaths, typed_rows};

/// A step's time is interpolated in a profile: a CSV file with the columns
/// `prefill_tokens`, `decode_seqs`, optionally `context_tokens` (of all sequences
/// together), and `step_us`; one row for each combination. Beyond the last value of
/// a column the last two go on in a straight line, if that is not downwards; before
/// the first it stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The file, looked for beside the experiment file.
    pub file: PathBuf,
}

/// The values that a column has, in ascending order.
type Axis = Vec<u64>;

/// A whole grid of measured steps.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    prefill: Axis,
    decode: Axis,
    context: Axis,
    /// Ticks of each combination, the context changing fastest, then the sequences.
    ticks: Vec<f64>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "typed_rows::whole")]
    prefill_tokens: u64,
    #[serde(deserialize_with = "typed_rows::whole")]
    decode_seqs: u64,
    #[serde(default, deserialize_with = "typed_rows::whole")]
    context_tokens: u64,
    #[serde(deserialize_with = "typed_rows::number")]
    step_us: f64,
}

impl TableSpec {
    pub(super) fn load(&self, paths: &DataPaths) -> Result<Table, Problem> {
        let place = || Path::parse("table.file");
        let name = self.file.display();
        let file = paths.find(&self.file, "profiles").map_err(|missing| missing.at(place()))?;
        let help = "expected columns prefill_tokens, decode_seqs, (context_tokens,) step_us";
        let rows = typed_rows::read(&file)
            .map_err(|error| Problem::error(place(), error.to_string()).help(help))?;
        Table::of(rows)
            .map_err(|why| Problem::error(place(), format!("`{name}`: {why}")).help(help))
    }
}

impl Table {
    fn of(all: Vec<Row>) -> Result<Table, String> {
        let mut rows: BTreeMap<(u64, u64, u64), f64> = BTreeMap::new();
        for row in all {
            let place = (row.prefill_tokens, row.decode_seqs, row.context_tokens);
            let most = (MOST_TICKS / TICKS_PER_NANO / 1000) as f64;
            if !(0.0..=most).contains(&row.step_us) {
                return Err(format!("a step of {} us, expected 0 to {most}", row.step_us));
            }
            let ticks = row.step_us * 1000.0 * TICKS_PER_NANO as f64;
            if rows.insert(place, ticks).is_some() {
                return Err(format!("two rows for {}", said(place)));
            }
        }
        if rows.is_empty() {
            return Err("there is no row".to_owned());
        }
        let axis = |of: fn(&(u64, u64, u64)) -> u64| {
            let mut values: Axis = rows.keys().map(of).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        let (prefill, decode, context) = (axis(|p| p.0), axis(|p| p.1), axis(|p| p.2));
        let mut ticks = Vec::with_capacity(prefill.len() * decode.len() * context.len());
        for (&p, &d, &c) in prefill
            .iter()
            .flat_map(|p| decode.iter().map(move |d| (p, d)))
            .flat_map(|(p, d)| context.iter().map(move |c| (p, d, c)))
        {
            let of_row = rows.get(&(p, d, c));
            ticks.push(*of_row.ok_or_else(|| format!("no row for {}", said((p, d, c))))?);
        }
        Ok(Table { prefill, decode, context, ticks })
    }

    /// Between two contexts of the grid a step's time is a straight line with a whole
    /// number of ticks for each token.
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        let line = line_at(&self.context, batch.context_tokens, |nth| self.at(batch, nth).into());
        let most = i128::from(MOST_TICKS);
        let slope = line.slope * i128::from(growth.context_tokens);
        let steps = match growth.context_tokens {
            0 => u64::MAX,
            _ if line.tokens == u64::MAX => u64::MAX,
            growth => line.tokens.div_ceil(growth),
        };
        Pace::line(line.first.clamp(0, most) as u64, slope.clamp(-most, most) as i64, steps)
    }

    /// Ticks at a context of the grid, interpolated between prompt tokens and between
    /// sequences.
    fn at(&self, batch: &Batch, context: usize) -> u64 {
        let (p, p_share) = cell_of(&self.prefill, batch.prefill_tokens);
        let (d, d_share) = cell_of(&self.decode, batch.decode_seqs);
        let row = |p: usize| {
            let of =
                |d: usize| self.ticks[(p * self.decode.len() + d) * self.context.len() + context];
            if d_share == 0.0 { of(d) } else { between(of(d), of(d + 1), d_share) }
        };
        let ticks = if p_share == 0.0 { row(p) } else { between(row(p), row(p + 1), p_share) };
        ((ticks + 0.5) as u64).min(MOST_TICKS)
    }
}

/// The cell of an axis for `value`, and where in it; what is before the first value is at it.
fn cell_of(axis: &[u64], value: u64) -> (usize, f64) {
    let (below, share) = cell(axis, value as f64);
    (below, share.max(0.0))
}

fn said((prefill, decode, context): (u64, u64, u64)) -> String {
    format!("prefill_tokens {prefill}, decode_seqs {decode}, context_tokens {context}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROFILE: &str = "prefill_tokens,decode_seqs,context_tokens,step_us
0,1,0,10\n0,1,1000,12\n0,1,5000,11\n0,9,0,26\n0,9,1000,30\n0,9,5000,50
100,1,0,110\n100,1,1000,112\n100,1,5000,111\n100,9,0,126\n100,9,1000,130\n100,9,5000,250";

    fn read(text: &[u8]) -> Result<Table, String> {
        let rows = typed_rows::of(text, std::path::Path::new("p.csv"));
        Table::of(rows.map_err(|error| error.to_string())?)
    }

    fn micros(table: &Table, prefill_tokens: u64, decode_seqs: u64, context_tokens: u64) -> f64 {
        let batch = Batch { prefill_tokens, decode_seqs, context_tokens, ..Batch::default() };
        table.pace(&batch, &Growth::default()).first as f64 / TICKS_PER_NANO as f64 / 1000.0
    }

    #[test]
    fn a_profile_is_met_at_its_points_and_interpolated_between() {
        let table = read(PROFILE.as_bytes()).unwrap();
        for (at, expected) in [
            ((0, 1, 0), 10.0),
            ((100, 9, 5000), 250.0),
            ((0, 1, 500), 11.0),
            ((0, 5, 0), 18.0),
            ((50, 5, 1000), 71.0),
            ((0, 1, 3000), 11.5),
            // Beyond the grid: in a line, but not downwards.
            ((200, 1, 0), 210.0),
            ((0, 1, 9000), 11.0),
            ((0, 9, 9000), 70.0),
            ((0, 17, 0), 42.0),
            ((0, 0, 0), 10.0),
        ] {
            let found = micros(&table, at.0, at.1, at.2);
            assert!((found - expected).abs() < 0.005, "{at:?}: {found}, expected {expected}");
        }
    }

    #[test]
    fn a_profile_without_contexts_has_a_constant_pace() {
        let table = read(b"prefill_tokens, decode_seqs, step_us\n0,0,5\n10,0,7\n").unwrap();
        let batch = Batch { prefill_tokens: 5, decode_seqs: 3, ..Batch::default() };
        let growth = Growth { context_tokens: 3, ..Growth::default() };
        assert_eq!(table.pace(&batch, &growth), Pace::constant(6000 * TICKS_PER_NANO));
    }

    #[test]
    fn a_profile_that_is_not_whole_is_refused() {
        for (text, why) in [
            ("prefill_tokens,decode_seqs,step_us\n", "there is no row"),
            ("prefill_tokens,step_us\n0,1\n", "decode_seqs"),
            (
                "prefill_tokens,decode_seqs,step_us\n0,0,1\n1,1,1",
                "no row for prefill_tokens 0, decode_seqs 1",
            ),
            ("prefill_tokens,decode_seqs,step_us\n0,0,1\n0,0,2", "two rows"),
            ("prefill_tokens,decode_seqs,step_us\n0,0,-1\n", "a step of -1 us"),
            (
                "prefill_tokens,decode_seqs,step_us\n0,0,NaN\n",
                "p.csv:2: step_us is `NaN`: expected a number",
            ),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let spec = TableSpec { file: "nowhere.csv".into() };
        let problem = spec.load(&DataPaths::default()).unwrap_err();
        assert_eq!(problem.path.to_string(), "table.file");
        assert!(problem.message.contains("not found"), "{problem:?}");
    }

    proptest! {
        #[test]
        fn a_pace_holds_as_long_as_it_says(
            prefill_tokens in 0u64..300, decode_seqs in 0u64..20, context_tokens in 0u64..7000,
            growth in 0u64..700,
        ) {
            let table = read(PROFILE.as_bytes()).unwrap();
            let batch = Batch { prefill_tokens, decode_seqs, context_tokens, ..Batch::default() };
            let growth = Growth { context_tokens: growth, ..Growth::default() };
            let pace = table.pace(&batch, &growth);
            for step in 0..pace.steps.min(50) {
                let context_tokens = context_tokens + step * growth.context_tokens;
                let later = table.pace(&Batch { context_tokens, ..batch }, &growth);
                prop_assert_eq!(later.first as i64, pace.first as i64 + pace.slope * step as i64);
            }
        }
    }
}
