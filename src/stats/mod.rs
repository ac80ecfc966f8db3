//! Statistics of simulation output. Knows no LLM.
//!
//! | for | use |
//! |---|---|
//! | spans of time: mean, quantiles | [`Histogram`] |
//! | a level over time: queue length, busy servers | [`Gauge`] |
//! | single measurements: mean, variance | [`Moments`] |
//! | the mean over replications, and how sure it is | [`mean_ci95`] |
//! | rows for CSV files and charts | [`Table`] |

pub mod histogram;
pub mod interval;
pub mod moments;
pub mod student;
pub mod table;

pub use crate::kernel::{Gauge, normal_quantile};
pub use histogram::Histogram;
pub use interval::{MeanCi, mean_ci, mean_ci95};
pub use moments::Moments;
pub use student::student_t_quantile;
pub use table::{Cell, Table};
