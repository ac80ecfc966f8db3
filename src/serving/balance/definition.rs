//! Balancers as their definitions have them: each choice looks at all replicas. Tests hold
//! the others to them.

use super::{BalanceSpec, Load};
use crate::kernel::Stream;

/// The balancers as their definitions have them.
pub(in crate::serving) struct Definition {
    spec: BalanceSpec,
    turn: usize,
    next: u32,
    lots: Stream,
    ring: Vec<(u64, u32)>,
}

impl Definition {
    pub fn new(spec: &BalanceSpec, replicas: u32, lots: Stream) -> Self {
        let mut ring: Vec<(u64, u32)> = (0..replicas)
            .flat_map(|it| (0..128).map(move |n| (mixed(u64::from(it) * 128 + n), it)))
            .collect();
        ring.sort_unstable();
        Definition { spec: spec.clone(), turn: 0, next: 0, lots, ring }
    }

    fn least<K: PartialOrd>(&mut self, among: &[u32], key: impl Fn(u32) -> K) -> u32 {
        self.turn = (self.turn + 1) % among.len();
        let mut best = among[self.turn];
        for place in 1..among.len() {
            let this = among[(self.turn + place) % among.len()];
            if key(this) < key(best) {
                best = this;
            }
        }
        best
    }

    /// The choice `among` replicas, which are in rising order.
    pub fn pick(&mut self, affinity: u64, loads: &[Load], among: &[u32]) -> u32 {
        let of = |replica: u32| &loads[replica as usize];
        match self.spec.clone() {
            BalanceSpec::RoundRobin => {
                let chosen = *among.iter().find(|it| **it >= self.next).unwrap_or(&among[0]);
                self.next = chosen + 1;
                chosen
            }
            BalanceSpec::Random => among[self.lots.below(among.len() as u64) as usize],
            BalanceSpec::LeastOutstanding => self.least(among, |it| of(it).outstanding),
            BalanceSpec::LeastKv => self.least(among, |it| of(it).kv_tokens),
            BalanceSpec::PowerOfTwo(spec) => {
                let mut draw = || among[self.lots.below(among.len() as u64) as usize];
                let drawn: Vec<u32> = (0..spec.choices).map(|_| draw()).collect();
                *drawn.iter().min_by_key(|it| of(**it).outstanding).unwrap()
            }
            BalanceSpec::PrefixAffinity(spec) => {
                let total: u64 = among.iter().map(|it| u64::from(of(*it).outstanding)).sum();
                let mean = (total + 1) as f64 / among.len() as f64;
                let most = libm::ceil(spec.bound.get() * mean);
                let fits = |it: u32| f64::from(of(it).outstanding) < most && among.contains(&it);
                let (before, after): (Vec<_>, Vec<_>) =
                    self.ring.iter().partition(|(place, _)| *place < mixed(affinity));
                let found = after.iter().chain(&before).find(|(_, it)| fits(*it));
                found.map_or(among[0], |(_, it)| *it)
            }
            BalanceSpec::Scores(spec) => {
                let requests = among.iter().map(|it| of(*it).outstanding).max().unwrap().max(1);
                let tokens = among.iter().map(|it| of(*it).kv_tokens).max().unwrap().max(1);
                self.least(among, |it| {
                    let queue = f64::from(of(it).outstanding) / f64::from(requests);
                    let memory = of(it).kv_tokens as f64 / tokens as f64;
                    spec.outstanding.get() * queue + spec.kv.get() * memory
                        - spec.prefix.get() * f64::from(of(it).matched)
                })
            }
        }
    }
}

/// splitmix64's next value, whose state is `value`.
fn mixed(value: u64) -> u64 {
    let bits = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
