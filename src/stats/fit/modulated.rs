//! Poisson events of a rate that jumps between two states.

use super::stepped::{mixed, mixed_cv};
use crate::stats::Windows;

const ROUNDS: usize = 200;

/// A Poisson process of one of two rates, which change at the ends of short windows:
/// nearly the Markov-modulated Poisson process (W. Fischer, K. Meier-Hellstern: The
/// Markov-modulated Poisson process cookbook. Performance Evaluation 18, 1993) where
/// windows are short against the stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modulated {
    /// The rates per second, the lower first.
    pub rates: [f64; 2],
    /// How long each state lasts on average, in seconds.
    pub stays: [f64; 2],
    /// The logarithm of the density of the times.
    pub log_likelihood: f64,
}

/// The chain of states over windows.
struct Chain {
    rates: [f64; 2],
    /// From each state to the other, at the end of a window.
    leave: [f64; 2],
}

/// What one look at all windows gives.
struct Look {
    log_likelihood: f64,
    /// Windows and events in each state, and times that each was left.
    windows: [f64; 2],
    events: [f64; 2],
    left: [f64; 2],
}

impl Modulated {
    /// The most likely one, by expectation and maximisation (L. Baum et al.: A
    /// maximization technique occurring in the statistical analysis of probabilistic
    /// functions of Markov chains. Annals of Mathematical Statistics 41(1), 1970).
    /// The first event is where time begins. `None` where there are not two states
    /// to be told apart.
    pub fn fit(windows: &Windows) -> Option<Self> {
        let width = windows.width().as_secs_f64();
        let mut counts: Vec<f64> = windows.counts().iter().map(|count| *count as f64).collect();
        *counts.first_mut()? -= 1.0;
        if counts.len() < 16 {
            return None;
        }
        let mut sorted = counts.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let half = sorted.len() / 2;
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64 / width;
        let rates = [mean(&sorted[..half]).max(1e-9), mean(&sorted[half..])];
        let mut chain = Chain { rates, leave: [0.1, 0.1] };
        let mut last = f64::NEG_INFINITY;
        for _ in 0..ROUNDS {
            let look = chain.look(&counts, width);
            if look.log_likelihood - last < 1e-6 {
                break;
            }
            last = look.log_likelihood;
            for state in 0..2 {
                chain.rates[state] =
                    (look.events[state] / (look.windows[state] * width)).max(1e-12);
                chain.leave[state] = (look.left[state] / look.windows[state]).clamp(1e-9, 1.0);
            }
        }
        let sound = chain.rates.iter().chain(&chain.leave).all(|value| value.is_finite());
        let apart = chain.rates[1] > 1.05 * chain.rates[0];
        (sound && apart && last.is_finite()).then(|| Modulated {
            rates: chain.rates,
            stays: chain.leave.map(|leave| width / leave),
            log_likelihood: last,
        })
    }

    /// The share of events in each state.
    fn shares(&self) -> [f64; 2] {
        let events = [0, 1].map(|state| self.rates[state] * self.stays[state]);
        events.map(|of_state| of_state / (events[0] + events[1]))
    }

    /// The mean rate per second.
    pub fn mean_rate(&self) -> f64 {
        let events = self.rates[0] * self.stays[0] + self.rates[1] * self.stays[1];
        events / (self.stays[0] + self.stays[1])
    }

    /// The share of gaps up to `x` seconds, where gaps are short against stays.
    pub fn cdf(&self, x: f64) -> f64 {
        mixed(&self.shares(), &self.rates, x)
    }

    /// The coefficient of variation of the gaps.
    pub fn cv(&self) -> f64 {
        mixed_cv(&self.shares(), &self.rates)
    }
}

impl Chain {
    /// Forwards and backwards over the windows, scaled at each step (L. Rabiner: A
    /// tutorial on hidden Markov models. Proceedings of the IEEE 77(2), 1989).
    fn look(&self, counts: &[f64], width: f64) -> Look {
        let step = |from: usize, to: usize| {
            if from == to { 1.0 - self.leave[from] } else { self.leave[from] }
        };
        // The density of a window's times, divided by its larger one.
        let emissions: Vec<([f64; 2], f64)> = counts
            .iter()
            .map(|count| {
                let logs = self.rates.map(|rate| count * libm::log(rate) - rate * width);
                let top = logs[0].max(logs[1]);
                (logs.map(|log| libm::exp(log - top)), top)
            })
            .collect();
        let total = self.leave[0] + self.leave[1];
        let mut state = [self.leave[1] / total, self.leave[0] / total];
        let mut forward = Vec::with_capacity(counts.len());
        let mut log_likelihood = 0.0;
        for (i, (emission, top)) in emissions.iter().enumerate() {
            if i > 0 {
                state = [0, 1].map(|to| state[0] * step(0, to) + state[1] * step(1, to));
            }
            state = [0, 1].map(|at| state[at] * emission[at]);
            let scale = state[0] + state[1];
            log_likelihood += libm::log(scale) + top;
            state = state.map(|value| value / scale);
            forward.push((state, scale));
        }
        let mut look = Look { log_likelihood, windows: [0.0; 2], events: [0.0; 2], left: [0.0; 2] };
        let mut backward = [1.0; 2];
        for i in (0..counts.len()).rev() {
            let (state, _) = forward[i];
            for at in 0..2 {
                let here = state[at] * backward[at];
                look.windows[at] += here;
                look.events[at] += here * counts[i];
            }
            if i > 0 {
                let (before, _) = forward[i - 1];
                let (emission, scale) = (emissions[i].0, forward[i].1);
                let ahead = [0, 1].map(|to| emission[to] * backward[to] / scale);
                for from in 0..2 {
                    look.left[from] += before[from] * step(from, 1 - from) * ahead[1 - from];
                }
                backward = [0, 1].map(|from| step(from, 0) * ahead[0] + step(from, 1) * ahead[1]);
            }
        }
        look
    }
}
