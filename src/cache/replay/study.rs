//! All that is asked of one trace: policies x capacities and LRU's curves.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::{Cell, Contender, Curve, Replay, Room, Sample, Unit, exact_curve, grid, sampled_curve};

/// How a curve is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// From every access.
    Exact,
    /// From a share of the objects.
    Shards(f64),
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "exact" => Ok(Method::Exact),
            None if text == "shards" => Ok(Method::Shards(0.01)),
            Some(("shards", rate)) => {
                let rate: f64 = rate.parse().map_err(|_| format!("`{rate}` is not a number"))?;
                if rate > 0.0 && rate <= 1.0 {
                    Ok(Method::Shards(rate))
                } else {
                    Err(format!("{rate} is out of range: a rate is more than 0 and at most 1"))
                }
            }
            _ => Err(format!("`{text}` is no curve: expected exact, shards:RATE or none")),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Method::Exact => f.write_str("exact"),
            Method::Shards(rate) => write!(f, "shards:{rate}"),
        }
    }
}

/// A curve of LRU.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// How it was made.
    pub method: Method,
    /// The curve.
    pub curve: Curve,
    /// The sample, if it is from one.
    pub sample: Option<Sample>,
    /// The mean absolute error of its object miss ratios, if the exact curve is
    /// known too.
    pub error: Option<f64>,
}

/// All that came of a trace.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Policies x capacities, all capacities of the first policy first.
    pub cells: Vec<Cell>,
    /// The curves: for each unit of the capacities, in the order asked for.
    pub curves: Vec<Drawn>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Study<'t> {
    /// The trace.
    pub replay: Replay<'t>,
    /// The policies.
    pub policies: Vec<Contender>,
    /// The capacities.
    pub rooms: Vec<Room>,
    /// The curves.
    pub methods: Vec<Method>,
}

impl Study<'_> {
    /// Passes over the trace: policies x capacities, and curves.
    pub fn passes(&self) -> usize {
        self.policies.len() * self.rooms.len() + self.methods.len() * self.units().len()
    }

    /// The units of the capacities.
    fn units(&self) -> Vec<Unit> {
        let mut units: Vec<Unit> = self.rooms.iter().map(|room| room.unit).collect();
        units.sort_unstable();
        units.dedup();
        units
    }

    /// Runs it all on the threads of rayon's current pool; the outcome does not
    /// depend on their number. `done` counts accesses; `None` if `stop` was set
    /// meanwhile.
    pub fn run(&self, done: &AtomicU64, stop: &AtomicBool) -> Option<Outcome> {
        // The curves are begun first: nothing divides them.
        let (curves, cells) = rayon::join(
            || self.curves(done, stop),
            || self.replay.run(&self.policies, &self.rooms, done, stop),
        );
        Some(Outcome { cells: cells?, curves: curves? })
    }

    fn curves(&self, done: &AtomicU64, stop: &AtomicBool) -> Option<Vec<Drawn>> {
        let jobs: Vec<(Unit, Method)> = self
            .units()
            .into_iter()
            .flat_map(|unit| self.methods.iter().map(move |method| (unit, *method)))
            .collect();
        let mut drawn: Vec<Drawn> = jobs
            .into_par_iter()
            .map(|(unit, method)| self.curve(unit, method, done, stop))
            .collect::<Option<_>>()?;
        let exact: Vec<Curve> = drawn
            .iter()
            .filter(|drawn| drawn.method == Method::Exact)
            .map(|drawn| drawn.curve.clone())
            .collect();
        for drawn in &mut drawn {
            let exact = exact.iter().find(|exact| exact.unit == drawn.curve.unit);
            drawn.error = exact
                .zip(drawn.sample.as_ref())
                .map(|(exact, sample)| exact.mean_absolute_error(&drawn.curve, sample.resolution));
        }
        Some(drawn)
    }

    fn curve(
        &self,
        unit: Unit,
        method: Method,
        done: &AtomicU64,
        stop: &AtomicBool,
    ) -> Option<Drawn> {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let Replay { trace, warmup, seed, .. } = self.replay;
        let also = self.rooms.iter().filter(|room| room.unit == unit).map(|room| room.amount);
        let capacities = grid(trace, unit, also);
        let drawn = match method {
            Method::Exact => {
                let curve = exact_curve(trace, unit, &capacities, warmup);
                Drawn { method, curve, sample: None, error: None }
            }
            Method::Shards(rate) => {
                let (curve, sample) = sampled_curve(trace, unit, &capacities, warmup, (rate, seed));
                Drawn { method, curve, sample: Some(sample), error: None }
            }
        };
        done.fetch_add(trace.len() as u64, Ordering::Relaxed);
        Some(drawn)
    }
}
