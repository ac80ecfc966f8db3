//! What monitors found, summed up for metrics.

/// What monitors found in the measured window.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertSums {
    /// Alerts that fired.
    pub fired: u64,
    /// Seconds that they fired, added up.
    pub firing_s: f64,
    /// Alerts that fired without a fault; NaN where none is injected.
    pub false_alarms: f64,
    /// Faults that no alert told of; NaN where none is injected.
    pub missed: f64,
    /// Mean time from the onset to the alert.
    pub detect_mean_s: f64,
}
