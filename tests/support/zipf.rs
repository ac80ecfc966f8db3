//! Requests whose popularity falls with the rank.

use windtunnel::kernel::{Stream, Streams};

/// Zipf's law: the object of rank `i` (from 1) is asked for in proportion to
/// `1 / i^exponent`.
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    pub fn new(objects: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=objects)
            .map(|rank| {
                sum += libm::pow(rank as f64, -exponent);
                sum
            })
            .collect();
        for c in &mut cumulative {
            *c /= sum;
        }
        Zipf { cumulative }
    }

    /// A rank from 0, by inversion.
    pub fn rank(&self, stream: &mut Stream) -> usize {
        let u = stream.uniform();
        self.cumulative.partition_point(|c| *c <= u).min(self.cumulative.len() - 1)
    }

    /// The probability of each rank.
    #[allow(dead_code, reason = "for the tests, not for the benchmark")]
    pub fn probabilities(&self) -> impl Iterator<Item = f64> + '_ {
        let mut before = 0.0;
        self.cumulative.iter().map(move |c| c - std::mem::replace(&mut before, *c))
    }
}

/// The trace of `benches/cache.rs`: Zipf(1.0) over a million objects with random
/// 64-bit ids.
#[allow(dead_code, reason = "not for every test")]
pub fn benchmark_trace(requests: usize) -> Vec<u64> {
    const OBJECTS: usize = 1_000_000;
    let streams = Streams::new(42, 0);
    let mut ids = streams.stream("ids");
    let ids: Vec<u64> = (0..OBJECTS).map(|_| ids.bits()).collect();
    let zipf = Zipf::new(OBJECTS, 1.0);
    let mut ranks = streams.stream("ranks");
    (0..requests).map(|_| ids[zipf.rank(&mut ranks)]).collect()
}
