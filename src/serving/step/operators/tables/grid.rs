//! A whole grid of measured times over three sizes.

use std::collections::BTreeMap;

use crate::serving::step::interpolate::{between, cell};

/// Microseconds by three sizes.
#[derive(Debug)]
pub(super) struct Grid {
    axes: [Vec<u64>; 3],
    /// The last axis changing fastest.
    times: Vec<f64>,
}

/// How much longer than something larger a measured time may be before it counts as
/// disturbed.
const MOST_ABOVE_LARGER: f64 = 1.2;

impl Grid {
    /// The grid of `rows`. A hole is filled from its neighbours, and a disturbed time is
    /// mended.
    ///
    /// # Errors
    /// There is no row, or more holes than can be filled.
    pub fn new(rows: Vec<([u64; 3], f64)>) -> Result<Self, String> {
        // Of rows for the same sizes the least counts: the engine takes the fastest kernel.
        let mut least: BTreeMap<[u64; 3], f64> = BTreeMap::new();
        for (sizes, us) in rows {
            least.entry(sizes).and_modify(|it| *it = it.min(us)).or_insert(us);
        }
        if least.is_empty() {
            return Err("there is no row".to_owned());
        }
        let axes: [Vec<u64>; 3] = std::array::from_fn(|axis| {
            let mut values: Vec<u64> = least.keys().map(|sizes| sizes[axis]).collect();
            values.sort_unstable();
            values.dedup();
            values
        });
        let count = axes.iter().map(Vec::len).product::<usize>();
        // A table of a few scattered shapes is no grid.
        if count > 4 * least.len() {
            return Err(format!("{} rows are no grid: {count} would be", least.len()));
        }
        let mut grid = Grid { axes, times: vec![f64::NAN; count] };
        for (sizes, us) in least {
            let place = std::array::from_fn(|axis| {
                grid.axes[axis].binary_search(&sizes[axis]).unwrap_or_default()
            });
            let at = grid.at(place);
            grid.times[at] = us;
        }
        grid.fill()?;
        grid.mend();
        Ok(grid)
    }

    fn at(&self, place: [usize; 3]) -> usize {
        (place[0] * self.axes[1].len() + place[1]) * self.axes[2].len() + place[2]
    }

    fn places(&self) -> impl DoubleEndedIterator<Item = [usize; 3]> + use<> {
        let [x, y, z] = [0, 1, 2].map(|axis| self.axes[axis].len());
        (0..x * y * z).map(move |at| [at / (y * z), at / z % y, at % z])
    }

    /// A hole takes of a neighbour that is smaller in one size as much more as another, smaller
    /// in a second size, takes of the one that is smaller in both.
    fn fill(&mut self) -> Result<(), String> {
        for place in self.places() {
            let hole = self.at(place);
            if !self.times[hole].is_nan() {
                continue;
            }
            let smaller = |mut place: [usize; 3], axes: &[usize]| {
                for axis in axes {
                    place[*axis] -= 1;
                }
                self.times[self.at(place)]
            };
            let pair = [[1, 2], [0, 2], [0, 1]]
                .into_iter()
                .find(|axes| axes.iter().all(|axis| place[*axis] > 0));
            let Some([one, other]) = pair else {
                let sizes = [0, 1, 2].map(|axis| self.axes[axis][place[axis]].to_string());
                return Err(format!("no row for the sizes {}", sizes.join(" x ")));
            };
            let both = smaller(place, &[one, other]);
            let filled = smaller(place, &[one]) * smaller(place, &[other]) / both;
            self.times[hole] = filled;
        }
        Ok(())
    }

    /// Nothing takes longer than something larger: it could be filled up to that. What takes
    /// over a fifth longer was disturbed while it was measured, and counts as the larger.
    fn mend(&mut self) {
        let mut least = self.times.clone();
        for place in self.places().rev() {
            for axis in 0..3 {
                let mut larger = place;
                larger[axis] += 1;
                if larger[axis] < self.axes[axis].len() {
                    let larger = least[self.at(larger)];
                    let at = self.at(place);
                    least[at] = least[at].min(larger);
                }
            }
        }
        for (time, least) in self.times.iter_mut().zip(least) {
            if *time > MOST_ABOVE_LARGER * least {
                *time = least;
            }
        }
    }

    /// The values of the first axis, and the time at each for the other two sizes: on straight
    /// lines between those that were measured, and on from the last two; below the first it
    /// stays as it is.
    pub fn curve(&self, second: u64, third: u64) -> BTreeMap<u64, f64> {
        let [(y, y_share), (z, z_share)] = [(1, second), (2, third)].map(|(axis, size)| {
            let (below, share) = cell(&self.axes[axis], size as f64);
            (below, share.max(0.0))
        });
        let of = |x: usize| {
            let row = |y: usize| {
                let from = self.times[self.at([x, y, z])];
                if z_share == 0.0 {
                    return from;
                }
                between(from, self.times[self.at([x, y, z + 1])], z_share)
            };
            if y_share == 0.0 { row(y) } else { between(row(y), row(y + 1), y_share) }
        };
        self.axes[0].iter().enumerate().map(|(x, at)| (*at, of(x))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(left_out: &[[u64; 3]]) -> Result<Grid, String> {
        let mut rows = Vec::new();
        for sizes in [1u64, 2].iter().flat_map(|x| [10u64, 20].map(|y| [*x, y])) {
            for z in [100, 200, 400] {
                let sizes = [sizes[0], sizes[1], z];
                if !left_out.contains(&sizes) {
                    rows.push((sizes, (sizes[0] * sizes[1] * z) as f64));
                }
            }
        }
        Grid::new(rows)
    }

    #[test]
    fn it_is_met_at_its_points_and_between_them_on_lines() {
        let grid = grid(&[]).unwrap();
        assert_eq!(grid.curve(20, 200), BTreeMap::from([(1, 4000.0), (2, 8000.0)]));
        assert_eq!(grid.curve(15, 300)[&1], 4500.0);
        assert_eq!(grid.curve(40, 800)[&2], 64_000.0, "on from the last two");
        assert_eq!(grid.curve(5, 50)[&1], 1000.0, "below the first as the first");
    }

    #[test]
    fn a_hole_is_filled_and_a_disturbed_time_mended() {
        let filled = grid(&[[2, 20, 400]]).unwrap();
        assert_eq!(filled.curve(20, 400)[&2], 16_000.0);
        assert_eq!(grid(&[[2, 10, 400]]).unwrap().curve(10, 400)[&2], 8000.0);
        let error = grid(&[[1, 10, 400]]).unwrap_err();
        assert!(error.contains("1 x 10 x 400"), "{error}");
        let mut rows = vec![([1, 1, 1], 5.0), ([1, 1, 2], 1.9), ([1, 2, 1], 2.0)];
        rows.extend([([1, 2, 2], 2.1), ([1, 2, 1], 4.0)]);
        let grid = Grid::new(rows).unwrap();
        assert_eq!(grid.curve(1, 1)[&1], 1.9, "a larger one took less than half");
        assert_eq!(grid.curve(2, 1)[&1], 2.0, "measured twice: the faster one");
        assert_eq!(grid.curve(1, 2)[&1], 1.9);
    }
}
