//! Statistics of simulation output. Knows no LLM.
//!
//! | for | use |
//! |---|---|
//! | spans of time: mean, quantiles | [`Histogram`] |
//! | a level over time: queue length, busy servers | [`Gauge`] |
//! | single measurements: mean, variance | [`Moments`] |
//! | the mean over replications, and how sure it is | [`mean_ci95`] |
//! | whole numbers: exact moments and quantiles | [`Counts`] |
//! | the gaps between events | [`Gaps`] |
//! | events over time | [`Windows`] |
//! | how often each thing is asked for | [`Popularity`] |
//! | how two quantities go together | [`Association`] |
//! | distributions fitted to a [`Sample`] | [`fit`] |
//! | rows for CSV files and charts | [`Table`] |

pub mod association;
pub mod counts;
pub mod fit;
pub mod gaps;
pub mod histogram;
pub mod interval;
pub mod moments;
pub mod popularity;
pub mod sample;
pub mod student;
pub mod table;
pub mod windows;

pub use crate::kernel::{Gauge, normal_quantile};
pub use association::Association;
pub use counts::{Counts, MidRanks};
pub use gaps::Gaps;
pub use histogram::Histogram;
pub use interval::{MeanCi, mean_ci, mean_ci95};
pub use moments::Moments;
pub use popularity::Popularity;
pub use sample::{Point, Sample};
pub use student::student_t_quantile;
pub use table::{Cell, Table};
pub use windows::Windows;
