//! Monitors: rules that watch a metric over a sliding window of virtual time and fire
//! alerts, in the manner of Prometheus.
//!
//! | file | what |
//! |---|---|
//! | `spec` | the `monitors:` block |
//! | `check` | what is wrong with one |
//! | `threshold` | values in a metric's unit: `2s`, `5%`, `$3/h` |
//! | `metric` | what can be watched, and how it is computed of sums |
//! | `span` | the times of a request that can be watched |
//! | `gap` | a span in which nothing happens |
//! | `tally` | what requests that ended add up to |
//! | `sums` | sums over the last so many steps |
//! | `times` | times in the last so many steps: quantiles and the longest |
//! | `sources` | all of these, each kept once for the rules that ask for the same |
//! | `condition` | waiting, pending, firing |
//! | `rule` | a rule at work: what it reads, and when |
//! | `fault` | what went wrong, and which rule told of it |
//! | `alert_sums` | what monitors found, for metrics |
//! | `alert` | what fired, and which fault it told of |
//! | `evaluation` | all of a run: evaluates what is due between two events |
//! | `tables` | `alerts.csv`, `monitors.csv`, `faults.csv` and the metrics |
//!
//! Sources take what happened in steps that divide the windows and the intervals of the
//! rules that read them, so that windows are exact to the nanosecond and memory does not
//! grow with the run. A request is counted once, whatever the number of rules; rules are
//! looked at only when one is due.

mod alert;
mod alert_sums;
mod check;
mod condition;
mod evaluation;
mod fault;
mod gap;
mod metric;
mod rule;
mod sources;
mod span;
mod spec;
mod sums;
pub(super) mod tables;
mod tally;
#[cfg(test)]
mod tests;
mod threshold;
mod times;

pub use alert_sums::AlertSums;
pub use check::{check, check_classes};
pub(super) use evaluation::{Monitors, Progress};
pub use spec::{BadSpec, MonitorSpec, NoDataSpec, ObjectiveSpec};
pub use threshold::{Objective, Threshold};
