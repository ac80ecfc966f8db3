//! Draws of a generator, all from one seed.

use serde_yaml::Value;
use windtunnel::kernel::{Stream, Streams};

use crate::block::{block, one};

/// What is drawn from.
pub struct Draw(Stream);

impl Draw {
    /// The draws of a seed.
    pub fn new(seed: u64) -> Self {
        Draw(Streams::new(seed, 0).stream("torture"))
    }

    /// Whether something of that chance is the case.
    pub fn chance(&mut self, chance: f64) -> bool {
        self.0.uniform() <= chance
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// One of several, all alike.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// One of several names.
    pub fn name(&mut self, from: &[String]) -> String {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// A number from a range, both ends included.
    pub fn range(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Some of several, in their order; perhaps none.
    pub fn some<T: Clone>(&mut self, from: &[T], chance: f64) -> Vec<T> {
        from.iter().filter(|_| self.chance(chance)).cloned().collect()
    }

    /// A share, often none or all.
    pub fn share(&mut self) -> f64 {
        self.pick(&[0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
    }

    /// A share above 0.
    pub fn positive_share(&mut self) -> f64 {
        self.pick(&[0.01, 0.1, 0.5, 0.9, 1.0])
    }

    /// A time longer than 0.
    pub fn time(&mut self) -> &'static str {
        self.pick(&["1ns", "1ms", "1ms", "10ms", "100ms", "1s", "1s", "5s", "30s", "1m"])
    }

    /// A time, often none.
    pub fn short(&mut self) -> &'static str {
        self.pick(&["0s", "0s", "1us", "1ms", "10ms", "100ms", "1s"])
    }

    /// A time that varies.
    pub fn span(&mut self) -> Value {
        let time = self.time();
        match self.below(6) {
            0 => one("exponential", block().set("mean", time)),
            1 => one("uniform", block().set("max", time)),
            2 => one("lognormal", block().set("mean", time).set("sigma", 0.8)),
            3 => Value::from(time),
            _ => Value::from(self.short()),
        }
    }

    /// Money for all that many requests may cost, often a cent or less.
    pub fn money(&mut self) -> &'static str {
        self.pick(&["$0.000001", "$0.001", "$0.01", "$0.01", "$0.05", "$0.2", "$1", "$100"])
    }

    /// The price of a token.
    pub fn price(&mut self) -> &'static str {
        self.pick(&["0", "1e-7", "0.000002", "0.00003", "0.001"])
    }

    /// A small number above 0, often 1.
    pub fn few(&mut self) -> u64 {
        self.pick(&[1, 1, 1, 2, 2, 3, 5, 8])
    }

    /// Lengths of whole numbers of that order.
    pub fn lengths(&mut self, mean: u64) -> Value {
        let real = mean as f64;
        match self.below(8) {
            0 => one("uniform", block().set("min", 1).set("max", mean.max(1))),
            1 => one("normal", block().set("mean", real).set("sd", real / 2.0)),
            2 => one("lognormal", block().set("mean", real).set("sigma", 0.7)),
            3 => one("exponential", block().set("mean", real.max(1.0))),
            4 => {
                let bin = |to: u64, count: f64| block().set("to", to).set("count", count).into();
                let bins: Vec<Value> = vec![bin(1, 1.0), bin(mean + 1, 3.0)];
                one("histogram", bins)
            }
            5 => one("constant", 1),
            _ => one("constant", mean.max(1)),
        }
    }
}
