//! Whether a replay heeds what requests waited for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::formats::format::Dependencies;
use super::formats::jobs::JobOptions;
use super::spec::TraceSpec;
use crate::kernel::Duration;
use crate::kernel::keyed_uniform::keyed_bits;
use crate::kernel::time::NANOS_PER_SEC;
use crate::spec::Problems;
use crate::workload::duration_distribution::{ExponentialSpanSpec, SpanSpec};

/// Whether what waited for an answer waits for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplaySpec {
    /// A request comes so long after the answers that it waited for as it did: a slower system
    /// takes longer.
    Closed,
    /// A request comes when it came, whether those answers are there or not.
    Open,
}

impl TraceSpec {
    fn dependencies(&self) -> Dependencies {
        self.file().map_or(Dependencies::None, |(_, file)| file.dependencies())
    }

    /// Whether its rows are jobs, of which each call waits for others; of merged traces, whether
    /// those of any are.
    pub fn has_jobs(&self) -> bool {
        if let Some(merged) = &self.merge {
            return merged.iter().any(TraceSpec::has_jobs);
        }
        match (self.dependencies(), self.replay) {
            (Dependencies::None, _) => false,
            (Dependencies::Always, _) => true,
            (_, Some(replay)) => replay == ReplaySpec::Closed,
            (dependencies, None) => dependencies == Dependencies::UnlessAsked,
        }
    }

    /// Whether all its rows are jobs.
    pub fn has_only_jobs(&self) -> bool {
        self.parts().iter().all(TraceSpec::has_jobs)
    }

    /// How its jobs are read in one of its rounds; `key` names what is drawn.
    pub(super) fn job_options(&self, key: u64, round: u32) -> JobOptions {
        let span = |given: &Option<SpanSpec>, mean: u64| {
            let usual = || SpanSpec::Exponential(ExponentialSpanSpec { mean: Duration(mean) });
            given.clone().unwrap_or_else(usual).distribution()
        };
        JobOptions {
            as_recorded: self.arrivals.is_none(),
            deltas: self.deltas,
            think: span(&self.think_time, 30 * NANOS_PER_SEC),
            tools: span(&self.tool_time, NANOS_PER_SEC),
            is_told: [self.think_time.is_some(), self.tool_time.is_some()],
            key: keyed_bits(key, u64::from(round)),
        }
    }

    /// Reports what recorded models are to be that are none of the experiment's, which are
    /// `known`.
    pub fn check_models(&self, known: &[&str], problems: &mut Problems) {
        if let Some(models) = &self.models {
            problems.at("models", |p| models.check_models(known, p));
        }
        problems.at("merge", |p| {
            for (i, trace) in self.merge.iter().flatten().enumerate() {
                p.at(i, |p| trace.check_models(known, p));
            }
        });
    }

    /// Whether its requests go by their times, and may stand in the file by what they are of.
    pub(super) fn goes_by_times(&self) -> bool {
        self.mooncake.is_some() && self.replay == Some(ReplaySpec::Open)
    }

    /// What is set and has no effect, of jobs: those that do not begin when they did have no
    /// times.
    pub(super) fn useless_for_jobs(&self) -> Vec<(&'static str, bool)> {
        let plain = TraceSpec::default();
        let told = self.arrivals.is_some() || self.dependencies() == Dependencies::Always;
        vec![
            ("think_time", self.think_time.is_some() && self.dialect().is_none()),
            ("tool_time", self.tool_time.is_some() && self.dialect().is_none()),
            ("from", told && self.from != plain.from),
            ("until", told && self.until.is_some()),
            ("speed", told && self.speed != plain.speed),
            ("origin", told && self.origin != plain.origin),
        ]
    }

    /// Jobs that have no times are told when to begin, and no other trace is said to have jobs.
    pub(super) fn check_replay(&self, problems: &mut Problems) {
        let dependencies = self.dependencies();
        if dependencies == Dependencies::Always && self.arrivals.is_none() {
            problems.error_help(
                "these jobs have no times of their own",
                "add `arrivals`, such as `arrivals: { poisson: { rate: 0.5/s } }`, or so many at \
                 once: `arrivals: { concurrency: { limit: 8 } }`",
            );
        }
        let why = match dependencies {
            Dependencies::Always if self.replay == Some(ReplaySpec::Open) => {
                Some("these jobs have no times that an open replay could go by")
            }
            Dependencies::None if self.replay.is_some() => {
                Some("`replay` has no effect here: requests of this format wait for none")
            }
            _ => None,
        };
        if let Some(why) = why {
            let help = match self.replay {
                Some(ReplaySpec::Closed) => {
                    "remove it; a log (`csv`, `jsonl`) whose `session` names a column is replayed so"
                }
                _ => "remove it",
            };
            problems.at("replay", |p| p.error_help(why, help));
        }
        if self.models.is_some() && !self.has_jobs() {
            problems.at("models", |p| {
                p.error_help(
                    "`models` has no effect here: it is of jobs, whose calls wait for each other",
                    "remove it, or add `replay: closed` where the format knows what waits for what",
                );
            });
        }
        if self.deltas && !(self.mooncake.is_some() && self.has_jobs()) {
            problems.at("deltas", |p| {
                p.error_help(
                    "`deltas` has no effect here: it is of sessions in Mooncake's format",
                    "remove it, or add `replay: closed`",
                );
            });
        }
    }
}
