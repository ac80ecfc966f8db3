//! Poisson events of a rate that changes at given times.

use super::Exponential;
use crate::stats::Windows;

/// Poisson events whose rate is constant within each of several equal windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// How long a window is, in seconds.
    pub width: f64,
    /// The rate of each window, per second.
    pub rates: Vec<f64>,
    /// The logarithm of the density of the times.
    pub log_likelihood: f64,
    /// The share of events in each window.
    shares: Vec<f64>,
}

impl Stepped {
    /// The most likely rates in at most so many windows over a span of `span`
    /// seconds from the first event, which is where time begins. `None` for less
    /// than two windows.
    pub fn fit(windows: &Windows, most: usize, span: f64) -> Option<Self> {
        let wide = windows.at_most(most);
        let width = wide.width().as_secs_f64();
        let mut counts: Vec<f64> = wide.counts().iter().map(|count| *count as f64).collect();
        // The first event is where time begins: it is given, not drawn.
        *counts.first_mut()? -= 1.0;
        let end = counts.len() - 1;
        if end == 0 {
            return None;
        }
        let mut lengths = vec![width; end];
        let rest = span - width * end as f64;
        // A short rest belongs to the window before it.
        if rest < width / 2.0 {
            lengths[end - 1] += rest;
            counts[end - 1] += counts[end];
            counts.truncate(end);
        } else {
            lengths.push(rest);
        }
        if counts.len() < 2 {
            return None;
        }
        let rates: Vec<f64> =
            counts.iter().zip(&lengths).map(|(count, length)| count / length).collect();
        let likelihood = |(count, rate): (&f64, &f64)| {
            if *count > 0.0 { count * (libm::log(*rate) - 1.0) } else { 0.0 }
        };
        let log_likelihood = counts.iter().zip(&rates).map(likelihood).sum();
        let total: f64 = counts.iter().sum();
        let shares = counts.iter().map(|count| count / total).collect();
        Some(Stepped { width, rates, log_likelihood, shares })
    }

    /// The share of gaps up to `x` seconds, where gaps are short against windows.
    pub fn cdf(&self, x: f64) -> f64 {
        mixed(&self.shares, &self.rates, x)
    }

    /// The coefficient of variation of the gaps.
    pub fn cv(&self) -> f64 {
        mixed_cv(&self.shares, &self.rates)
    }
}

/// A mixture of exponential distributions.
pub(super) fn mixed(shares: &[f64], rates: &[f64], x: f64) -> f64 {
    let part = |(share, rate): (&f64, &f64)| {
        if *share > 0.0 { share * Exponential { mean: 1.0 / rate }.cdf(x) } else { 0.0 }
    };
    shares.iter().zip(rates).map(part).sum()
}

/// The coefficient of variation of that mixture.
pub(super) fn mixed_cv(shares: &[f64], rates: &[f64]) -> f64 {
    let moment = |power: i32| -> f64 {
        let used = shares.iter().zip(rates).filter(|(share, _)| **share > 0.0);
        used.map(|(share, rate)| share * rate.powi(-power)).sum()
    };
    (2.0 * moment(2) / (moment(1) * moment(1)) - 1.0).sqrt()
}
