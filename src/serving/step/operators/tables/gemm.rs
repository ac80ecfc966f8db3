//! Matrices, measured by the rows that are multiplied and the weights' two sides.

use std::collections::BTreeMap;

use super::grid::Grid;
use super::needed::{needed, problem};
use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::decomposition::{Gemm, Kept};
use crate::serving::step::operators::dtypes::{Dtypes, PLAIN};
use crate::serving::step::operators::figures::KERNEL_US;
use crate::serving::step::operators::files::{Frame, Tables};
use crate::spec::{Problem, suggestion};

/// The grids of the kinds of numbers that a model's weights have.
pub(super) struct Gemms<'a> {
    tables: &'a Tables<'a>,
    dtypes: &'a Dtypes,
    frames: Vec<(String, Frame)>,
    grids: Vec<(String, Grid)>,
}

impl<'a> Gemms<'a> {
    pub fn new(tables: &'a Tables<'a>, dtypes: &'a Dtypes) -> Self {
        Gemms { tables, dtypes, frames: Vec::new(), grids: Vec::new() }
    }

    /// Microseconds by rows of one of the model's matrices.
    ///
    /// # Errors
    /// There is no table of its numbers.
    pub fn curve(&mut self, gemm: &Gemm) -> Result<BTreeMap<u64, f64>, Problem> {
        let dtype = match gemm.weights {
            Kept::Plain => PLAIN,
            Kept::Projection | Kept::Expert => &self.dtypes.gemm,
        };
        self.of(dtype, gemm.n, gemm.k)
    }

    /// The same of any matrix, of weights kept as `dtype`.
    ///
    /// Matrices with a scale for each block were measured as they are launched one by one, which
    /// takes longer than the smaller ones themselves; in a CUDA graph nothing is launched. They
    /// take no longer than those with one scale and the kernel that scales the rows.
    pub fn of(&mut self, dtype: &str, n: u32, k: u32) -> Result<BTreeMap<u64, f64>, Problem> {
        let own = self.measured(dtype, n, k)?;
        if dtype != "fp8_block" {
            return Ok(own);
        }
        let Ok(plain) = self.measured("fp8", n, k) else { return Ok(own) };
        let plain = Axis::new(plain);
        let most = |rows: u64| plain.value(rows as f64, Below::Level, |us| *us) + KERNEL_US;
        Ok(own.into_iter().map(|(rows, us)| (rows, us.min(most(rows)))).collect())
    }

    fn measured(&mut self, dtype: &str, n: u32, k: u32) -> Result<BTreeMap<u64, f64>, Problem> {
        if !self.grids.iter().any(|(of, _)| of == dtype) {
            let grid = self.grid(dtype)?;
            self.grids.push((dtype.to_owned(), grid));
        }
        let grid = self.grids.iter().find(|(of, _)| of == dtype).map(|(_, grid)| grid);
        Ok(grid.map(|grid| grid.curve(u64::from(n), u64::from(k))).unwrap_or_default())
    }

    fn grid(&mut self, dtype: &str) -> Result<Grid, Problem> {
        // A file that has all kinds is read once.
        let known = self
            .frames
            .iter()
            .position(|(of, frame)| of == dtype || !frame.words("gemm_dtype").is_empty());
        let nth = known.map_or_else(
            || {
                let frame = needed(self.tables, "gemm", dtype)?;
                self.frames.push((dtype.to_owned(), frame));
                Ok(self.frames.len() - 1)
            },
            Ok,
        )?;
        let frame = &self.frames[nth].1;
        let mut rows = frame.all();
        frame.keep(&mut rows, "gemm_dtype", dtype);
        if rows.is_empty() {
            let there = frame.words("gemm_dtype");
            let message = format!(
                "{} has no matrices of `{dtype}` weights; it has: {}",
                frame.name,
                there.join(", ")
            );
            return Err(problem("gemm_dtype", message).help(suggestion(dtype, &there)));
        }
        let rows = frame.sizes(&rows, ["m", "n", "k"]).map_err(|why| problem("tables", why))?;
        let name = &frame.name;
        Grid::new(rows).map_err(|why| problem("tables", format!("{name}, `{dtype}`: {why}")))
    }
}
