//! Statistics of simulation output. Knows no LLM.
//!
//! | for | use |
//! |---|---|
//! | spans of time: mean, quantiles | [`Histogram`] |
//! | a level over time: queue length, busy servers | [`Gauge`] |
//! | single measurements: mean, variance | [`Moments`] |
//! | the mean over replications, and how sure it is | [`mean_ci95`] |
//! | an interval of a share that stays between 0 and 1 | [`Scale`] |
//! | the mean of one long run, and how sure it is | [`Batches`] |
//! | whether two systems differ | [`paired_difference`], [`welch_difference`], [`holm`] |
//! | a quantile over replications | [`quantile_ci`] |
//! | which inputs matter | [`sobol_indices`], [`screening`] |
//! | where a run's steady state begins | [`mser()`] |
//! | whether a level grows | [`mann_kendall`] |
//! | a smooth curve through scattered points | [`lowess()`] |
//! | whole numbers: exact moments and quantiles | [`Counts`] |
//! | the gaps between events | [`Gaps`] |
//! | events over time | [`Windows`] |
//! | how often each thing is asked for | [`Popularity`] |
//! | how two quantities go together | [`Association`] |
//! | how near predictions are to what was measured | [`Agreement`] |
//! | distributions fitted to a [`Sample`] | [`fit`] |
//! | rows for CSV files and charts | [`Table`] |

pub mod agreement;
pub mod association;
pub mod batches;
pub mod counts;
pub mod difference;
pub mod fairness;
pub mod fit;
pub mod gaps;
pub mod histogram;
pub mod interval;
pub mod lowess;
pub mod moments;
pub mod morris;
pub mod mser;
pub mod popularity;
pub mod quantile;
pub mod sample;
pub mod scale;
pub mod sobol;
pub mod student;
pub mod table;
pub mod trend;
pub mod windows;

pub use crate::kernel::{Gauge, normal_quantile};
pub use agreement::Agreement;
pub use association::Association;
pub use batches::{Batches, autocorrelation, batch_means_ci95, regroup};
pub use counts::{Counts, MidRanks};
pub use difference::{Difference, holm, paired_difference, welch_difference};
pub use fairness::jain;
pub use gaps::Gaps;
pub use histogram::Histogram;
pub use interval::{MeanCi, mean_ci, mean_ci95};
pub use lowess::lowess;
pub use moments::Moments;
pub use morris::{Screening, screening};
pub use mser::{Truncation, mser};
pub use popularity::Popularity;
pub use quantile::{QuantileCi, quantile_ci};
pub use sample::{Point, Sample};
pub use scale::{Estimate, Scale};
pub use sobol::{FEWEST_SOBOL_POINTS, SobolIndices, sobol_indices};
pub use student::{student_t_quantile, student_t_two_sided};
pub use table::{Cell, Table};
pub use trend::{mann_kendall, rise};
pub use windows::Windows;
