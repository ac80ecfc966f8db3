//! One level of a cache, as an experiment file describes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cache::{AdmissionSpec, PolicySpec};
use crate::kernel::Duration;
use crate::spec::{Bandwidth, Capacity, Fraction, Problems};
use crate::workload::SpanSpec;

/// One level of a cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LevelSpec {
    /// What results call the level. Default: `l1`, `l2`, ... by its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much it holds: entries (`1000`), bytes (`64MiB`), tokens (`2M tokens`)
    /// or `unbounded`. Bytes and tokens are those of the answers. Default: 1000
    /// entries.
    pub capacity: Capacity,
    /// Which entry goes when it is full. Default: `lru`.
    pub policy: PolicySpec,
    /// Which answers it does not even take: too large, too cheap, or asked for
    /// the first time. It is asked of whatever comes in, by a store or from
    /// another level. Default: it takes all.
    pub admission: AdmissionSpec,
    /// How long a look into it takes, found or not: `10ms`, or a distribution
    /// such as `{ lognormal: { mean: 10ms, p99: 40ms } }`. Default: 0ms.
    pub latency: SpanSpec,
    /// How fast a found answer is read, in bytes of the answer: `500MB/s`. Each
    /// lookup has it all; with `concurrency: 1` it is the level's. Default: at
    /// once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// Lookups served at once, as a disk or a pool of connections does; others
    /// wait their turn. Default: as many as come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Whether all copies of the gateway (`gateway.replicas`) have it together, as a Redis
    /// is; otherwise each has one of its own, of that capacity. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// How long an entry lives after it was written. Default: the cache's `ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How long an entry lives after it was last found or written. Default: the
    /// cache's `idle_ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ttl: Option<Duration>,
    /// What becomes of an entry that is found here rather than in a faster level.
    pub promote: PromoteSpec,
}

impl Default for LevelSpec {
    fn default() -> Self {
        LevelSpec {
            name: None,
            capacity: Capacity::Entries(1000),
            policy: PolicySpec::default(),
            admission: AdmissionSpec::default(),
            latency: SpanSpec::default(),
            bandwidth: None,
            concurrency: None,
            shared: false,
            ttl: None,
            idle_ttl: None,
            promote: PromoteSpec::default(),
        }
    }
}

impl LevelSpec {
    /// The level's name, given its place from 0.
    pub fn name_at(&self, place: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("l{}", place + 1))
    }

    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            problems.at("name", |p| {
                p.error_help("a level's name cannot be empty", "leave it out to have `l1`, ...");
            });
        }
        if let Capacity::Entries(0) | Capacity::Bytes(0) | Capacity::Tokens(0) = self.capacity {
            problems.at("capacity", |p| {
                p.error_help("a level must hold something", "leave the level out to do without it");
            });
        }
        problems.at("policy", |p| self.policy.check(p));
        problems.at("admission", |p| self.admission.check(p));
        problems.at("latency", |p| self.latency.check(p));
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("nobody would ever be served", "leave it out to serve all at once");
            });
        }
        check_life("ttl", self.ttl, problems);
        check_life("idle_ttl", self.idle_ttl, problems);
    }
}

/// Reports a time to live of nothing.
pub(in crate::cache) fn check_life(field: &str, life: Option<Duration>, problems: &mut Problems) {
    if life.is_some_and(Duration::is_zero) {
        problems.at(field, |p| {
            p.error_help(
                "entries would expire as they are written",
                format!("leave `{field}` out for entries that never expire"),
            );
        });
    }
}

/// What becomes of an entry that was found in a slower level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PromoteSpec {
    /// The share of hits that promote, drawn for each. Default: 1.
    pub probability: Fraction,
    /// How far. Default: `all`.
    pub to: PromoteTo,
}

impl Default for PromoteSpec {
    fn default() -> Self {
        let probability = Fraction::try_from(1.0).expect("1 is a fraction");
        PromoteSpec { probability, to: PromoteTo::All }
    }
}

/// How far a promotion goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromoteTo {
    /// Into all faster levels; of an exclusive cache into the fastest.
    #[default]
    All,
    /// Into the next faster level.
    Next,
}
