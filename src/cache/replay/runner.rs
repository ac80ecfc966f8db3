//! Policies x capacities on one trace, in parallel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::Room;
use crate::cache::{Item, Key, PolicySpec};
use crate::kernel::Streams;
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
    #[inline]
    fn add(&mut self, size: u32, hit: bool) {
        let missed = u64::from(!hit);
        self.requests += 1;
        self.bytes += u64::from(size);
        self.misses += missed;
        self.missed_bytes += missed * u64::from(size);
    }

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
        let stream = Streams::new(self.seed, 0).stream("cache.replay.policy");
        let mut cache = policy.build(room.capacity(), stream);
        let sizes = self.trace.sizes();
        let mut counts = Counts::default();
        for start in (0..self.trace.len()).step_by(CHUNK) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let end = (start + CHUNK).min(self.trace.len());
            let counted = self.warmup.clamp(start, end);
            let item = |at: usize| {
                let size = sizes.map_or(1, |sizes| sizes[at]);
                Item::new(Key(u64::from(self.trace.ids()[at])), size)
            };
            cache.replay((start..counted).map(item));
            cache.replay_each((counted..end).map(item), |item, hit| counts.add(item.weight, hit));
            done.fetch_add((end - start) as u64, Ordering::Relaxed);
        }
        Some(counts)
    }
}
