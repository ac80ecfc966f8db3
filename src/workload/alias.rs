//! Walker's alias method: any discrete distribution, one 64-bit word a draw.

/// A table from which index `i` is drawn with probability
/// `weights[i] / sum(weights)` in constant time.
///
/// Every column has the same probability and holds at most two indices: its own
/// and one other. Built by sweeping a light and a heavy index over the weights,
/// which needs no memory beside them (Hübschle-Schneider and Sanders, "Parallel
/// Weighted Random Sampling", 2022, section 4.1) and always gives the same
/// table.
#[derive(Clone, Debug)]
pub struct Alias {
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The share of the column that is its own index's, times 2^32.
    keep: u32,
    /// Whose the rest is.
    other: u32,
}

impl Alias {
    /// The table of these weights, each 0 or more and finite, of which one at
    /// least is positive. At most 2^32 of them.
    pub fn new(weights: &[f64]) -> Self {
        debug_assert!(weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0));
        debug_assert!(!weights.is_empty() && weights.len() <= 1 << 32);
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut cells: Vec<Cell> =
            (0..weights.len()).map(|i| Cell { keep: u32::MAX, other: i as u32 }).collect();
        let next = |from: usize, heavy: bool| {
            (from..weights.len()).find(|&i| (weights[i] > mean) == heavy)
        };
        let share = |weight: f64| (weight / mean * (1u64 << 32) as f64) as u32;

        let mut light = next(0, false);
        let mut heavy = next(0, true);
        let mut left = heavy.map_or(0.0, |j| weights[j]);
        // What rounding leaves over at the end keeps its own column.
        while let Some(j) = heavy {
            if left > mean {
                let Some(i) = light else { break };
                cells[i] = Cell { keep: share(weights[i]), other: j as u32 };
                left -= mean - weights[i];
                light = next(i + 1, false);
            } else {
                heavy = next(j + 1, true);
                let Some(k) = heavy else { break };
                cells[j] = Cell { keep: share(left), other: k as u32 };
                left = weights[k] - (mean - left);
            }
        }
        Alias { cells }
    }

    /// The index that 64 random bits choose.
    #[inline]
    pub fn pick(&self, bits: u64) -> u32 {
        let scaled = u128::from(bits) * self.cells.len() as u128;
        let column = (scaled >> 64) as usize;
        let within = (scaled as u64 >> 32) as u32;
        let cell = self.cells[column];
        if within < cell.keep { column as u32 } else { cell.other }
    }

    /// How many indices there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none; never so.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Zipf's law: the weight of rank r (from 1) is r^-exponent.
pub(super) fn zipf_weights(count: u32, exponent: f64) -> Vec<f64> {
    (1..=count).map(|rank| libm::pow(f64::from(rank), -exponent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact probability of each index, read off the table.
    fn probabilities(alias: &Alias) -> Vec<f64> {
        let mut sums = vec![0.0; alias.len()];
        for (i, cell) in alias.cells.iter().enumerate() {
            let keep = f64::from(cell.keep) / (1u64 << 32) as f64;
            sums[i] += keep;
            sums[cell.other as usize] += 1.0 - keep;
        }
        sums.iter().map(|sum| sum / alias.len() as f64).collect()
    }

    #[test]
    fn the_table_holds_exactly_the_weights() {
        let cases: [Vec<f64>; 6] = [
            vec![1.0],
            vec![2.0; 7],
            vec![0.0, 3.0, 0.0, 1.0],
            vec![1.0, 2.0, 3.0, 4.0, 100.0, 0.5],
            zipf_weights(1000, 0.9),
            zipf_weights(1000, 3.0).into_iter().rev().collect(),
        ];
        for weights in cases {
            let total: f64 = weights.iter().sum();
            for (i, p) in probabilities(&Alias::new(&weights)).iter().enumerate() {
                assert!((p - weights[i] / total).abs() < 1e-9, "{i} of {weights:?}: {p}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_bits_stay_inside() {
        let alias = Alias::new(&zipf_weights(10, 1.0));
        assert!(alias.pick(0) < 10 && alias.pick(u64::MAX) < 10);
    }
}
