//! Policies x capacities on one trace, in parallel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::Room;
use crate::cache::{Key, PolicySpec};
use crate::workload::trace::accesses::AccessTrace;

/// Accesses between two looks at whether to stop.
const CHUNK: usize = 1 << 18;

/// What is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'t> {
    /// The accesses.
    pub trace: &'t AccessTrace,
    /// The first accesses, which fill the cache and are not counted.
    pub warmup: usize,
    /// Seeds the policies that draw lots.
    pub seed: u64,
}

/// A policy at a capacity.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The policy.
    pub policy: PolicySpec,
    /// The capacity.
    pub room: Room,
    /// What came of it.
    pub counts: Counts,
}

/// What happened to the accesses that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many there were.
    pub requests: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many missed.
    pub misses: u64,
    /// Their bytes.
    pub missed_bytes: u64,
}

impl Counts {
    /// The share of accesses that missed.
    pub fn object_miss_ratio(&self) -> f64 {
        self.misses as f64 / self.requests as f64
    }

    /// The share of accessed bytes that missed.
    pub fn byte_miss_ratio(&self) -> f64 {
        self.missed_bytes as f64 / self.bytes as f64
    }
}

impl Replay<'_> {
    /// Replays each policy at each capacity, on the threads of rayon's current
    /// pool. The result has all capacities of the first policy first, and does
    /// not depend on the number of threads. `done` counts accesses replayed;
    /// `None` if `stop` was set meanwhile.
    pub fn run(
        &self,
        policies: &[PolicySpec],
        rooms: &[Room],
        done: &AtomicU64,
        stop: &AtomicBool,
    ) -> Option<Vec<Cell>> {
        let jobs: Vec<(&PolicySpec, Room)> = policies
            .iter()
            .flat_map(|policy| rooms.iter().map(move |room| (policy, *room)))
            .collect();
        jobs.into_par_iter()
            .map(|(policy, room)| {
                let counts = self.one(policy, room, done, stop)?;
                Some(Cell { policy: policy.clone(), room, counts })
            })
            .collect()
    }

    /// One policy at one capacity.
    fn one(
        &self,
        policy: &PolicySpec,
        room: Room,
        done: &AtomicU64,
        stop: &AtomicBool,
    ) -> Option<Counts> {
        let mut cache = policy.build(room.capacity());
        let mut counts = Counts::default();
        let sizes = self.trace.sizes();
        for start in (0..self.trace.len()).step_by(CHUNK) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let end = (start + CHUNK).min(self.trace.len());
            let warm = self.warmup.clamp(start, end) - start;
            let ids = &self.trace.ids()[start..end];
            let count = |(at, hit, size): (usize, bool, u32)| {
                if at >= warm {
                    let missed = u64::from(!hit);
                    counts.requests += 1;
                    counts.bytes += u64::from(size);
                    counts.misses += missed;
                    counts.missed_bytes += missed * u64::from(size);
                }
            };
            let one = |(at, id): (usize, &u32)| {
                let size = sizes.map_or(1, |sizes| sizes[start + at]);
                (at, cache.request(Key(u64::from(*id)), size), size)
            };
            ids.iter().enumerate().map(one).for_each(count);
            done.fetch_add(ids.len() as u64, Ordering::Relaxed);
        }
        Some(counts)
    }
}
