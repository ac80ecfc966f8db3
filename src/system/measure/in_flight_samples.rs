//! Samples of the number of requests in the system, by which it is told how it grows,
//! whatever the intervals of the timeline.

use crate::kernel::{Duration, Time};

/// Samples kept: when there are so many, every other one is dropped.
const MOST: usize = 128;

/// The area under the number of requests in the system, sampled evenly: 64 to 127
/// samples of a run of at least 64 ms.
#[derive(Debug)]
pub struct InFlightSamples {
    step: Duration,
    /// Requests x nanoseconds until one step, two steps and so on.
    areas: Vec<u128>,
    /// When the next sample is due.
    pub next: Time,
}

impl Default for InFlightSamples {
    fn default() -> Self {
        let step = Duration::from_millis(1);
        InFlightSamples { step, areas: Vec::with_capacity(MOST), next: Time::ZERO + step }
    }
}

impl InFlightSamples {
    /// Takes the sample that is due.
    pub fn push(&mut self, area: u128) {
        self.areas.push(area);
        if self.areas.len() == MOST {
            let mut index = 0;
            self.areas.retain(|_| {
                index += 1;
                index % 2 == 0
            });
            self.step = self.step * 2;
        }
        self.next = self.next.saturating_add(self.step);
    }

    /// The mean numbers in `count` equal parts of the span between `from` and `end`; the run
    /// was over later, with an area of `last`. Within a step the area is taken to grow
    /// evenly.
    pub fn parts(&self, from: Time, end: Time, (over, last): (Time, u128), count: u64) -> Vec<f64> {
        let span = end.since(from).as_nanos() as f64;
        let until = |part: u64| {
            let share = part as f64 / count as f64;
            self.area(from.since(Time::ZERO).as_nanos() as f64 + span * share, over, last)
        };
        let mean = |part| (until(part + 1) - until(part)) / (span / count as f64);
        (0..count).map(mean).collect()
    }

    /// The area until so many nanoseconds.
    fn area(&self, at: f64, over: Time, last: u128) -> f64 {
        let step = self.step.as_nanos() as f64;
        let over = over.since(Time::ZERO).as_nanos() as f64;
        let known = self.areas.len().min((over / step) as usize);
        let index = ((at / step) as usize).min(known);
        let (begins, before) = match index {
            0 => (0.0, 0.0),
            index => (step * index as f64, self.areas[index - 1] as f64),
        };
        let (ends, after) = match self.areas[..known].get(index) {
            Some(area) => (begins + step, *area as f64),
            None => (over, last as f64),
        };
        if ends > begins {
            before + (after - before) * ((at - begins) / (ends - begins))
        } else {
            after
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One more request every second: after t seconds the area is t²/2.
    fn growing(seconds: u64) -> (InFlightSamples, Time, u128) {
        let area = |at: Time| {
            let ns = u128::from(at.since(Time::ZERO).as_nanos());
            ns * ns / 2_000_000_000
        };
        let (mut samples, end) =
            (InFlightSamples::default(), Time::ZERO + Duration::from_secs(seconds));
        while samples.next <= end {
            samples.push(area(samples.next));
        }
        assert!((MOST / 2..MOST).contains(&samples.areas.len()), "{}", samples.areas.len());
        (samples, end, area(end))
    }

    #[test]
    fn parts_of_any_window_have_their_means() {
        for seconds in [1, 10, 77, 3600] {
            let (samples, end, last) = growing(seconds);
            for share in [0.0, 0.1, 0.5] {
                let from = Time::ZERO + Duration::from_secs_f64(seconds as f64 * share);
                let parts = samples.parts(from, end, (end, last), 20);
                let length = (seconds as f64) * (1.0 - share) / 20.0;
                for (part, found) in parts.iter().enumerate() {
                    let middle = seconds as f64 * share + length * (part as f64 + 0.5);
                    // A step is at most a 64th of the run.
                    assert!((found - middle).abs() < 0.01 * seconds as f64, "{found} {middle}");
                }
                let mean = parts.iter().sum::<f64>() / 20.0;
                let whole = seconds as f64 * (1.0 + share) / 2.0;
                assert!((mean - whole).abs() < 0.002 * seconds as f64, "{mean} {whole}");
            }
        }
    }

    #[test]
    fn a_run_shorter_than_a_step_is_one() {
        let samples = InFlightSamples::default();
        let end = Time::ZERO + Duration(500);
        assert_eq!(samples.parts(Time::ZERO, end, (end, 1500), 4), [3.0; 4]);
    }

    #[test]
    fn what_comes_after_the_span_is_none_of_it() {
        let (samples, over, last) = growing(3600);
        let end = Time::ZERO + Duration::from_secs(1800);
        let parts = samples.parts(Time::ZERO, end, (over, last), 2);
        assert!((parts[0] - 450.0).abs() < 18.0 && (parts[1] - 1350.0).abs() < 18.0, "{parts:?}");
    }
}
