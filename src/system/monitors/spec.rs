//! The `monitors:` block of an experiment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::threshold::{Objective, Threshold};
use crate::kernel::Duration;
use crate::spec::Positive;

/// A rule that fires an alert: a metric beyond a bound, or an error budget that burns too
/// fast.
///
/// `{ metric: e2e_p99_s, above: 2s, for: 5m }`, or
/// `{ slo: { objective: 99.9% }, burn_rate: 14.4, long: 1h, short: 5m }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MonitorSpec {
    /// What its alerts are called. Default: the metric, or `slo` and the burn rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The metric that is watched, such as `e2e_p99_s`, `error_rate`, `queue` or
    /// `cost_per_hour_usd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The condition holds while the metric is greater than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<Threshold>,
    /// The condition holds while the metric is less than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<Threshold>,
    /// The span before each evaluation over which the metric is taken. Default 1m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Duration>,
    /// In place of a metric: the objective whose error budget is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<ObjectiveSpec>,
    /// The condition holds while the error budget burns faster than that many times the
    /// pace that uses it up exactly. Default: the three alerts of Google's SRE Workbook,
    /// 14.4 over 1h and 5m, 6 over 6h and 30m, 1 over 3d and 6h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burn_rate: Option<Positive>,
    /// The long window of the burn rate. Default 1h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long: Option<Duration>,
    /// The short window, over which it must burn as fast, so that the alert ends soon
    /// after its cause. Default: a twelfth of the long one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<Duration>,
    /// Of which SLO class. Default: of all requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How long the condition must hold until the alert fires. Default 0s.
    #[serde(rename = "for")]
    pub hold: Duration,
    /// How long an alert goes on firing after the condition last held. Default 0s.
    pub keep_firing_for: Duration,
    /// Time between two evaluations. Default 15s.
    pub every: Duration,
    /// What a window means in which there was nothing to measure. Default: `ok`.
    pub no_data: NoDataSpec,
}

impl Default for MonitorSpec {
    fn default() -> Self {
        MonitorSpec {
            name: None,
            metric: None,
            above: None,
            below: None,
            window: None,
            slo: None,
            burn_rate: None,
            long: None,
            short: None,
            class: None,
            hold: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            every: Duration::from_secs(15),
            no_data: NoDataSpec::Ok,
        }
    }
}

/// An objective for requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSpec {
    /// The share of requests that are to be good, such as `99.9%`; the rest is the error
    /// budget.
    pub objective: Objective,
    /// Which requests are bad. Default: `slow` where the experiment has an `slo`, else
    /// `errors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<BadSpec>,
}

/// Which requests use up an error budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BadSpec {
    /// Those without an answer.
    Errors,
    /// These, and those whose answer missed the targets of the experiment's `slo`.
    Slow,
}

/// What a window means in which there was nothing to measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoDataSpec {
    /// The condition does not hold.
    #[default]
    Ok,
    /// The condition holds.
    Fire,
}

/// The alerts of the SRE Workbook, chapter 5: burn rate, long and short window.
const WORKBOOK: [(f64, u64, u64); 3] =
    [(14.4, 3600, 300), (6.0, 6 * 3600, 1800), (1.0, 3 * 86_400, 6 * 3600)];

impl MonitorSpec {
    /// The span over which the metric is taken.
    pub(super) fn window(&self) -> Duration {
        self.window.unwrap_or(Duration::from_secs(60))
    }

    /// Burn rates with their long and short windows.
    pub(super) fn burns(&self) -> Vec<(f64, Duration, Duration)> {
        if self.burn_rate.is_none() && self.long.is_none() && self.short.is_none() {
            let secs = Duration::from_secs;
            return WORKBOOK.map(|(rate, long, short)| (rate, secs(long), secs(short))).to_vec();
        }
        let rate = self.burn_rate.map_or(WORKBOOK[0].0, Positive::get);
        let long = self.long.unwrap_or(Duration::from_secs(WORKBOOK[0].1));
        let short = self.short.unwrap_or(Duration(long.0.div_ceil(12)));
        vec![(rate, long, short)]
    }

    /// All windows, by the fields that set them.
    pub(super) fn windows(&self) -> Vec<(&'static str, Duration)> {
        if self.slo.is_none() {
            return vec![("window", self.window())];
        }
        // A short window that nobody wrote follows from the long one.
        let of_short = if self.short.is_some() { "short" } else { "long" };
        let both = |(_, long, short)| [("long", long), (of_short, short)];
        self.burns().into_iter().flat_map(both).collect()
    }
}

/// The longest step that all spans are multiples of.
pub(super) fn common_step(spans: &[Duration]) -> Duration {
    let divisor = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    Duration(spans.iter().fold(0, |step, span| divisor(step, span.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_burn_rate_there_are_the_workbook_s_three() {
        let slo = |rest: &str| {
            let yaml = format!("{{ slo: {{ objective: 99.9% }}, {rest} }}");
            let monitor: MonitorSpec = serde_yaml::from_str(&yaml).unwrap();
            let seconds = |(rate, long, short): (f64, Duration, Duration)| {
                (rate, long.as_secs_f64(), short.as_secs_f64())
            };
            monitor.burns().into_iter().map(seconds).collect::<Vec<_>>()
        };
        let hour = 3600.0;
        assert_eq!(
            slo(""),
            [
                (14.4, hour, hour / 12.0),
                (6.0, 6.0 * hour, hour / 2.0),
                (1.0, 72.0 * hour, 6.0 * hour)
            ]
        );
        assert_eq!(slo("burn_rate: 2, long: 2h"), [(2.0, 2.0 * hour, hour / 6.0)]);
        assert_eq!(slo("burn_rate: 20"), [(20.0, hour, 300.0)]);
    }

    #[test]
    fn a_step_divides_every_span() {
        let secs = Duration::from_secs;
        assert_eq!(common_step(&[secs(15), secs(60)]), secs(15));
        assert_eq!(common_step(&[secs(15), secs(70), secs(40)]), secs(5));
    }
}
