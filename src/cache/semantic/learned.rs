//! Thresholds that each entry learns.
//!
//! After L. G. Schroeder, A. Desai, A. Cuadron, K. Chu, S. Liu, M. Zhao,
//! S. Krusche, A. Kemper, M. Zaharia, J. E. Gonzalez: vCache: Verified Semantic
//! Prompt Caching (arXiv 2502.03771). An entry's answer is right for a prompt of
//! similarity s with probability L(s) = 1 / (1 + exp(-g (s - t))), with a
//! threshold t and a steepness g of its own. A prompt is answered by the entry
//! (exploit) or by the model (explore), and explored answers are compared with
//! the entry's to learn t and g. With P the probability that the entry is right,
//! exploring with probability
//!
//! > tau = 1 - d / (1 - P), if that is positive,
//!
//! makes the answer wrong with probability (1 - tau)(1 - P) <= d, whatever s is
//! (the paper's section 4).
//!
//! The paper estimates t and g by maximum likelihood and bounds P from below by
//! max over e of (1 - e) L(s; t(e)), t(e) the upper end of a confidence interval for
//! t; where an entry's observations can be separated, which is the rule with few
//! of them, the estimate does not exist, and its code takes the variance from a
//! table. Here the posterior of (t, g) is kept on a grid, with a uniform prior, and
//! P is L averaged over it, of which that maximum is a lower bound. As in the
//! paper's code, an entry explores until it has a few observations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Stream;
use crate::spec::{Fraction, Problems};

/// Each entry learns from which similarity on it is right, so that the share of
/// wrong answers stays under a bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnedSpec {
    /// The largest share of the prompts asked that may get a wrong answer.
    /// Default: 0.02.
    pub max_error_rate: Fraction,
    /// An entry does not answer before it has been compared so often. Default: 6.
    pub explore_first: u32,
}

impl Default for LearnedSpec {
    fn default() -> Self {
        LearnedSpec { max_error_rate: Fraction::percent(2), explore_first: 6 }
    }
}

impl LearnedSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.max_error_rate.get() == 0.0 {
            problems.at("max_error_rate", |p| {
                p.error_help(
                    "without any error nothing could ever be answered",
                    "leave `semantic` out to do without it",
                );
            });
        }
    }
}

/// Thresholds on the grid: 0.40, 0.42, ... 1.10; the last are those of entries
/// that are never right.
const THRESHOLDS: usize = 36;
/// Steepnesses on the grid.
const STEEPNESSES: [f64; 4] = [10.0, 25.0, 60.0, 150.0];
const CELLS: usize = THRESHOLDS * STEEPNESSES.len();

fn threshold(place: usize) -> f64 {
    0.4 + 0.02 * place as f64
}

/// What the entries have learned, by slot.
#[derive(Clone, Debug)]
pub(super) struct Learner {
    max_error_rate: f64,
    explore_first: u32,
    choices: Stream,
    /// exp(g t) by cell, threshold by threshold.
    powers: Vec<f64>,
    /// The posterior probability of each cell, slot by slot.
    beliefs: Vec<f32>,
    observations: Vec<u32>,
}

impl Learner {
    /// Nothing is known; choices are drawn from `choices`.
    pub fn new(spec: &LearnedSpec, choices: Stream) -> Self {
        let powers = (0..THRESHOLDS)
            .flat_map(|place| STEEPNESSES.map(|steepness| libm::exp(steepness * threshold(place))))
            .collect();
        Learner {
            max_error_rate: spec.max_error_rate.get(),
            explore_first: spec.explore_first,
            choices,
            powers,
            beliefs: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// An entry came into a slot.
    pub fn reset(&mut self, slot: usize) {
        if slot >= self.observations.len() {
            self.observations.resize(slot + 1, 0);
            self.beliefs.resize((slot + 1) * CELLS, 0.0);
        }
        self.observations[slot] = 0;
        self.beliefs[slot * CELLS..(slot + 1) * CELLS].fill(1.0 / CELLS as f32);
    }

    /// Whether the entry answers a prompt of this similarity.
    pub fn exploits(&mut self, slot: usize, similarity: f64) -> bool {
        // One draw a lookup, so that the stream stays in step.
        let draw = self.choices.uniform();
        if self.observations[slot] < self.explore_first {
            return false;
        }
        let wrong = 1.0 - self.right(slot, similarity);
        draw > 1.0 - self.max_error_rate / wrong
    }

    /// The probability that the entry is right: the model's, averaged over what is
    /// believed of its threshold and steepness.
    fn right(&self, slot: usize, similarity: f64) -> f64 {
        let beliefs = &self.beliefs[slot * CELLS..(slot + 1) * CELLS];
        let decays = STEEPNESSES.map(|steepness| libm::exp(-steepness * similarity));
        let cells = beliefs.iter().zip(&self.powers).enumerate();
        let right = cells.map(|(cell, (belief, power))| {
            f64::from(*belief) / (1.0 + power * decays[cell % STEEPNESSES.len()])
        });
        right.sum::<f64>().min(1.0)
    }

    /// The entry was compared with the model's answer.
    pub fn observe(&mut self, slot: usize, similarity: f64, right: bool) {
        self.observations[slot] = self.observations[slot].saturating_add(1);
        let decays = STEEPNESSES.map(|steepness| libm::exp(-steepness * similarity));
        let beliefs = &mut self.beliefs[slot * CELLS..(slot + 1) * CELLS];
        let mut whole = 0.0;
        for (cell, belief) in beliefs.iter_mut().enumerate() {
            let odds = self.powers[cell] * decays[cell % STEEPNESSES.len()];
            let likelihood = if right { 1.0 / (1.0 + odds) } else { odds / (1.0 + odds) };
            // No cell dies for ever: the model is only a model.
            *belief = (f64::from(*belief) * likelihood).max(1e-12) as f32;
            whole += f64::from(*belief);
        }
        for belief in beliefs {
            *belief = (f64::from(*belief) / whole) as f32;
        }
    }
}
