//! Whether a replay heeds what requests waited for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::formats::format::Dependencies;
use super::spec::TraceSpec;
use crate::spec::Problems;

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

    /// Whether its rows are jobs, of which each call waits for others.
    pub fn has_jobs(&self) -> bool {
        match (self.dependencies(), self.replay) {
            (Dependencies::None, _) => false,
            (Dependencies::Always, _) => true,
            (_, Some(replay)) => replay == ReplaySpec::Closed,
            (dependencies, None) => dependencies == Dependencies::UnlessAsked,
        }
    }

    /// Whether a file of its format has no times, so that it must be told when its requests come.
    pub fn lacks_times(&self) -> bool {
        self.dependencies() == Dependencies::Always || self.dialect().is_some()
    }

    /// Whether its requests go by their times, and may stand in the file by what they are of.
    pub(super) fn goes_by_times(&self) -> bool {
        self.dependencies() == Dependencies::IfAsked && self.replay == Some(ReplaySpec::Open)
    }

    /// What is set and has no effect, of jobs: those that do not begin when they did have no
    /// times.
    pub(super) fn useless_for_jobs(&self) -> Vec<(&'static str, bool)> {
        let plain = TraceSpec::default();
        let told = self.arrivals.is_some() || self.dependencies() == Dependencies::Always;
        vec![
            ("think_time", self.think_time.is_some()),
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
            problems.at("replay", |p| p.error_help(why, "remove it"));
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
