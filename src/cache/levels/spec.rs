//! The `cache:` block of an experiment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invalidation::InvalidationSpec;
use super::level_spec::check_life;
use crate::cache::semantic::{IndexSpec, SimilaritySpec};
use crate::cache::{
    LevelSpec, PolicySpec, PromoteSpec, SEMANTIC, ScopeSpec, SemanticSpec, TenantsSpec,
};
use crate::kernel::Duration;
use crate::spec::{Capacity, Problems, nearest};
use crate::workload::SpanSpec;

/// The cache before the models: levels that are asked one after the other. An
/// answer is written to all of them, and copied to the faster ones where it is
/// found in a slow one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSpec {
    /// Whose answers may serve a request, in the levels and in the semantic cache:
    /// `global`, `class`, `team`, `key`, `user` or `model`. All share the capacity.
    /// Default: `global`, everybody's.
    #[serde(skip_serializing_if = "is_global")]
    pub scope: ScopeSpec,
    /// Who the tenants are of which `cross_tenant_hits` counts the answers that one had
    /// made for another: `class`, `team`, `key` or `user`. Default: it is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantsSpec>,
    /// How long an answer lives after it was written, for levels that have no
    /// `ttl` of their own. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How long an answer lives in a level after it was last found there or
    /// written (Caffeine's `expireAfterAccess`, moka's `time_to_idle`), for levels
    /// that have no `idle_ttl` of their own; `ttl` holds besides. Default: for
    /// ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ttl: Option<Duration>,
    /// Takes the place of `ttl` for answers that were made for users of a class:
    /// `{ vip: 10m }`. A level's own `ttl` still ends them earlier.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ttl_by_class: BTreeMap<String, Duration>,
    /// Whether expired entries take room until somebody asks for them. Default:
    /// `lazy`.
    pub expiry: ExpirySpec,
    /// Whether an answer may be in several levels. Default: `inclusive`.
    pub mode: ModeSpec,
    /// Which levels an answer is written to. Default: `through`.
    pub write: WriteSpec,
    /// The levels, fastest first. Default: `l1` of 100 entries (lru, 0ms), `l2`
    /// of 500 (fifo, 10ms) and `l3` of 2000 (fifo, 50ms).
    pub levels: Vec<LevelSpec>,
    /// The cache of answers to similar prompts, asked after all levels missed.
    /// With `levels: []` it is the only one. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic: Option<SemanticSpec>,
    /// Requests that miss while another with the same key is being answered wait
    /// for its answer. If it fails, the next of them asks a model in its place.
    /// Default false.
    pub single_flight: bool,
    /// How long a key whose request was turned away by a model (its queue was
    /// full) gets the same error at once. Default: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_ttl: Option<Duration>,
    /// Changes where the answers come from, which make entries stale. Default:
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidation: Option<InvalidationSpec>,
    /// A file with what the levels hold at the start: a `cache.csv` that
    /// `record: { cache: true }` wrote, or a table with a column `prompt`. It is
    /// looked for where traces are. Default: they are empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<PathBuf>,
}

/// When expired entries are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpirySpec {
    /// When they are asked for, or their turn comes to make room.
    #[default]
    Lazy,
    /// At the instant at which they expire.
    Timer,
}

/// Whether an answer may be in several levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeSpec {
    /// It is copied to the faster levels where it is found.
    #[default]
    Inclusive,
    /// It is in one level. A new one goes to the fastest; where it is found it
    /// moves up; what makes room for it moves down one level.
    Exclusive,
}

/// Which levels an answer is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteSpec {
    /// All of them at once.
    #[default]
    Through,
    /// The fastest; the next gets it when it is evicted there, if it does not
    /// have it.
    Back,
}

impl Default for CacheSpec {
    /// The notebook's cache. Its lower levels do not note hits, which is FIFO.
    fn default() -> Self {
        let level = |name: &str, capacity, policy, millis| LevelSpec {
            name: Some(name.to_owned()),
            capacity: Capacity::Entries(capacity),
            policy,
            latency: SpanSpec::Constant(Duration::from_millis(millis)),
            ..LevelSpec::default()
        };
        CacheSpec {
            scope: ScopeSpec::Global,
            tenants: None,
            ttl: None,
            idle_ttl: None,
            ttl_by_class: BTreeMap::new(),
            expiry: ExpirySpec::Lazy,
            mode: ModeSpec::Inclusive,
            write: WriteSpec::Through,
            levels: vec![
                level("l1", 100, PolicySpec::Lru, 0),
                level("l2", 500, PolicySpec::Fifo, 10),
                level("l3", 2000, PolicySpec::Fifo, 50),
            ],
            semantic: None,
            single_flight: false,
            negative_ttl: None,
            invalidation: None,
            warm_start: None,
        }
    }
}

impl CacheSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        check_life("ttl", self.ttl, problems);
        check_life("idle_ttl", self.idle_ttl, problems);
        check_life("negative_ttl", self.negative_ttl, problems);
        problems.at("ttl_by_class", |p| {
            for (class, ttl) in &self.ttl_by_class {
                check_life(class, Some(*ttl), p);
            }
        });
        if self.mode == ModeSpec::Exclusive && self.write == WriteSpec::Back {
            problems.at("write", |p| {
                p.error_help(
                    "an exclusive cache writes to its fastest level in any case",
                    "leave `write` out, or make the cache inclusive",
                );
            });
        }
        if let Some(invalidation) = &self.invalidation {
            problems.at("invalidation", |p| invalidation.check(p));
        }
        problems.at("levels", |p| self.check_levels(p));
        self.check_scope(problems);
        if let Some(semantic) = &self.semantic {
            problems.at("semantic", |p| semantic.check(p));
        }
        self.check_effect(problems);
    }

    /// Reports levels that copies of the gateway, if there are several, cannot have.
    pub fn check_copies(&self, copies: u16, problems: &mut Problems) {
        let shared = self.levels.iter().position(|level| level.shared);
        problems.at("levels", |p| {
            for (place, level) in self.levels.iter().enumerate() {
                if copies == 1 && level.shared {
                    p.at(place, |p| p.at("shared", |p| p.warn("the gateway has one copy")));
                }
                if copies > 1 && !level.shared && shared.is_some_and(|first| first < place) {
                    p.at(place, |p| {
                        p.error_help(
                            "a copy's own level stands behind one that all share",
                            "put it before, or set `shared: true` here too",
                        );
                    });
                }
                if copies > 1
                    && level.shared
                    && let Some(before) = place.checked_sub(1).map(|before| &self.levels[before])
                    && !before.shared
                    && is_less(level.capacity, before.capacity)
                {
                    p.at(place, |p| {
                        p.at("capacity", |p| {
                            p.error_help(
                                "all copies share less than each of them has before it",
                                "give it more than the level before it",
                            );
                        });
                    });
                }
            }
        });
        let semantic = self.semantic.as_ref();
        if copies == 1 && semantic.is_some_and(|semantic| semantic.shared) {
            problems.at("semantic", |p| p.at("shared", |p| p.warn("the gateway has one copy")));
        }
        if copies > 1 && self.warm_start.is_some() {
            problems.at("warm_start", |p| {
                p.error_help(
                    "a file does not say which copy of the gateway has what",
                    "set `gateway.replicas: 1`, or leave `warm_start` out",
                );
            });
        }
    }

    /// A graph of vectors is one for all.
    fn check_scope(&self, problems: &mut Problems) {
        let Some(semantic) = &self.semantic else { return };
        let vectors = !matches!(semantic.similarity, SimilaritySpec::Intents(_));
        if self.scope != ScopeSpec::Global && vectors && semantic.index != IndexSpec::Exact {
            problems.at("semantic", |p| {
                p.at("index", |p| {
                    p.error_help(
                        "`hnsw` is one graph of all entries, and `scope` asks for the nearest of a tenant's",
                        "use `index: exact`, or leave `scope` out",
                    );
                });
            });
        }
    }

    /// Warns of what would do nothing.
    fn check_effect(&self, problems: &mut Problems) {
        let ends = |level: &LevelSpec| level.ttl.is_some() || level.idle_ttl.is_some();
        let expires = self.ttl.is_some()
            || self.idle_ttl.is_some()
            || !self.ttl_by_class.is_empty()
            || self.levels.iter().any(ends);
        if self.expiry == ExpirySpec::Timer && !expires {
            problems.at("expiry", |p| p.warn("nothing expires: there is no `ttl` or `idle_ttl`"));
        }
        let inclusive = self.mode == ModeSpec::Inclusive;
        if self.write == WriteSpec::Back && inclusive && self.levels.len() == 1 {
            problems.at("write", |p| p.warn("there is no second level to write back to"));
        }
        if self.levels.first().is_some_and(|first| first.promote != PromoteSpec::default()) {
            problems.at("levels", |p| {
                p.at(0, |p| p.at("promote", |p| p.warn("no level is faster than the first")));
            });
        }
    }

    fn check_levels(&self, problems: &mut Problems) {
        if self.levels.is_empty() && self.semantic.is_none() {
            problems
                .error_help("a cache must have a level", "leave `cache` out to do without a cache");
        }
        if self.levels.len() > MOST_LEVELS {
            problems.error(format!("expected at most {MOST_LEVELS} levels"));
        }
        let names: Vec<String> =
            self.levels.iter().enumerate().map(|(place, level)| level.name_at(place)).collect();
        for (place, level) in self.levels.iter().enumerate() {
            problems.at(place, |problems| {
                level.check(problems);
                if self.semantic.is_some() && names[place] == SEMANTIC {
                    problems.at("name", |p| {
                        p.error_help(
                            "results call the semantic cache `semantic`",
                            "give the level another name",
                        );
                    });
                }
                if let Some(first) = names[..place].iter().position(|n| *n == names[place]) {
                    problems.at("name", |p| {
                        p.error_help(
                            format!("level {first} is called `{}` too", names[place]),
                            "give every level a name of its own",
                        );
                    });
                }
            });
        }
    }

    /// Warns of classes that no user is of; `classes` are those of the workload.
    pub fn check_classes(&self, classes: &BTreeSet<&str>, problems: &mut Problems) {
        problems.at("ttl_by_class", |problems| {
            for class in self.ttl_by_class.keys().filter(|class| !classes.contains(class.as_str()))
            {
                let hint = nearest(class, classes.iter().copied())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                problems.at(class.as_str(), |p| {
                    p.warn(format!("no user is of the class `{class}`{hint}"));
                });
            }
        });
    }
}

/// Whether a capacity is less than another in the same unit.
fn is_less(one: Capacity, other: Capacity) -> bool {
    match (one, other) {
        (Capacity::Entries(one), Capacity::Entries(other))
        | (Capacity::Bytes(one), Capacity::Bytes(other))
        | (Capacity::Tokens(one), Capacity::Tokens(other)) => one < other,
        _ => false,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's")]
fn is_global(scope: &ScopeSpec) -> bool {
    *scope == ScopeSpec::Global
}

/// A request notes its level in a byte.
const MOST_LEVELS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(yaml: &str) -> String {
        let spec: CacheSpec = serde_yaml::from_str(yaml).unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        let paths = problems.list().iter().map(|problem| problem.path.to_string());
        paths.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        assert_eq!(found("{}"), "");
        assert_eq!(found("levels: []"), "levels");
        assert_eq!(
            found("{ttl: 0s, levels: [{capacity: 0B}, {ttl: 0s}, {name: l1}, {name: ''}]}"),
            "ttl levels.0.capacity levels.1.ttl levels.2.name levels.3.name"
        );
        assert_eq!(
            found(
                "{mode: exclusive, write: back, idle_ttl: 0s, negative_ttl: 0s, \
                 ttl_by_class: {vip: 0s}, invalidation: {share: 0.1}, \
                 levels: [{concurrency: 0, latency: {uniform: {min: 2ms, max: 1ms}}}]}"
            ),
            "idle_ttl negative_ttl ttl_by_class.vip write invalidation \
             levels.0.latency.uniform levels.0.concurrency"
        );
        assert_eq!(
            found("{expiry: timer, write: back, levels: [{promote: {to: next}}]}"),
            "expiry write levels.0.promote"
        );
        for yaml in [
            "levels: [{polcy: lru}]",
            "mode: exclusiv",
            "levels: [{promote: {probability: 1.5}}]",
            "levels: [{promote: {to: l1}}]",
            "levels: [{bandwidth: 5MB}]",
        ] {
            assert!(serde_yaml::from_str::<CacheSpec>(yaml).is_err(), "{yaml}");
        }
    }

    #[test]
    fn a_class_that_nobody_is_of_is_reported_with_the_nearest_that_there_is() {
        let spec: CacheSpec = serde_yaml::from_str("ttl_by_class: {vpi: 1m, default: 2m}").unwrap();
        let mut problems = Problems::default();
        spec.check_classes(&["default", "vip"].into(), &mut problems);
        let [problem] = problems.list() else { panic!("{:?}", problems.list()) };
        assert_eq!(problem.path.to_string(), "ttl_by_class.vpi");
        assert!(problem.message.contains("did you mean `vip`?"), "{}", problem.message);
    }

    #[test]
    fn a_spec_survives_being_written_and_read() {
        for yaml in [
            "{}",
            "{mode: exclusive, expiry: timer, single_flight: true, negative_ttl: 10s, \
              warm_start: a.csv, invalidation: {rate: 6/h, share: 0.1, purge: true}, \
              levels: [{latency: {exponential: {mean: 1ms}}, bandwidth: 1GB/s, concurrency: 8, \
              promote: {probability: 0.5, to: next}}]}",
        ] {
            let spec: CacheSpec = serde_yaml::from_str(yaml).unwrap();
            let again = serde_yaml::from_str(&serde_yaml::to_string(&spec).unwrap()).unwrap();
            assert_eq!(spec, again);
        }
    }
}
