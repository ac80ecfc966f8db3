//! A rate that changes over time, as a broken line, and Poisson arrivals of it.

use super::clock::time_of;
use crate::kernel::{Stream, Time};

/// So many rounds of a curve without an arrival are walked, piece by piece; then the
/// rest are passed over at once.
const MOST_PASSED: usize = 1000;

/// A stretch of time in which the rate goes evenly from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// How long it lasts, in nanoseconds; infinite for the last of a curve that
    /// does not repeat, whose rate must not change.
    pub length: f64,
    /// Arrivals per nanosecond at its beginning.
    pub from: f64,
    /// And at its end.
    pub to: f64,
}

impl Piece {
    /// The expected number of arrivals in its first `t` nanoseconds.
    fn integral(&self, t: f64) -> f64 {
        if self.from == self.to {
            return if self.from == 0.0 { 0.0 } else { self.from * t };
        }
        t * (self.from + 0.5 * (self.to - self.from) * (t / self.length))
    }

    /// The time by which `work` arrivals are expected; must lie within the piece.
    fn time_of(&self, work: f64) -> f64 {
        if self.from == self.to {
            return work / self.from;
        }
        // from t + slope t^2 / 2 = work, by the root that does not cancel.
        let slope = (self.to - self.from) / self.length;
        let root = libm::sqrt((self.from * self.from + 2.0 * slope * work).max(0.0));
        (2.0 * work / (self.from + root)).min(self.length)
    }
}

/// A Poisson process whose rate follows a broken line, by inversion of the
/// integrated rate (Çinlar, "Introduction to Stochastic Processes", 1975, chapter
/// 4.7): exact, one exponential an arrival, and none thrown away, however high
/// the peaks.
#[derive(Clone, Debug)]
pub struct Curve {
    pieces: Box<[Piece]>,
    repeats: bool,
    piece: usize,
    /// When the present piece began, and how far in it we are, in nanoseconds.
    began: f64,
    within: f64,
}

impl Curve {
    /// The process that starts `offset_ns` into the curve.
    pub(super) fn new(pieces: Vec<Piece>, repeats: bool, offset_ns: f64) -> Self {
        debug_assert!(!pieces.is_empty());
        let mut curve =
            Curve { pieces: pieces.into(), repeats, piece: 0, began: -offset_ns, within: 0.0 };
        let mut rest = offset_ns;
        while rest >= curve.pieces[curve.piece].length && curve.next_piece() {
            rest = -curve.began;
        }
        curve.within = rest.max(0.0);
        curve
    }

    /// Goes to the beginning of the next piece; false if there is none.
    fn next_piece(&mut self) -> bool {
        let next = self.piece + 1;
        if next == self.pieces.len() && !self.repeats {
            return false;
        }
        self.began += self.pieces[self.piece].length;
        self.within = 0.0;
        self.piece = if next == self.pieces.len() { 0 } else { next };
        true
    }

    /// Passes over whole rounds of a curve that repeats, as many as bring less than
    /// `work`; returns what is left of it. `None` if a round brings nothing at all.
    #[cold]
    fn skip_rounds(&mut self, work: f64) -> Option<f64> {
        let round: f64 = self.pieces.iter().map(|piece| piece.integral(piece.length)).sum();
        let length: f64 = self.pieces.iter().map(|piece| piece.length).sum();
        // The last one is walked, whatever rounding made of it.
        let rounds = (libm::floor(work / round) - 1.0).max(0.0);
        self.began += rounds * length;
        (round > 0.0).then_some(work - rounds * round)
    }

    /// The next arrival, or `None` when there is none any more; [`Time::MAX`] when virtual
    /// time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        let mut work = stream.exponential(1.0);
        let mut passed = 0;
        loop {
            let piece = self.pieces[self.piece];
            let done = piece.integral(self.within);
            let room = if piece.length.is_infinite() && piece.from > 0.0 {
                f64::INFINITY
            } else if piece.length.is_infinite() {
                0.0
            } else {
                piece.integral(piece.length) - done
            };
            if work < room {
                self.within = piece.time_of(done + work).max(self.within);
                let at = self.began + self.within;
                return Some(time_of(at.max(0.0)));
            }
            work -= room;
            if !self.next_piece() {
                return None;
            }
            if time_of(self.began) == Time::MAX {
                return Some(Time::MAX);
            }
            passed += 1;
            if passed == MOST_PASSED * self.pieces.len() {
                work = self.skip_rounds(work)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn counts(curve: &mut Curve, cell: u64, cells: usize) -> Vec<f64> {
        let mut stream = Streams::new(5, 0).stream("workload.arrivals");
        let mut counts = vec![0.0; cells];
        while let Some(at) = curve.next_at(&mut stream) {
            let Some(count) = counts.get_mut((at.0 / cell) as usize) else { break };
            *count += 1.0;
        }
        counts
    }

    #[test]
    fn rounds_that_bring_next_to_nothing_are_passed_over_at_once() {
        // An arrival in ten million rounds of a microsecond: 10 s in the mean.
        let pieces = vec![
            Piece { length: 500.0, from: 0.0, to: 4e-10 },
            Piece { length: 500.0, from: 0.0, to: 0.0 },
        ];
        let mut curve = Curve::new(pieces, true, 0.0);
        let mut stream = Streams::new(5, 0).stream("workload.arrivals");
        let times: Vec<Time> = (0..10_000).filter_map(|_| curve.next_at(&mut stream)).collect();
        let mean_s = times[9_999].as_secs_f64() / 10_000.0;
        assert!((mean_s - 10.0).abs() < 0.33, "99.9 % are within 0.33: {mean_s}");
        assert!(times.iter().all(|at| at.0 % 1000 <= 500), "none where there is no rate");
    }

    #[test]
    fn arrivals_follow_the_integral_of_the_rate() {
        let pieces = vec![
            Piece { length: 1e6, from: 0.0, to: 0.2 },
            Piece { length: 5e5, from: 0.0, to: 0.0 },
            Piece { length: 5e5, from: 0.3, to: 0.1 },
        ];
        let exact = |cell: f64| -> f64 {
            // Tenths of the period of 2e6 ns.
            let (a, b) = (cell * 2e5, (cell + 1.0) * 2e5);
            let mut sum = 0.0;
            let mut start = 0.0;
            for piece in &pieces {
                let clip = |t: f64| (t - start).clamp(0.0, piece.length);
                sum += piece.integral(clip(b)) - piece.integral(clip(a));
                start += piece.length;
            }
            sum
        };
        // Each tenth of the period, over twenty periods.
        let counts = counts(&mut Curve::new(pieces.clone(), true, 0.0), 200_000, 200);
        for cell in 0..10 {
            let count: f64 = counts.iter().skip(cell).step_by(10).sum();
            let expected = 20.0 * exact(cell as f64);
            let error = 3.29 * expected.sqrt();
            assert!((count - expected).abs() <= error, "cell {cell}: {count}, not {expected}");
        }
    }

    #[test]
    fn a_curve_can_be_entered_anywhere_and_may_end() {
        let pieces = vec![
            Piece { length: 1e6, from: 0.01, to: 0.01 },
            Piece { length: f64::INFINITY, from: 0.0, to: 0.0 },
        ];
        let counts = counts(&mut Curve::new(pieces, false, 9e5), 100_000, 3);
        assert!((counts[0] - 1000.0).abs() < 105.0 && counts[1] + counts[2] == 0.0, "{counts:?}");
    }
}
