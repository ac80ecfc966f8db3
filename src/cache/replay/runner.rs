//! Policies x capacities on one trace, in parallel.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::contender::{NEVER, next_uses};
use super::{Contender, Room};
use crate::cache::policy::Belady;
use crate::cache::{Item, Key, PolicySpec};
use crate::kernel::{Duration, Streams};
use crate::workload::trace::accesses::AccessTrace;

/// Accesses between two looks at whether to stop.
const CHUNK: usize = 1 << 18;

/// A trace of more objects is replayed by hashing, lest an index by number take more than
/// 64 MiB for each replay under way.
const NUMBERED: u64 = 1 << 24;

/// What is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'t> {
    /// The accesses.
    pub trace: &'t AccessTrace,
    /// The first accesses, which fill the cache and are not counted.
    pub warmup: usize,
    /// Seeds the policies that draw lots.
    pub seed: u64,
    /// How long an object lives from when it was stored; the trace must know its times.
    pub ttl: Option<Duration>,
}

/// A policy at a capacity.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The policy.
    pub policy: Contender,
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
        policies: &[Contender],
        rooms: &[Room],
        done: &AtomicU64,
        stop: &AtomicBool,
    ) -> Option<Vec<Cell>> {
        let next = policies.contains(&Contender::Belady).then(|| next_uses(self.trace));
        let next = next.as_deref().unwrap_or_default();
        let jobs: Vec<(&Contender, Room)> = policies
            .iter()
            .flat_map(|policy| rooms.iter().map(move |room| (policy, *room)))
            .collect();
        let watch = Watch { done, stop };
        jobs.into_par_iter()
            .map(|(policy, room)| {
                let counts = match policy {
                    Contender::Policy(spec) => self.policy(spec, room, &watch)?,
                    Contender::Belady => self.belady(next, room, &watch)?,
                };
                Some(Cell { policy: policy.clone(), room, counts })
            })
            .collect()
    }

    fn policy(&self, policy: &PolicySpec, room: Room, watch: &Watch) -> Option<Counts> {
        let stream = Streams::new(self.seed, 0).stream("cache.replay.policy");
        let mut cache = policy.build(room.capacity(), stream);
        if self.trace.objects() <= NUMBERED {
            cache.number_keys(self.trace.objects() as usize);
        }
        let mut counts = Counts::default();
        if let (Some(ttl), Some(times)) = (self.ttl, self.trace.times()) {
            let mut dies = vec![i128::MAX; self.trace.objects() as usize];
            let mut request = |at: usize| {
                let (item, now) = (self.item(at), times[at]);
                let dies = &mut dies[item.key.0 as usize];
                if now >= *dies
                    && let Some(slot) = cache.find(item.key)
                {
                    cache.remove(slot);
                }
                let hit = cache.request(item);
                if !hit {
                    *dies = now + i128::from(ttl.as_nanos());
                }
                (item.weight, hit)
            };
            self.chunks(watch, |uncounted, counted| {
                uncounted.for_each(|at| _ = request(at));
                for (size, hit) in counted.map(&mut request) {
                    counts.add(size, hit);
                }
            })?;
            return Some(counts);
        }
        self.chunks(watch, |uncounted, counted| {
            cache.replay(uncounted.map(|at| self.item(at)));
            cache.replay_each(counted.map(|at| self.item(at)), |item, hit| {
                counts.add(item.weight, hit);
            });
        })?;
        Some(counts)
    }

    fn belady(&self, next: &[u32], room: Room, watch: &Watch) -> Option<Counts> {
        let mut cache = Belady::new(room.capacity());
        let mut counts = Counts::default();
        let mut request = |at: usize| {
            let item = self.item(at);
            let coming = Some(next[at]).filter(|next| *next != NEVER);
            (item.weight, cache.request(item, coming))
        };
        self.chunks(watch, |uncounted, counted| {
            uncounted.for_each(|at| _ = request(at));
            for (size, hit) in counted.map(&mut request) {
                counts.add(size, hit);
            }
        })?;
        Some(counts)
    }

    /// The trace in pieces: accesses that are not counted, then some that are.
    fn chunks(
        &self,
        watch: &Watch,
        mut replay: impl FnMut(Range<usize>, Range<usize>),
    ) -> Option<()> {
        let length = self.trace.len();
        for start in (0..length).step_by(CHUNK) {
            if watch.stop.load(Ordering::Relaxed) {
                return None;
            }
            let end = (start + CHUNK).min(length);
            let counted = self.warmup.clamp(start, end);
            replay(start..counted, counted..end);
            watch.done.fetch_add((end - start) as u64, Ordering::Relaxed);
        }
        Some(())
    }

    #[inline]
    fn item(&self, at: usize) -> Item {
        let size = self.trace.sizes().map_or(1, |sizes| sizes[at]);
        Item::new(Key(u64::from(self.trace.ids()[at])), size)
    }
}

/// How far it is, and whether to go on.
struct Watch<'w> {
    done: &'w AtomicU64,
    stop: &'w AtomicBool,
}
