//! Checks that need more than one part of the file.

use super::charts::ChartSpec;
use super::spec::{Experiment, Warmup};
use crate::kernel::Duration;
use crate::spec::Problems;
use crate::system::METRICS;

/// Finer timelines are refused.
const MOST_INTERVALS: u64 = 100_000;

impl Experiment {
    /// Checks the whole experiment.
    pub fn check(&self, problems: &mut Problems) {
        self.check_name(problems);
        self.check_run_length(problems);
        problems.at("workload", |p| self.workload.check(p));
        if let Some(pipeline) = &self.pipeline {
            problems.at("pipeline", |p| pipeline.check(p));
        }
        if let Some(cache) = &self.cache {
            problems.at("cache", |p| cache.check(p));
        }
        problems.at("models", |p| {
            for (name, model) in &self.models {
                p.at(name.as_str(), |p| model.check(p));
            }
        });
        if let Some(cost) = &self.cost {
            let models: Vec<&str> = self.models.keys().map(String::as_str).collect();
            // Whose budgets there are is checked once the workload is ready.
            problems.at("cost", |p| cost.check(&models, None, p));
        }
        problems.at("charts", |p| {
            for (index, chart) in self.charts.iter().flatten().enumerate() {
                p.at(index, |p| self.check_chart(chart, p));
            }
        });
    }

    fn check_name(&self, problems: &mut Problems) {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        if let Some(name) = &self.name {
            if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
                problems.at("name", |p| {
                    p.error_help(
                        format!("`{name}` cannot name a folder"),
                        "use letters, digits, `-`, `_`, `+` and `.`, not beginning with `.`",
                    );
                });
            }
        }
    }

    fn check_run_length(&self, problems: &mut Problems) {
        if self.replications == 0 {
            problems.at("replications", |p| p.error("expected at least 1 replication"));
        }
        if self.requests == Some(0) {
            problems.at("requests", |p| p.error("expected at least 1 request"));
        }
        let Some(duration) = self.duration else { return };
        if duration.is_zero() {
            problems.at("duration", |p| p.error("expected a duration longer than 0"));
        }
        if let Warmup::After(warmup) = self.warmup {
            if warmup >= duration {
                problems.at("warmup", |p| {
                    p.error(format!(
                        "the warm-up of {warmup} leaves nothing of the duration of {duration}"
                    ));
                });
            }
        }
        if let Some(interval) = self.record.interval {
            let finest = Duration::from_nanos(duration.as_nanos() / MOST_INTERVALS);
            if interval.is_zero() || interval < finest {
                problems.at("record", |p| {
                    p.at("interval", |p| {
                        p.error(format!(
                            "too fine for a duration of {duration}: expected {finest} or more"
                        ));
                    });
                });
            }
        }
    }

    fn check_chart(&self, chart: &ChartSpec, problems: &mut Problems) {
        let axes: Vec<&str> = self.sweep.grid.keys().map(String::as_str).collect();
        let metrics: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        chart.check(&axes, &metrics, problems);
    }
}
