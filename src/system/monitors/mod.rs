//! Monitors: rules that watch a metric over a sliding window of virtual time and fire
//! alerts, in the manner of Prometheus.
//!
//! | file | what |
//! |---|---|
//! | `spec` | the `monitors:` block, and what is wrong with one |
//! | `threshold` | values in a metric's unit: `2s`, `5%`, `$3/h` |
//! | `metric` | what can be watched, and how it is computed of sums |
//! | `window` | sums and times over the last so many steps |
//! | `rule` | a rule at work: waiting, pending, firing |
//! | `alert` | what fired, and which fault it told of |
//!
//! A rule takes what happened in steps that divide its windows and its interval, so that
//! its windows are exact to the nanosecond and its memory does not grow with the run.

mod alert;
mod metric;
mod rule;
mod spec;
mod threshold;
mod window;

pub(super) use alert::{Alert, Alerts, Cause, Fault};
pub(super) use metric::{Seen, Totals};
pub(super) use rule::{Change, Rule};
pub use spec::{BadSpec, MonitorSpec, NoDataSpec, ObjectiveSpec, check, check_classes};
pub use threshold::{Objective, Threshold};
