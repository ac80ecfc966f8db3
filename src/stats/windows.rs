//! Events over time, in windows that widen as time goes on.

use crate::kernel::{Duration, Time};

/// No more windows than this.
const MOST: usize = 1024;
/// The first width.
const NARROWEST: u64 = 1_000_000;

/// Counts of events in equal windows of time: at most 1024, which are joined in
/// pairs whenever time goes on beyond the last. Wherever the end turns out to be,
/// there are 512 windows or more (of 1 ms and longer).
#[derive(Clone, Debug, PartialEq)]
pub struct Windows {
    counts: Vec<u64>,
    width: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Windows { counts: Vec::new(), width: NARROWEST }
    }
}

impl Windows {
    /// Counts an event.
    #[inline]
    pub fn record(&mut self, at: Time) {
        while at.0 / self.width >= MOST as u64 {
            self.join(2);
        }
        let window = (at.0 / self.width) as usize;
        if window >= self.counts.len() {
            self.counts.resize(window + 1, 0);
        }
        self.counts[window] += 1;
    }

    /// Joins every `several` windows to one.
    fn join(&mut self, several: usize) {
        self.counts = self.counts.chunks(several).map(|counts| counts.iter().sum()).collect();
        self.width *= several as u64;
    }

    /// The same in wider windows: at most so many.
    #[must_use]
    pub fn at_most(&self, windows: usize) -> Windows {
        let mut wider = self.clone();
        wider.join(self.counts.len().div_ceil(windows.max(1)).max(1));
        wider
    }

    /// The counts, from the beginning.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How long each window is.
    pub const fn width(&self) -> Duration {
        Duration(self.width)
    }

    /// The variance of the counts over their mean (of all windows but the last,
    /// which may not be full): 1 for Poisson arrivals of a constant rate, in windows
    /// of any width. NaN for fewer than two windows.
    pub fn dispersion(&self) -> f64 {
        let full = &self.counts[..self.counts.len().saturating_sub(1)];
        let moments: super::Moments = full.iter().map(|count| *count as f64).collect();
        moments.variance() / moments.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_widen_and_lose_nothing() {
        let mut windows = Windows::default();
        for second in 0..5000_u64 {
            windows.record(Time(second * 1_000_000_000));
        }
        assert_eq!(windows.counts().iter().sum::<u64>(), 5000);
        assert!((512..=1024).contains(&windows.counts().len()), "{}", windows.counts().len());
        assert_eq!(windows.width(), Duration::from_millis(8192));
        let wide = windows.at_most(10);
        assert_eq!((wide.counts().len(), wide.counts().iter().sum::<u64>()), (10, 5000));
        assert_eq!(wide.width(), Duration::from_millis(8192 * 62));
        assert!(wide.dispersion() < 0.01, "evenly spaced");
    }
}
