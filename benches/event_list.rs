//! The hold model (one pop, one push) on each candidate for the event list.
//!
//! `cargo bench --bench event_list`

mod event_lists;

use std::hint::black_box;
use std::time::Instant;

use event_lists::Candidate;
use event_lists::calendar_queue::CalendarQueue;
use event_lists::packed_heap::PackedHeap;
use event_lists::std_heap::StdHeap;
use windtunnel::kernel::{EventList, Streams};

/// The increments drawn beforehand, so that the generator is not measured.
const DRAWS: usize = 1 << 16;
/// Pops and pushes in a batch: long for the clock, short for the scheduler of a
/// shared machine.
const BATCH: usize = 50_000;

/// The nanoseconds per pop and push with `pending` events, in the best batch.
fn hold<Q: Candidate<[u64; 2]>>(pending: usize, increments: &[u64]) -> f64 {
    let mut queue = Q::default();
    for event in 0..pending {
        queue.push(increments[event % DRAWS] + event as u64 % 1000, [event as u64; 2]);
    }
    let batches = 100.max(4 * pending / BATCH);
    let mut draw = 0;
    let mut best = f64::INFINITY;
    for _ in 0..batches {
        let start = Instant::now();
        for _ in 0..BATCH {
            draw = (draw + 1) % DRAWS;
            if let Some((now, event)) = queue.pop() {
                queue.push(now + increments[draw], event);
            }
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    black_box(queue.pop().map(|(_, event)| event));
    best * 1e9 / BATCH as f64
}

fn row<Q: Candidate<[u64; 2]>>(distributions: &[Vec<u64>]) {
    print!("{:<48}", Q::NAME);
    for increments in distributions {
        for pending in [2, 17, 100, 10_000, 1_000_000] {
            print!("{:>9.1}", hold::<Q>(pending, increments));
        }
    }
    println!();
}

fn main() {
    let mut stream = Streams::new(42, 0).stream("hold");
    let exponential: Vec<u64> = (0..DRAWS).map(|_| stream.exponential(1e9) as u64).collect();
    // Nine of ten soon, one of ten far off: timeouts among services.
    let mixed: Vec<u64> = (0..DRAWS)
        .map(
            |_| if stream.below(10) == 0 { 60_000_000_000 } else { stream.exponential(1e9) as u64 },
        )
        .collect();
    println!(
        "ns per pop and push; exponential, then mixed increments; pending 2, 17, 1e2, 1e4, 1e6"
    );
    let distributions = [exponential, mixed];
    row::<EventList<[u64; 2]>>(&distributions);
    row::<PackedHeap<[u64; 2]>>(&distributions);
    row::<StdHeap<[u64; 2]>>(&distributions);
    row::<CalendarQueue<[u64; 2]>>(&distributions);
}
