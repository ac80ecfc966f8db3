//! Which part of a trace is replayed, how often, and which share of its requests.

use crate::kernel::{Duration, Stream};

/// A part of a trace, in the trace's own time from its first row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The part's beginning.
    pub from: Duration,
    /// Its end: no row from here on.
    pub until: Option<Duration>,
    /// The share of rows that is kept, each by a draw of its own.
    pub keep: f64,
    /// How often the part is replayed; `None` for ever.
    pub loops: Option<u32>,
}

impl Window {
    /// Whether a row at `at` is before the part, in it, or behind it.
    #[inline]
    pub fn place(&self, at: u64) -> Place {
        if at < self.from.as_nanos() {
            Place::Before
        } else if self.until.is_some_and(|until| at >= until.as_nanos()) {
            Place::Behind
        } else {
            Place::Within
        }
    }

    /// Whether a row is kept; draws only where some are not.
    #[inline]
    pub fn keeps(&self, stream: &mut Stream) -> bool {
        self.keep >= 1.0 || stream.uniform() < self.keep
    }
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the part.
    Before,
    /// In it.
    Within,
    /// Behind it, as are all that follow.
    Behind,
}
