//! How unequal contexts slow attention down.

use crate::workload::typed_rows;

/// Attention over sequences of unequal contexts takes longer than over as many of the mean
/// context, and less than over as many of the longest: `mean + alpha (longest - mean)`,
/// with an alpha that was fitted for each of some thousand cases (`skew_fit.csv` of a layer
/// profile).
#[derive(Debug, Default)]
pub(super) struct Skew {
    /// Tokens of prompts that were measured.
    chunks: Vec<u64>,
    /// Upper ends of the classes of: sequences, share, longest context, prompt's context.
    classes: [Vec<f64>; 4],
    /// By chunk and classes, the last changing fastest.
    alphas: Vec<Option<f64>>,
    /// Where none was fitted.
    default: f64,
}

/// A row of the fit.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Row {
    #[serde(deserialize_with = "typed_rows::whole")]
    pc: u64,
    n_label: String,
    skew_rate_label: String,
    kv_big_label: String,
    kp_label: String,
    #[serde(deserialize_with = "typed_rows::number")]
    alpha: f64,
    #[serde(default, deserialize_with = "typed_rows::number")]
    n_samples: f64,
}

/// The contexts of sequences that decode together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Tokens of prompts beside them.
    pub chunk: u64,
    /// The context of those.
    pub prompt_context: f64,
    /// Sequences.
    pub seqs: u64,
    /// The shortest, mean and longest context.
    pub shortest: u64,
    /// See above.
    pub mean: u64,
    /// See above.
    pub longest: u64,
}

impl Skew {
    /// The fit of `rows`.
    pub fn new(rows: &[Row]) -> Result<Self, String> {
        let labels = |row: &Row| -> Result<[f64; 4], String> {
            Ok([
                upper_end(&row.n_label)?,
                upper_end(&row.skew_rate_label)?,
                upper_end(&row.kv_big_label)?,
                upper_end(&row.kp_label)?,
            ])
        };
        let ends = rows.iter().map(labels).collect::<Result<Vec<_>, _>>()?;
        let mut chunks: Vec<u64> = rows.iter().map(|row| row.pc).collect();
        chunks.sort_unstable();
        chunks.dedup();
        let classes = std::array::from_fn(|axis| {
            let mut ends: Vec<f64> = ends.iter().map(|of| of[axis]).collect();
            ends.sort_unstable_by(f64::total_cmp);
            ends.dedup();
            ends
        });
        let cells = classes.iter().map(Vec::len).product::<usize>() * chunks.len();
        let mut skew = Skew { chunks, classes, alphas: vec![None; cells], default: 0.0 };
        let (mut sum, mut samples) = (0.0, 0.0);
        for (row, ends) in rows.iter().zip(&ends) {
            if !row.alpha.is_finite() || row.alpha.abs() > 100.0 {
                return Err(format!("an alpha of {}, expected a share", row.alpha));
            }
            let chunk = skew.chunks.partition_point(|chunk| *chunk < row.pc);
            let cell = skew.cell(chunk, ends);
            if skew.alphas[cell].replace(row.alpha).is_some() {
                let Row { pc, n_label, skew_rate_label, kv_big_label, kp_label, .. } = row;
                return Err(format!(
                    "two rows for {pc}, {n_label}, {skew_rate_label}, {kv_big_label}, {kp_label}"
                ));
            }
            sum += row.alpha * row.n_samples;
            samples += row.n_samples;
        }
        skew.default = if samples > 0.0 { sum / samples } else { 0.0 };
        Ok(skew)
    }

    fn cell(&self, chunk: usize, values: &[f64; 4]) -> usize {
        self.classes.iter().zip(values).fold(chunk, |cell, (ends, value)| {
            let class = ends.partition_point(|end| end < value).min(ends.len() - 1);
            cell * ends.len() + class
        })
    }

    /// The share of the way from the mean context's time to the longest one's.
    pub fn alpha(&self, spread: &Spread) -> f64 {
        if spread.longest == spread.shortest || self.chunks.is_empty() {
            return 0.0;
        }
        let range = (spread.longest - spread.shortest) as f64;
        let share = (spread.mean - spread.shortest.min(spread.mean)) as f64 / range;
        let values =
            [spread.seqs as f64, share, spread.longest as f64, spread.prompt_context.max(0.0)];
        let of = |chunk: usize| self.alphas[self.cell(chunk, &values)].unwrap_or(self.default);
        let next = self.chunks.partition_point(|chunk| *chunk <= spread.chunk);
        let low = next.saturating_sub(1);
        match self.chunks.get(low + 1) {
            Some(to) if spread.chunk > self.chunks[low] => {
                let from = self.chunks[low];
                let way = (spread.chunk - from) as f64 / (to - from) as f64;
                of(low) + (of(low + 1) - of(low)) * way
            }
            _ => of(low),
        }
    }

    /// Steps of one token more for each sequence until another class of longest contexts
    /// is reached.
    pub fn steps_alike(&self, longest: u64) -> u64 {
        let ends = &self.classes[2];
        let class = ends.partition_point(|end| *end < longest as f64);
        // Those beyond the last are of its class.
        match ends.get(class) {
            Some(end) if end.is_finite() => *end as u64 - longest + 1,
            _ => u64::MAX,
        }
    }
}

/// The upper end of a class by its name: `n<=128`, `sr<=15%`, `kvB<=16k`, `kp=0`, `n>256`.
fn upper_end(label: &str) -> Result<f64, String> {
    if label.contains('>') {
        return Ok(f64::INFINITY);
    }
    let number = label.split_once('=').map_or(label, |(_, number)| number);
    let (number, factor) = match (number.strip_suffix('k'), number.strip_suffix('%')) {
        (Some(number), _) => (number, 1024.0),
        (_, Some(number)) => (number, 0.01),
        _ => (number, 1.0),
    };
    let value: Result<f64, _> = number.parse();
    value.map(|value| value * factor).map_err(|_| {
        format!("`{label}` names no class: expected `n<=128`, `sr<=15%`, `kvB<=16k` or `kp=0`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pc: u64, labels: [&str; 4], alpha: f64) -> Row {
        let [n, sr, kv, kp] = labels.map(str::to_owned);
        Row {
            pc,
            n_label: n,
            skew_rate_label: sr,
            kv_big_label: kv,
            kp_label: kp,
            alpha,
            n_samples: 2.0,
        }
    }

    #[test]
    fn an_alpha_is_that_of_its_class() {
        let rows = [
            row(0, ["n<=4", "sr<=15%", "kvB<=1k", "kp=0"], 0.1),
            row(0, ["n>4", "sr<=15%", "kvB<=1k", "kp=0"], 0.2),
            row(0, ["n<=4", "sr>15%", "kvB<=1k", "kp=0"], 0.3),
            row(0, ["n<=4", "sr<=15%", "kvB<=4k", "kp=0"], 0.4),
            row(16, ["n<=4", "sr<=15%", "kvB<=1k", "kp=0"], 0.6),
        ];
        let skew = Skew::new(&rows).unwrap();
        let spread = Spread {
            chunk: 0,
            prompt_context: 0.0,
            seqs: 4,
            shortest: 100,
            mean: 110,
            longest: 200,
        };
        assert_eq!(skew.alpha(&spread), 0.1);
        assert_eq!(skew.alpha(&Spread { seqs: 5, ..spread }), 0.2);
        assert_eq!(skew.alpha(&Spread { mean: 150, ..spread }), 0.3);
        assert_eq!(skew.alpha(&Spread { longest: 1025, ..spread }), 0.4);
        assert!((skew.alpha(&Spread { chunk: 8, ..spread }) - 0.35).abs() < 1e-12, "half way");
        let other = Spread { seqs: 5, longest: 1025, ..spread };
        assert!((skew.alpha(&other) - 0.32).abs() < 1e-12, "the mean, where there is none");
        assert_eq!(skew.alpha(&Spread { longest: 100, mean: 100, ..spread }), 0.0);
        assert_eq!((skew.steps_alike(1000), skew.steps_alike(1024)), (25, 1));
        assert_eq!(skew.steps_alike(5000), u64::MAX);
        assert!(Skew::new(&[row(0, ["n<=4", "sr", "kvB<=1k", "kp=0"], 0.1)]).is_err());
        assert_eq!(Skew::default().alpha(&spread), 0.0);
    }
}
